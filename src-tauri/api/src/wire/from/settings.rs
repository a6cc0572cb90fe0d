use tapline_core::store as core;

use crate::wire::settings::{Proxy, Settings, Theme};

impl From<core::Settings> for Settings {
    fn from(kept: core::Settings) -> Self {
        Self {
            person: kept.person.unwrap_or_else(os_account),
            proxy: match kept.proxy {
                core::Proxy::System => Proxy::System,
                core::Proxy::None => Proxy::None,
                core::Proxy::Manual(url) => Proxy::Manual { url },
            },
            ca_file: kept.ca_file,
            theme: match kept.theme {
                core::Theme::System => Theme::System,
                core::Theme::Light => Theme::Light,
                core::Theme::Dark => Theme::Dark,
            },
            row_values_days: kept.row_values_days,
        }
    }
}

impl From<Settings> for core::Settings {
    fn from(settings: Settings) -> Self {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            person: filled(&settings.person),
            proxy: match settings.proxy {
                Proxy::System => core::Proxy::System,
                Proxy::None => core::Proxy::None,
                Proxy::Manual { url } => core::Proxy::Manual(url.trim().to_owned()),
            },
            ca_file: settings.ca_file.as_deref().and_then(filled),
            theme: match settings.theme {
                Theme::System => core::Theme::System,
                Theme::Light => core::Theme::Light,
                Theme::Dark => core::Theme::Dark,
            },
            row_values_days: settings.row_values_days,
        }
    }
}

/// The operating system's name of whoever runs this.
fn os_account() -> String {
    named(whoami::username().ok(), |name| std::env::var(name).ok())
}

/// The account's own name goes before what the environment claims. A process may run as a number that no account has.
fn named(account: Option<String>, variable: impl Fn(&str) -> Option<String>) -> String {
    let variables = ["USER", "LOGNAME", "USERNAME"].iter().map(|name| variable(name));
    std::iter::once(account)
        .chain(variables)
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| "Somebody".to_owned())
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_person_is_called_by_the_account_whatever_the_environment_says() {
        let rows = [
            (Some("ada"), None, "ada"),
            (Some("ada"), Some("root"), "ada"),
            (None, Some("ada"), "ada"),
            (Some(""), Some("ada"), "ada"),
            (None, None, "Somebody"),
        ];
        for (account, variable, expected) in rows {
            let person = named(account.map(str::to_owned), |name| {
                variable.filter(|_| name == "LOGNAME").map(str::to_owned)
            });
            assert_eq!(person, expected, "for {account:?} and {variable:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_operating_system_tells_the_account() {
        let told = std::process::Command::new("id")
            .arg("-un")
            .output()
            .expect("id is everywhere");
        let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        // Without the environment: a service has none.
        assert_eq!(named(whoami::username().ok(), |_| None), told, "as `id -un` says");
    }
}
