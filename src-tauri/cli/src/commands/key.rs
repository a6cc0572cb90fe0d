//! `tapline key check`: what a file is, and whether it will do.

use std::path::Path;

use tapline_api::offline;

use crate::input;
use crate::say::{Answered, Said, clean, counted};

pub fn check(file: &Path) -> Answered {
    let bytes = input::key_file(file)?;
    let key = offline::key(&bytes)?;
    let project = key.project_id.as_deref().unwrap_or("not named in the file");
    let mut words = format!(
        "This key will do.\n  Service account: {}\n  Project:         {}\n  Key id ends in:  {}\n  Size:            {} bits, {}",
        clean(&key.client_email),
        clean(project),
        clean(&key.key_id_tail),
        key.key_bits,
        counted(key.size_bytes, "byte"),
    );
    for repair in &key.repairs {
        words.push_str("\n  Mended:          ");
        words.push_str(repair);
    }
    for warning in &key.warnings {
        words.push_str("\n  Unusual:         ");
        words.push_str(warning);
    }
    Ok(Said::new(key, words))
}
