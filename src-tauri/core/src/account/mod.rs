//! The account as a noun: a CleverTap account, as it is typed and as it is saved. Asks nothing of CleverTap and keeps no
//! passcode.

mod address;

use crate::ground::problem::{Code, Fact, Problem};

pub use crate::clevertap::Region;
pub use crate::clevertap::upload::MOST_IN_FLIGHT;
pub use address::Address;

/// What was typed. Nothing is validated yet.
#[derive(Clone, Copy)]
pub struct AccountDraft<'a> {
    pub name: &'a str,
    /// An Account ID, or a dashboard address that holds it.
    pub account_id: &'a str,
    /// As chosen. An address that names one goes before it.
    pub region: Option<Region>,
    /// Empty where the saved one stays.
    pub passcode: &'a str,
    /// Whether there is a saved passcode to stay.
    pub has_passcode: bool,
    /// Calls in flight that it may have. Nothing where the saved number stays, or the most that CleverTap allows.
    pub calls_at_once: Option<u64>,
}

/// What stands in the form, made plain.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    pub name: String,
    pub account_id: String,
    pub region: Region,
    /// From 1 to what CleverTap allows, where it was chosen.
    pub calls_at_once: Option<u64>,
}

/// What the form should show for a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountReview {
    /// Each names its form field.
    pub problems: Vec<Problem>,
    /// Where an address was pasted.
    pub address: Option<Address>,
    /// A name from ID and region, where there is none yet.
    pub suggested_name: Option<String>,
    /// The account, where nothing stands against it.
    pub settled: Option<Settled>,
}

/// Reads a draft, and says what is wrong with it.
pub fn review(draft: AccountDraft<'_>) -> AccountReview {
    let address = Address::read(draft.account_id);
    let account_id = address.as_ref().map_or_else(
        || draft.account_id.trim().to_ascii_uppercase(),
        |address| address.account_id.clone(),
    );
    let region = address.as_ref().and_then(|address| address.region).or(draft.region);
    let name = draft.name.trim();

    let mut problems = Vec::new();
    if name.is_empty() {
        problems.push(empty("name", "A name"));
    }
    if account_id.is_empty() {
        problems.push(empty("account_id", "The Account ID"));
    } else if !is_account_id(&account_id) {
        problems.push(
            Problem::new(Code::AccountIdUnfit)
                .with(Fact::Field, "account_id")
                .with(Fact::Found, account_id.clone()),
        );
    }
    if region.is_none() {
        problems.push(empty("region", "Region"));
    }
    problems.extend(passcode_problem(draft));
    if let Some(calls) = draft.calls_at_once.filter(|calls| !fits_an_account(*calls)) {
        problems.push(
            Problem::new(Code::CallsAtOnceUnfit)
                .with(Fact::Field, "calls_at_once")
                .with(Fact::Found, calls.to_string())
                .with(Fact::Limit, MOST_IN_FLIGHT.to_string()),
        );
    }

    let settled = region.filter(|_| problems.is_empty()).map(|region| Settled {
        name: name.to_owned(),
        account_id: account_id.clone(),
        region,
        calls_at_once: draft.calls_at_once,
    });
    let suggested_name = region
        .filter(|_| name.is_empty() && is_account_id(&account_id))
        .map(|region| format!("{account_id} in {}", region.words()));
    AccountReview {
        problems,
        address,
        suggested_name,
        settled,
    }
}

/// Whether an account may have so many calls in flight.
fn fits_an_account(calls: u64) -> bool {
    (1..=MOST_IN_FLIGHT as u64).contains(&calls)
}

/// Parts of letters and digits between hyphens, such as `W9R-486-4W5Z` or `TEST-W9R-486-4W5Z`.
pub fn is_account_id(text: &str) -> bool {
    let part_fits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (6..=40).contains(&text.len()) && text.contains('-') && text.split('-').all(part_fits)
}

fn passcode_problem(draft: AccountDraft<'_>) -> Option<Problem> {
    let passcode = draft.passcode.trim();
    if passcode.is_empty() {
        return (!draft.has_passcode).then(|| empty("passcode", "Passcode"));
    }
    // It travels in a header, which holds nothing else.
    let fits = passcode.len() <= 256 && passcode.bytes().all(|byte| byte.is_ascii_graphic());
    (!fits).then(|| Problem::new(Code::PasscodeUnfit).with(Fact::Field, "passcode"))
}

fn empty(field: &str, name: &str) -> Problem {
    Problem::new(Code::FieldEmpty)
        .with(Fact::Field, field)
        .with(Fact::Name, name)
}

#[cfg(test)]
mod tests {
    use super::{AccountDraft, Region, is_account_id, review};
    use crate::ground::problem::{Code, Fact};

    const GOOD: AccountDraft<'_> = AccountDraft {
        name: "Shop",
        account_id: "W9R-486-4W5Z",
        region: Some(Region::India),
        passcode: "ABC-DEF-GHIJ",
        has_passcode: false,
        calls_at_once: None,
    };

    #[test]
    fn a_good_draft_settles() {
        let review = review(AccountDraft {
            name: " Shop ",
            account_id: " w9r-486-4w5z ",
            ..GOOD
        });
        assert_eq!(review.problems, [], "nothing stands against it");
        let settled = review.settled.expect("an account");
        assert_eq!(
            (settled.name.as_str(), settled.account_id.as_str(), settled.region),
            ("Shop", "W9R-486-4W5Z", Region::India),
            "spaces around and small letters are no fault"
        );
    }

    #[test]
    fn each_fault_is_named_at_its_field() {
        let rows = [
            (AccountDraft { name: " ", ..GOOD }, "name", Code::FieldEmpty),
            (AccountDraft { account_id: "", ..GOOD }, "account_id", Code::FieldEmpty),
            (
                AccountDraft {
                    account_id: "my shop",
                    ..GOOD
                },
                "account_id",
                Code::AccountIdUnfit,
            ),
            (AccountDraft { region: None, ..GOOD }, "region", Code::FieldEmpty),
            (AccountDraft { passcode: "", ..GOOD }, "passcode", Code::FieldEmpty),
            (
                AccountDraft {
                    calls_at_once: Some(0),
                    ..GOOD
                },
                "calls_at_once",
                Code::CallsAtOnceUnfit,
            ),
            (
                AccountDraft {
                    calls_at_once: Some(16),
                    ..GOOD
                },
                "calls_at_once",
                Code::CallsAtOnceUnfit,
            ),
            (
                AccountDraft {
                    passcode: "two words",
                    ..GOOD
                },
                "passcode",
                Code::PasscodeUnfit,
            ),
        ];
        for (draft, field, code) in rows {
            let review = review(draft);
            let found: Vec<_> = review
                .problems
                .iter()
                .map(|problem| (problem.facts().get(Fact::Field), problem.code()))
                .collect();
            assert_eq!(found, [(Some(field), code)], "one fault, at its field");
            assert_eq!(review.settled, None, "a draft with a fault is no account: {field}");
        }
    }

    #[test]
    fn a_saved_passcode_stays_where_none_is_typed() {
        let draft = AccountDraft {
            passcode: "",
            has_passcode: true,
            ..GOOD
        };
        assert!(review(draft).settled.is_some(), "an edit need not type it again");
    }

    #[test]
    fn a_pasted_address_fills_id_and_region() {
        let draft = AccountDraft {
            name: "",
            account_id: "https://sg1.dashboard.clevertap.com/W9R-486-4W5Z/segments",
            region: None,
            ..GOOD
        };
        let review = review(draft);
        let address = review.address.expect("it was read");
        assert_eq!(
            (address.account_id.as_str(), address.region),
            ("W9R-486-4W5Z", Some(Region::Singapore)),
            "both are in the address"
        );
        assert_eq!(
            review.suggested_name.as_deref(),
            Some("W9R-486-4W5Z in Singapore"),
            "a name is offered where there is none"
        );
    }

    #[test]
    fn account_ids_are_told_from_other_things() {
        let rows = [
            ("W9R-486-4W5Z", true),
            ("TEST-W9R-486-4W5Z", true),
            ("W9R4864W5Z", false),
            ("W9R--4W5Z", false),
            ("-W9R-486", false),
            ("W9R 486 4W5Z", false),
            ("someone@example.com", false),
        ];
        for (text, expected) in rows {
            assert_eq!(is_account_id(text), expected, "for {text}");
        }
    }
}
