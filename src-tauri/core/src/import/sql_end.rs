//! Finds where a person's SQL really ends: before the semicolons and comments at its tail, which our brackets would trip over.
//! Knows GoogleSQL's texts, quoted names and comments, and nothing else of the language.

/// The statement without the semicolons, comments and white space at its end.
pub(super) fn bare(sql: &str) -> &str {
    let bytes = sql.as_bytes();
    let mut place = 0;
    let mut end = 0;
    while place < bytes.len() {
        let rest = &bytes[place..];
        if let Some(length) = comment(rest) {
            place += length;
            continue;
        }
        let length = quoted(rest).unwrap_or(1);
        if rest[0] != b';' && !rest[0].is_ascii_whitespace() {
            end = (place + length).min(bytes.len());
        }
        place += length;
    }
    sql.get(..end).unwrap_or(sql)
}

/// How long the comment is that starts here.
fn comment(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"--") || rest[0] == b'#' {
        return Some(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()));
    }
    let inner = rest.strip_prefix(b"/*")?;
    let end = inner.windows(2).position(|two| two == b"*/");
    Some(end.map_or(rest.len(), |end| end + 4))
}

/// How long the text or quoted name is that starts here, quotes included. A backslash keeps the next character in.
fn quoted(rest: &[u8]) -> Option<usize> {
    let quote = *rest.first().filter(|byte| b"'\"`".contains(byte))?;
    let triple = quote != b'`' && rest.starts_with(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let mut place = width;
    while place < rest.len() {
        if rest[place] == b'\\' {
            place += 2;
        } else if rest[place..].starts_with(&[quote; 3][..width]) {
            return Some(place + width);
        } else {
            place += 1;
        }
    }
    Some(rest.len())
}

#[cfg(test)]
mod tests {
    use super::bare;

    #[test]
    fn a_statement_ends_with_its_last_word() {
        let rows = [
            ("SELECT 1", "SELECT 1"),
            ("SELECT 1 ;\n ; ", "SELECT 1"),
            ("SELECT 1; -- done", "SELECT 1"),
            ("SELECT 1 # done; really", "SELECT 1"),
            ("SELECT 1; /* two\nlines; */ ;", "SELECT 1"),
            ("-- first\nSELECT 1 -- why\n, 2;", "-- first\nSELECT 1 -- why\n, 2"),
            ("SELECT ';' ;", "SELECT ';'"),
            ("SELECT '--' ;", "SELECT '--'"),
            (r"SELECT '\'; --' ;", r"SELECT '\'; --'"),
            (r"SELECT r'\'; --';", r"SELECT r'\'; --'"),
            ("SELECT \"\"\"a\";--\"\"\" ;", "SELECT \"\"\"a\";--\"\"\""),
            ("SELECT `a;--` ;", "SELECT `a;--`"),
            ("SELECT 1; DROP TABLE x;", "SELECT 1; DROP TABLE x"),
            ("SELECT 'größe' -- über", "SELECT 'größe'"),
            ("SELECT 'unfinished; --", "SELECT 'unfinished; --"),
            ("SELECT 1 /* unfinished;", "SELECT 1"),
            ("SELECT 'x\\", "SELECT 'x\\"),
            (" ; -- nothing", ""),
            ("", ""),
        ];
        for (sql, expected) in rows {
            assert_eq!(bare(sql), expected, "of {sql:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_whatever_breaks_it(sql in "[-;/*#'\"`\\\\\n a\u{e9}]{0,40}") {
            proptest::prop_assert!(sql.starts_with(bare(&sql)), "what is left is the statement's own beginning");
        }
    }
}
