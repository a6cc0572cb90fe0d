//! Text for a spreadsheet: what a spreadsheet would take for a formula is marked as text.

use std::borrow::Cow;

/// The text as it may stand in a cell. A spreadsheet runs what starts with `=`, `+`, `-` or `@`, and a row's values come
/// from strangers; an apostrophe before it makes it plain text. Plain numbers and phone numbers are left as they are.
pub fn cell(text: &str) -> Cow<'_, str> {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let signed = text.strip_prefix(['+', '-']).unwrap_or_default();
    let is_number = !signed.is_empty() && signed.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if risky && !is_number {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_a_spreadsheet_would_run_is_marked_as_text() {
        let rows = [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("+441234567890", "+441234567890"),
            ("-12.5", "-12.5"),
            ("-", "'-"),
            ("someone@example.com", "someone@example.com"),
            ("{\"a\":1}", "{\"a\":1}"),
            ("", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(cell(text), expected, "for {text:?}");
        }
    }
}
