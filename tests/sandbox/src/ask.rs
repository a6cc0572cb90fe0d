//! A request taken apart: decoded path segments, decoded query, whole body.

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

/// What a vendor's room gets to see of a call.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) number: u64,
    pub(crate) method: Method,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Ask {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn takes_gzip(&self) -> bool {
        self.header("accept-encoding")
            .is_some_and(|accepted| accepted.contains("gzip"))
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn number_param(&self, name: &str) -> Option<u64> {
        self.param(name)?.parse().ok()
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        // Google's own Python client writes `True`.
        self.param(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

/// `a=1&b=2`, decoded; `+` is a space here.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " "))))
        .collect()
}

/// Percent-decodes; what is no valid escape stays as it is.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(value) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(value);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{decoded, pairs};

    #[test]
    fn escapes_are_decoded_and_broken_ones_left_alone() {
        for (given, want) in [
            ("a%20b", "a b"),
            ("%c3%a9", "é"),
            ("100%", "100%"),
            ("%zz", "%zz"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decoded(given), want, "{given}");
        }
        assert_eq!(
            pairs("a=1+2&b"),
            [("a".into(), "1 2".into()), ("b".into(), String::new())],
            "a form's pairs"
        );
    }
}
