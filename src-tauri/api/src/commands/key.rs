//! Keys on their way in: picked, dropped or pasted, they meet one parser and wait behind an offer.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tapline_core::google::key::{self, LARGEST_FILE_BYTES};
use tapline_core::ground::problem::{Code, Fact, Problem};
use zeroize::Zeroizing;

use super::off_thread;
use crate::App;
use crate::wire::key::{KeyFile, KeyOffer, KeyOfferRef, KeySeen, KeyText};

pub(super) async fn pick(app: &Arc<App>, (): ()) -> Result<Option<KeyOffer>, Problem> {
    match app.host.pick_key_file().await? {
        Some(path) => offer_file(app, path).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn read_file(app: &Arc<App>, file: KeyFile) -> Result<KeyOffer, Problem> {
    offer_file(app, file.path.into()).await
}

pub(super) async fn read_text(app: &Arc<App>, text: KeyText) -> Result<KeyOffer, Problem> {
    let bytes = text.text.lend(|text| Zeroizing::new(text.as_bytes().to_vec()));
    offer(app, bytes, None).await
}

pub(super) async fn forget(app: &Arc<App>, offer: KeyOfferRef) -> Result<(), Problem> {
    app.offers.forget(&offer.offer);
    Ok(())
}

pub(crate) async fn offer_file(app: &Arc<App>, path: PathBuf) -> Result<KeyOffer, Problem> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let bytes = off_thread(move || read_capped(&path)).await??;
    offer(app, bytes, name).await
}

pub(crate) async fn offer(
    app: &Arc<App>,
    bytes: Zeroizing<Vec<u8>>,
    file_name: Option<String>,
) -> Result<KeyOffer, Problem> {
    let key = off_thread(move || key::read(&bytes)).await??;
    let seen = KeySeen::from(&key);
    let offer = app.offers.hold(key).to_string();
    Ok(KeyOffer::of(seen, offer, file_name))
}

/// Reads a file of a key's size. What is dropped on a window may be a disk image, a folder, a pipe that never ends.
fn read_capped(path: &Path) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let shown = path.display().to_string();
    let unread = |detail: String| {
        Problem::new(Code::FileNotRead)
            .with(Fact::Path, &shown)
            .with(Fact::Detail, detail)
    };
    let kind = std::fs::metadata(path).map_err(|error| unread(error.to_string()))?;
    if !kind.is_file() {
        return Err(unread("it is not a file".to_owned()));
    }
    let too_large = |bytes: u64| Err(Problem::new(Code::KeyTooLarge).with(Fact::Bytes, bytes.to_string()));
    if kind.len() > LARGEST_FILE_BYTES as u64 {
        return too_large(kind.len());
    }
    // With room for all of it, so that growing leaves no unwiped copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_FILE_BYTES + 1));
    let mut file = File::open(path)
        .map_err(|error| unread(error.to_string()))?
        .take(LARGEST_FILE_BYTES as u64 + 1);
    file.read_to_end(&mut bytes)
        .map_err(|error| unread(error.to_string()))?;
    if bytes.len() > LARGEST_FILE_BYTES {
        return too_large(bytes.len() as u64);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST_FILE_BYTES, read_capped};
    use tapline_core::ground::problem::Code;

    #[test]
    fn only_a_file_of_a_keys_size_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &str, bytes: usize| {
            let path = folder.path().join(name);
            std::fs::write(&path, vec![b' '; bytes]).expect("a file");
            path
        };
        let read = |path: &std::path::Path| {
            read_capped(path)
                .map(|bytes| bytes.len())
                .map_err(|problem| problem.code())
        };
        assert_eq!(read(&place("small", 10)), Ok(10), "a small file is read");
        let full = LARGEST_FILE_BYTES;
        assert_eq!(read(&place("full", full)), Ok(full), "the limit itself is fine");
        assert_eq!(
            read(&place("large", full + 1)),
            Err(Code::KeyTooLarge),
            "past it is not"
        );
        assert_eq!(read(folder.path()), Err(Code::FileNotRead), "a folder is no file");
        assert_eq!(
            read(&folder.path().join("none")),
            Err(Code::FileNotRead),
            "nothing is there"
        );
    }
}
