//! The one list of everything that can go wrong: words, who can mend it, whether waiting helps, and the command that mends it.
//!
//! In the words `{fact}` stands for a fact and `[…{fact}…]` for a part that is left out where the fact is not known.
//! A code exists only for a cause of its own: no two entries share one. Behind `by` stands the remedy, behind `at` the page
//! of Google's console; both live in [`remedies`].

use super::remedies::{self, Command, Page};

/// Who can mend a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The person at this screen, in this form.
    You,
    /// An administrator of the Google project.
    ProjectAdmin,
    /// An owner of the dataset.
    DatasetOwner,
    /// An administrator of the Google organisation.
    OrganisationAdmin,
    /// Whoever runs this computer or its network.
    NetworkAdmin,
    /// An administrator of the CleverTap account.
    CleverTapAdmin,
    Google,
    CleverTap,
    /// We: the problem is a fault in Tapline.
    Tapline,
}

impl Who {
    /// In words. May name facts.
    pub fn words(self) -> &'static str {
        match self {
            Self::You => "You, here",
            Self::ProjectAdmin => "An administrator of the Google project[ {project}]",
            Self::DatasetOwner => "An owner of the dataset[ {dataset}]",
            Self::OrganisationAdmin => "An administrator of your Google organisation",
            Self::NetworkAdmin => "Whoever runs this computer or its network",
            Self::CleverTapAdmin => "An administrator of the CleverTap account",
            Self::Google => "Google",
            Self::CleverTap => "CleverTap",
            Self::Tapline => "The makers of Tapline",
        }
    }
}

/// Whether the same request may succeed later by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    MaySucceedLater,
    NotByItself,
}

/// Who says that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voice {
    /// Google, in an answer.
    Google,
    /// CleverTap, in an answer.
    CleverTap,
    /// The way to them.
    Network,
    /// The parser of key files.
    KeyFile,
    /// A form, about what was typed.
    Form,
    /// The reader of plans and of SQL.
    Import,
    /// This computer, and Tapline on it.
    ThisMachine,
}

/// The words for one code.
#[derive(Debug)]
pub struct Entry {
    pub code: Code,
    pub voice: Voice,
    pub title: &'static str,
    pub explanation: &'static str,
    pub who: Who,
    pub retry: Retry,
    /// Commands for a terminal, from the narrowest. The first whose facts are all known is shown.
    pub commands: &'static [Command],
    /// Pages of Google's console, in the same way.
    pub console: &'static [Page],
}

macro_rules! chosen {
    () => {
        &[]
    };
    ($one:expr) => {
        $one
    };
}

macro_rules! catalogue {
    ($($voice:ident :: { $($variant:ident = $name:literal { $title:literal, $explanation:literal, $who:ident, $retry:ident $(, $command:literal)? $(, by $remedy:ident)? $(, at $page:ident)? })* })*) => {
        /// What went wrong, for programs. The names are stable; people never see them alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($($variant,)*)* }

        impl Code {
            pub fn as_str(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// The words for this code.
            pub fn entry(self) -> &'static Entry {
                &CATALOGUE[self as usize]
            }

            /// The code with this name.
            pub fn named(name: &str) -> Option<Self> {
                CATALOGUE.iter().map(|entry| entry.code).find(|code| code.as_str() == name)
            }
        }

        /// Every entry, in the order of [`Code`].
        pub static CATALOGUE: &[Entry] = &[$($(Entry {
            code: Code::$variant,
            voice: Voice::$voice,
            title: $title,
            explanation: $explanation,
            who: Who::$who,
            retry: Retry::$retry,
            commands: chosen!($(&[Command { template: $command, does: None, settles: None }])? $(remedies::$remedy)?),
            console: chosen!($(remedies::$page)?),
        },)*)*];
    };
}

catalogue! {
    // ---- the key file -------------------------------------------------------------------------------------------
    KeyFile:: {
    KeyNotJson = "key_not_json" {
        "This is not a JSON key",
        "A service-account key is a JSON file that starts with a brace.[ This starts with {found}.][ The text stops making sense at {position}.][ There stands {detail}.]",
        You, NotByItself }
    KeyTooLarge = "key_too_large" {
        "This file is too large to be a key",
        "A service-account key is about 2,400 bytes.[ This file has {bytes}.] Choose the JSON file that Google's console downloaded.",
        You, NotByItself }
    KeyEmpty = "key_empty" {
        "There is no key here",
        "The file or text is empty. Choose the JSON file that Google's console downloaded when the key was made, or paste all of its text.",
        You, NotByItself }
    KeyCut = "key_cut" {
        "The end of the key is missing",
        "The text breaks off at {position}, before its last brace. Copy the whole file, from the first brace to the last.",
        You, NotByItself }
    KeyNotText = "key_not_text" {
        "This is not a text file",
        "A service-account key is a JSON text. This holds bytes that are no text.",
        You, NotByItself }
    KeyIsOtherFile = "key_is_other_file" {
        "This is {found}, not a JSON key",
        "A service-account key is a JSON file that starts with a brace. If the key is inside, take it out first.",
        You, NotByItself }
    KeyIsP12 = "key_is_p12" {
        "This is a P12 key",
        "Google also hands out keys in the older P12 format, which does not say whose they are. Make a new key and choose JSON.",
        You, NotByItself }
    KeyIsHtml = "key_is_html" {
        "This is a web page, not a key",
        "The download saved a page, perhaps one that asks to sign in. Sign in to Google's console in your browser and download the key again.",
        You, NotByItself }
    KeyIsPemAlone = "key_is_pem_alone" {
        "This is the private key alone",
        "The file around it says whose key it is, and is needed too. Bring the whole JSON file, from the first brace to the last.",
        You, NotByItself }
    KeyIsPublic = "key_is_public" {
        "This is the public half of a key",
        "Google keeps the public half, and this needs the private one. Bring the JSON file that Google's console downloaded when the key was made.",
        You, NotByItself }
    KeyIsSsh = "key_is_ssh" {
        "This is an SSH key",
        "BigQuery knows service-account keys. Make one in Google's console under IAM, Service accounts, Keys, and choose JSON.",
        You, NotByItself }
    KeyIsApiKey = "key_is_api_key" {
        "This is an API key",
        "API keys name a project, not an account, and BigQuery does not take them. Make a service-account key: Google's console, IAM, Service accounts, Keys, JSON.",
        You, NotByItself }
    KeyIsAccessToken = "key_is_access_token" {
        "This is a token, not a key",
        "A token works for an hour at most. Make a service-account key: Google's console, IAM, Service accounts, Keys, JSON.",
        You, NotByItself }
    KeyIsPath = "key_is_path" {
        "This is the name of a file, not what it holds",
        "Open the file and paste its text, or choose it under Upload JSON file.",
        You, NotByItself }
    KeyIsEmail = "key_is_email" {
        "This is the service account's address, not its key",
        "The key is the JSON file that Google's console downloads when you add a key to that account.",
        You, NotByItself }
    KeyIsAppConfig = "key_is_app_config" {
        "This is an app's configuration file",
        "Files such as google-services.json tell an app where Firebase is. They hold no service-account key. Make one: Google's console, IAM, Service accounts, Keys, JSON.",
        You, NotByItself }
    KeyIsDescription = "key_is_description" {
        "This describes a key but does not hold it",
        "Google shows the private half only once, when a key is made. Make a new key and keep the file that is downloaded then.",
        You, NotByItself }
    KeyIsUserCredentials = "key_is_user_credentials" {
        "These are a person's own credentials",
        "This file comes from gcloud auth login and stands for a person. An import needs a service account of its own. Make a key for one: Google's console, IAM, Service accounts, Keys, JSON.",
        You, NotByItself }
    KeyIsOauthClient = "key_is_oauth_client" {
        "This is an OAuth client secret",
        "It lets an app ask people to sign in, and opens nothing by itself. Make a service-account key: Google's console, IAM, Service accounts, Keys, JSON.",
        You, NotByItself }
    KeyIsExternalAccount = "key_is_external_account" {
        "This is a configuration for workload identity",
        "It holds addresses and commands that would be run to get a token, and no key. For safety it is not used. Make a service-account key and choose JSON.",
        You, NotByItself }
    KeyIsImpersonated = "key_is_impersonated" {
        "This borrows a service account in a person's name",
        "It holds a person's own credentials and no key. Make a key for the service account itself and choose JSON.",
        You, NotByItself }
    KeyTypeUnknown = "key_type_unknown" {
        "This is a credential of another kind",
        "The file's type must be service_account[, and is {found}].",
        You, NotByItself }
    KeyTypeMissing = "key_type_missing" {
        "The file does not say what it is",
        "The line with type, service_account is missing, so the file was changed after Google made it. Download the key again, or make a new one.",
        You, NotByItself }
    KeyIsOtherJson = "key_is_other_json" {
        "This is JSON, but not a service-account key",
        "It has none of a key's fields. Choose the file that Google's console downloaded when the key was made.",
        You, NotByItself }
    KeySeveral = "key_several" {
        "There are {count} keys here",
        "One connection uses one key. Bring only the one that you mean.",
        You, NotByItself }
    KeyFieldMissing = "key_field_missing" {
        "The key has no {name}",
        "Google writes {name} into every key, so the file was changed or cut afterwards. Download the key again, or make a new one.",
        You, NotByItself }
    KeyFieldInvalid = "key_field_invalid" {
        "The key's {name} is not as Google writes it",
        "The file was changed after Google made it. Download the key again, or make a new one.",
        You, NotByItself }
    KeyEmailInvalid = "key_email_invalid" {
        "The key's client_email is no e-mail address",
        "[The file says {found}. ]It was changed after Google made it. Download the key again, or make a new one.",
        You, NotByItself }
    KeyRedacted = "key_redacted" {
        "The private key was blacked out",
        "Somebody replaced the private key before passing the file on. Ask for the whole file over a safe way, or make a new key.",
        You, NotByItself }
    KeyForeignTokenHost = "key_foreign_token_host" {
        "This key sends you to a stranger",
        "Its token_uri is {host}, and that is none of the addresses that Google writes. Whoever runs it would receive what the key signs, so the key is not used. Ask where the file comes from.",
        You, NotByItself }
    KeyForeignUniverse = "key_foreign_universe" {
        "This key belongs to another cloud",
        "Its universe_domain is[ {found}, and] not googleapis.com, the only one that is supported.",
        You, NotByItself }
    KeyPemCut = "key_pem_cut" {
        "Part of the private key is missing",
        "The private_key inside the file breaks off.[ It has {found} of {expected}.] Copy the whole file again, without a program in between that cuts long lines.",
        You, NotByItself }
    KeyPemDamaged = "key_pem_damaged" {
        "The private key is damaged",
        "The private_key inside the file has a letter that cannot be there, at {position} of its text. Copy the file again.",
        You, NotByItself }
    KeyUnreadable = "key_unreadable" {
        "The private key cannot be read",
        "The private_key inside the file is not one that Google makes.[ Reason: {detail}.] Download the key again, or make a new one.",
        You, NotByItself }
    KeyPkcs1 = "key_pkcs1" {
        "The private key is in another format",
        "It is an RSA key in the older PKCS#1 form, and Google writes PKCS#8. The file was converted by another program. Use the file as Google made it.",
        You, NotByItself }
    KeyEncrypted = "key_encrypted" {
        "The private key is locked with a password",
        "Google's keys have no password. Use the file as Google made it.",
        You, NotByItself }
    KeyNotRsa = "key_not_rsa" {
        "The private key is {found}",
        "Google signs in with RSA keys. Make a new key in Google's console and choose JSON.",
        You, NotByItself }
    KeyTooWeak = "key_too_weak" {
        "The private key is too short",
        "It has {found}, and at least 2,048 are needed to be safe. Make a new key in Google's console.",
        You, NotByItself }
    KeyTooStrong = "key_too_strong" {
        "The private key is too long to keep",
        "It has {found} and would not fit the {limit} that Windows keeps per secret. Make a key of 2,048 or 4,096 bits.",
        You, NotByItself }
    }
    // ---- Google takes the key --------------------------------------------------------------------------------------
    Google:: {
    KeyRefused = "key_refused" {
        "Google no longer takes this key",
        "The signature does not match a key that Google knows for {member}. The key[ …{key_id_tail}] was deleted, disabled or replaced, or the file mixes two accounts. Make a new key and bring it here.",
        ProjectAdmin, NotByItself, by MAKE_KEY, at SERVICE_ACCOUNTS }
    AccountNotFound = "account_not_found" {
        "Google does not know this service account",
        "{member} was deleted or disabled, or its project was. Look for it in Google's console under IAM, Service accounts.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    AccountDisabled = "account_disabled" {
        "This service account is switched off",
        "{member} exists, and somebody disabled it.",
        ProjectAdmin, NotByItself, by SWITCH_ACCOUNT_ON, at SERVICE_ACCOUNTS }
    AccountUnauthorized = "account_unauthorized" {
        "Google does not let this service account sign in this way",
        "The account {member} is held back by a rule of the organisation.",
        OrganisationAdmin, NotByItself, at POLICIES }
    ClockWrong = "clock_wrong" {
        "This computer's clock is wrong",
        "Google takes a signature only near the time at which it was made.[ This clock is {found}.] Set the date, time and time zone, and try again.",
        You, NotByItself }
    ScopeRefused = "scope_refused" {
        "Google refused what was asked for",
        "The token was asked with a scope that Google does not know or your organisation does not allow.",
        OrganisationAdmin, NotByItself, at POLICIES }
    TokenRefused = "token_refused" {
        "Google refused the key",
        "It gave a reason that is not known here:[ {reason}], status {status}. What Google said stands below.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    GoogleBusy = "google_busy" {
        "Google is out of order for a moment",
        "{host} answered with status {status}. This is Google's side, and it often passes within a minute.",
        Google, MaySucceedLater }
    }
    // ---- BigQuery refuses ------------------------------------------------------------------------------------------
    Google:: {
    ApiDisabled = "api_disabled" {
        "BigQuery is switched off in the project {project}",
        "Google's service {service} is not enabled there. Switching it on takes a minute to show.[ Or open {activation_url}]",
        ProjectAdmin, NotByItself, by SWITCH_SERVICE_ON, at SERVICE }
    ProjectNotFound = "project_not_found" {
        "Google shows no project {project}",
        "Either there is no such project, or {member} has no role in it: Google answers the same to both. Look at the project ID first, then at the roles.",
        ProjectAdmin, NotByItself, at PROJECTS }
    ProjectHidden = "project_hidden" {
        "Nothing is known of the project {project}",
        "BigQuery answers, and shows {member} nothing of it. Either there is no such project, or the account has no role in it: Google answers the same to both.",
        ProjectAdmin, NotByItself, at PROJECTS }
    ProjectSuspended = "project_suspended" {
        "The project {project} is suspended",
        "Google stopped it, for billing or for breaking its rules. Its owner has been told why.",
        ProjectAdmin, NotByItself, at PROJECT }
    BillingDisabled = "billing_disabled" {
        "The project {project} has no billing",
        "Google wants a billing account for this. Link one in Google's console under Billing.",
        ProjectAdmin, NotByItself, at BILLING }
    BillingNotEnabled = "billing_not_enabled" {
        "The project {project} is a sandbox without billing",
        "Google's free sandbox reads, and does not change tables. Link a billing account in Google's console under Billing.",
        ProjectAdmin, NotByItself, at BILLING }
    DatasetNotFound = "dataset_not_found" {
        "There is no dataset[ {dataset}] in the project {project}",
        "Google looked and found none. Look at the spelling: upper and lower case differ.",
        You, NotByItself, at DATASETS }
    DatasetElsewhere = "dataset_elsewhere" {
        "The dataset {dataset} is in {dataset_location}, not in {location}",
        "A query runs where its data is. Leave the location empty, or set it to {dataset_location}.",
        You, NotByItself, at DATASET }
    DatasetNotInLocation = "dataset_not_in_location" {
        "The dataset[ {dataset}] was not found in {location}",
        "The query ran in {location}. Either the dataset is elsewhere, or there is none of that name.",
        You, NotByItself, at DATASETS }
    TableNotFound = "table_not_found" {
        "There is no table[ {table}] in[ {dataset} of] the project {project}",
        "It was deleted or renamed, or the name is spelled otherwise.",
        You, NotByItself, at DATASET }
    TableNotInLocation = "table_not_in_location" {
        "The table[ {table}] was not found in {location}",
        "The query ran in {location}. Either the table is elsewhere, or there is none of that name.",
        You, NotByItself, at DATASET }
    JobNotFound = "job_not_found" {
        "BigQuery no longer knows the query job",
        "The job[ {job}] was not found in[ {location} of] the project {project}. BigQuery keeps jobs for six months and their results for a day.",
        You, NotByItself, at JOBS }
    JobsCreateDenied = "jobs_create_denied" {
        "This key may not run queries in {billing_project}",
        "Queries run for {member} in the project that pays for them, and {permission} is missing there. The role BigQuery Job User holds it. If the project's ID is mistyped, Google answers the same. A role that was just granted takes a few minutes to show.",
        ProjectAdmin, NotByItself, by GRANT_ON_BILLING_PROJECT, at BILLING_IAM }
    DatasetGetDenied = "dataset_get_denied" {
        "The dataset[ {dataset}] is hidden from this key, or there is none",
        "Google does not tell which: {member} lacks {permission} on {resource}. Look at the spelling first. The role BigQuery Data Viewer on the dataset holds the right; a role that was just granted takes a few minutes to show.",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    TablesListDenied = "tables_list_denied" {
        "This key may not list the tables of[ {dataset} in] {project}",
        "{member} lacks {permission} on {resource}. An import can still name a table. The role BigQuery Data Viewer on the dataset holds the right.",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    TablesGetDenied = "tables_get_denied" {
        "This key may not see what columns[ {table}] has",
        "{member} lacks {permission} on {resource}, or the table does not exist: Google answers the same to both. The role BigQuery Data Viewer on the dataset holds the right.",
        DatasetOwner, NotByItself, by GRANT_ON_TABLE, at TABLE }
    TablesGetDataDenied = "tables_get_data_denied" {
        "This key may not read rows[ of {table}]",
        "{member} lacks {permission} on {resource}, or the table does not exist: Google answers the same to both. The role BigQuery Data Viewer on the dataset holds the right.",
        DatasetOwner, NotByItself, by GRANT_ON_TABLE, at TABLE }
    WriteDenied = "write_denied" {
        "This key may not write to[ {dataset} in] {project}",
        "{member} lacks {permission} on {resource}. Reading needs no right to write; only imports that keep what was sent in the dataset do. The role BigQuery Data Editor on the dataset holds it.",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    JobOfOther = "job_of_other" {
        "The query job belongs to another account",
        "{member} may look at its own jobs only, and {permission} is missing on {resource}. Was the key replaced by one of another account?",
        You, NotByItself, at JOBS }
    PermissionDenied = "permission_denied" {
        "{permission} is missing",
        "{member} lacks it on {resource}. Somebody who may grant roles there can add one that holds it.",
        ProjectAdmin, NotByItself, by GRANT_ON_PROJECT, at IAM }
    AccessDenied = "access_denied" {
        "Google does not let this key do that",
        "{member} was refused on {resource}. What Google said stands below.",
        ProjectAdmin, NotByItself, at IAM }
    VpcPerimeter = "vpc_perimeter" {
        "A security perimeter of your organisation blocks this",
        "VPC Service Controls refused the request from this network. No role mends that.[ Give your administrator this identifier: {unique_identifier}]",
        OrganisationAdmin, NotByItself, at PERIMETERS }
    TokenNotTaken = "token_not_taken" {
        "BigQuery does not take the token",
        "Google gave {member} a token, and BigQuery refused it twice. The account may just have been disabled, or its key deleted.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    QuotaExceeded = "quota_exceeded" {
        "A quota of the project {project} is used up",
        "Google allows no more today, or until the quota is raised. Quotas start anew at midnight, Pacific time.",
        ProjectAdmin, NotByItself, at QUOTAS }
    RateLimited = "rate_limited" {
        "Google asks to go slower",
        "Too many requests came in a short time. It passes within a minute.",
        Google, MaySucceedLater }
    ResponseTooLarge = "response_too_large" {
        "The result is too large for BigQuery to hand out",
        "Take fewer columns, or fewer rows.",
        You, NotByItself }
    ResourcesExceeded = "resources_exceeded" {
        "The query is too heavy for BigQuery",
        "It ran out of memory or time. Sorting, joining or grouping less in one go helps.",
        You, NotByItself }
    BytesCapExceeded = "bytes_cap_exceeded" {
        "The query would bill more than the cap",
        "[It needs {bytes} bytes. ]Nothing ran. Raise the cap under Advanced, or read less.",
        You, NotByItself }
    QueryInvalid = "query_invalid" {
        "BigQuery does not understand the query",
        "[At {position}: ]{detail}.",
        You, NotByItself }
    JobStopped = "job_stopped" {
        "The query job was cancelled",
        "Somebody stopped it, here or in Google's console.",
        You, NotByItself }
    QuerySlow = "query_slow" {
        "The query takes too long to wait for",
        "It is still running after half a minute. Read fewer rows, or a simpler query.",
        You, MaySucceedLater }
    GoogleRefused = "google_refused" {
        "Google refused",
        "The answer has status {status}[ and the reason {reason}], which is not known here. What Google said stands below.",
        ProjectAdmin, NotByItself }

    CheckOverdue = "check_overdue" {
        "The test took too long",
        "It is given {limit}, and this step had no answer by then. A slow network or a firewall that swallows packets does this. Try again.",
        NetworkAdmin, MaySucceedLater }
    }
    // ---- SQL that is not run ---------------------------------------------------------------------------------------
    Import:: {
    SqlIsScript = "sql_is_script" {
        "This is more than one statement",
        "BigQuery reads it as a script. Only a single SELECT is run.",
        You, NotByItself }
    SqlChangesRows = "sql_changes_rows" {
        "This would change rows",
        "BigQuery reads it as {statement}. Only a SELECT is run, so nothing was changed.",
        You, NotByItself }
    SqlChangesThings = "sql_changes_things" {
        "This would change tables or rights",
        "BigQuery reads it as {statement}. Only a SELECT is run, so nothing was changed.",
        You, NotByItself }
    SqlExports = "sql_exports" {
        "This would write data elsewhere",
        "BigQuery reads it as {statement}. Only a SELECT is run, so nothing was written.",
        You, NotByItself }
    SqlCalls = "sql_calls" {
        "This would call a procedure",
        "A procedure may change anything. Only a SELECT is run.",
        You, NotByItself }
    SqlNotSelect = "sql_not_select" {
        "This is not a SELECT",
        "BigQuery reads it as {statement}. Only a SELECT is run.",
        You, NotByItself }
    }
    // ---- names and fields ----------------------------------------------------------------------------------------
    Form:: {
    FieldEmpty = "field_empty" {
        "{name} is needed",
        "Nothing stands there yet.",
        You, NotByItself }
    NameUnfit = "name_unfit" {
        "This name does not fit",
        "{name} is one line of text[, at most {limit} long].",
        You, NotByItself }
    DatasetOfOtherProject = "dataset_of_other_project" {
        "The dataset names another project",
        "The Project ID says {project}, and the dataset's path says {found}. Keep one of them.",
        You, NotByItself }
    NameTaken = "name_taken" {
        "{name} is already in use",
        "Each name is used once, so that it always means the same thing. Choose another.",
        You, NotByItself }
    }
    // ---- BigQuery's names ------------------------------------------------------------------------------------------
    Form:: {
    ProjectIdInvalid = "project_id_invalid" {
        "This is not a project ID",
        "A project ID has 6 to 30 lower-case letters, digits and hyphens, starts with a letter and does not end with a hyphen.[ You typed {found}.]",
        You, NotByItself }
    ProjectNameTyped = "project_name_typed" {
        "This looks like the project's name, not its ID",
        "Google gives each project a name for people and an ID for programs. The ID has no capitals and no spaces: it stands beside the name in the console's project list.[ You typed {found}.]",
        You, NotByItself }
    ProjectNumberTyped = "project_number_typed" {
        "This is the project's number, not its ID",
        "SQL needs the project's ID, which starts with a letter. It stands beside the number on the console's dashboard.[ You typed {found}.]",
        You, NotByItself }
    DatasetIdInvalid = "dataset_id_invalid" {
        "This is not a dataset ID",
        "A dataset ID has up to 1,024 letters, digits and underscores.[ You typed {found}.]",
        You, NotByItself }
    DatasetUrlUnread = "dataset_url_unread" {
        "This link names no dataset",
        "Open the dataset in BigQuery's console and copy the address from there, or type the dataset ID alone.",
        You, NotByItself }
    TableIdInvalid = "table_id_invalid" {
        "This is not a table ID",
        "A table ID has up to 1,024 bytes of letters, digits, underscores, hyphens and spaces.[ You typed {found}.]",
        You, NotByItself }
    LocationInvalid = "location_invalid" {
        "This is not a BigQuery location",
        "A location is a name such as EU, US or europe-west1.[ You typed {found}.] Leave it empty to use the dataset's own.",
        You, NotByItself }
    }
    // ---- the counter ------------------------------------------------------------------------------------------------
    ThisMachine:: {
    QuestionNotUnderstood = "question_not_understood" {
        "Tapline could not read the question",
        "The program that asked does not fit this version of Tapline.[ It asked for {name}.][ It left out {field}.] Closing and opening it again may help.",
        Tapline, NotByItself }
    WindowNeeded = "window_needed" {
        "This needs a window",
        "A terminal cannot show a file dialog or a web page. Name the file in the command instead.",
        You, NotByItself }
    LinkRefused = "link_refused" {
        "Tapline does not open this address",
        "Only pages of Google Cloud's console and documentation and of CleverTap are opened from here.[ This one is at {host}.]",
        You, NotByItself }
    LinkNotOpened = "link_not_opened" {
        "The web page could not be opened",
        "No browser answered on this computer.[ {detail}]",
        You, NotByItself }
    StoreNoFolder = "store_no_folder" {
        "There is no folder to keep things in",
        "This computer names no folder for programs' data. Set TAPLINE_STORE to a folder of your own.",
        You, NotByItself }
    EndpointNotLoopback = "endpoint_not_loopback" {
        "A sandbox must be on this computer",
        "TAPLINE_ENDPOINT takes https:// with a loopback address and a port, such as https://127.0.0.1:8443.[ It is {found}.]",
        You, NotByItself }
    KeyOfferGone = "key_offer_gone" {
        "The key is no longer waiting",
        "A key that was read but not saved is kept in memory for an hour. Choose the file again.",
        You, NotByItself }
    FileNotRead = "file_not_read" {
        "The file could not be read",
        "Tapline was not able to read it[ at {path}].[ This computer says: {detail}.]",
        You, NotByItself }
    FileNotWritten = "file_not_written" {
        "The file could not be written",
        "Tapline was not able to write it[ to {path}].[ This computer says: {detail}.]",
        You, NotByItself }
    SettingInvalid = "setting_invalid" {
        "This setting does not fit",
        "It takes {expected}.",
        You, NotByItself }
    NameUnknown = "name_unknown" {
        "There is no {field} called {name}",
        "Nothing is saved under this name.[ Did you mean {suggestion}?]",
        You, NotByItself }
    BytesCapUnread = "bytes_cap_unread" {
        "This is not an amount of data",
        "Write a number and a unit, such as 10 GB or 500 MB. BigQuery bills at least 10 MB for each table, so a smaller cap would stop every query.",
        You, NotByItself }
    ConnectionNotTested = "connection_not_tested" {
        "{name} has not passed a test",
        "An import reads only from a database whose last test passed. Test the connection first.",
        You, NotByItself }
    KeyNotTested = "key_not_tested" {
        "The new key has not passed a test",
        "A new key takes the old one's place only after it passed a test with this project and dataset. Test the connection, then save.",
        You, NotByItself }
    KeyOfAnother = "key_of_another" {
        "This is another key than the one that {name} was saved with",
        "{name} reads as {expected}[, and this key belongs to {found}]. Bring its own key, or replace the key in the connection.",
        You, NotByItself }
    ConfirmationNeeded = "confirmation_needed" {
        "This cannot be taken back",
        "{detail}",
        You, NotByItself }
    CheckGone = "check_gone" {
        "This test is over",
        "It was closed or belongs to an earlier start of Tapline. Test the connection again.",
        You, NotByItself }
    }
    // ---- the network -----------------------------------------------------------------------------------------------
    Network:: {
    NetNameNotFound = "net_name_not_found" {
        "{host} could not be found",
        "Its name has no address here. This computer seems to be offline, or its network blocks the name.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    NetUnreachable = "net_unreachable" {
        "This computer has no way to {host}",
        "The network is off, or a firewall or VPN is in the way.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    NetRefused = "net_refused" {
        "{host} refused the connection",
        "Something answered at that address and would not talk. A firewall may block it, or nothing listens there.",
        NetworkAdmin, MaySucceedLater }
    NetConnectTimeout = "net_connect_timeout" {
        "{host} did not pick up",
        "No connection came about in time. A firewall may be dropping the packets, or the network is very slow.",
        NetworkAdmin, MaySucceedLater }
    NetAnswerTimeout = "net_answer_timeout" {
        "{host} did not answer in time",
        "The connection was made and the question asked, and then nothing came back. Try again; if it stays so, the network may be holding the answer.",
        NetworkAdmin, MaySucceedLater }
    NetCut = "net_cut" {
        "The connection to {host} broke off",
        "It was made, and ended before the answer was whole.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    TlsUntrusted = "tls_untrusted" {
        "The certificate of {host} is not trusted",
        "[It was signed by {issuer}. ]If your organisation opens encrypted traffic, add its certificate authority under Settings, Network. If not, somebody may be in between, and nothing was sent.",
        NetworkAdmin, NotByItself }
    TlsExpired = "tls_expired" {
        "The certificate of {host} is not valid today",
        "Either it has run out, or this computer's clock is wrong. Look at the clock first.",
        NetworkAdmin, NotByItself }
    TlsForOther = "tls_for_other" {
        "The certificate belongs to another host than {host}",
        "The network sends you elsewhere: a sign-in page, a filter, or a wrong entry in DNS. Nothing was sent.",
        NetworkAdmin, NotByItself }
    TlsFailed = "tls_failed" {
        "No safe connection to {host}",
        "The two sides did not agree on encryption, or the connection broke while they tried.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    TlsUnusable = "tls_unusable" {
        "This computer's certificates cannot be used",
        "Safe connections need the system's list of certificate authorities.[ The system says: {detail}.] On Debian and Ubuntu, install ca-certificates.",
        NetworkAdmin, NotByItself }
    AuthorityUnread = "authority_unread" {
        "This holds no certificate authority",
        "A certificate authority comes as a PEM file with BEGIN CERTIFICATE in it. Ask whoever runs your network for it in that form.",
        You, NotByItself }
    ProxyInvalid = "proxy_invalid" {
        "This is not a proxy's address",
        "Write it as http://host:port.",
        You, NotByItself }
    ProxyUnreachable = "proxy_unreachable" {
        "The proxy[ {proxy}] does not answer",
        "Everything goes through the proxy that is set under Settings, Network, and no connection to it came about.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    ProxyWantsPassword = "proxy_wants_password" {
        "The proxy[ {proxy}] asks for a name and password",
        "Settings are no place for a password, so Tapline keeps none for a proxy. Start Tapline with HTTPS_PROXY set to http://name:password@host:port, and choose the system's proxy under Settings, Network.",
        NetworkAdmin, NotByItself }
    ProxyRefused = "proxy_refused" {
        "The proxy[ {proxy}] will not connect to {host}",
        "It answered and refused. Ask whoever runs it to allow {host}.",
        NetworkAdmin, NotByItself }
    NetHtml = "net_html" {
        "A web page came instead of an answer",
        "Something on the way to {host} sent a page of its own: a sign-in page of this network, or a filter[ at the proxy {proxy}]. Open a browser, sign in to the network, and try again.",
        NetworkAdmin, NotByItself }
    NetHtmlWhileDown = "net_html_while_down" {
        "{host} sent an error page",
        "It, or something on the way, is out of order.[ {detail}.] This often passes.",
        NetworkAdmin, MaySucceedLater }
    NetRedirected = "net_redirected" {
        "{host} sends you elsewhere[, to {found}]",
        "Neither Google nor CleverTap redirects these requests. A sign-in page of this network, or a filter, does. The request was not followed.",
        NetworkAdmin, NotByItself }
    NetMalformed = "net_malformed" {
        "The answer of {host} makes no sense",
        "It is not of the form that was expected.[ Reason: {detail}.] Something on the way may have changed or cut it.",
        NetworkAdmin, MaySucceedLater }
    NetTooLarge = "net_too_large" {
        "The answer of {host} is too large",
        "It was not read to its end.[ {detail}.]",
        Tapline, NotByItself }
    NetOther = "net_other" {
        "{host} could not be asked",
        "The network failed in a way that is not known here.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    }
    // ---- the plan of an import -----------------------------------------------------------------------------------
    Import:: {
    PlanNotJson = "plan_not_json" {
        "This is not a plan",
        "A plan is a JSON document; `tapline imports schema` prints its shape.[ The text stops making sense at {position}.]",
        You, NotByItself }
    PlanVersion = "plan_version" {
        "This plan has a version that Tapline does not know",
        "It says version {found}; this Tapline reads version {expected}. A newer Tapline may read it.",
        You, NotByItself }
    PlanFieldUnknown = "plan_field_unknown" {
        "A plan has no field called {found}",
        "At {field}.[ Did you mean {name}?][ Known here: {expected}.]",
        You, NotByItself }
    PlanFieldMissing = "plan_field_missing" {
        "The plan lacks {name}",
        "{field} is needed.",
        You, NotByItself }
    PlanValueUnfit = "plan_value_unfit" {
        "{field} has a value that does not fit",
        "There is {found}[, and {expected} is needed].[ Did you mean {suggestion}?]",
        You, NotByItself }
    ColumnUnknown = "column_unknown" {
        "There is no column {column}",
        "The table or query does not give a column of this name.[ Did you mean {suggestion}?]",
        You, NotByItself }
    ColumnAmbiguous = "column_ambiguous" {
        "Several columns are called {column}",
        "Give each column of the query a name of its own with AS. BigQuery ignores case in column names.",
        You, NotByItself }
    TypeUnfit = "type_unfit" {
        "A column of type {found} cannot become {expected}",
        "Choose another data type for {column}, or convert the column in SQL.",
        You, NotByItself }
    ColumnTypeUnfit = "column_type_unfit" {
        "A column of type {found} cannot be used here",
        "{column} would have to be one of these: {expected}. A query can convert it.",
        You, NotByItself }
    DateFormatMissing = "date_format_missing" {
        "Say how {column} writes its dates",
        "It is of type {found}, which does not tell. Choose the date format.",
        You, NotByItself }
    DateFormatUnfit = "date_format_unfit" {
        "A number holds no date in this format",
        "{column} is of type {found}: choose epoch seconds or epoch milliseconds, or convert the column in SQL.",
        You, NotByItself }
    ZoneUnknown = "zone_unknown" {
        "There is no time zone called {found}",
        "Zones are named after places, such as Europe/Paris, and UTC.[ Did you mean {suggestion}?]",
        You, NotByItself }
    NameForbidden = "name_forbidden" {
        "A name may not hold {found}",
        "CleverTap forbids % > < ! | & . : ; $ ' \" \\ # and control characters in the names of properties and events.[ {suggestion} would do.]",
        You, NotByItself }
    NamePadded = "name_padded" {
        "The name has a space at an end",
        "Nobody would see it, and CleverTap would keep it as another name.",
        You, NotByItself }
    NameTooLong = "name_too_long" {
        "The name is too long",
        "CleverTap takes names of at most {limit}.",
        You, NotByItself }
    PropertyTwice = "property_twice" {
        "Two columns become {name}",
        "A record holds each property once. Remove one of them, or give it another name.",
        You, NotByItself }
    PropertyUnfit = "property_unfit" {
        "{name} cannot be filled from a column",
        "CleverTap keeps it as a list of objects, which an import cannot send. Give the property another name.",
        You, NotByItself }
    PropertyTypeUnfit = "property_type_unfit" {
        "{name} is not of type {found}",
        "CleverTap's own {name} takes: {expected}.",
        You, NotByItself }
    IdentityTwice = "identity_twice" {
        "The identity is mapped twice",
        "The identity of a record is its own field. Remove the property {name}, or map CleverTap ID as the identity.",
        You, NotByItself }
    EventReserved = "event_reserved" {
        "{name} is an event of CleverTap's own",
        "CleverTap raises it itself and refuses it from others; case and spaces do not count. Choose another name.",
        You, NotByItself }
    UpdatedOnMissing = "updated_on_missing" {
        "New and updated rows needs Updated On",
        "Choose the column that tells when a row was added or last changed: rows are found by it. Where there is none, Changed rows finds them by comparison.",
        You, NotByItself }
    OverlapTooLong = "overlap_too_long" {
        "The overlap is too long",
        "[It may be {limit} minutes at most.][ This says {found}.] A longer one reads most rows again at every run; Changed rows may serve better.",
        You, NotByItself }
    ChangedNeedsTables = "changed_needs_tables" {
        "Changed rows keeps tables in the dataset",
        "It compares the source with a table of what CleverTap acknowledged, and writes what differs into another. Allow tables in the dataset, or import in another way.",
        You, NotByItself }
    KeyColumnTwice = "key_column_twice" {
        "{column} is in the event key already",
        "A column tells events apart no better for being named twice.",
        You, NotByItself }
    TooManyProperties = "too_many_properties" {
        "There are too many properties",
        "There are {count}; CleverTap takes at most {limit}.",
        You, NotByItself }
    MultiValueInEvent = "multi_value_in_event" {
        "An event holds no lists",
        "Multi-value properties belong to profiles. Choose String: the list then travels as text.",
        You, NotByItself }
    CountryCodeUnread = "country_code_unread" {
        "This is no country code",
        "A country code is a plus and one to four digits, such as +44.[ There is {found}.]",
        You, NotByItself }
    CountryCodeUnfit = "country_code_unfit" {
        "A country code mends texts alone",
        "Choose the data type String for {column}, or take the country code away.",
        You, NotByItself }
    }
    // ---- the CleverTap account --------------------------------------------------------------------------------------
    Form:: {
    AccountIdUnfit = "account_id_unfit" {
        "This is not an Account ID",
        "An Account ID looks like W9R-486-4W5Z. It stands in Settings under Project, and in the dashboard's address, which you can paste here whole.[ You typed {found}.]",
        You, NotByItself }
    PasscodeUnfit = "passcode_unfit" {
        "This is not a passcode",
        "A passcode has letters, digits and signs, and no spaces. It stands in CleverTap's Settings under Passcodes; the account token beside it does not serve.",
        You, NotByItself }
    }
    // ---- CleverTap -----------------------------------------------------------------------------------------------------
    CleverTap:: {
    CleverTapCredentials = "clevertap_credentials" {
        "CleverTap does not know this account and passcode",
        "CleverTap answers a wrong region exactly as it answers a wrong passcode, so either may be the cause. Compare the region[ {region}] and the Account ID[ {account_id}] with the dashboard's address, and take a passcode from Settings, Passcodes: the account token beside it does not serve.",
        You, NotByItself }
    CleverTapForbidden = "clevertap_forbidden" {
        "CleverTap does not allow this",
        "The account[ {account_id}] is known, and may not upload. Its administrator can say why.",
        CleverTapAdmin, NotByItself }
    CleverTapCrowded = "clevertap_crowded" {
        "CleverTap has too many calls from this account at once",
        "An account may have 15 in flight, all its senders together. Others are sending too, or sent a moment ago.",
        CleverTap, MaySucceedLater }
    CleverTapNotUnderstood = "clevertap_not_understood" {
        "CleverTap did not understand a record",
        "It refused the call as a whole, with status {status}, and gave no record as the cause.",
        Tapline, NotByItself }
    CleverTapDown = "clevertap_down" {
        "CleverTap has trouble of its own",
        "It answered with status {status}. That passes, mostly within minutes.",
        CleverTap, MaySucceedLater }
    CleverTapUnexpected = "clevertap_unexpected" {
        "CleverTap answered with something that Tapline does not know",
        "Its status was {status}. Nothing more was sent.",
        CleverTap, NotByItself }
    CleverTapTestOdd = "clevertap_test_odd" {
        "CleverTap did not answer the test as expected",
        "The test sends a record that CleverTap must refuse with code 523, and it answered something else. So it is not certain that the passcode was read.",
        CleverTap, MaySucceedLater }
    }
    // ---- the store -----------------------------------------------------------------------------------------------
    ThisMachine:: {
    StoreFolder = "store_folder" {
        "Tapline cannot use its folder",
        "The folder[ {path}] must be yours, and writable.[ The system says: {detail}.]",
        You, NotByItself }
    StoreNewer = "store_newer" {
        "This store was written by a newer Tapline",
        "The store has version {version}, and this Tapline knows up to {expected}. Nothing was touched. Install the newer Tapline again.",
        You, NotByItself }
    StoreBelongsElsewhere = "store_belongs_elsewhere" {
        "This store belongs elsewhere",
        "It belongs to {found} and was opened for {expected}. Real connections and sandboxes never share a store.",
        You, NotByItself }
    StoreDamaged = "store_damaged" {
        "The store is damaged",
        "Something stands in it that Tapline never writes[: {detail}]. Nothing was changed. Put a copy of the store back: one is kept beside it before each upgrade.",
        You, NotByItself }
    StoreBusy = "store_busy" {
        "Another Tapline is writing to the store",
        "Its work takes longer than usual. Try again in a moment.",
        You, MaySucceedLater }
    StoreFailed = "store_failed" {
        "The store did not do as it was told",
        "This should not happen, and nothing you did caused it.[ {detail}]",
        Tapline, NotByItself }
    DiskFull = "disk_full" {
        "The disk is full",
        "Nothing more can be kept, so nothing more is sent. Free some space, then go on.",
        You, MaySucceedLater }
    ImportsInTheWay = "imports_in_the_way" {
        "Imports use this",
        "{count} of them can still run, or are running. Stop them first.",
        You, NotByItself }
    ImportRunning = "import_running" {
        "{name} is running already",
        "An import runs once at a time, in whichever window or terminal it was started.",
        You, MaySucceedLater }
    RunNotResumable = "run_not_resumable" {
        "This run cannot be resumed",
        "A run is resumed where it was paused, stopped, interrupted or failed, as long as it is its import's last, the import was not stopped, and it still has the same database and account. Run the import anew instead.",
        You, NotByItself }
    ImportNotFromHere = "import_not_from_here" {
        "An import that is {status} cannot be {expected}",
        "Its state has to change first: save a draft to make it Ready, wait for a run to end.",
        You, NotByItself }
    }
    // ---- the keychain --------------------------------------------------------------------------------------------
    ThisMachine:: {
    KeychainNoService = "keychain_no_service" {
        "This computer has no keychain",
        "Tapline keeps keys and passcodes in the system's keychain and nowhere else, and none answers here. Install one, log in again, and go on: what you typed is still here.[ On this system: {suggestion}.][ The system says: {detail}.]",
        You, NotByItself }
    KeychainNoKeyring = "keychain_no_keyring" {
        "The keychain has no keyring yet",
        "It is running, and has nowhere to put a secret. Open Passwords and Keys (Seahorse), make a password keyring, set it as default, and go on.",
        You, NotByItself }
    KeychainLocked = "keychain_locked" {
        "The keychain is locked",
        "Unlock it with your login password, and go on. A run that nobody watches never waits for that.",
        You, MaySucceedLater }
    KeychainRefused = "keychain_refused" {
        "The keychain did not let Tapline in",
        "Its question was dismissed, or the system said no.[ It says: {detail}.]",
        You, NotByItself }
    KeychainTimedOut = "keychain_timed_out" {
        "The keychain did not answer",
        "It may be waiting for its password, in a window behind this one.",
        You, MaySucceedLater }
    KeychainForgetful = "keychain_forgetful" {
        "The keychain does not keep what it is given",
        "A secret that was written could not be read back as it was. Look at the keychain with the system's own tool.",
        You, NotByItself }
    KeychainFailed = "keychain_failed" {
        "The keychain failed",
        "[It says: {detail}.]",
        You, MaySucceedLater }
    SecretTooLong = "secret_too_long" {
        "This is too long for a keychain",
        "It has {bytes} bytes; keychains take {limit}. A key of 2048 or 4096 bits fits.",
        You, NotByItself }
    SecretMissing = "secret_missing" {
        "The secret is no longer in the keychain",
        "Somebody or something removed it. Add it again: a key under its connection, a passcode under its account.",
        You, NotByItself }
    SecretNotGone = "secret_not_gone" {
        "The keychain still holds the secret",
        "It was deleted and is still there. Remove it with the system's own tool; Tapline tries again at its next start.",
        You, MaySucceedLater }
    }
    // ---- this computer -------------------------------------------------------------------------------------------
    ThisMachine:: {
    Internal = "internal" {
        "Tapline made a mistake",
        "This should not happen, and nothing you did caused it.[ {detail}]",
        Tapline, NotByItself }
    NotThere = "not_there" {
        "This is no longer there",
        "It was deleted, or belongs to another store.[ {name}]",
        You, NotByItself }
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::Fact;
    use super::CATALOGUE;
    use std::collections::BTreeSet;

    #[test]
    fn every_entry_has_words_and_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for entry in CATALOGUE {
            assert!(
                !entry.title.is_empty() && !entry.explanation.is_empty(),
                "{:?} has no words",
                entry.code
            );
            assert!(
                !entry.title.ends_with('.'),
                "{:?}: a title is no sentence with a full stop",
                entry.code
            );
            assert!(names.insert(entry.code.as_str()), "{:?} shares its name", entry.code);
        }
    }

    #[test]
    fn entries_stand_where_their_codes_say() {
        for (place, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(
                entry.code as usize, place,
                "{:?} would be shown with another's words",
                entry.code
            );
        }
    }

    /// What the words may name besides facts: it follows from one.
    const DERIVED: [&str; 3] = ["role_title", "role_lets", "home_project"];

    #[test]
    fn words_name_only_facts_that_exist() {
        for entry in CATALOGUE {
            let commands = entry.commands.iter();
            let remedies = commands.flat_map(|command| [Some(command.template), command.does].into_iter().flatten());
            let words = [entry.title, entry.explanation, entry.who.words()].into_iter();
            for template in words.chain(remedies).chain(entry.console.iter().copied()) {
                for name in template.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                    assert!(
                        DERIVED.contains(&name) || Fact::ALL.iter().any(|fact| fact.as_str() == name),
                        "{:?} names {{{name}}}, which no room states",
                        entry.code
                    );
                }
            }
        }
    }
}
