//! How Google writes that something is denied: the right, the thing, and the one whom it is denied. What the thing is, each
//! room knows for itself.

/// `… denied on table p:d.t (or it may not exist)`, `… permission in project p`: the kind of thing, where one is named, and
/// its name.
pub fn stated(said: &str) -> Option<(String, String)> {
    const MARKS: [&str; 7] = [
        " denied on ",
        " permission in ",
        " permission for ",
        " permission on ",
        " permission to query ",
        " full access for ",
        " on resource ",
    ];
    let rest = MARKS
        .iter()
        .find_map(|mark| said.split_once(mark).map(|(_, rest)| rest))?;
    let end = [" (or", ", or ", " due to ", "; ", "\n", ". "]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
        .unwrap_or(rest.len());
    let rest = rest[..end].trim_end_matches('.');
    let (kind, name) = match rest.split_once(' ') {
        Some((kind, name)) if kind.bytes().all(|b| b.is_ascii_lowercase()) => (kind, name),
        _ => ("", rest),
    };
    Some((kind.to_owned(), name.trim_matches(['\'', '"', '`']).to_owned()))
}

/// The one who was refused, where the sentence says.
pub fn who(said: &str) -> Option<&str> {
    let (before, _) = said.split_once(" does not have ")?;
    let word = before.rsplit(' ').next()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "._%+-@".contains(c);
    (word.contains('@') && word.chars().all(fits)).then_some(word)
}

/// `… does not exist in location US.`
pub fn place(said: &str) -> Option<&str> {
    let (_, rest) = said.rsplit_once(" in location ")?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .unwrap_or(rest.len());
    Some(&rest[..end]).filter(|place| !place.is_empty())
}

/// The first `service.things.verb` in a sentence that names a right.
pub fn permission(said: &str) -> Option<&str> {
    const SERVICES: [&str; 8] = [
        "bigquery.",
        "cloudkms.",
        "datacatalog.",
        "iam.",
        "resourcemanager.",
        "serviceusage.",
        "storage.",
        "spanner.",
    ];
    said.match_indices(|c: char| c.is_ascii_lowercase())
        .find_map(|(at, _)| {
            let alone = !said[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "-_.:/@`".contains(c));
            if !alone || !SERVICES.iter().any(|service| said[at..].starts_with(service)) {
                return None;
            }
            let rest = &said[at..];
            let end = rest
                .find(|c: char| !(c.is_ascii_alphabetic() || c == '.'))
                .unwrap_or(rest.len());
            let found = rest[..end].trim_end_matches('.');
            (found.matches('.').count() == 2 && !found.ends_with(".googleapis.com")).then_some(found)
        })
}
