//! Reads the repository's own sources. What lives here finds files and paths in them; what they must obey stands in
//! `tests/`. Nothing here runs the product.

use std::path::{Path, PathBuf};

/// One source file, named as from the root of the repository with `/` between folders.
#[derive(Debug)]
pub struct Source {
    pub path: String,
    pub text: String,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate stands in tests/tidy")
        .to_owned()
}

/// Every text file under `folder` with one of these endings; all of them where `endings` is empty.
pub fn sources(folder: &str, endings: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    gather(&root.join(folder), &mut found);
    found.sort();
    found
        .into_iter()
        .filter_map(|file| {
            let path = file.strip_prefix(&root).ok()?.to_string_lossy().replace('\\', "/");
            let wanted = endings.is_empty() || endings.iter().any(|ending| path.ends_with(ending));
            let text = wanted.then(|| std::fs::read_to_string(&file).ok()).flatten()?;
            Some(Source { path, text })
        })
        .collect()
}

/// What is made rather than written, and so is nobody's to keep tidy.
const MADE: &[&str] = &["target", "node_modules", "dist", "gen", "shots", ".git", ".cache"];

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        if kind.is_file() {
            found.push(entry.path());
        } else if kind.is_dir() {
            gather(&entry.path(), found);
        }
    }
}

/// The rooms of the same crate that this Rust text names: the word after each `crate::`, the members of
/// `crate::{…}` included. Comments and string contents do not count.
pub fn rooms_named(text: &str) -> Vec<String> {
    let code = without_comments(text);
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let standing_alone = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if standing_alone {
            first_words(&code[at + "crate::".len()..], &mut rooms);
        }
    }
    rooms.sort();
    rooms.dedup();
    rooms
}

/// `google::auth` gives `google`; `{google::auth, ground::{a, b}}` gives `google` and `ground`.
fn first_words(path: &str, rooms: &mut Vec<String>) {
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(group) = path.strip_prefix('{') else {
        return rooms.push(word(path));
    };
    let mut depth = 0_usize;
    let mut at_start = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && c.is_alphabetic() => {
                rooms.push(word(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
}

fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules that this TypeScript or Svelte text imports, `import type` and `import()` included.
pub fn modules_imported(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for opening in ["from ", "import ", "import(", "from\n"] {
        for (at, _) in text.match_indices(opening) {
            let rest = text[at + opening.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
                continue;
            };
            if let Some(end) = rest[1..].find(quote) {
                modules.push(rest[1..=end].to_owned());
            }
        }
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::{modules_imported, rooms_named};

    #[test]
    fn a_room_is_found_however_its_path_is_written() {
        for (text, rooms) in [
            ("use crate::google::auth::Token;", vec!["google"]),
            ("use crate::{google::{auth, iam}, ground};", vec!["google", "ground"]),
            ("use crate::{\n    run,\n    store::{a, b},\n};", vec!["run", "store"]),
            ("pub(crate) use crate::vault as keep;", vec!["vault"]),
            ("fn f() -> crate::clevertap::Batch {}", vec!["clevertap"]),
            ("// see crate::store", vec![]),
            ("use othercrate::store;", vec![]),
            ("use super::sibling;", vec![]),
        ] {
            assert_eq!(rooms_named(text), rooms, "in {text:?}");
        }
    }

    #[test]
    fn an_import_is_found_however_it_is_written() {
        for (text, modules) in [
            ("import { a } from './a'", vec!["./a"]),
            ("import type { A } from \"../b\";", vec!["../b"]),
            ("import './side-effect.css'", vec!["./side-effect.css"]),
            (
                "const m = await import('@tauri-apps/api/core')",
                vec!["@tauri-apps/api/core"],
            ),
            ("export * from '../c'", vec!["../c"]),
            ("const from = 'x'", vec![]),
        ] {
            assert_eq!(modules_imported(text), modules, "in {text:?}");
        }
    }
}
