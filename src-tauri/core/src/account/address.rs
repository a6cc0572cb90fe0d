//! A dashboard address, taken apart: it names the account and its region.

use super::{Region, is_account_id};

/// What a pasted dashboard address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub account_id: String,
    /// Nothing: the address names none, or one that Tapline does not know.
    pub region: Option<Region>,
}

impl Address {
    /// Reads `https://<region>.dashboard.clevertap.com/<ACCOUNT-ID>/…`, with or without `https://`. Nothing where it is no such address.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let rest = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .unwrap_or(text);
        let (host, path) = rest.split_once('/')?;
        let host = host.to_ascii_lowercase();
        let region = match host.strip_suffix("dashboard.clevertap.com")? {
            // Europe's dashboard stands on the bare host too.
            "" => Some(Region::Europe),
            code => Region::coded(code.strip_suffix('.')?),
        };
        let account_id = path
            .split(['/', '?', '#'])
            .map(str::to_ascii_uppercase)
            .find(|part| is_account_id(part))?;
        Some(Self { account_id, region })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Region};

    #[test]
    fn dashboard_addresses_are_taken_apart() {
        let rows = [
            ("https://in1.dashboard.clevertap.com/W9R-486-4W5Z/", Some(Region::India)),
            (
                "https://eu1.dashboard.clevertap.com/W9R-486-4W5Z/settings#a",
                Some(Region::Europe),
            ),
            ("https://dashboard.clevertap.com/W9R-486-4W5Z", Some(Region::Europe)),
            ("mec1.dashboard.clevertap.com/w9r-486-4w5z?x=1", Some(Region::Uae)),
            ("https://sk1.dashboard.clevertap.com/W9R-486-4W5Z/", None),
            (
                " https://APS3.dashboard.clevertap.com/W9R-486-4W5Z/x ",
                Some(Region::Indonesia),
            ),
        ];
        for (text, region) in rows {
            let address = Address::read(text).unwrap_or_else(|| panic!("{text} was not read"));
            assert_eq!(
                (address.account_id.as_str(), address.region),
                ("W9R-486-4W5Z", region),
                "for {text}"
            );
        }
    }

    #[test]
    fn other_text_is_no_address() {
        for text in [
            "W9R-486-4W5Z",
            "https://in1.dashboard.clevertap.com/",
            "https://in1.dashboard.clevertap.com.evil.example/W9R-486-4W5Z",
            "https://evildashboard.clevertap.com/W9R-486-4W5Z",
            "https://in1.api.clevertap.com/1/upload",
            "",
        ] {
            assert_eq!(Address::read(text), None, "for {text:?}");
        }
    }
}
