//! The built UI, as the window would load it: the same files under the same content security policy.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// The shell's own policy, except that the api is reached at this address rather than by Tauri's channel.
pub fn policy() -> String {
    let config: Value =
        serde_json::from_str(include_str!("../../../tauri.conf.json")).expect("tauri.conf.json is JSON");
    let rules = config["app"]["security"]["csp"]
        .as_object()
        .expect("the policy is a table of rules");
    rules
        .iter()
        .map(|(name, value)| match name.as_str() {
            "connect-src" => "connect-src 'self'".to_owned(),
            _ => format!("{name} {}", value.as_str().unwrap_or_default()),
        })
        .collect::<Vec<_>>()
        .join("; ")
}

/// The start page with the token in it.
pub fn index(ui: &Path, token: &str) -> std::io::Result<String> {
    let page = std::fs::read_to_string(ui.join("index.html"))?;
    Ok(page.replacen(
        "<head>",
        &format!("<head><meta name=\"tapline-token\" content=\"{token}\">"),
        1,
    ))
}

/// The file that an address names, and its type. Nothing outside the folder.
pub fn file(ui: &Path, address: &str) -> Option<(PathBuf, &'static str)> {
    let inside = Path::new(address.trim_start_matches('/'));
    if !inside.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let kind = match inside.extension()?.to_str()? {
        "js" => "text/javascript",
        "css" => "text/css",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        _ => return None,
    };
    Some((ui.join(inside), kind))
}

#[cfg(test)]
mod tests {
    use super::{file, policy};
    use std::path::Path;

    #[test]
    fn no_address_leaves_the_folder() {
        let ui = Path::new("dist");
        assert!(file(ui, "/assets/a.js").is_some(), "an asset is served");
        for address in ["/../key.json", "/assets/../../key.json", "//etc/x.json", "/", "/x.pem"] {
            let found = file(ui, address);
            assert!(
                found.as_ref().is_none_or(|(path, _)| path.starts_with(ui)),
                "{address} reaches {found:?}"
            );
        }
    }

    #[test]
    fn the_policy_lets_scripts_come_from_here_alone() {
        let policy = policy();
        assert!(policy.contains("default-src 'self'"), "{policy}");
        assert!(policy.contains("connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe-eval"), "{policy}");
    }
}
