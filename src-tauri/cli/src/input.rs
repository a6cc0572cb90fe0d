//! Files, stdin and file descriptors, read with a limit: a key or a plan is small, and a mistake may be a disk.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tapline_api::wire::hidden::Hidden;
use tapline_api::wire::problem::Problem;

use crate::args::{KeySource, PasscodeSource};
use crate::say::not_understood;

/// Far above any key, plan or passcode.
const SMALL: u64 = 4 * 1024 * 1024;
/// Above the largest page of rows.
const ANSWER: u64 = 64 * 1024 * 1024;
/// Rows of a preview stand in memory.
const ROWS: u64 = 1024 * 1024 * 1024;

/// A key as it came. Nothing where none was named.
pub fn key(source: &KeySource) -> Result<Option<Vec<u8>>, Problem> {
    match (&source.key, source.key_fd) {
        (Some(path), _) => key_file(path).map(Some),
        (None, Some(fd)) => descriptor(fd).map(Some),
        (None, None) => Ok(None),
    }
}

/// A key's file; `-` is stdin. What is far too large for one is a problem with the key, not with the command.
pub fn key_file(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    open(path)?
        .take(SMALL)
        .read_to_end(&mut bytes)
        .map_err(|error| not_read(&shown(path), &error))?;
    if bytes.len() as u64 == SMALL {
        return Err(tapline_api::Problem::new(tapline_api::Code::KeyTooLarge)
            .with(tapline_api::Fact::Bytes, format!("at least {} MB", SMALL >> 20))
            .into());
    }
    Ok(bytes)
}

/// A passcode, without the line's end that editors leave behind. Nothing where none was named.
pub fn passcode(source: &PasscodeSource) -> Result<Option<Hidden>, Problem> {
    let Some(path) = &source.passcode_file else {
        return Ok(None);
    };
    let text = text(path)?;
    Ok(Some(Hidden::new(text.trim_matches(['\r', '\n']).to_owned())))
}

/// A file as text; `-` is stdin.
pub fn text(path: &Path) -> Result<String, Problem> {
    String::from_utf8(in_utf8(bytes(path)?))
        .map_err(|_| not_understood(&format!("{} is not text in UTF-8.", shown(path))))
}

/// A file as it is; `-` is stdin.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    limited(open(path)?, &shown(path), SMALL)
}

/// An answer's body, whatever it holds; `-` is stdin.
pub fn answer(path: &Path) -> Result<Vec<u8>, Problem> {
    limited(open(path)?, &shown(path), ANSWER).map(in_utf8)
}

/// A file of rows; `-` is stdin.
pub fn rows(path: &Path) -> Result<Vec<u8>, Problem> {
    limited(open(path)?, &shown(path), ROWS).map(in_utf8)
}

/// As UTF-8, where a mark says that it is UTF-16: Windows' own shell writes redirected output so.
fn in_utf8(bytes: Vec<u8>) -> Vec<u8> {
    type Join = fn([u8; 2]) -> u16;
    let (rest, join): (&[u8], Join) = match &bytes[..] {
        [0xFF, 0xFE, rest @ ..] => (rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return bytes,
    };
    let (pairs, odd) = rest.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| join(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if odd.is_empty() => text.into_bytes(),
        _ => bytes,
    }
}

fn open(path: &Path) -> Result<Box<dyn Read>, Problem> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| {
        if is_key_text(&path.to_string_lossy()) {
            key_typed()
        } else {
            not_read(&shown(path), &error)
        }
    })?;
    Ok(Box::new(file))
}

fn descriptor(fd: u32) -> Result<Vec<u8>, Problem> {
    if cfg!(windows) {
        return Err(not_understood(
            "--key-fd needs a system with file descriptors. Use --key instead.",
        ));
    }
    let name = format!("file descriptor {fd}");
    let file = File::open(format!("/dev/fd/{fd}")).map_err(|error| not_read(&name, &error))?;
    limited(file, &name, SMALL)
}

fn limited(source: impl Read, name: &str, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    source
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| not_read(name, &error))?;
    if bytes.len() as u64 > limit {
        return Err(not_understood(&format!("{name} is larger than {} MB.", limit >> 20)));
    }
    Ok(bytes)
}

/// Whether somebody typed what a key holds where a file's name is due. It must not be repeated.
pub fn is_key_text(word: &str) -> bool {
    word.contains("PRIVATE KEY")
        || word.contains("private_key")
        || word.trim_start().starts_with('{')
        || word.len() > 1024
}

/// What to say then.
pub fn key_typed() -> Problem {
    not_understood(
        "The text of a key, or of another document, stands where the name of its file is due. Name the file, or write - and \
         let the text come from stdin. What is typed in a command stays in the shell's history and is seen by others on this \
         computer: if it was a key, make a new one.",
    )
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    }
}

fn not_read(name: &str, error: &std::io::Error) -> Problem {
    tapline_api::Problem::new(tapline_api::Code::FileNotRead)
        .with(tapline_api::Fact::Path, name)
        .with(tapline_api::Fact::Detail, error.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use super::{in_utf8, is_key_text};

    #[test]
    fn a_key_typed_for_a_name_is_known() {
        for (word, expected) in [
            ("-----BEGIN PRIVATE KEY-----\nMIIE", true),
            ("{\"type\":\"service_account\"}", true),
            ("--key-fd={\"private_key\":\"x\"}", true),
            ("key.json", false),
            ("/home/ann/acme-dw-0123.json", false),
        ] {
            assert_eq!(is_key_text(word), expected, "for {word:?}");
        }
    }

    #[test]
    fn text_in_utf_16_is_read_where_a_mark_says_so() {
        let little: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain("{é}".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let big: Vec<u8> = [0xFE, 0xFF]
            .into_iter()
            .chain("{é}".encode_utf16().flat_map(u16::to_be_bytes))
            .collect();
        assert_eq!(in_utf8(little.clone()), "{é}".as_bytes(), "as PowerShell writes");
        assert_eq!(in_utf8(big), "{é}".as_bytes(), "the other way round");
        assert_eq!(in_utf8(b"{}".to_vec()), b"{}", "UTF-8 stays");
        let cut = little[..little.len() - 1].to_vec();
        assert_eq!(in_utf8(cut.clone()), cut, "half a letter is no text");
    }
}
