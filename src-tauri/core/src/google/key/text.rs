//! From bytes to the text of a JSON object: encodings, and the wrappings that people paste with it.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{LARGEST_FILE_BYTES, Repair, wrong};
use crate::ground::problem::{Code, Fact, Problem};

/// Base64 with or without padding.
pub(super) const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes as text.
pub(super) fn decode(bytes: &[u8], repairs: &mut Vec<Repair>) -> Result<Zeroizing<String>, Problem> {
    if bytes.len() > LARGEST_FILE_BYTES {
        return Err(Problem::new(Code::KeyTooLarge).with(Fact::Bytes, format!("{} bytes", bytes.len())));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(Code::KeyEmpty));
    }
    if let Some(decoded) = utf16(bytes) {
        repairs.push(Repair::Utf16);
        return decoded;
    }
    let (bytes, marked) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    wrong::by_bytes(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(Code::KeyNotText))?;
    if marked {
        repairs.push(Repair::ByteOrderMark);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// UTF-16, with a byte-order mark or shown by a zero in the first two bytes. `None` where it is something else.
fn utf16(bytes: &[u8]) -> Option<Result<Zeroizing<String>, Problem>> {
    type Join = fn([u8; 2]) -> u16;
    let (rest, join): (&[u8], Join) = match bytes {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        [first, 0, ..] if first.is_ascii() && *first != 0 => (bytes, u16::from_le_bytes),
        [0, second, ..] if second.is_ascii() && *second != 0 => (bytes, u16::from_be_bytes),
        _ => return None,
    };
    let units: Zeroizing<Vec<u16>> =
        Zeroizing::new(rest.chunks_exact(2).map(|pair| join([pair[0], pair[1]])).collect());
    Some(
        String::from_utf16(&units)
            .map(Zeroizing::new)
            .map_err(|_| Problem::new(Code::KeyNotText)),
    )
}

/// Takes the text out of what people wrap around it, layer by layer.
pub(super) fn unwrap(text: &str, repairs: &mut Vec<Repair>) -> Zeroizing<String> {
    let mut text = odd_spaces(bare(text), repairs);
    for _ in 0..6 {
        let Some((inner, repair)) = assignment(&text)
            .or_else(|| fence(&text))
            .or_else(|| json_text(&text))
            .or_else(|| quotes(&text))
            .or_else(|| escaped_quotes(&text))
            .or_else(|| base64(&text))
        else {
            break;
        };
        repairs.push(repair);
        text = Zeroizing::new(bare(&inner).to_owned());
    }
    text
}

/// Web pages and chat programs put spaces into what they show that JSON does not know. A key holds none of its own.
fn odd_spaces(text: &str, repairs: &mut Vec<Repair>) -> Zeroizing<String> {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let wide = |c: char| {
        matches!(
            c,
            '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{2000}'..='\u{200a}'
        )
    };
    if !text.contains(|c| invisible(c) || wide(c)) {
        return Zeroizing::new(text.to_owned());
    }
    repairs.push(Repair::OddSpaces);
    let kept = text.chars().filter(|c| !invisible(*c));
    let mended: Zeroizing<String> = Zeroizing::new(kept.map(|c| if wide(c) { ' ' } else { c }).collect());
    Zeroizing::new(mended.trim().to_owned())
}

/// Without what nobody sees at its ends: white space, byte-order marks, the zero after a C string.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\0' | '\u{feff}'))
}

type Layer = Option<(Zeroizing<String>, Repair)>;

/// `NAME=…`, with `export`, `set` or `$env:` before it.
fn assignment(text: &str) -> Layer {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let name = ["export ", "set ", "$env:", "setx "]
        .iter()
        .find_map(|before| name.strip_prefix(before))
        .unwrap_or(name)
        .trim();
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let value = value.trim().trim_end_matches(';');
    // Base64 may end in `=`, but nothing follows it; and a lone word before `=` is a name only if a key follows.
    let is_value = value.contains('{') || base64(value).is_some() || base64(value.trim_matches(['"', '\''])).is_some();
    (is_name && is_value).then(|| (Zeroizing::new(value.to_owned()), Repair::Assignment))
}

/// ```` ```json … ``` ````, as notes and chats write it.
fn fence(text: &str) -> Layer {
    ["```", "~~~"].iter().find_map(|fence| {
        let (language, rest) = text.strip_prefix(*fence)?.split_once('\n')?;
        let inner = rest.strip_suffix(*fence)?;
        let language = language.trim();
        (language.len() <= 20 && language.chars().all(char::is_alphanumeric))
            .then(|| (Zeroizing::new(inner.to_owned()), Repair::Fence))
    })
}

/// A JSON text that holds JSON.
fn json_text(text: &str) -> Layer {
    if !text.starts_with('"') {
        return None;
    }
    let inner = Zeroizing::new(serde_json::from_str::<String>(text).ok()?);
    inner.trim_start().starts_with('{').then_some((inner, Repair::Quotes))
}

fn quotes(text: &str) -> Layer {
    ['\'', '"', '`'].iter().find_map(|quote| {
        let inner = text.strip_prefix(*quote)?.strip_suffix(*quote)?;
        Some((Zeroizing::new(inner.to_owned()), Repair::Quotes))
    })
}

/// `{\"type\": …}` as it stands inside another program's text.
fn escaped_quotes(text: &str) -> Layer {
    let start = text
        .strip_prefix('{')?
        .trim_start_matches([' ', '\\', 'n', 'r', 't', '\n', '\r']);
    (text.contains("\\\"type\\\"") && (start.starts_with('"') || text.contains("{\\")))
        .then(|| {
            let quoted = Zeroizing::new(format!("\"{}\"", text.replace(['\n', '\r'], "")));
            serde_json::from_str::<String>(&quoted).ok()
        })
        .flatten()
        .map(|inner| (Zeroizing::new(inner), Repair::EscapedQuotes))
}

/// Base64 of something that starts with a brace, or of such Base64.
fn base64(text: &str) -> Layer {
    let bytes = letters(text)?;
    let inner = match utf16(&bytes) {
        Some(decoded) => decoded.ok()?,
        None => Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned()),
    };
    (bare(&inner).starts_with('{') || base64(&inner).is_some()).then_some((inner, Repair::Base64))
}

/// What a block of Base64 holds, in its usual letters or in those for addresses, alone or as a data address.
pub(super) fn letters(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let text = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,")?.1,
        None => text,
    };
    if text.len() < 64 {
        return None;
    }
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(
        text.bytes()
            .filter(|b| !b.is_ascii_whitespace())
            .map(|b| match b {
                b'-' => b'+',
                b'_' => b'/',
                b => b,
            })
            .collect(),
    );
    LENIENT.decode(letters.as_slice()).ok().map(Zeroizing::new)
}
