//! Google as the sandbox plays it: keys and tokens, IAM, Resource Manager, and `BigQuery`'s REST API in front of a
//! SQL engine. It knows nothing of `CleverTap`.

pub(crate) mod bigquery;
mod errors;
mod iam;
mod keys;
mod projects;
mod token;
mod typed;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(crate) use self::errors::ApiError;
pub use self::iam::{Privilege, Resource, Role};
pub use self::keys::IssuedKey;
pub use self::typed::NotTaken;
use crate::ask::Ask;
use crate::clock::Clock;
use crate::emulator::Emulator;

/// Google's side of the sandbox. Clones are handles on the same thing.
#[derive(Debug, Clone)]
pub struct Google {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Arc<Clock>,
    engine: Option<Emulator>,
    project: String,
    books: Mutex<Books>,
}

/// Whether an account may get tokens, and in which words it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    Active,
    /// "Invalid grant: account not found", as today.
    Disabled,
    /// "Robot is disabled.", as in older answers.
    RobotDisabled,
    /// "The OAuth client was disabled."
    ClientDisabled,
    /// "The OAuth client was deleted.", status 401.
    ClientDeleted,
    /// Also "Invalid grant: account not found".
    Deleted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    Active,
    Disabled,
    Deleted,
}

/// What is the matter with a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    Active,
    /// Shut down, and waiting to be deleted for good.
    Deleted,
    /// The `BigQuery` API was never enabled.
    ApiDisabled,
    /// No billing account: free queries, but no DML and no streaming.
    NoBilling,
    /// Its billing account was closed.
    BillingDisabled,
}

#[derive(Debug)]
pub(crate) struct Books {
    accounts: BTreeMap<String, Account>,
    keys: BTreeMap<String, Key>,
    tokens: HashMap<String, Token>,
    grants: iam::Grants,
    projects: BTreeMap<String, Project>,
    pairs_used: usize,
    bigquery: bigquery::Books,
}

#[derive(Debug)]
struct Account {
    project: String,
    client_id: String,
    state: AccountState,
}

#[derive(Debug)]
struct Key {
    email: String,
    public: Vec<u8>,
    state: KeyState,
}

#[derive(Debug, Clone)]
struct Token {
    email: String,
    scopes: Vec<String>,
    expires_at: i64,
}

#[derive(Debug)]
struct Project {
    number: u64,
    name: String,
    state: ProjectState,
    resource_manager: bool,
    created: Timestamp,
}

impl Google {
    pub(crate) fn new(clock: Arc<Clock>, engine: Option<Emulator>, project: &str, location: &str) -> Self {
        let books = Books {
            accounts: BTreeMap::new(),
            keys: BTreeMap::new(),
            tokens: HashMap::new(),
            grants: iam::Grants::default(),
            projects: BTreeMap::new(),
            pairs_used: 0,
            bigquery: bigquery::Books::default(),
        };
        let inner = Inner {
            clock,
            engine,
            project: project.to_owned(),
            books: Mutex::new(books),
        };
        let google = Self { inner: Arc::new(inner) };
        google.add_project(project, ProjectState::Active);
        google.note_dataset(project, "shop", location);
        google
    }

    /// The project that existed from the start.
    pub fn project(&self) -> &str {
        &self.inner.project
    }

    /// Makes a key for a service account, which comes to be if it is not there yet. `account` is the part of its
    /// e-mail before the at sign. The account may do nothing until something is granted to it.
    pub fn issue_key(&self, project: &str, account: &str) -> IssuedKey {
        let email = format!("{account}@{project}.iam.gserviceaccount.com");
        let mut books = self.books();
        let pair = keys::pair(books.pairs_used);
        books.pairs_used += 1;
        let client_id = format!("1{:020}", books.accounts.len() + 4_711_000_815);
        let known = books.accounts.entry(email.clone()).or_insert_with(|| Account {
            project: project.to_owned(),
            client_id,
            state: AccountState::Active,
        });
        let key_id = random_hex(20);
        let issued = keys::issued(project, &email, &known.client_id, &key_id, &pair);
        books.keys.insert(
            key_id,
            Key {
                email,
                public: pair.public,
                state: KeyState::Active,
            },
        );
        issued
    }

    /// A key whose account holds what the product's setup guide asks for: Job User on the project and Data Editor
    /// on its dataset `shop`.
    pub fn issue_working_key(&self, account: &str) -> IssuedKey {
        let key = self.issue_key(self.project(), account);
        self.grant(&key.client_email, &Resource::project(self.project()), Role::JobUser);
        self.grant(
            &key.client_email,
            &Resource::dataset(self.project(), "shop"),
            Role::DataEditor,
        );
        key
    }

    /// Disables or deletes a key; tokens made with it live on, as Google's do.
    pub fn set_key_state(&self, key_id: &str, state: KeyState) {
        if let Some(key) = self.books().keys.get_mut(key_id) {
            key.state = state;
        }
    }

    /// Disables or deletes a service account. Its tokens are refused from then on.
    pub fn set_account_state(&self, email: &str, state: AccountState) {
        if let Some(account) = self.books().accounts.get_mut(email) {
            account.state = state;
        }
    }

    /// Makes every token given out so far expired.
    pub fn expire_tokens(&self) {
        let now = self.inner.clock.seconds();
        self.books()
            .tokens
            .values_mut()
            .for_each(|token| token.expires_at = now - 1);
    }

    /// Grants a [`Role`], a role by name or one permission by name. Takes effect at once.
    pub fn grant(&self, member: &str, resource: &Resource, privilege: impl Into<Privilege>) {
        self.books().grants.grant(member, resource, &privilege.into(), None);
    }

    /// As [`Google::grant`], but it shows only after a while, as real grants do.
    pub fn grant_slowly(&self, member: &str, resource: &Resource, privilege: impl Into<Privilege>, delay: Duration) {
        let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        let from = self.inner.clock.now().checked_add(delay).unwrap_or(Timestamp::MAX);
        self.books()
            .grants
            .grant(member, resource, &privilege.into(), Some(from));
    }

    /// Makes every slow grant show now.
    pub fn settle_grants(&self) {
        self.books().grants.settle();
    }

    /// Takes back a role, or one permission out of the roles granted on this very resource.
    pub fn revoke(&self, member: &str, resource: &Resource, privilege: impl Into<Privilege>) {
        self.books().grants.revoke(member, resource, &privilege.into());
    }

    /// Every right that the member's calls needed so far, held or not, with what it was needed on. Being told which rights
    /// one holds needs none.
    pub fn rights_used(&self, member: &str) -> BTreeSet<(String, Resource)> {
        self.books().grants.used(member)
    }

    /// Begins the record of [`Google::rights_used`] anew.
    pub fn forget_rights_used(&self) {
        self.books().grants.forget_used();
    }

    /// Adds a project, or changes the state of one.
    pub fn add_project(&self, project: &str, state: ProjectState) {
        let created = self.inner.clock.now();
        let mut books = self.books();
        let number = 481_000_000_000 + books.projects.len() as u64 * 7_919;
        let known = books.projects.entry(project.to_owned()).or_insert_with(|| Project {
            number,
            name: project.to_owned(),
            state,
            resource_manager: true,
            created,
        });
        known.state = state;
    }

    /// Whether Resource Manager's API is on in the project that owns the calling service account.
    pub fn set_resource_manager(&self, project: &str, enabled: bool) {
        if let Some(project) = self.books().projects.get_mut(project) {
            project.resource_manager = enabled;
        }
    }

    pub(crate) fn stop(&self) {
        if let Some(engine) = &self.inner.engine {
            engine.stop();
        }
    }

    fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.inner.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service account that a call's bearer token belongs to.
    fn caller(&self, ask: &Ask, scopes: &[&str]) -> Result<String, ApiError> {
        let Some(token) = ask
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
        else {
            return Err(ApiError::new(401, "required", "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
                .located("Authorization").because("CREDENTIALS_MISSING", &json!({})));
        };
        let unauthorised = |reason: &str| {
            ApiError::new(401, "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
                .located("Authorization").because(reason, &json!({}))
        };
        let books = self.books();
        let token = books
            .tokens
            .get(token)
            .ok_or_else(|| unauthorised("ACCESS_TOKEN_TYPE_UNSUPPORTED"))?;
        if token.expires_at <= self.clock().seconds() {
            return Err(unauthorised("ACCESS_TOKEN_EXPIRED"));
        }
        let account = books.accounts.get(&token.email);
        if account.is_none_or(|account| account.state != AccountState::Active) {
            return Err(unauthorised("ACCOUNT_STATE_INVALID"));
        }
        let has = |wanted: &str| {
            token
                .scopes
                .iter()
                .any(|scope| scope.ends_with(&format!("/auth/{wanted}")))
        };
        if !scopes.iter().any(|scope| has(scope)) {
            return Err(ApiError::new(
                403,
                "insufficientPermissions",
                "Request had insufficient authentication scopes.",
            )
            .because(
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                &json!({"method": ask.segments.join("/")}),
            ));
        }
        Ok(token.email.clone())
    }

    /// Whether the member may do what it is about to do. What was needed is noted: see [`Google::rights_used`].
    fn allows(&self, member: &str, resource: &Resource, permission: &str) -> bool {
        self.books().grants.note(member, resource, permission);
        self.holds(member, resource, permission)
    }

    /// Whether the member holds a right, for calls that only tell so.
    fn holds(&self, member: &str, resource: &Resource, permission: &str) -> bool {
        self.books()
            .grants
            .allows(member, resource, permission, self.clock().now())
    }
}

/// Random bytes, two hexadecimal digits each.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    // Falls back on a UUID's randomness, which comes from the same place; a test tool has no use for an error here.
    if SystemRandom::new().fill(&mut buffer).is_err() {
        buffer = uuid::Uuid::new_v4()
            .as_bytes()
            .iter()
            .copied()
            .cycle()
            .take(bytes)
            .collect();
    }
    buffer.iter().fold(String::with_capacity(bytes * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string does not fail
        text
    })
}
