//! Names what a thing is that is no service-account key. It never shows what the thing holds.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::file::{File, Value};
use super::text::{LENIENT, letters};
use super::{pem, shown};
use crate::ground::problem::{Code, Fact, Problem};

/// Things that are known by their first bytes.
pub(super) fn by_bytes(bytes: &[u8]) -> Result<(), Problem> {
    let binary = bytes.iter().take(64).any(|b| *b < 0x09 || *b >= 0x80);
    let found = match bytes {
        // A PKCS#12 file is a DER sequence that starts with version 3.
        [0x30, 0x80..=0x84, ..]
            if binary && bytes[..bytes.len().min(12)].windows(3).any(|w| w == [0x02, 0x01, 0x03]) =>
        {
            return Err(Problem::new(Code::KeyIsP12));
        }
        [0x30, 0x80..=0x84, ..] if binary => "a bare DER key or certificate",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [0x1f, 0x8b, ..] => "a gzip archive",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'G', b'I', b'F', b'8', ..] => "a picture",
        [0xfe, 0xed, 0xfe, 0xed, ..] => "a Java keystore",
        [0x7f, b'E', b'L', b'F', ..] => "a program",
        [b'{', b'\\', b'r', b't', b'f', ..] => "a rich-text document",
        [b'b', b'p', b'l', b'i', b's', b't', ..] => "a property list",
        _ if bytes.starts_with(b"SQLite format 3\0") => "a database",
        _ => return Ok(()),
    };
    Err(Problem::new(Code::KeyIsOtherFile).with(Fact::Found, found))
}

/// Things that are known by how their text starts.
pub(super) fn by_text(text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::new(Code::KeyEmpty));
    }
    if text.starts_with('{') || text.starts_with('[') {
        return Ok(());
    }
    let lower = text.get(..text.len().min(400)).unwrap_or(text).to_ascii_lowercase();
    let one_word = !text.contains(char::is_whitespace);
    let starts = |starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    let holds = |words: &[&str]| words.iter().all(|word| text.contains(word));
    let code = if lower.starts_with("<?xml") || lower.starts_with("<!doctype plist") || lower.starts_with("<plist") {
        Code::KeyIsAppConfig
    } else if lower.starts_with("<!doctype html") || lower.contains("<head>") || is_markup(&lower) {
        Code::KeyIsHtml
    } else if text.starts_with("-----BEGIN OPENSSH") || starts(&["ssh-rsa ", "ssh-ed25519 ", "PuTTY-User-Key"]) {
        Code::KeyIsSsh
    } else if text.starts_with("-----BEGIN CERTIFICATE") || text.starts_with("-----BEGIN PUBLIC") {
        Code::KeyIsPublic
    } else if text.starts_with("-----BEGIN")
        || (holds(&["-----BEGIN", "PRIVATE KEY-----"]) && !text.contains(['{', '"']))
    {
        Code::KeyIsPemAlone
    } else if text.starts_with("AIza") && one_word {
        Code::KeyIsApiKey
    } else if lower.starts_with("bearer ")
        || one_word && (starts(&["ya29.", "1//", "4/0"]) || (text.starts_with("eyJ") && text.contains('.')))
    {
        Code::KeyIsAccessToken
    } else if one_word && text.starts_with("GOCSPX-") {
        Code::KeyIsOauthClient
    } else if is_path(text) {
        Code::KeyIsPath
    } else if one_word && text.ends_with(".gserviceaccount.com") && text.contains('@') {
        Code::KeyIsEmail
    } else if holds(&["apiKey", "authDomain"]) {
        Code::KeyIsAppConfig
    } else {
        return by_pieces(text, &lower);
    };
    Err(Problem::new(code))
}

fn is_markup(lower: &str) -> bool {
    lower.starts_with('<')
        && ["<html", "<body", "<div", "<title", "</"]
            .iter()
            .any(|tag| lower.contains(tag))
}

/// Text that holds a key, or a piece of one, and does not start as one.
fn by_pieces(text: &str, lower: &str) -> Result<(), Problem> {
    let found = |words: &str| Err(Problem::new(Code::KeyNotJson).with(Fact::Found, words));
    if let Some(bytes) = letters(text) {
        if bytes.first() == Some(&0x30)
            && matches!(pem::check(&bytes).map_err(|p| p.code()), Ok(_) | Err(Code::KeyPkcs1))
        {
            return Err(Problem::new(Code::KeyIsPemAlone));
        }
        by_bytes(&bytes)?;
    }
    let from_a_key = [
        "client_email",
        "private_key_id",
        "token_uri",
        "auth_provider_x509",
        "universe_domain",
    ];
    let pieces = from_a_key.iter().filter(|name| text.contains(*name)).count();
    if text.contains("service_account") && text.contains('{') && pieces >= 2
        || lower.starts_with("apiversion:")
        || lower.starts_with("---\n")
    {
        found("other text around the key")
    } else if pieces > 0 || text.contains("-----END PRIVATE KEY-----") {
        found("the middle of a key, and its first lines are missing")
    } else if lower.starts_with("https://") || lower.starts_with("http://") {
        found("a web address")
    } else if text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        found("the id of a key, which is not the key")
    } else {
        Ok(())
    }
}

fn is_path(text: &str) -> bool {
    let one_line = !text.contains('\n') && text.len() < 1024;
    let mut letters = text.chars();
    let drive = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.next() == Some(':')
        && matches!(letters.next(), Some('\\' | '/'));
    let rooted = ["/", "~/", "./", "../", "\\\\", "file://"]
        .iter()
        .any(|start| text.starts_with(start));
    let named = text.to_ascii_lowercase().ends_with(".json");
    one_line && (drive || rooted || named)
}

/// The key file inside an answer of the API that makes keys.
pub(super) fn wrapped_key(file: &File) -> Option<Result<Zeroizing<Vec<u8>>, Problem>> {
    let data = file.private_key_data.text()?;
    let letters: Zeroizing<Vec<u8>> = Zeroizing::new(data.bytes().filter(|b| !b.is_ascii_whitespace()).collect());
    let damaged = || Problem::new(Code::KeyFieldInvalid).with(Fact::Name, "privateKeyData");
    let inner = LENIENT
        .decode(letters.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| damaged());
    // The file inside is never wrapped again; a text that claims so would keep us unwrapping.
    Some(inner.and_then(|bytes| {
        let nested = bytes.windows(16).any(|part| part == b"\"privateKeyData\"");
        if nested { Err(damaged()) } else { Ok(bytes) }
    }))
}

/// Things that are known by their fields.
pub(super) fn by_fields(file: &File) -> Result<(), Problem> {
    let code = match file.kind.text() {
        Some("service_account") => return redacted(file),
        Some("authorized_user") => Code::KeyIsUserCredentials,
        Some("external_account" | "external_account_authorized_user") => Code::KeyIsExternalAccount,
        Some("impersonated_service_account") => Code::KeyIsImpersonated,
        Some(other) => {
            // Google writes a kind in small letters. Anything else may be a piece of the key that slipped.
            let small = |kind: &String| kind.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            let kind = shown(other.trim(), 32).filter(small);
            return Err(Problem::new(Code::KeyTypeUnknown).with_some(Fact::Found, kind));
        }
        None if matches!(file.kind, Value::Other) => {
            return Err(Problem::new(Code::KeyFieldInvalid).with(Fact::Name, "type"));
        }
        None if file.has("installed") || file.has("web") => Code::KeyIsOauthClient,
        None if file.has("project_info") || file.has("apiKey") || file.has("configuration_version") => {
            Code::KeyIsAppConfig
        }
        None if file.has("keyAlgorithm") || file.has("validAfterTime") => Code::KeyIsDescription,
        None if file.has("refresh_token") => Code::KeyIsUserCredentials,
        None if file.has("access_token") => Code::KeyIsAccessToken,
        None if file.private_key.text().is_some() || file.client_email.text().is_some() => Code::KeyTypeMissing,
        None => Code::KeyIsOtherJson,
    };
    Err(Problem::new(code))
}

/// A key that somebody blacked out before passing it on.
fn redacted(file: &File) -> Result<(), Problem> {
    let Some(key) = file.private_key.text() else {
        return Ok(());
    };
    let inside = key
        .replace("-----BEGIN PRIVATE KEY-----", "")
        .replace("-----END PRIVATE KEY-----", "");
    let lower = inside.to_ascii_lowercase();
    let blacked = inside.contains(['*', '<', '•', '…', '█', '['])
        || ["redact", "hidden", "your", "..."]
            .iter()
            .any(|word| lower.contains(word) && inside.len() < 200);
    if blacked || key.trim().is_empty() {
        return Err(Problem::new(Code::KeyRedacted));
    }
    Ok(())
}
