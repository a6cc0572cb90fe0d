//! Which way the arrows run in the window's own sources.

use tapline_tidy::{Source, modules_imported, sources};

const UI: &str = "ui/src/";
const NOUNS: [&str; 5] = ["connections", "accounts", "imports", "runs", "setup"];

/// The folder of `ui/src` that a relative or aliased import reaches, seen from the importing file.
fn folder_reached(from: &str, module: &str) -> Option<String> {
    let mut place: Vec<&str> = from.strip_prefix(UI)?.split('/').collect();
    place.pop();
    let steps = if let Some(inside) = module.strip_prefix("$lib/").or_else(|| module.strip_prefix("@/")) {
        place.clear();
        inside
    } else if module.starts_with('.') {
        module
    } else {
        return None;
    };
    for step in steps.split('/') {
        match step {
            "." => {}
            ".." => {
                place.pop();
            }
            name => place.push(name),
        }
    }
    let folder = place.first().filter(|first| place.len() > 1 || !first.contains('.'))?;
    Some((*folder).to_owned())
}

fn wrong_imports(source: &Source) -> Vec<String> {
    let here = source
        .path
        .strip_prefix(UI)
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default();
    modules_imported(&source.text)
        .into_iter()
        .filter_map(|module| {
            let reached = folder_reached(&source.path, &module);
            let why = match reached.as_deref() {
                None if module.starts_with("@tauri-apps") && here != "backend" => "only ui/src/backend knows Tauri",
                // Shapes of the wire carry no behaviour, and a part that shows a problem must know what one is.
                Some("backend") if here == "kit" && module.contains("/backend/generated/") => return None,
                // What tests share stands apart: it knows the wire's shapes and no screen.
                Some("test") if source.path.ends_with(".test.ts") => return None,
                Some("backend") if here == "test" && module.contains("/backend/generated/") => return None,
                Some(_) if here == "test" => "what tests share knows no screen",
                Some(there) if here == "kit" && there != "kit" => "the kit knows no other folder",
                Some(there) if here == "backend" && there != "backend" => "the backend knows no screen",
                Some(there) if NOUNS.contains(&here) && NOUNS.contains(&there) && here != there => {
                    "nouns meet in views alone"
                }
                Some("views") if NOUNS.contains(&here) => "views compose nouns, never the other way",
                _ => return None,
            };
            Some(format!("{} imports {module}, but {why}", source.path))
        })
        .collect()
}

#[test]
fn arrows_between_the_folders_of_the_window_run_one_way() {
    let files = sources("ui/src", &[".ts", ".svelte", ".js"]);
    assert!(
        !files.is_empty(),
        "the window's sources are where this test looks for them"
    );
    let wrong: Vec<_> = files.iter().flat_map(wrong_imports).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The editor is most of the window's weight, and few screens need it.
fn loads_the_editor_at_start(source: &Source) -> bool {
    let editor = source.path == format!("{UI}kit/editor.ts");
    source.text.lines().map(str::trim).any(|line| {
        let from = |module: &str| line.starts_with("import ") && line.contains(module);
        let type_alone = line.starts_with("import type ");
        !type_alone && (from("/editor\"") || (!editor && (from("\"@codemirror/") || from("\"@lezer/"))))
    })
}

#[test]
fn the_editor_of_texts_is_loaded_when_one_is_needed() {
    let files = sources("ui/src", &[".ts", ".svelte"]);
    let wrong: Vec<_> = files
        .iter()
        .filter(|file| loads_the_editor_at_start(file))
        .map(|file| &file.path)
        .collect();
    assert!(wrong.is_empty(), "loaded with the window: {wrong:?}");
    for (text, wrong) in [
        ("import { openEditor } from \"./editor\";", true),
        ("import { EditorView } from \"@codemirror/view\";", true),
        ("import type { EditorView } from \"@codemirror/view\";", false),
        ("  void import(\"./editor\").then(open);", false),
    ] {
        let source = Source {
            path: format!("{UI}kit/Code.svelte"),
            text: text.to_owned(),
        };
        assert_eq!(loads_the_editor_at_start(&source), wrong, "{text}");
    }
}

#[test]
fn a_wrong_import_is_caught() {
    for (path, text, wrong) in [
        ("kit/Button.svelte", "import { call } from '../backend'", true),
        ("kit/Button.svelte", "import { call } from '../backend/call'", true),
        ("kit/Button.svelte", "import '../tokens.css'", false),
        (
            "kit/Card.svelte",
            "import type { Problem } from '../backend/generated/Problem'",
            false,
        ),
        ("kit/Table.svelte", "import Row from '../imports/Row.svelte'", true),
        (
            "connections/List.svelte",
            "import { invoke } from '@tauri-apps/api/core'",
            true,
        ),
        (
            "connections/List.svelte",
            "import Row from '../imports/Row.svelte'",
            true,
        ),
        (
            "backend/tauri.ts",
            "import { invoke } from '@tauri-apps/api/core'",
            false,
        ),
        (
            "views/Home.svelte",
            "import List from '../connections/List.svelte'",
            false,
        ),
        (
            "connections/form/Key.svelte",
            "import Field from '../../kit/Field.svelte'",
            false,
        ),
    ] {
        let source = Source {
            path: format!("{UI}{path}"),
            text: text.to_owned(),
        };
        assert_eq!(!wrong_imports(&source).is_empty(), wrong, "{path} with {text:?}");
    }
}
