//! The facts that make a problem exact. Each has one name, shown by the command line and used in the catalogue's words.

use std::collections::BTreeMap;

use super::roles;

macro_rules! facts {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*) => {
        /// The name of a fact.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fact { $($(#[doc = $doc])* $variant,)* }

        impl Fact {
            pub const ALL: &'static [Fact] = &[$(Fact::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Fact::$variant => $name,)* }
            }

            /// What it says, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Fact::$variant => concat!($($doc),*).trim_ascii(),)* }
            }

            /// The fact with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fact| fact.as_str() == name)
            }
        }
    };
}

facts! {
    /// Google's name of a missing right, such as `bigquery.jobs.create`.
    Permission = "permission",
    /// The narrowest role that holds the missing right, such as `roles/bigquery.jobUser`.
    Role = "role",
    /// A role that the account is to hold on the dataset before a wider one is taken away.
    FirstRole = "first_role",
    /// The role that lets an account run queries, where it may be allowed to by a role that is too wide alone.
    JobsRole = "jobs_role",
    /// What the right is missing on, in BigQuery's own spelling: `project`, `project:dataset` or `project:dataset.table`.
    Resource = "resource",
    /// How wide the need is, where it is wider than what was refused: `dataset` where one table stood for all of them.
    Scope = "scope",
    /// The service account, as an e-mail address.
    Member = "member",
    /// The ID of the Google project.
    Project = "project",
    /// The project that pays for queries.
    BillingProject = "billing_project",
    /// The ID of the dataset.
    Dataset = "dataset",
    /// The ID of the table.
    Table = "table",
    /// The name of the column.
    Column = "column",
    /// A view, in BigQuery's own spelling.
    View = "view",
    /// A connection to another database, in BigQuery's own spelling: `project.location.name`.
    Connection = "connection",
    /// A rule of an organisation, such as `constraints/iam.disableServiceAccountKeyCreation`.
    Constraint = "constraint",
    /// A mark on columns that only some may read: `taxonomy : tag`.
    PolicyTag = "policy_tag",
    /// The whole name of such a mark, `projects/…/locations/…/taxonomies/…/policyTags/…`.
    PolicyTagName = "policy_tag_name",
    /// A bucket of Cloud Storage.
    Bucket = "bucket",
    /// A key of Cloud KMS that encrypts a table.
    EncryptionKey = "encryption_key",
    /// The account in whose name BigQuery uses that key.
    ServiceAgent = "service_agent",
    /// Google's name of a quota, such as `QueryUsagePerDay`.
    Quota = "quota",
    /// When a quota starts anew.
    Resets = "resets",
    /// Where a job ran or was asked to run.
    Location = "location",
    /// Where the dataset really is.
    DatasetLocation = "dataset_location",
    /// VPC Service Controls' id of the refusal, which an administrator can look up.
    UniqueIdentifier = "unique_identifier",
    /// A Google API, such as `bigquery.googleapis.com`.
    Service = "service",
    /// The page where the API is switched on.
    ActivationUrl = "activation_url",
    /// Seconds by which this computer's clock is ahead of (positive) or behind the server's.
    SkewSeconds = "skew_seconds",
    /// The computer that was asked.
    Host = "host",
    /// The proxy's address.
    Proxy = "proxy",
    /// Who signed a TLS certificate.
    Issuer = "issuer",
    /// How far a request came: `name`, `connect`, `proxy`, `tls`, `answer` or `body`.
    Phase = "phase",
    /// The first and the last moment of a certificate, and this computer's own time, in UTC.
    ValidFrom = "valid_from",
    ValidUntil = "valid_until",
    Clock = "clock",
    /// The title of a web page that came instead of an answer.
    PageTitle = "page_title",
    /// What an answer's header `Server` says.
    Server = "server",
    /// Seconds that the other side asks to wait.
    RetryAfter = "retry_after",
    /// The form field that the problem belongs to.
    Field = "field",
    /// A better value for the field.
    Suggestion = "suggestion",
    /// A name like the one that was not found, and that can be seen.
    Meant = "meant",
    /// What was found instead of what was needed.
    Found = "found",
    /// What was needed.
    Expected = "expected",
    /// A place in a text: `line:column`, both from 1.
    Position = "position",
    /// Last four characters of a key's id.
    KeyIdTail = "key_id_tail",
    /// A name that a person gave.
    Name = "name",
    /// A path on this computer.
    Path = "path",
    /// The CleverTap account's ID.
    AccountId = "account_id",
    /// The CleverTap account's region.
    Region = "region",
    /// CleverTap's code for a record that it did not take, such as `515`.
    RecordCode = "code",
    /// A property of a profile or an event, by its name.
    Property = "property",
    /// An event, by its name.
    Event = "event",
    /// The field that says whose a record is: `identity`, `objectId`, `FBID` or `GPID`.
    IdentityField = "identity_field",
    /// Places of records in a call, from 1.
    Records = "records",
    /// Records that CleverTap says to have taken.
    Processed = "processed",
    /// Other codes in the same answer, the commonest first: `515 (3), 509 (1)`.
    Also = "also",
    /// A number that limits something, with its unit.
    Limit = "limit",
    /// A size in bytes.
    Bytes = "bytes",
    /// How many there are.
    Count = "count",
    /// The vendor's machine-readable reason, such as `accessDenied`.
    Reason = "reason",
    /// The answer's HTTP status, or the state that something is in.
    Status = "status",
    /// The ID of the query job.
    Job = "job",
    /// A short detail from the system beneath, such as an operating system's error.
    Detail = "detail",
    /// The version that was found.
    Version = "version",
    /// The kind of SQL statement, as BigQuery names it.
    Statement = "statement",
}

/// Facts by name, in the order of [`Fact`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(BTreeMap<Fact, String>);

impl Facts {
    pub fn set(&mut self, fact: Fact, value: impl Into<String>) {
        self.0.insert(fact, value.into());
    }

    pub fn get(&self, fact: Fact) -> Option<&str> {
        self.0.get(&fact).map(String::as_str)
    }

    pub fn named(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(fact, value)| (fact.as_str() == name).then_some(value))
            .or_else(|| self.derived(name))
    }

    /// What follows from a fact, for the catalogue's words alone.
    fn derived(&self, name: &str) -> Option<&str> {
        match name {
            "role_title" => self.get(Fact::Role).map(|role| roles::title(role).unwrap_or(role)),
            "plain_constraint" => self.get(Fact::Constraint).filter(|name| !name.contains(".managed.")),
            "managed_constraint" => {
                let name = self.get(Fact::Constraint)?.trim_start_matches("constraints/");
                name.contains(".managed.").then_some(name)
            }
            "role_lets" => self.get(Fact::Role).and_then(roles::lets),
            // The project that the account itself belongs to, which its address names.
            "home_project" => {
                let (_, domain) = self.get(Fact::Member)?.split_once('@')?;
                domain.strip_suffix(".iam.gserviceaccount.com")
            }
            _ => None,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Fact, &str)> {
        self.0.iter().map(|(fact, value)| (*fact, value.as_str()))
    }
}
