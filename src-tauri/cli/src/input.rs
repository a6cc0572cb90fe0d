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
    String::from_utf8(bytes(path)?).map_err(|_| not_understood(&format!("{} is not text in UTF-8.", shown(path))))
}

/// A file as it is; `-` is stdin.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    limited(open(path)?, &shown(path), SMALL)
}

/// A file of rows; `-` is stdin.
pub fn rows(path: &Path) -> Result<Vec<u8>, Problem> {
    limited(open(path)?, &shown(path), ROWS)
}

fn open(path: &Path) -> Result<Box<dyn Read>, Problem> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| not_read(&shown(path), &error))?;
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

/// A file's name for a message. Where the key itself was typed in place of its file's name, it is not repeated.
fn shown(path: &Path) -> String {
    let name = path.display().to_string();
    if name == "-" {
        "stdin".to_owned()
    } else if name.trim_start().starts_with(['{', '[']) || name.contains("PRIVATE KEY") || name.len() > 512 {
        "the text given in place of a file's name".to_owned()
    } else {
        name
    }
}

fn not_read(name: &str, error: &std::io::Error) -> Problem {
    tapline_api::Problem::new(tapline_api::Code::FileNotRead)
        .with(tapline_api::Fact::Path, name)
        .with(tapline_api::Fact::Detail, error.to_string())
        .into()
}
