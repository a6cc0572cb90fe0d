//! CleverTap's regions, and the addresses that name them.

use crate::ground::net::{self, Host};

/// Where an account lives. An account is known in its own region alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    India,
    Singapore,
    UnitedStates,
    Indonesia,
    Uae,
    Europe,
}

impl Region {
    pub const ALL: [Self; 6] = [
        Self::India,
        Self::Singapore,
        Self::UnitedStates,
        Self::Indonesia,
        Self::Uae,
        Self::Europe,
    ];

    /// CleverTap's short name. Europe's is used in dashboards alone: its API stands on the bare host.
    pub fn code(self) -> &'static str {
        match self {
            Self::India => "in1",
            Self::Singapore => "sg1",
            Self::UnitedStates => "us1",
            Self::Indonesia => "aps3",
            Self::Uae => "mec1",
            Self::Europe => "eu1",
        }
    }

    pub fn coded(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.code() == code)
    }

    /// In a person's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::India => "India",
            Self::Singapore => "Singapore",
            Self::UnitedStates => "United States",
            Self::Indonesia => "Indonesia",
            Self::Uae => "UAE",
            Self::Europe => "Europe",
        }
    }

    /// The host of the API.
    pub fn host(self) -> Host {
        Host::CleverTap(match self {
            Self::India => net::Region::In1,
            Self::Singapore => net::Region::Sg1,
            Self::UnitedStates => net::Region::Us1,
            Self::Indonesia => net::Region::Aps3,
            Self::Uae => net::Region::Mec1,
            Self::Europe => net::Region::Eu,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn europe_stands_on_the_bare_host_and_the_others_on_their_own() {
        let rows = [
            (Region::India, "in1.api.clevertap.com"),
            (Region::Singapore, "sg1.api.clevertap.com"),
            (Region::UnitedStates, "us1.api.clevertap.com"),
            (Region::Indonesia, "aps3.api.clevertap.com"),
            (Region::Uae, "mec1.api.clevertap.com"),
            (Region::Europe, "api.clevertap.com"),
        ];
        for (region, host) in rows {
            assert_eq!(region.host().name(), host, "for {region:?}");
        }
    }

    #[test]
    fn every_region_is_found_by_its_code() {
        for region in Region::ALL {
            assert_eq!(Region::coded(region.code()), Some(region), "for {region:?}");
        }
        assert_eq!(
            Region::coded("sk1"),
            None,
            "a region that we do not know is none of ours"
        );
    }
}
