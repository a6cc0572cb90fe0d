//! What must never be committed, wherever it would stand.

use tapline_tidy::sources;

#[test]
fn no_private_key_is_in_the_repository() {
    for source in sources("", &[]) {
        for (at, _) in source.text.match_indices("PRIVATE KEY-----") {
            // A marker alone is what a parser's test needs; the body of a key is what nobody may have.
            let body =
                source.text[at + "PRIVATE KEY-----".len()..].trim_start_matches(['\\', 'n', 'r', '\n', '\r', ' ', '"']);
            let length = body
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "+/=\n\\".contains(*c))
                .count();
            assert!(length < 200, "{} holds what looks like a private key", source.path);
        }
    }
}

#[test]
fn no_path_of_one_machine_is_in_the_repository() {
    let machine_paths = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/home/", "runner"].concat(),
    ];
    for source in sources("", &[]) {
        for path in &machine_paths {
            let mut places = source
                .text
                .match_indices(path.as_str())
                .map(|(at, _)| &source.text[..at]);
            let standing_alone =
                places.any(|before| !before.ends_with(|c: char| c.is_alphanumeric() || "._-/}".contains(c)));
            assert!(
                !standing_alone,
                "{} names {path}, which is a place on somebody's machine",
                source.path
            );
        }
    }
}
