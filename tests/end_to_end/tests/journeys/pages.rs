//! What `docs/problems` tells people to type, typed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::tapline;

/// The pages with an example, and the line for bash.
fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
    let pages = std::fs::read_dir(folder)
        .expect("the pages")
        .map(|page| page.expect("a page").path());
    let example = |page: PathBuf| {
        let text = std::fs::read_to_string(&page).expect("a page");
        let (_, example) = text.split_once("## An answer that means this")?;
        let (_, code) = example.split_once("```sh\n")?;
        let (code, _) = code.split_once("\n```\n")?;
        Some((page, code.to_owned()))
    };
    pages.filter_map(example).collect()
}

#[test]
fn each_example_of_a_problems_page_gives_that_problem() {
    let examples = examples();
    assert!(
        examples.len() > 150,
        "most problems are an answer's: {}",
        examples.len()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = format!(
        "{}:{}",
        tapline().parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut wrong = Vec::new();
    for (page, example) in examples {
        let ended = Command::new("bash")
            .args(["--noprofile", "--norc", "-c", &example])
            .env("PATH", &path)
            .env("TAPLINE_STORE", folder.path())
            .output()
            .expect("bash is there");
        let code = page.file_stem().expect("a name").to_string_lossy().into_owned();
        let said = String::from_utf8_lossy(&ended.stdout);
        let first = said.lines().next().unwrap_or_default();
        if !ended.status.success() || !first.ends_with(&format!("({code})")) {
            wrong.push(format!("{code}: {first} {}", String::from_utf8_lossy(&ended.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "explaining opens no store");
}
