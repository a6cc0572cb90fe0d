//! Saved CleverTap accounts.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tapline_core::account::{self, AccountDraft as Typed, Settled};
use tapline_core::clevertap::Region;
use tapline_core::clevertap::prove::prove;
use tapline_core::clevertap::upload::{Credentials, MOST_IN_FLIGHT, Uploader};
use tapline_core::ground::ids::AccountId;
use tapline_core::ground::problem::{Code, Problem};
use tapline_core::ground::secret::Secret;
use tapline_core::store::{AccountRow, CheckRow, Reading, StoreError, Subject};
use tapline_core::vault;

use super::connections::{Keep, free_name, name_taken, taken};
use super::{first, id};
use crate::App;
use crate::checks::lock;
use crate::wire::account::{Account, AccountDraft, AccountRef, AccountReview, AccountTest, DashboardAddress};
use crate::wire::hidden::Hidden;
use crate::wire::problem::Problem as WireProblem;

pub(super) async fn list(app: &Arc<App>, (): ()) -> Result<Vec<Account>, Problem> {
    app.look(|store| {
        let rows = store.accounts().list()?;
        rows.iter().map(|row| told(store, row.id)).collect()
    })
    .await
}

pub(crate) async fn review(app: &Arc<App>, draft: AccountDraft) -> Result<AccountReview, Problem> {
    let names = names_of_others(app, draft.id.as_deref()).await?;
    let review = reviewed(&draft);
    let mut problems = review.problems;
    if taken(&names, draft.name.trim()) {
        problems.push(name_taken(&draft.name));
    }
    Ok(AccountReview {
        problems: problems.iter().map(WireProblem::from).collect(),
        address: review.address.map(|address| DashboardAddress {
            account_id: address.account_id,
            region: address.region.map(Into::into),
        }),
        suggested_name: review.suggested_name.map(|name| free_name(&names, &name)),
    })
}

pub(super) async fn save(app: &Arc<App>, draft: AccountDraft) -> Result<Account, Problem> {
    save_keeping(app, draft, Keep::InKeychain).await
}

pub(crate) async fn save_keeping(app: &Arc<App>, draft: AccountDraft, keep: Keep) -> Result<Account, Problem> {
    let before = before(app, &draft).await?;
    let settled = settled(&draft)?;
    if taken(&names_of_others(app, draft.id.as_deref()).await?, &settled.name) {
        return Err(name_taken(&settled.name));
    }
    let tested = tested(app, &settled, &draft.passcode);
    let typed = typed_passcode(&draft);
    let row = row_of(app, settled, before.as_ref(), typed.is_some()).await?;
    if let Some(passcode) = typed.as_ref() {
        let secret = passcode.lend(|text| Secret::new(text.as_bytes().to_vec()));
        match keep {
            Keep::InKeychain => app.keep_secret(&row.vault_entry, secret).await?,
            Keep::Nowhere => app.vault.give(&row.vault_entry, secret),
        }
    }
    let (is_new, written) = (before.is_none(), row.clone());
    let moved = before
        .as_ref()
        .is_none_or(|before| typed.is_some() || (&before.account_id, before.region) != (&row.account_id, row.region));
    let saved = app
        .change(move |store| {
            if is_new {
                store.accounts_mut().add(&written)?;
            } else {
                store.accounts_mut().change(&written)?;
            }
            let subject = Subject::Account(written.id);
            match &tested {
                Some(test) => store.checks_mut().put(subject, test)?,
                None if moved => store.checks_mut().forget(subject)?,
                None => {}
            }
            told(store, written.id)
        })
        .await;
    let gone = match &saved {
        Err(_) => typed.is_some().then_some(&row.vault_entry),
        Ok(_) => before
            .as_ref()
            .filter(|_| typed.is_some())
            .map(|before| &before.vault_entry),
    };
    if let Some(entry) = gone {
        app.drop_secret(entry).await.ok(); // noted: the next start sweeps what is left
    }
    if saved.is_ok() {
        app.changed("accounts");
        app.changed("imports");
    }
    saved
}

/// Tests what was typed. A verdict is kept in memory until just this is saved.
pub(crate) async fn test_draft(app: &Arc<App>, draft: AccountDraft) -> Result<AccountTest, Problem> {
    let before = before(app, &draft).await?;
    let settled = settled(&draft)?;
    let passcode = match (typed_passcode(&draft), before) {
        (Some(passcode), _) => passcode,
        (None, Some(before)) => app.runner().passcode(&before, app.attendance()).await?,
        (None, None) => return Err(Problem::new(Code::Internal)),
    };
    let test = run_test(app, &settled.account_id, settled.region, &passcode).await;
    *lock(&app.tested_account) = Some(TestedAccount {
        settled,
        passcode: Seal::of(&draft.passcode),
        test: test.clone(),
    });
    Ok(AccountTest::from(&test))
}

/// Tests a saved account, and keeps the verdict with it.
pub(super) async fn test(app: &Arc<App>, ask: AccountRef) -> Result<Account, Problem> {
    let account: AccountId = id(&ask.account)?;
    let row = app.look(move |store| store.accounts().get(account)).await?;
    let passcode = app.runner().passcode(&row, app.attendance()).await?;
    let test = run_test(app, &row.account_id, row.region, &passcode).await;
    let tested = app
        .change(move |store| {
            store.checks_mut().put(Subject::Account(account), &test)?;
            told(store, account)
        })
        .await?;
    app.changed("accounts");
    Ok(tested)
}

pub(super) async fn delete(app: &Arc<App>, ask: AccountRef) -> Result<(), Problem> {
    let account: AccountId = id(&ask.account)?;
    let entry = app.change(move |store| store.accounts_mut().delete(account)).await?;
    app.changed("accounts");
    app.changed("imports");
    app.drop_secret(&entry).await
}

/// What was tested before it was saved, and how that went.
pub(crate) struct TestedAccount {
    settled: Settled,
    passcode: Seal,
    test: CheckRow,
}

/// Tells whether a passcode is the one that was tested, without holding it: a number from which it does not come back,
/// of another kind in each seal.
struct Seal {
    kind: RandomState,
    number: u64,
}

impl Seal {
    fn of(passcode: &Hidden) -> Self {
        let kind = RandomState::new();
        let number = passcode.lend(|text| kind.hash_one(text));
        Self { kind, number }
    }

    fn is_of(&self, passcode: &Hidden) -> bool {
        passcode.lend(|text| self.kind.hash_one(text)) == self.number
    }
}

/// The verdict on just this account with just this passcode.
fn tested(app: &App, settled: &Settled, passcode: &Hidden) -> Option<CheckRow> {
    lock(&app.tested_account)
        .as_ref()
        .filter(|tested| {
            (&tested.settled.account_id, tested.settled.region) == (&settled.account_id, settled.region)
                && tested.passcode.is_of(passcode)
        })
        .map(|tested| tested.test.clone())
}

async fn run_test(app: &App, account_id: &str, region: Region, passcode: &Secret<String>) -> CheckRow {
    let started = Instant::now();
    let uploader = Uploader::new(
        app.net(),
        Credentials {
            account_id: account_id.to_owned(),
            region,
            passcode: passcode.lend(|text| Secret::new(text.clone())),
        },
    );
    let problem = prove(&uploader).await.err();
    CheckRow {
        at: Timestamp::now(),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        passed: problem.is_none(),
        problem,
    }
}

fn reviewed(draft: &AccountDraft) -> account::AccountReview {
    draft.passcode.lend(|passcode| {
        account::review(Typed {
            name: &draft.name,
            account_id: &draft.account_id,
            region: draft.region.map(Into::into),
            passcode,
            has_passcode: draft.id.is_some(),
            calls_at_once: draft.calls_at_once.map(u64::from),
        })
    })
}

fn settled(draft: &AccountDraft) -> Result<Settled, Problem> {
    let review = reviewed(draft);
    review.settled.ok_or_else(|| first(review.problems))
}

fn typed_passcode(draft: &AccountDraft) -> Option<Secret<String>> {
    draft.passcode.lend(|text| {
        let text = text.trim();
        (!text.is_empty()).then(|| Secret::new(text.to_owned()))
    })
}

async fn before(app: &Arc<App>, draft: &AccountDraft) -> Result<Option<AccountRow>, Problem> {
    let Some(text) = draft.id.as_deref() else {
        return Ok(None);
    };
    let account: AccountId = id(text)?;
    app.look(move |store| store.accounts().get(account)).await.map(Some)
}

async fn row_of(
    app: &Arc<App>,
    settled: Settled,
    before: Option<&AccountRow>,
    new_passcode: bool,
) -> Result<AccountRow, Problem> {
    let new_entry = || vault::new_entry(vault::Kind::Passcode);
    Ok(AccountRow {
        id: before.map_or_else(AccountId::new, |before| before.id),
        name: settled.name,
        account_id: settled.account_id,
        region: settled.region,
        vault_entry: match before {
            Some(before) if !new_passcode => before.vault_entry.clone(),
            _ => new_entry(),
        },
        calls_at_once: settled
            .calls_at_once
            .or(before.map(|before| before.calls_at_once))
            .unwrap_or(MOST_IN_FLIGHT as u64),
        added_at: before.map_or_else(Timestamp::now, |before| before.added_at),
        added_by: match before {
            Some(before) => before.added_by.clone(),
            None => app.person().await?,
        },
    })
}

fn told(store: &Reading<'_>, account: AccountId) -> Result<Account, StoreError> {
    let row = store.accounts().get(account)?;
    let last = store.checks().last(Subject::Account(account))?;
    let imports = store.imports().of_account(account)?;
    Ok(Account::of(&row, last.as_ref(), imports.len()))
}

async fn names_of_others(app: &Arc<App>, own: Option<&str>) -> Result<Vec<String>, Problem> {
    let rows = app.look(|store| store.accounts().list()).await?;
    let others = rows.into_iter().filter(|row| Some(row.id.to_string().as_str()) != own);
    Ok(others.map(|row| row.name.to_lowercase()).collect())
}

#[cfg(test)]
mod tests {
    use super::{Hidden, Seal};

    #[test]
    fn a_tested_passcode_is_known_again_and_held_nowhere() {
        let typed = |text: &str| Hidden::new(text.to_owned());
        let seal = Seal::of(&typed("AAA-BBB-CCCC"));
        assert!(seal.is_of(&typed("AAA-BBB-CCCC")), "its own verdict is kept with it");
        assert!(!seal.is_of(&typed("AAA-BBB-CCCD")), "and with no other");
        assert_ne!(
            Seal::of(&typed("AAA-BBB-CCCC")).number,
            seal.number,
            "one seal tells nothing of another"
        );
    }
}
