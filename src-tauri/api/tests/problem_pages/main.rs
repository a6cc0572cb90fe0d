//! `docs/problems`: a page for each problem and an index, written from the catalogue and never by hand.

mod example;
mod index;
mod page;
mod placeholder;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tapline_core::ground::problem::CATALOGUE;

/// Every page by its file's name.
fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<String, String> = CATALOGUE
        .iter()
        .map(|entry| (page::file(entry.code), page::page(entry)))
        .collect();
    pages.insert("README.md".to_owned(), index::index());
    pages
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems")
}

/// What stands in the folder now.
fn kept() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).into_iter().flatten().flatten();
    files
        .filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            Some((file.file_name().into_string().ok()?, text))
        })
        .collect()
}

fn write(pages: &BTreeMap<String, String>) {
    fs::create_dir_all(folder()).expect("docs/ can be written");
    for stray in kept().keys().filter(|name| !pages.contains_key(*name)) {
        fs::remove_file(folder().join(stray)).expect("a page of a problem that is gone can be removed");
    }
    for (name, text) in pages {
        fs::write(folder().join(name), text).expect("a page can be written");
    }
}

#[test]
fn the_published_pages_are_the_catalogues_own() {
    let pages = pages();
    if std::env::var_os("TAPLINE_WRITE_PAGES").is_some() {
        write(&pages);
    }
    let kept = kept();
    let stale: Vec<&String> = pages
        .iter()
        .filter(|(name, text)| kept.get(*name) != Some(text))
        .map(|(name, _)| name)
        .chain(kept.keys().filter(|name| !pages.contains_key(*name)))
        .collect();
    assert!(
        stale.is_empty(),
        "docs/problems is stale: run this test with TAPLINE_WRITE_PAGES=1 and commit the folder. It is about {stale:?}"
    );
}

#[test]
fn every_problem_has_a_page_and_the_index_leads_to_it() {
    let pages = pages();
    let index = &pages["README.md"];
    for entry in CATALOGUE {
        let file = page::file(entry.code);
        assert!(pages.contains_key(&file), "{:?} has no page", entry.code);
        assert_eq!(
            index.matches(&format!("({file})")).count(),
            1,
            "the index leads to {file} once"
        );
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let pages = pages();
    for (name, text) in &pages {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let outside = link.starts_with("https://") || link.starts_with('#');
            assert!(
                outside || pages.contains_key(file) || folder().join(file).exists(),
                "{name} leads to {link}, and nothing is there"
            );
        }
    }
}
