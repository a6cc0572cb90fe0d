//! `tapline accounts`.

use serde_json::json;
use tapline_api::wire::account::{Account, AccountDraft, AccountRef, AccountTest, Region};
use tapline_api::wire::hidden::Hidden;
use tapline_api::wire::problem::Problem;

use crate::args::{self, Accounts, AddAccount, PasscodeSource};
use crate::desk::Desk;
use crate::say::{Answered, Said, counted, not_understood, table};
use crate::{input, words};

pub async fn answer(desk: &mut Desk, ask: Accounts) -> Answered {
    match ask {
        Accounts::List => list(desk).await,
        Accounts::Add(add) => self::add(desk, add).await,
        Accounts::Change { name, calls_at_once } => change(desk, &name, calls_at_once).await,
        Accounts::Test { name, passcode } => test(desk, &name, &passcode).await,
    }
}

/// The account with this name or id.
pub async fn named(desk: &Desk, name: &str) -> Result<Account, Problem> {
    let all: Vec<Account> = desk.ask("accounts.list", ()).await?;
    all.into_iter()
        .find(|one| one.id == name || one.name.to_lowercase() == name.to_lowercase())
        .ok_or_else(|| super::nothing_called("account", name))
}

/// Lends the passcode that came with the command to a saved account, for as long as this process lives.
pub async fn lend_passcode(desk: &Desk, account: &Account, source: &PasscodeSource) -> Result<(), Problem> {
    match input::passcode(source)? {
        Some(passcode) => desk.app.lend_passcode(&account.id, passcode).await,
        None => Ok(()),
    }
}

async fn list(desk: &Desk) -> Answered {
    let all: Vec<Account> = desk.ask("accounts.list", ()).await?;
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            vec![
                one.name.clone(),
                one.account_id.clone(),
                region(one.region).to_owned(),
                one.calls_at_once.to_string(),
                last_test(one.last_test.as_ref()),
                one.added_by.clone(),
            ]
        })
        .collect();
    let empty = "No account is saved. `tapline accounts add --help` tells how to add one.";
    let head = ["Name", "Account ID", "Region", "Calls at once", "Last test", "Added by"];
    Ok(Said::new(&all, table(&head, &rows, empty)))
}

async fn add(desk: &mut Desk, add: AddAccount) -> Answered {
    let Some(passcode) = input::passcode(&add.passcode)? else {
        return Err(not_understood(
            "Name the passcode's file with --passcode-file FILE or --passcode-file -.",
        ));
    };
    let mut draft = AccountDraft {
        id: None,
        name: add.name,
        account_id: add.account_id,
        region: add.region.map(Region::from),
        passcode,
        calls_at_once: Some(add.calls_at_once),
    };
    let review = desk.app.review_account(&draft).await?;
    if let Some(address) = review.address {
        draft.account_id = address.account_id;
        draft.region = draft.region.or(address.region);
    }
    let test = if add.no_test {
        None
    } else {
        Some(desk.app.test_account(&draft).await?)
    };
    let account = if add.keep_no_passcode {
        desk.app.save_without_passcode(draft).await?
    } else {
        desk.app.save_account(draft).await?
    };
    let said = format!(
        "{} is saved. It sends to {} in {}.",
        account.name,
        account.account_id,
        region(account.region)
    );
    let problem = test.as_ref().and_then(|test| test.problem.clone());
    Ok(Said::new(json!({ "account": account, "test": test }), said).but(problem))
}

async fn change(desk: &Desk, name: &str, calls_at_once: u32) -> Answered {
    let known = named(desk, name).await?;
    let draft = AccountDraft {
        id: Some(known.id),
        name: known.name,
        account_id: known.account_id,
        region: Some(known.region),
        passcode: Hidden::default(),
        calls_at_once: Some(calls_at_once),
    };
    let account = desk.app.save_account(draft).await?;
    let said = format!(
        "{} may have {} in flight, from the next run on.",
        account.name,
        counted(calls_at_once.into(), "call")
    );
    Ok(Said::new(json!({ "account": account }), said))
}

async fn test(desk: &mut Desk, name: &str, passcode: &PasscodeSource) -> Answered {
    let account = named(desk, name).await?;
    lend_passcode(desk, &account, passcode).await?;
    let ask = AccountRef { account: account.id };
    let account: Account = desk.ask("accounts.test", ask).await?;
    let said = last_test(account.last_test.as_ref());
    let problem = account.last_test.as_ref().and_then(|test| test.problem.clone());
    Ok(Said::new(json!({ "account": account }), said).but(problem))
}

fn last_test(test: Option<&AccountTest>) -> String {
    match test {
        None => "not tested".to_owned(),
        Some(test) if test.passed => format!("passed {}", words::when(&test.at)),
        Some(test) => match &test.problem {
            Some(problem) => format!("failed: {}", problem.code),
            None => "failed".to_owned(),
        },
    }
}

fn region(region: Region) -> &'static str {
    match region {
        Region::India => "India (in1)",
        Region::Singapore => "Singapore (sg1)",
        Region::UnitedStates => "United States (us1)",
        Region::Indonesia => "Indonesia (aps3)",
        Region::Uae => "UAE (mec1)",
        Region::Europe => "Europe (eu1)",
    }
}

impl From<args::Region> for Region {
    fn from(region: args::Region) -> Self {
        match region {
            args::Region::India => Self::India,
            args::Region::Singapore => Self::Singapore,
            args::Region::UnitedStates => Self::UnitedStates,
            args::Region::Indonesia => Self::Indonesia,
            args::Region::Uae => Self::Uae,
            args::Region::Europe => Self::Europe,
        }
    }
}
