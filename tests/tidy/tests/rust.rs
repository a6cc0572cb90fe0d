//! Which way the arrows run between the rooms of the house, and between its crates.

use tapline_tidy::{Source, rooms_named, root, sources};

const CORE: &str = "src-tauri/core/src/";
const NOUNS: [&str; 4] = ["connection", "account", "import", "run"];

const KEEPERS: [&str; 2] = ["store", "vault"];

/// What each room may name.
///
/// ground ← vendor rooms ← nouns ← verbs; the keepers know the nouns and the ground. `bigquery` and `clevertap` never
/// name each other, and of the verbs only those that carry rows from one to the other may name both.
const ARROWS: &[(&str, &[&[&str]])] = &[
    ("ground", &[]),
    ("google", &[&["ground"]]),
    ("clevertap", &[&["ground"]]),
    ("bigquery", &[&["ground", "google"]]),
    ("connection", &[&["ground", "google", "bigquery"]]),
    ("account", &[&["ground", "clevertap"]]),
    (
        "import",
        &[&["ground", "google", "bigquery", "clevertap", "connection", "account"]],
    ),
    (
        "run",
        &[&["ground", "bigquery", "clevertap", "connection", "account", "import"]],
    ),
    ("store", &[&["ground"], &NOUNS]),
    ("vault", &[&["ground"], &NOUNS]),
    ("check", &[&["ground", "google", "bigquery", "connection"], &KEEPERS]),
    (
        "setup",
        &[&["ground", "google", "bigquery", "connection", "check"], &KEEPERS],
    ),
    ("mapping", &[&["ground", "bigquery", "clevertap", "import"]]),
    ("schedule", &[&["ground"], &NOUNS]),
    (
        "runner",
        &[
            &["ground", "google", "bigquery", "clevertap", "mapping"],
            &NOUNS,
            &KEEPERS,
        ],
    ),
    ("explain", &[&["ground", "google", "bigquery", "clevertap"]]),
    ("scheduler", &[&["ground", "schedule", "runner"], &NOUNS, &KEEPERS]),
];

/// The rooms that this one may name; `None` where it is no room.
fn may_name(room: &str) -> Option<Vec<&'static str>> {
    ARROWS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, lists)| lists.concat())
}

/// `src-tauri/core/src/google/auth.rs` stands in the room `google`.
fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix(CORE)?;
    let room = inside.split('/').next()?.trim_end_matches(".rs");
    (room != "lib").then_some(room)
}

fn wrong_arrows(source: &Source) -> Vec<String> {
    let Some(room) = room_of(&source.path) else {
        return Vec::new();
    };
    let Some(allowed) = may_name(room) else {
        return vec![format!(
            "{}: the room {room} has no arrows yet; give it some here",
            source.path
        )];
    };
    rooms_named(&source.text)
        .into_iter()
        .filter(|named| named != room && may_name(named).is_some() && !allowed.contains(&named.as_str()))
        .map(|named| format!("{}: {room} names {named}", source.path))
        .collect()
}

#[test]
fn arrows_between_the_rooms_of_the_core_run_one_way() {
    let wrong: Vec<_> = sources(CORE, &[".rs"]).iter().flat_map(wrong_arrows).collect();
    assert!(wrong.is_empty(), "these run the wrong way:\n{}", wrong.join("\n"));
}

#[test]
fn an_arrow_that_runs_the_wrong_way_is_caught() {
    for (path, text, wrong) in [
        ("ground/ids.rs", "use crate::store::Store;", true),
        ("bigquery/rows.rs", "use crate::clevertap::Batch;", true),
        ("clevertap/upload.rs", "use crate::{ground::ids, bigquery};", true),
        ("store/runs.rs", "fn f(r: crate::runner::Report) {}", true),
        ("attic/mod.rs", "", true),
        ("runner/mod.rs", "use crate::{bigquery, clevertap, store};", false),
        ("lib.rs", "pub use crate::runner;", false),
    ] {
        let source = Source {
            path: format!("{CORE}{path}"),
            text: text.to_owned(),
        };
        assert_eq!(!wrong_arrows(&source).is_empty(), wrong, "{path} with {text:?}");
    }
}

#[test]
fn no_two_rooms_may_name_each_other() {
    for &(one, _) in ARROWS {
        for other in may_name(one).expect("listed") {
            let back = may_name(other).expect("what a room may name is a room");
            assert!(!back.contains(&one), "{one} and {other} may name each other");
        }
    }
}

/// What no manifest of a crate may ask for, with the reason.
const CLOSED: &[(&str, &[&str], &str)] = &[
    (
        "src-tauri/core",
        &["tauri", "tapline-api", "clap"],
        "the core is the product, without a host",
    ),
    (
        "src-tauri/api",
        &["tauri", "rusqlite", "reqwest", "hyper", "keyring", "clap"],
        "the api is a counter: no Tauri, no SQL, no HTTP",
    ),
    (
        "src-tauri/cli",
        &["tauri", "tapline-core", "rusqlite", "reqwest"],
        "the command line knows the api alone",
    ),
    (
        ".",
        &["tapline-core", "rusqlite", "reqwest", "keyring"],
        "the shell knows Tauri and the api, nothing else",
    ),
];

#[test]
fn arrows_between_the_crates_run_one_way() {
    for (folder, closed, why) in CLOSED {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a crate has a manifest");
        let asked: Vec<_> = manifest
            .split("\n[")
            .filter(|table| table.starts_with("dependencies]"))
            .flat_map(str::lines)
            .filter_map(|line| line.split(['.', '=', ' ']).next())
            .collect();
        for name in *closed {
            assert!(!asked.contains(name), "{folder} asks for {name}, but {why}");
        }
    }
}

/// Stands between SQLite, which is C, and the disk: the one crate with `unsafe` in it. Only tests build on it.
const UNSAFE: &str = "tests/disk/Cargo.toml";

#[test]
fn every_crate_keeps_the_workspace_lints_and_licence() {
    for manifest in sources("", &["Cargo.toml"]) {
        assert!(
            manifest.path == UNSAFE || manifest.text.contains("[lints]\nworkspace = true"),
            "{} sets lints aside",
            manifest.path
        );
        assert!(
            manifest.text.contains("license.workspace = true"),
            "{} names no licence",
            manifest.path
        );
    }
}

#[test]
fn every_room_opens_with_what_lives_there() {
    for source in sources("src-tauri", &["/mod.rs", "/lib.rs"]) {
        let sentence = source.text.lines().next().unwrap_or_default();
        assert!(
            sentence.strip_prefix("//! ").is_some_and(|words| words.len() > 20),
            "{} does not open with a sentence that says what lives there",
            source.path
        );
    }
}

#[test]
fn rooms_that_are_pure_touch_neither_clock_nor_network_nor_disk() {
    const IMPURE: [&str; 7] = [
        "tokio::",
        "reqwest::",
        "rusqlite::",
        "std::fs",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
    ];
    for folder in ["mapping", "schedule"] {
        for source in sources(&format!("{CORE}{folder}"), &[".rs"]) {
            let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in IMPURE {
                assert!(!code.contains(word), "{} is pure, but names {word}", source.path);
            }
        }
    }
}
