//! Where the app keeps its things and whom it may talk to, from the environment.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use tapline_core::ground::problem::{Code, Fact, Problem};
use tapline_core::store::Belongs;

/// How an app is started.
#[derive(Clone, Debug, PartialEq)]
pub struct AppOptions {
    /// The folder that holds the store and the log. A sandbox gets a folder of its own within.
    pub folder: PathBuf,
    /// A sandbox on this machine that stands in for Google and CleverTap, such as `https://127.0.0.1:8443`.
    /// With it nothing else is ever asked.
    pub endpoint: Option<String>,
    /// A PEM file of certificate authorities to trust besides the system's. Goes before the one in Settings.
    pub ca_file: Option<PathBuf>,
    /// Whether somebody is there to answer when the keychain asks for a password. Where nobody is, a locked keychain is a
    /// problem at once.
    pub attended: bool,
}

impl AppOptions {
    /// A store in `folder` that talks to Google and CleverTap.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            endpoint: None,
            ca_file: None,
            attended: true,
        }
    }

    /// Reads `TAPLINE_STORE` (a folder), `TAPLINE_ENDPOINT` (a sandbox on a loopback address) and `TAPLINE_CA` (a PEM
    /// file). Without `TAPLINE_STORE` the folder is where the operating system keeps programs' data.
    pub fn from_env() -> Result<Self, Problem> {
        Self::from(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from(read: impl Fn(&str) -> Option<OsString>) -> Result<Self, Problem> {
        let base = match read("TAPLINE_STORE") {
            Some(folder) => PathBuf::from(folder),
            None => dirs::data_local_dir()
                .ok_or_else(|| Problem::new(Code::StoreNoFolder))?
                .join(if cfg!(target_os = "linux") {
                    "tapline"
                } else {
                    "Tapline"
                }),
        };
        let options = Self {
            ca_file: read("TAPLINE_CA").map(PathBuf::from),
            ..Self::at(base)
        };
        match read("TAPLINE_ENDPOINT") {
            Some(endpoint) => options.with_sandbox(&endpoint.to_string_lossy()),
            None => Ok(options),
        }
    }

    /// Whose store this is.
    pub(crate) fn belongs(&self) -> Belongs {
        if self.endpoint.is_some() {
            Belongs::Sandbox
        } else {
            Belongs::Real
        }
    }

    /// The same, on a sandbox. Refused unless it is a loopback address, named as a number.
    pub fn with_sandbox(self, endpoint: &str) -> Result<Self, Problem> {
        let endpoint = endpoint.trim_end_matches('/');
        if !names_loopback(endpoint) {
            return Err(Problem::new(Code::EndpointNotLoopback).with(Fact::Found, endpoint));
        }
        Ok(Self {
            folder: self.folder.join("sandbox"),
            endpoint: Some(endpoint.to_owned()),
            ..self
        })
    }
}

/// Whether this is `https://` and a loopback address with a port, and nothing more. Names are refused, `localhost` too:
/// what a name means is decided elsewhere.
fn names_loopback(endpoint: &str) -> bool {
    let Some((host, port)) = endpoint.strip_prefix("https://").and_then(|rest| rest.rsplit_once(':')) else {
        return false;
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::AppOptions;
    use std::path::Path;

    fn read(pairs: &'static [(&str, &str)]) -> Result<AppOptions, super::Problem> {
        AppOptions::from(|name| {
            pairs
                .iter()
                .find_map(|(key, value)| (*key == name).then(|| (*value).into()))
        })
    }

    #[test]
    fn a_sandbox_gets_a_folder_of_its_own() {
        let real = read(&[("TAPLINE_STORE", "/tmp/t")]).expect("a folder is enough");
        let sandbox = read(&[
            ("TAPLINE_STORE", "/tmp/t"),
            ("TAPLINE_ENDPOINT", "https://127.0.0.1:8443/"),
        ])
        .expect("a loopback address is welcome");
        assert_eq!(real.folder, Path::new("/tmp/t"), "the folder is as asked");
        assert_ne!(real.folder, sandbox.folder, "a sandbox must not see real connections");
        assert_eq!(
            sandbox.endpoint.as_deref(),
            Some("https://127.0.0.1:8443"),
            "the slash goes"
        );
    }

    #[test]
    fn only_loopback_numbers_are_endpoints() {
        let rows = [
            ("https://127.0.0.1:1", true),
            ("https://127.8.8.8:65535", true),
            ("https://[::1]:8443", true),
            ("http://127.0.0.1:8443", false),
            ("https://localhost:8443", false),
            ("https://10.0.0.1:8443", false),
            ("https://127.0.0.1:8443@evil.example:1", false),
            ("https://127.0.0.1.evil.example:1", false),
            ("https://evil.example:1/127.0.0.1:1", false),
            ("https://127.0.0.1:8443/path", false),
            ("https://user@127.0.0.1:8443", false),
            ("https://127.0.0.1", false),
            ("https://127.0.0.1:0", false),
            ("https://127.0.0.1:+80", false),
            ("https://0.0.0.0:8443", false),
        ];
        for (endpoint, welcome) in rows {
            let got = AppOptions::at("/tmp/t").with_sandbox(endpoint);
            assert_eq!(got.is_ok(), welcome, "for {endpoint}");
        }
    }
}
