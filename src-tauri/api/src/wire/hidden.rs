//! Text that a person typed and nobody may read again: it crosses inwards alone.

use std::fmt;

use serde::Deserialize;
use zeroize::Zeroize;

/// A passcode or a pasted key. Shown nowhere, wiped when dropped.
///
/// It can be read from a question, and no answer can hold it:
///
/// ```compile_fail,E0277
/// # use tapline_api::wire::hidden::Hidden;
/// serde_json::to_value(Hidden::new("typed".to_owned()));
/// ```
///
/// nor can a whole question be written again:
///
/// ```compile_fail,E0277
/// # use tapline_api::wire::account::AccountDraft;
/// fn written(draft: &AccountDraft) -> Option<String> {
///     serde_json::to_string(draft).ok()
/// }
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Lends the text for as long as `use_it` runs.
    pub fn lend<R>(&self, use_it: impl FnOnce(&str) -> R) -> R {
        use_it(&self.0)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Hidden;

    #[test]
    fn what_was_typed_is_shown_nowhere() {
        let draft = crate::wire::account::AccountDraft {
            id: None,
            name: "Shop".to_owned(),
            account_id: "W9R-486-4W5Z".to_owned(),
            region: None,
            passcode: Hidden::new("marked-value".to_owned()),
            calls_at_once: None,
        };
        assert!(
            !format!("{draft:?}").contains("marked"),
            "a passcode must not be readable in a log line"
        );
    }
}
