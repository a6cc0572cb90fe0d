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
    ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "Somebody".to_owned())
}
