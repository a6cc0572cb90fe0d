//! One file: what is safe of it, and what was written since.

use std::sync::Arc;

#[derive(Clone, Debug)]
enum Written {
    At(usize, Vec<u8>),
    CutTo(usize),
}

#[derive(Debug, Default)]
pub struct File {
    safe: Arc<Vec<u8>>,
    since: Vec<Written>,
}

impl File {
    /// A file that was there already, and is safe as it stands.
    pub fn found(bytes: Vec<u8>) -> Self {
        Self {
            safe: Arc::new(bytes),
            since: Vec::new(),
        }
    }

    pub fn write(&mut self, at: usize, bytes: &[u8]) {
        self.since.push(Written::At(at, bytes.to_vec()));
    }

    pub fn cut_to(&mut self, size: usize) {
        self.since.push(Written::CutTo(size));
    }

    pub fn sync(&mut self) {
        let safe = Arc::make_mut(&mut self.safe);
        self.since.drain(..).for_each(|written| written.onto(safe));
    }

    pub fn synced(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.safe)
    }

    /// What is safe, and those of the writes since that `taken` says.
    pub fn torn(&self, mut taken: impl FnMut() -> bool) -> Arc<Vec<u8>> {
        let mut torn = Arc::clone(&self.safe);
        for written in self.since.iter().filter(|_| taken()) {
            written.clone().onto(Arc::make_mut(&mut torn));
        }
        torn
    }
}

impl Written {
    fn onto(self, bytes: &mut Vec<u8>) {
        match self {
            Self::At(at, written) => {
                let end = at + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[at..end].copy_from_slice(&written);
            }
            Self::CutTo(size) => bytes.truncate(size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn only_what_was_synced_is_left_and_of_the_rest_what_the_disk_got_to() {
        let mut file = File::found(b"safe".to_vec());
        file.write(4, b" and sound");
        file.cut_to(6);
        assert_eq!(file.synced().as_slice(), b"safe", "nothing since is safe");
        let mut first = true;
        let torn = file.torn(|| std::mem::take(&mut first));
        assert_eq!(torn.as_slice(), b"safe and sound", "the second was not got to");
        file.sync();
        assert_eq!(file.synced().as_slice(), b"safe a", "both, in their order");
    }
}
