//! A value that is lent, never given: no `Serialize`, no readable `Debug`, wiped when dropped.

use std::fmt;

use zeroize::Zeroize;

/// Something that must not reach a log, a database, a signal or a screen.
///
/// It cannot be serialized or printed, and our copy is wiped on drop.
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value for as long as `use_it` runs.
    pub fn lend<R>(&self, use_it: impl FnOnce(&T) -> R) -> R {
        use_it(&self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new(String::from("marked-value"));
        assert_eq!(
            format!("{secret:?}"),
            "Secret(…)",
            "a secret must not be readable in a log line"
        );
    }
}
