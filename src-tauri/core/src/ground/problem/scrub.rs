//! Takes secrets out of text that comes from elsewhere. What is shown, copied or kept of an answer has passed through here.

/// What stands where a secret stood.
const HIDDEN: &str = "[hidden]";

/// How secrets begin, and the fewest characters that follow.
const TOKENS: &[(&str, usize)] = &[
    // Google's access tokens, refresh tokens, OAuth client secrets and API keys.
    ("ya29.", 8),
    ("1//0", 16),
    ("GOCSPX-", 8),
    ("AIza", 30),
    // Anything signed: a JWT's header always starts so.
    ("eyJ", 20),
];

/// Names whose values are secret, in JSON, in headers and in forms. Case, hyphens and underscores do not count.
const NAMES: &[&str] = &[
    "accesstoken",
    "apikey",
    "assertion",
    "authorization",
    "clientsecret",
    "clevertappasscode",
    "cookie",
    "idtoken",
    "passcode",
    "password",
    "privatekey",
    "privatekeydata",
    "proxyauthorization",
    "refreshtoken",
    "setcookie",
    "signature",
    "xclevertappasscode",
    "xgoogapikey",
];

/// The text without tokens, signed assertions, private keys, passcodes and what headers prove who asks with.
pub fn scrub(text: &str) -> String {
    let text = without_pem(text);
    let text = without_named(&text);
    without_tokens(&text)
}

/// Private keys, whole or cut, with real line ends or written ones.
fn without_pem(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let label_ends = rest[begin + 11..].find("-----").map(|at| begin + 11 + at);
        let Some(label_ends) = label_ends.filter(|end| rest[begin..*end].ends_with("PRIVATE KEY")) else {
            kept.push_str(&rest[..begin + 11]);
            rest = &rest[begin + 11..];
            continue;
        };
        kept.push_str(&rest[..begin]);
        kept.push_str(HIDDEN);
        let inside = &rest[label_ends + 5..];
        rest = match inside.find("-----END ") {
            Some(end) => {
                let after = &inside[end + 9..];
                after.find("-----").map_or("", |close| &after[close + 5..])
            }
            // Cut off: everything to the closing quote, or to the end.
            None => inside.find('"').map_or("", |quote| &inside[quote..]),
        };
    }
    kept.push_str(rest);
    kept
}

/// `"name": "value"`, `Name: value` to the end of the line, and `name=value`.
fn without_named(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = next_word(rest) {
        kept.push_str(&rest[..end]);
        let secret = NAMES.contains(&plain(&rest[start..end]).as_str());
        rest = &rest[end..];
        if !secret {
            continue;
        }
        let Some((before, value)) = value_at(rest) else {
            continue;
        };
        kept.push_str(&rest[..before]);
        kept.push_str(HIDDEN);
        rest = &rest[before + value..];
    }
    kept.push_str(rest);
    kept
}

fn next_word(text: &str) -> Option<(usize, usize)> {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let start = text.find(in_word)?;
    let length = text[start..].find(|c| !in_word(c)).unwrap_or(text.len() - start);
    Some((start, start + length))
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '-' && *c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Where the value behind a name starts and how long it is. `None` where no value follows.
fn value_at(rest: &str) -> Option<(usize, usize)> {
    // A name in quotes may be quoted within a text, too.
    let behind = rest.trim_start_matches(['"', '\'', '\\']);
    let separator = behind.trim_start();
    if !separator.starts_with([':', '=']) {
        return None;
    }
    let form = separator.starts_with('=');
    let value = separator[1..].trim_start_matches([' ', '\t']);
    let before = rest.len() - value.len();
    let quote = value
        .trim_start_matches('\\')
        .chars()
        .next()
        .filter(|c| *c == '"' || *c == '\'');
    if let Some(quote) = quote {
        let open = value.len() - value.trim_start_matches('\\').len() + 1;
        return Some((before + open, quoted_length(&value[open..], quote, open > 1)));
    }
    let ends: &[char] = if form {
        &['&', ' ', '\n', '\r', '"', ';']
    } else {
        &['\n', '\r', '"', ',', '}']
    };
    let length = value.find(ends).unwrap_or(value.len());
    let worth_hiding = length > 0 && !value.starts_with(['{', '[', '<']);
    worth_hiding.then_some((before, length))
}

/// Up to the closing quote. Within a quoted text the quotes themselves are escaped.
fn quoted_length(value: &str, quote: char, nested: bool) -> usize {
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            '\\' if nested => return at,
            '\\' => escaped = !escaped,
            c if c == quote && !escaped => return at,
            _ => escaped = false,
        }
    }
    value.len()
}

fn without_tokens(text: &str) -> String {
    let in_token = |c: char| c.is_ascii_alphanumeric() || "-_./+=~".contains(c);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    'text: while !rest.is_empty() {
        let begins_here = !kept.ends_with(|c: char| c.is_ascii_alphanumeric());
        if begins_here {
            for (mark, fewest) in TOKENS {
                let Some(behind) = rest.strip_prefix(mark) else {
                    continue;
                };
                let length = behind.find(|c| !in_token(c)).unwrap_or(behind.len());
                if length >= *fewest {
                    kept.push_str(HIDDEN);
                    rest = &behind[length..];
                    continue 'text;
                }
            }
        }
        let next = rest.chars().next().map_or(1, char::len_utf8);
        kept.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::scrub;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let pem = format!(
            "-----BEGIN {} KEY-----\\nMIIEvQ\\n-----END {} KEY-----\\n",
            "PRIVATE", "PRIVATE"
        );
        let rows = [
            ("Bearer ya29.a0AfH6SMBx_y-z123 ok", "Bearer [hidden] ok"),
            (
                r#"{"access_token":"ya29.c.abcdefgh","expires_in":3599}"#,
                r#"{"access_token":"[hidden]","expires_in":3599}"#,
            ),
            (
                "Authorization: Bearer abc.def\nDate: today",
                "Authorization: [hidden]\nDate: today",
            ),
            (
                "X-CleverTap-Passcode: QWE-RTY-UIOP\nX-CleverTap-Account-Id: A",
                "X-CleverTap-Passcode: [hidden]\nX-CleverTap-Account-Id: A",
            ),
            (
                r#"{"passcode" : "abc\"d", "x": 1}"#,
                r#"{"passcode" : "[hidden]", "x": 1}"#,
            ),
            (
                r#""{\"passcode\":\"abc\",\"x\":1}""#,
                r#""{\"passcode\":\"[hidden]\",\"x\":1}""#,
            ),
            (
                "grant_type=x&assertion=abc.def&y=1",
                "grant_type=x&assertion=[hidden]&y=1",
            ),
            (
                "was eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln here",
                "was [hidden] here",
            ),
            ("AIzaSyA1234567890abcdefghijklmnopqrstuvw", "[hidden]"),
            (
                r#"{"location": "Authorization", "locationType": "header"}"#,
                r#"{"location": "Authorization", "locationType": "header"}"#,
            ),
            ("Password and passcode are words", "Password and passcode are words"),
            ("Not found: Dataset acme-dw:sales", "Not found: Dataset acme-dw:sales"),
        ];
        for (text, expected) in rows {
            assert_eq!(scrub(text), expected, "for {text:?}");
        }
        let text = format!(r#"{{"private_key": "{pem}", "client_email": "a@b"}}"#);
        assert_eq!(
            scrub(&text),
            r#"{"private_key": "[hidden]", "client_email": "a@b"}"#,
            "a key in its JSON"
        );
        assert_eq!(
            scrub(&format!("see {pem} there")),
            r"see [hidden]\n there",
            "a key alone"
        );
        assert_eq!(
            scrub(&format!("see {}", &pem[..40])),
            "see [hidden]",
            "a key that was cut is a key"
        );
    }

    #[test]
    fn scrubbing_twice_changes_nothing() {
        let text = r#"{"access_token":"ya29.c.abcdefgh","Authorization": "Bearer ya29.abcdefghij"}"#;
        assert_eq!(scrub(&scrub(text)), scrub(text));
    }
}
