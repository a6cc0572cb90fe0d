//! Settings: one row each, absent until somebody sets it.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::error::{Doing as _, Result, StoreError};
use super::text;

/// What a person set, with defaults for what nobody did.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What *Connected By* says. Nothing: the operating system's account name.
    pub person: Option<String>,
    pub proxy: Proxy,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca_file: Option<String>,
    pub theme: Theme,
    /// How many days values of rejected, unprocessed and in-doubt rows are kept.
    pub row_values_days: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proxy {
    /// As the operating system says.
    #[default]
    System,
    None,
    Manual(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            person: None,
            proxy: Proxy::default(),
            ca_file: None,
            theme: Theme::default(),
            row_values_days: 30,
        }
    }
}

pub struct SettingsRead<'a>(pub(super) &'a Connection);
pub struct SettingsMut<'a>(pub(super) &'a Connection);

impl SettingsRead<'_> {
    pub fn get(&self) -> Result<Settings> {
        let usual = Settings::default();
        Ok(Settings {
            person: self.one("person")?,
            proxy: self.one("proxy")?.unwrap_or(usual.proxy),
            ca_file: self.one("ca_file")?,
            theme: self.one("theme")?.unwrap_or(usual.theme),
            row_values_days: self.one("row_values_days")?.unwrap_or(usual.row_values_days),
        })
    }

    fn one<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>> {
        let sql = "SELECT value FROM settings WHERE name = ?1";
        text::row(self.0, "settings", sql, [name], |cells| cells.json("value"))
    }
}

impl SettingsMut<'_> {
    pub fn put(&self, settings: &Settings) -> Result<()> {
        self.one("person", settings.person.as_ref())?;
        self.one("proxy", Some(&settings.proxy))?;
        self.one("ca_file", settings.ca_file.as_ref())?;
        self.one("theme", Some(&settings.theme))?;
        self.one("row_values_days", Some(&settings.row_values_days))
    }

    fn one<T: Serialize>(&self, name: &str, value: Option<&T>) -> Result<()> {
        let Some(value) = value else {
            self.0
                .execute("DELETE FROM settings WHERE name = ?1", [name])
                .doing("unsetting a setting")?;
            return Ok(());
        };
        let value = serde_json::to_string(value).map_err(|source| StoreError::Unwritable {
            what: "a setting",
            source,
        })?;
        self.0
            .execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )
            .doing("keeping a setting")?;
        Ok(())
    }
}
