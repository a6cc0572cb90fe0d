//! Every host that can ever be asked, in one list, and where each is on a sandbox.

use reqwest::Url;

use crate::ground::problem::{Code, Fact, Problem};

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// Google's token endpoint. Takes no path.
    GoogleToken,
    /// BigQuery's REST API. Paths start behind `bigquery/v2`.
    BigQuery,
    /// Cloud Resource Manager. Paths start behind `v1`.
    ResourceManager,
    /// CleverTap's API in one region. Paths are whole, such as `1/upload`.
    CleverTap(Region),
}

/// CleverTap's regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    In1,
    Sg1,
    Us1,
    Aps3,
    Mec1,
    Eu,
}

impl Region {
    const ALL: [Self; 6] = [Self::In1, Self::Sg1, Self::Us1, Self::Aps3, Self::Mec1, Self::Eu];

    fn code(self) -> &'static str {
        match self {
            Self::In1 => "in1",
            Self::Sg1 => "sg1",
            Self::Us1 => "us1",
            Self::Aps3 => "aps3",
            Self::Mec1 => "mec1",
            Self::Eu => "eu",
        }
    }
}

impl Host {
    /// A CleverTap host by its region's code, `eu` for Europe. `None` for a region that we do not know.
    pub fn clevertap(code: &str) -> Option<Self> {
        Region::ALL
            .into_iter()
            .find(|region| region.code() == code)
            .map(Self::CleverTap)
    }

    /// The name on the internet.
    pub fn name(self) -> &'static str {
        match self {
            Self::GoogleToken => "oauth2.googleapis.com",
            Self::BigQuery => "bigquery.googleapis.com",
            Self::ResourceManager => "cloudresourcemanager.googleapis.com",
            Self::CleverTap(Region::In1) => "in1.api.clevertap.com",
            Self::CleverTap(Region::Sg1) => "sg1.api.clevertap.com",
            Self::CleverTap(Region::Us1) => "us1.api.clevertap.com",
            Self::CleverTap(Region::Aps3) => "aps3.api.clevertap.com",
            Self::CleverTap(Region::Mec1) => "mec1.api.clevertap.com",
            Self::CleverTap(Region::Eu) => "api.clevertap.com",
        }
    }
}

/// Where the hosts are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Endpoint {
    /// Google and CleverTap.
    #[default]
    Real,
    /// Stand-ins on this computer.
    Sandbox(SandboxBase),
}

/// The address of a sandbox: `https`, a loopback address as a number, a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxBase(Url);

impl SandboxBase {
    /// Refuses everything but loopback addresses. Names are refused too, `localhost` included: what a name means is
    /// decided elsewhere.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let refused = || Problem::new(Code::EndpointNotLoopback).with(Fact::Found, text);
        let url = Url::parse(text.trim()).map_err(|_| refused())?;
        let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || !bare || !is_loopback(&url) {
            return Err(refused());
        }
        Ok(Self(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
    })
}

impl Endpoint {
    /// The address of a path on a host. Each segment is encoded whole: none can add a segment of its own.
    pub(super) fn url(&self, host: Host, segments: &[String]) -> Url {
        let before: &[&str] = match (self, host) {
            (_, Host::GoogleToken) => &["token"],
            (_, Host::BigQuery) => &["bigquery", "v2"],
            (_, Host::ResourceManager) => &["v1"],
            (Self::Sandbox(_), Host::CleverTap(region)) => &["clevertap", region.code()],
            (Self::Real, Host::CleverTap(_)) => &[],
        };
        let mut url = match self {
            Self::Sandbox(base) => base.0.clone(),
            Self::Real => real(host),
        };
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(before);
            for segment in segments {
                // The URL standard would drop dot segments, and the address would name something else.
                path.push(match segment.as_str() {
                    "." => "%2E",
                    ".." => "%2E%2E",
                    other => other,
                });
            }
        }
        url
    }
}

fn real(host: Host) -> Url {
    Url::parse(&format!("https://{}/", host.name())).expect("each name is a constant that the tests parse")
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Host, Region, SandboxBase};

    fn segments(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn real_addresses_are_googles_and_clevertaps_own() {
        let rows = [
            (Host::GoogleToken, vec![], "https://oauth2.googleapis.com/token"),
            (
                Host::BigQuery,
                segments(&["projects", "acme-dw", "queries"]),
                "https://bigquery.googleapis.com/bigquery/v2/projects/acme-dw/queries",
            ),
            (
                Host::ResourceManager,
                segments(&["projects", "acme-dw:testIamPermissions"]),
                "https://cloudresourcemanager.googleapis.com/v1/projects/acme-dw:testIamPermissions",
            ),
            (
                Host::CleverTap(Region::Eu),
                segments(&["1", "upload"]),
                "https://api.clevertap.com/1/upload",
            ),
            (
                Host::CleverTap(Region::In1),
                segments(&["1", "upload"]),
                "https://in1.api.clevertap.com/1/upload",
            ),
        ];
        for (host, segments, expected) in rows {
            assert_eq!(Endpoint::Real.url(host, &segments).as_str(), expected, "{host:?}");
        }
        for region in Region::ALL {
            let host = Host::clevertap(region.code()).expect("a region that we list");
            let name = Endpoint::Real.url(host, &[]).host_str().map(str::to_owned);
            assert_eq!(name.as_deref(), Some(host.name()), "{region:?} has a host of its own");
        }
        assert_eq!(Host::clevertap("evil.example/"), None, "only listed regions have hosts");
    }

    #[test]
    fn a_sandbox_stands_for_every_host() {
        let endpoint = Endpoint::Sandbox(SandboxBase::read("https://127.0.0.1:8443").expect("loopback"));
        let rows = [
            (Host::GoogleToken, segments(&[]), "/token"),
            (Host::BigQuery, segments(&["projects"]), "/bigquery/v2/projects"),
            (Host::ResourceManager, segments(&["projects", "p"]), "/v1/projects/p"),
            (
                Host::CleverTap(Region::Eu),
                segments(&["1", "upload"]),
                "/clevertap/eu/1/upload",
            ),
        ];
        for (host, segments, path) in rows {
            let url = endpoint.url(host, &segments);
            assert_eq!(url.path(), path, "{host:?}");
            assert_eq!(url.host_str(), Some("127.0.0.1"), "nothing leaves loopback");
        }
    }

    #[test]
    fn only_loopback_addresses_are_sandboxes() {
        for good in ["https://127.0.0.1:8443", "https://[::1]:8443/", "https://127.8.8.8:1"] {
            assert!(SandboxBase::read(good).is_ok(), "{good} is on this computer");
        }
        for bad in [
            "http://127.0.0.1:8443",
            "https://localhost:8443",
            "https://example.com",
            "https://127.0.0.1.example.com",
            "https://10.0.0.1",
            "https://127.0.0.1@example.com",
            "https://user@127.0.0.1:8443",
            "https://127.0.0.1:8443/elsewhere",
            "https://[::ffff:10.0.0.1]:8443",
            "",
        ] {
            assert!(SandboxBase::read(bad).is_err(), "{bad:?} is no sandbox");
        }
    }

    #[test]
    fn a_name_cannot_climb_out_of_its_segment() {
        let hostile = segments(&["projects", "../../token", "..", "a?b#c", "a%2Fb", "tab\tle"]);
        let url = Endpoint::Real.url(Host::BigQuery, &hostile);
        assert!(
            url.path().starts_with("/bigquery/v2/projects/"),
            "the path stays where it was put: {url}"
        );
        assert_eq!(url.path().matches('/').count(), 8, "one slash for each segment: {url}");
        assert!(
            url.query().is_none() && url.fragment().is_none(),
            "no query, no fragment: {url}"
        );
    }
}
