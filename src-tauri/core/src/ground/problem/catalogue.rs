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
    /// Nothing has to be mended.
    Nobody,
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
            Self::Nobody => "Nobody: nothing is wrong here",
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
    ($($voice:ident :: { $($variant:ident = $name:literal { $title:literal, $explanation:literal, $who:ident, $retry:ident $(, by $remedy:ident)? $(, at $page:ident)? })* })*) => {
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
            commands: chosen!($(remedies::$remedy)?),
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
        "The signature does not match a key that Google knows for {member|the account}. The key[ …{key_id_tail}] was deleted, disabled or replaced, or the file mixes two accounts. Make a new key and bring it here.",
        ProjectAdmin, NotByItself, by MAKE_KEY, at SERVICE_ACCOUNTS }
    AccountNotFound = "account_not_found" {
        "Google does not know this service account",
        "{member|The account} was deleted, or else disabled, or its project was: Google answers the same to all three. Look for it in Google's console under IAM, Service accounts.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    AccountDisabled = "account_disabled" {
        "This service account is switched off",
        "{member|The account} exists, and somebody disabled it, or the key that it signed with.",
        ProjectAdmin, NotByItself, by SWITCH_ACCOUNT_ON, at SERVICE_ACCOUNTS }
    AccountUnauthorized = "account_unauthorized" {
        "This account may not stand for somebody else",
        "{member|The account} asked in another person's name, and the Workspace administrator has not allowed it that, or not for what it asked. Tapline asks in nobody's name but the account's own.",
        OrganisationAdmin, NotByItself, at POLICIES }
    SubjectUnknown = "subject_unknown" {
        "There is nobody to stand for under that address",
        "{member|The account} asked in the name of a person whom Google does not know. Tapline asks in nobody's name but the account's own.",
        You, NotByItself }
    SignInForbidden = "sign_in_forbidden" {
        "The organisation lets this account get no token",
        "A rule of the organisation keeps {member|the account} from signing in to this.[ Google's reason is {reason}.]",
        OrganisationAdmin, NotByItself, at POLICIES }
    SignInEnded = "sign_in_ended" {
        "A person's sign-in has ended",
        "This was no service-account key but somebody's own sign-in, and it was revoked or ran out. Use a service-account key, which does not run out with a person's session.",
        You, NotByItself }
    ClockWrong = "clock_wrong" {
        "This computer's clock is wrong",
        "Google takes a signature only near the time at which it was made.[ This clock is {found}.] Set the date, time and time zone, and try again.",
        You, NotByItself }
    ScopeRefused = "scope_refused" {
        "Google does not know the scope that was asked for",
        "The token was asked for something that is written wrongly or that Google does not offer. What is asked for stands in the program, so the key is not to blame.",
        Tapline, NotByItself }
    TokenRequestWrong = "token_request_wrong" {
        "Google could not read the request for a token",
        "Its form or its addressee is wrong, before any key was looked at.[ Google's reason is {reason}.] The program that asked is to blame, or something that changed the request on its way.",
        Tapline, NotByItself }
    GrantRefused = "grant_refused" {
        "Google refused the key and did not say why",
        "Most often this computer's clock is off, so look at its date, time and time zone first. The key[ …{key_id_tail}] may have been deleted or replaced instead, or {member|the account} deleted or disabled: an administrator sees that in Google's console under IAM, Service accounts.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    TokenRefused = "token_refused" {
        "Google refused the key",
        "It gave a reason that is not known here[: {reason}], with status {status|none}. What Google said stands below.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    AuthorizationMissing = "authorization_missing" {
        "The request arrived without its token",
        "Google saw no Authorization header at all. Something on the way, mostly a proxy or a security program, takes that header off. Ask for {host|Google's hosts} to be let through as it is.",
        NetworkAdmin, NotByItself }
    TokenNotTaken = "token_not_taken" {
        "Google does not take the token",
        "{member|The account} has a token, and it was refused: it ran out, or the account was disabled or its key deleted since. If a new token is refused too, look at the account.",
        ProjectAdmin, NotByItself, at SERVICE_ACCOUNTS }
    ScopeInsufficient = "scope_insufficient" {
        "The token is not meant for this",
        "The token was asked for less than this call needs, so no role will help. It must be asked with the scope https://www.googleapis.com/auth/bigquery or cloud-platform.",
        Tapline, NotByItself }
    GoogleBusy = "google_busy" {
        "Google is out of order for a moment",
        "{host|Google} answered with status {status|of trouble}. This is Google's side, and it often passes within a minute.",
        Google, MaySucceedLater }
    }

    // ---- the project, the account and its keys ---------------------------------------------------------------------
    Google:: {
    ApiDisabled = "api_disabled" {
        "The API {service} is switched off[ in the project {project}]",
        "Every Google service is enabled for each project by itself, and this one is not. Switching it on takes a few minutes to show.[ Or open {activation_url}]",
        ProjectAdmin, NotByItself, by SWITCH_SERVICE_ON, at SERVICE }
    ProjectNotFound = "project_not_found" {
        "Google shows no project {project|of that name}",
        "Either there is no such project, or no longer, or {member|the account} has no role in it: Google answers the same. Look at the project ID first, then at the roles.",
        ProjectAdmin, NotByItself, at PROJECTS }
    ProjectWithoutBigquery = "project_without_bigquery" {
        "{project} is no project, or has no BigQuery",
        "Google answers the same to both. BigQuery reads the first of three parts of a table's name as the project: where {project} is a dataset, write only dataset.table. Where it is a project, an administrator can switch on {service} in it.",
        You, NotByItself }
    ProjectHidden = "project_hidden" {
        "Nothing is known of the project {project|that was named}",
        "Google shows {member|the account} nothing of it. Either the account has no role in it, or there is no such project: Google answers the same to both. Tapline itself does without[ {permission}].",
        ProjectAdmin, NotByItself, at PROJECTS }
    ProjectSuspended = "project_suspended" {
        "The project {project|that was asked} is suspended",
        "Google stopped it, for billing or for breaking its rules. Its owner has been told why.",
        ProjectAdmin, NotByItself, at PROJECT }
    ProjectDeleted = "project_deleted" {
        "The project {project|that was asked} is being deleted",
        "Somebody shut it down. For 30 days an owner can bring it back, with all that is in it.",
        ProjectAdmin, NotByItself, by UNDELETE_PROJECT, at PROJECTS }
    BillingDisabled = "billing_disabled" {
        "The project {project|that was asked} has no billing",
        "It has no billing account, or a closed one, and Google wants one for this. Link one in Google's console under Billing.",
        ProjectAdmin, NotByItself, at BILLING }
    BillingNotEnabled = "billing_not_enabled" {
        "The project {project|that was asked} is a sandbox without billing",
        "Google's free sandbox reads, and does not change tables. Link a billing account in Google's console under Billing.",
        ProjectAdmin, NotByItself, at BILLING }
    ServiceUseDenied = "service_use_denied" {
        "This key may not use services of the project {project|that pays}",
        "{member|The account} lacks {permission} there, so no call can be charged to it. The role Service Usage Consumer holds the right.",
        ProjectAdmin, NotByItself, by GRANT_ON_PROJECT, at IAM }
    ServiceEnableDenied = "service_enable_denied" {
        "Nobody here may switch on {service}[ in {project}]",
        "{permission} is missing. Somebody with the role Service Usage Admin, an editor or an owner of the project can do it.",
        ProjectAdmin, NotByItself, by SWITCH_SERVICE_ON, at SERVICE }
    ServiceUnknown = "service_unknown" {
        "Google shows no service {service|of that name}",
        "Either its name is written wrongly, or it is not offered to this account: Google answers the same to both.",
        You, NotByItself }
    KeysCreateDenied = "keys_create_denied" {
        "Nobody here may make keys for {member|this service account}",
        "{permission} is missing. Somebody with the role Service Account Key Admin can make the key and pass it on.",
        ProjectAdmin, NotByItself, by MAKE_KEY, at SERVICE_ACCOUNTS }
    KeysForbidden = "keys_forbidden" {
        "Your organisation forbids keys of service accounts",
        "The rule {constraint} stops everybody, owners too: no role mends that. Its administrator can make an exception for this project, or offer another way to sign in.",
        OrganisationAdmin, NotByItself, by ALLOW_KEYS, at POLICIES }
    TooManyKeys = "too_many_keys" {
        "The service account has as many keys as it may",
        "Google allows {member|an account} ten. Delete one that is no longer used, then make the new one. Seldom the same bare answer means that the account itself is disabled.",
        ProjectAdmin, NotByItself, by LIST_KEYS, at SERVICE_ACCOUNTS }
    OrganisationPolicy = "organisation_policy" {
        "A rule of your organisation forbids this",
        "[The rule is {constraint}. ]It holds for everybody in it, so no role mends that. An administrator of the organisation can say why, and make an exception.",
        OrganisationAdmin, NotByItself, at POLICIES }
    KeyMayMore = "key_may_more" {
        "This key may do more in {project} than an import needs",
        "Nothing failed, and imports work as it is. {member} may {detail}: Google says that it holds {permission} on the whole project. An import needs to run queries in {billing_project} and to read the dataset {dataset}, some to write there too, so a key that may do less does less harm when it gets lost. Google does not say which role gives the right; most likely it is {role_title}.",
        ProjectAdmin, NotByItself, by NARROW, at IAM }
    VpcPerimeter = "vpc_perimeter" {
        "A security perimeter of your organisation blocks this",
        "VPC Service Controls refused the request from this network. No role mends that.[ Give your administrator this identifier: {unique_identifier}]",
        OrganisationAdmin, NotByItself, at PERIMETERS }
    DenyPolicy = "deny_policy" {
        "A deny policy takes this right away",
        "Whatever roles {member|the account} has, a deny policy comes before them[ and forbids {permission}]. Granting more does not help: the policy needs an exception.",
        OrganisationAdmin, NotByItself, at IAM }
    AccessBoundary = "access_boundary" {
        "This account is fenced in",
        "A principal access boundary keeps {member|the account} from {resource|this resource}, whatever roles it has there. The boundary's administrator must add the resource to it.",
        OrganisationAdmin, NotByItself, at IAM }
    RightsPerhapsOnDataset = "rights_perhaps_on_dataset" {
        "The project as a whole does not give these rights, and need not",
        "{permission} can be held on the dataset alone, and that is the better way. Whether it is, the dataset itself tells.",
        Nobody, NotByItself }
    PermissionUnknown = "permission_unknown" {
        "Google knows no such right for a project",
        "[{permission} was asked about. ]The name is written wrongly, or belongs to another kind of thing, and Google refused the whole question.",
        Tapline, NotByItself }
    NothingWrong = "nothing_wrong" {
        "This answer reports nothing wrong",
        "It is a success, and whole. If something still does not work, the cause is in another answer.",
        Nobody, NotByItself }
    }

    // ---- BigQuery refuses ------------------------------------------------------------------------------------------
    Google:: {
    DatasetNotFound = "dataset_not_found" {
        "There is no dataset[ {dataset}][ in the project {project}]",
        "Google looked and found none. Look at the spelling: upper and lower case differ.[ Did you mean {meant}?]",
        You, NotByItself, at DATASETS }
    DatasetElsewhere = "dataset_elsewhere" {
        "The dataset[ {dataset}] is in {dataset_location}[, not in {location}]",
        "A query runs where its data is. Leave the location empty, or set it to {dataset_location}. Where the dataset was moved, test the connection again.",
        You, NotByItself, at DATASET }
    DatasetNotInLocation = "dataset_not_in_location" {
        "The dataset[ {dataset}] was not found in {location|that place}",
        "The query ran[ in {location}] where the dataset is not. Either it is elsewhere, or there is none of that name.",
        You, NotByItself, at DATASETS }
    TableNotFound = "table_not_found" {
        "There is no table[ {table}][ in {dataset}][ of the project {project}]",
        "It was deleted or renamed, or the name is spelled otherwise.[ Did you mean {meant}?]",
        You, NotByItself, at DATASET }
    TableNotInLocation = "table_not_in_location" {
        "The table[ {table}] was not found in {location|that place}",
        "The query ran[ in {location}] where the table is not. Either it is elsewhere, or there is none of that name.[ Did you mean {meant}?]",
        You, NotByItself, at DATASET }
    ThingNotFound = "thing_not_found" {
        "There is no {found|such thing}[ {name}]",
        "The query or table refers to it, and Google found none. It was deleted or renamed, or the name is spelled otherwise.",
        You, NotByItself }
    ResultGone = "result_gone" {
        "The result is no longer there",
        "BigQuery keeps the result of a query for about a day. Run the query again.",
        You, NotByItself }
    JobNotFound = "job_not_found" {
        "BigQuery does not know the query job",
        "The job[ {job}] was not found[ in the project {project}][ in {location}]. Outside the US and EU it is found only in the place where it ran; and BigQuery keeps jobs for six months and their results for a day.",
        You, NotByItself, at JOBS }
    JobsCreateDenied = "jobs_create_denied" {
        "This key may not run queries in {billing_project|the project that pays}",
        "Queries run for {member|the account} in the project that pays for them, and {permission} is missing there. The role BigQuery Job User holds it. If the project's ID is mistyped, Google answers the same. A role that was just granted takes a few minutes to show.",
        ProjectAdmin, NotByItself, by GRANT_ON_BILLING_PROJECT, at BILLING_IAM }
    DatasetGetDenied = "dataset_get_denied" {
        "The dataset[ {dataset}] is hidden from this key, or there is none",
        "Google does not tell which: {member|the account} lacks {permission} on {resource|it}. Look at the spelling first. The role BigQuery Data Viewer on the dataset holds the right; a role that was just granted takes a few minutes to show.[ Did you mean {meant}?]",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    TablesListDenied = "tables_list_denied" {
        "This key may not list the tables[ of {dataset}][ in {project}]",
        "{member|The account} lacks {permission} on {resource|the dataset}, or there is no such dataset: Google answers the same to both. An import can still name a table. The role BigQuery Data Viewer on the dataset holds the right.",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    TablesGetDenied = "tables_get_denied" {
        "This key may not see what columns[ {table}] has",
        "{member|The account} lacks {permission} on {resource|the table}, or the table does not exist: Google answers the same to both. The role BigQuery Data Viewer on the dataset holds the right.[ Did you mean {meant}?]",
        DatasetOwner, NotByItself, by GRANT_ON_TABLE, at TABLE }
    TablesGetDataDenied = "tables_get_data_denied" {
        "This key may not read rows[ of {table}]",
        "{member|The account} lacks {permission} on {resource|the table}, or the table does not exist: Google answers the same to both. The role BigQuery Data Viewer on the dataset holds the right.[ Did you mean {meant}?]",
        DatasetOwner, NotByItself, by GRANT_ON_TABLE, at TABLE }
    WriteDenied = "write_denied" {
        "This key may not write[ to {dataset}][ in {project}]",
        "{member|The account} lacks {permission} on {resource|the dataset}. Reading needs no right to write; what Tapline keeps in the dataset does: what was sent to be compared with, or the result of a paused run. The role BigQuery Data Editor on the dataset holds it.",
        DatasetOwner, NotByItself, by GRANT_ON_DATASET, at DATASET }
    ReadSessionDenied = "read_session_denied" {
        "This key may not use the fast reading lane[ of {billing_project}]",
        "{member|The account} lacks {permission}[ in the project {billing_project}]; neither Job User nor Data Editor holds it. Reading works without, more slowly. The role BigQuery Read Session User holds it.",
        ProjectAdmin, NotByItself, by GRANT_ON_BILLING_PROJECT, at BILLING_IAM }
    ConnectionUseDenied = "connection_use_denied" {
        "This key may not use the connection[ {connection}] behind the table",
        "The table's rows lie outside BigQuery, and {member|the account} lacks {permission} on the connection to them. It cannot be granted on a dataset. The role BigQuery Connection User on the connection holds it.",
        ProjectAdmin, NotByItself, by GRANT_ON_CONNECTION, at CONNECTIONS }
    FilesDenied = "files_denied" {
        "This key may not read the files behind the table",
        "The table's rows lie in Cloud Storage, or in Google Drive, and {member|the account} may not read them there[: {permission} is missing]. Grant Storage Object Viewer on the bucket[ {bucket}], or share the file in Drive with the account.",
        DatasetOwner, NotByItself, by GRANT_ON_BUCKET, at TABLE }
    DriveDenied = "drive_denied" {
        "The table is a Google sheet that this key cannot open",
        "Share the file in Google Drive with {member|the service account}, as with a person. It is shared already where the token lacks the Drive scope, which Tapline does not ask for: then copy the sheet into a table of BigQuery's own. No command shares a file in Drive: its owner does, under Share.",
        DatasetOwner, NotByItself }
    UpstreamDenied = "upstream_denied" {
        "The database behind the table says no",
        "BigQuery asked another database through a connection, and there the connection's own user may not read[ {name}]. No role in Google mends that: that database's administrator grants it.",
        DatasetOwner, NotByItself }
    UpstreamUnreachable = "upstream_unreachable" {
        "BigQuery cannot reach the database behind the table",
        "The table's rows lie in another database, and the connection to it did not come about.[ It was told: {detail}.] Whoever runs that database can see why.",
        DatasetOwner, MaySucceedLater, at TABLE }
    RowPolicyDenied = "row_policy_denied" {
        "Row access policies keep this key from all of[ {table}]",
        "The table shows each account only the rows that a policy grants it, and this needs all of them. Whoever owns the table can name {member|the account} in a policy that grants every row. A query reads what the policies show.",
        DatasetOwner, NotByItself, by GRANT_ALL_ROWS, at TABLE }
    PolicyTagDenied = "policy_tag_denied" {
        "A policy tag keeps this key from a column",
        "[The column is {column}. ][The tag is {policy_tag}. ]Roles on the dataset do not open it: {member|the account} needs Fine-Grained Reader on the tag, which an administrator of policy tags gives. Or leave the column out.",
        ProjectAdmin, NotByItself, by GRANT_ON_POLICY_TAG, at POLICY_TAGS }
    EncryptionKeyDenied = "encryption_key_denied" {
        "BigQuery may not use the encryption key of this table",
        "The table is encrypted with your organisation's own key[ {encryption_key}], and {service_agent|BigQuery's own service account} may not use it. It is that account that needs the right, not the one in this connection.",
        ProjectAdmin, NotByItself, by GRANT_ENCRYPTION, at ENCRYPTION_KEYS }
    EncryptionKeyNeeded = "encryption_key_needed" {
        "Queries in {project|this project} need an encryption key of your own",
        "A rule of your organisation wants the result of each query encrypted by a key of Cloud KMS, and the project names none. An administrator can set one for the whole project, as default_kms_key_name of its location.",
        ProjectAdmin, NotByItself, at ENCRYPTION_KEYS }
    EncryptionKeyOff = "encryption_key_off" {
        "The encryption key of this table is switched off",
        "The table is encrypted with your organisation's own key[ {encryption_key}], and that key is disabled or destroyed. Until it is enabled again nobody can read the table.",
        ProjectAdmin, NotByItself, at ENCRYPTION_KEYS }
    JobOfOther = "job_of_other" {
        "The query job belongs to another account",
        "{member|The account} may look at its own jobs only, and {permission} is missing on {resource|it}. Was the key replaced by one of another account?",
        You, NotByItself, at JOBS }
    PermissionDenied = "permission_denied" {
        "{permission} is missing",
        "{member|The account} lacks it on {resource|what was asked for}. Somebody who may grant roles there can add one that holds it.",
        ProjectAdmin, NotByItself, by GRANT_ON_PROJECT, at IAM }
    AccessDenied = "access_denied" {
        "Google does not let this key do that",
        "{member|The account} was refused[ on {resource}], and Google does not say which right is missing. What it said stands below.",
        ProjectAdmin, NotByItself, at IAM }
    AlreadyThere = "already_there" {
        "There is one of that name already",
        "Google makes nothing twice. A query job of this name was started before, and can be waited for.",
        You, NotByItself }
    TableBusy = "table_busy" {
        "The table is in use",
        "Another Google service is at work on it. That passes by itself.",
        Google, MaySucceedLater }
    ConcurrentUpdate = "concurrent_update" {
        "The table[ {table}] was changed by somebody else at the same time",
        "Of two that write to one table at once BigQuery lets one through. Nothing was written by this one, and the same again may succeed.",
        You, MaySucceedLater }
    Blocked = "blocked" {
        "Google has blocked this for now",
        "BigQuery stopped this kind of call for the project {project|that was asked}, mostly after many of them in a short time. Google's support can say why.",
        Google, NotByItself }
    CustomQuotaExceeded = "custom_quota_exceeded" {
        "The day's allowance for queries is used up",
        "An administrator of the project {project|that pays} set a limit of its own[, {quota}]. It starts anew {resets|at midnight, Pacific time}; trying again before is of no use. The administrator can raise it.",
        ProjectAdmin, NotByItself, at QUOTAS }
    FreeQuotaExceeded = "free_quota_exceeded" {
        "The free allowance for queries is used up",
        "A project without billing may read 1 TiB a month. It starts anew {resets|next month}. Linking a billing account lifts the limit at once.",
        ProjectAdmin, NotByItself, at BILLING }
    QuotaExceeded = "quota_exceeded" {
        "A quota of the project {project|that was asked} is used up",
        "Google allows no more[ of {quota}] until it starts anew {resets|at midnight, Pacific time}, or until it is raised in Google's console under Quotas.",
        ProjectAdmin, NotByItself, at QUOTAS }
    RateLimited = "rate_limited" {
        "Google asks to go slower",
        "Too many requests came in a short time. It passes within a minute.",
        Google, MaySucceedLater }
    NoSlots = "no_slots" {
        "The project has no slots to run queries with",
        "The project {project|that pays} is on an edition of BigQuery, and no reservation is set up for it[ in {location}]. An administrator assigns one, or goes back to on-demand.",
        ProjectAdmin, NotByItself, at RESERVATIONS }
    ResponseTooLarge = "response_too_large" {
        "The result is too large for BigQuery to hand out",
        "Take fewer columns, or fewer rows. Or resume the run: its result then goes to a table of the dataset that expires by itself, for which the query runs a second time.",
        You, NotByItself }
    ResourcesExceeded = "resources_exceeded" {
        "The query is too heavy for BigQuery",
        "It ran out of memory or processor time. Sorting, joining or grouping less in one go helps.",
        You, NotByItself }
    BytesCapExceeded = "bytes_cap_exceeded" {
        "The query would bill more than the cap",
        "[It needs {bytes} bytes. ][The cap is {limit}. ]Nothing ran. Raise the cap under Advanced, or read less.",
        You, NotByItself }
    QueryTooLong = "query_too_long" {
        "The query's text is too long",
        "BigQuery takes a megabyte of it at most. Name fewer columns or values in it, or read them from a table.",
        You, NotByItself }
    QueryTimedOut = "query_timed_out" {
        "The query ran out of time",
        "BigQuery stopped it[ after {limit}]. It would take as long again: read less, or filter earlier.",
        You, NotByItself }
    QueryInvalid = "query_invalid" {
        "BigQuery does not understand the query",
        "[At {position}: ]{detail|The words that it gave stand below}.",
        You, NotByItself }
    ColumnGone = "column_gone" {
        "There is no column {column}",
        "The query names it[ at {position}], and what it reads from has none. It was renamed or removed, or is spelled otherwise.[ Did you mean {suggestion}?]",
        You, NotByItself }
    QueryColumnAmbiguous = "query_column_ambiguous" {
        "{column} could be several columns",
        "More than one of the tables has it.[ The place is {position}.] Write the table's name in front, as in t.{column}.",
        You, NotByItself }
    QueryColumnTwice = "query_column_twice" {
        "Two columns of the result share a name",
        "[Both are called {column}. ]Give one of them another with AS.",
        You, NotByItself }
    QueryValueUnfit = "query_value_unfit" {
        "One value in the data stops the whole query",
        "BigQuery says: {detail}. SAFE_CAST and SAFE_DIVIDE give NULL for such a value instead.",
        You, NotByItself }
    ViewBroken = "view_broken" {
        "The view {view} no longer works",
        "Its own text is wrong by now, whoever reads it.[ At {position}: ][{detail}.] What it reads from was changed or removed; its owner has to mend it.",
        DatasetOwner, NotByItself, at DATASET }
    PartitionFilterNeeded = "partition_filter_needed" {
        "The table[ {table}] is read only with a filter",
        "Its owner asks every query to say which part it wants, by a condition on {column|the column that it is partitioned by}. Add one with WHERE.",
        You, NotByItself }
    TableUnqualified = "table_unqualified" {
        "The query does not say where {name|its table} is",
        "Write the dataset in front of the table, as in dataset.table.[ The place is {position}.]",
        You, NotByItself }
    TableHasNoRows = "table_has_no_rows" {
        "This is a {found|VIEW}, which holds no rows itself",
        "Rows can be listed of plain tables alone. A query reads it.",
        You, NotByItself }
    UpsertsPending = "upserts_pending" {
        "Changes to the table[ {table}] are still on their way",
        "It is fed with changes that BigQuery has not merged in yet, so it cannot be read as it lies. A query reads it; or wait until they are merged.",
        You, MaySucceedLater }
    LocationsMixed = "locations_mixed" {
        "The query's data lies in different places",
        "BigQuery reads and writes within one location in a query. {detail}.",
        You, NotByItself }
    LocationUnknown = "location_unknown" {
        "BigQuery has no location {location|of that name}",
        "It is spelled wrongly, or does not offer this. Locations are names such as EU, US or europe-west1; leave it empty to use the dataset's own.",
        You, NotByItself }
    NameRefused = "name_refused" {
        "BigQuery does not take this {name} ID",
        "[It was given {found}. ]Datasets have letters, digits and underscores; projects have lower-case letters, digits and hyphens.",
        You, NotByItself }
    JobStopped = "job_stopped" {
        "The query job was cancelled",
        "Somebody stopped it, here or in Google's console.",
        You, NotByItself }
    QuerySlow = "query_slow" {
        "The query is not done yet",
        "It was still running when the time to wait for it was over. It may be done soon; fewer rows or a simpler query are done sooner.",
        You, MaySucceedLater }
    RequestWrong = "request_wrong" {
        "Google could not read what it was asked",
        "The request came in another form than Google reads, before any right or name was looked at.[ Google says: {detail}.] The program that asked is to blame, or something that changed the request on its way.",
        Tapline, NotByItself }
    GoogleRefused = "google_refused" {
        "Google refused, and why is not known here",
        "The answer has status {status|of no success}[ and the reason {reason}]. What Google said stands below, whole.",
        ProjectAdmin, NotByItself }
    }

    // ---- the test of a connection ----------------------------------------------------------------------------------
    Network:: {
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
    PastedUnread = "pasted_unread" {
        "What was pasted could not be read",
        "{field}: {found}[; needed is {expected}].[ It stops making sense at {position}.]",
        You, NotByItself }
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
    SecondCost = "second_cost" {
        "BigQuery has to run the query a second time",
        "Its result was too large for BigQuery to keep by itself. Going on lets the result go to a table of the dataset that expires after seven days[, and BigQuery bills at most {bytes} bytes for it]. Say yes to that to go on.",
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
        "The name servers of this network say that there is no such name, and there is. They block it, or this computer is not on the network that it should be on.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    NetNameUnanswered = "net_name_unanswered" {
        "No name server answers",
        "This computer asked where {host} is, and heard nothing in time. It seems to be offline; or else its network's name servers are down.[ The system says: {detail}.]",
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
        "No connection came about in time. A firewall may be dropping the packets, or the network is very slow. Nothing was sent.",
        NetworkAdmin, MaySucceedLater }
    NetAnswerTimeout = "net_answer_timeout" {
        "{host} did not answer in time",
        "The connection was made and the question asked, and then nothing came back. Try again; if it stays so, the network may be holding the answer.",
        NetworkAdmin, MaySucceedLater }
    NetBodyTimeout = "net_body_timeout" {
        "The answer of {host} stopped half-way",
        "It began to come, and then nothing more came in time. The network is very slow, or something on the way holds long answers back.",
        NetworkAdmin, MaySucceedLater }
    NetReset = "net_reset" {
        "The connection to {host} was broken off by force",
        "It was made, and something reset it before an answer came: a firewall that looks into connections, a VPN that went away, or the host itself.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    NetCut = "net_cut" {
        "The connection to {host} ended without an answer",
        "It was made and the question asked, and then the other side hung up.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    NetTruncated = "net_truncated" {
        "The answer of {host} broke off",
        "Its beginning arrived and its end did not, so none of it is used. The connection was cut on the way, or a text that was pasted is not whole.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    TlsUntrusted = "tls_untrusted" {
        "The certificate of {host} is not trusted",
        "[It was signed by {issuer}. ]If your organisation opens encrypted traffic, get its certificate authority as a PEM file from whoever runs the network, and name that file under Settings, Network, or in TAPLINE_CA. If not, somebody may be in between. Nothing was sent.",
        NetworkAdmin, NotByItself }
    TlsExpired = "tls_expired" {
        "The certificate of {host} is no longer valid",
        "[It ran out at {valid_until}, and this computer's clock says {clock}. ]Either this computer's clock is ahead, or whoever signed the certificate let it run out: a program that opens encrypted traffic, mostly. Look at the clock first.",
        You, NotByItself }
    TlsNotYetValid = "tls_not_yet_valid" {
        "The certificate of {host} is not valid yet",
        "[It begins at {valid_from}, and this computer's clock says {clock}. ]This computer's clock is behind. Set the date, time and time zone, and try again.",
        You, NotByItself }
    TlsForOther = "tls_for_other" {
        "The certificate belongs to another host than {host}",
        "[It is for {found}. ]The network sends you elsewhere: a sign-in page, a filter, or a wrong entry in DNS. Nothing was sent.",
        NetworkAdmin, NotByItself }
    TlsRevoked = "tls_revoked" {
        "The certificate of {host} was revoked",
        "Whoever signed it has called it back. Neither Google nor CleverTap uses such a certificate for long: something in between may be. Nothing was sent.",
        NetworkAdmin, NotByItself }
    TlsTimeout = "tls_timeout" {
        "{host} picked up and said nothing",
        "A connection came about, and its handshake never ended. A firewall or proxy that looks into encrypted connections does this to hosts that it does not allow. Nothing was sent.",
        NetworkAdmin, MaySucceedLater }
    TlsCut = "tls_cut" {
        "{host} hung up during the handshake",
        "A connection came about, and was broken off as soon as the host's name was told. A firewall that filters by name does this. Nothing was sent.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    TlsNotSpoken = "tls_not_spoken" {
        "What answers for {host} speaks no TLS",
        "Something else listens there: a sign-in page of this network, or a proxy on the wrong port. Open a browser, or look at the proxy under Settings, Network. Nothing was sent.[ The system says: {detail}.]",
        NetworkAdmin, NotByItself }
    TlsFailed = "tls_failed" {
        "No safe connection to {host}",
        "The two sides did not agree on encryption. Something between them may be too old, or ask for a certificate of this computer's.[ The system says: {detail}.] Nothing was sent.",
        NetworkAdmin, NotByItself }
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
        "Everything goes through the proxy that is set under Settings, Network, or by the system, and no connection to it came about.[ The system says: {detail}.]",
        NetworkAdmin, MaySucceedLater }
    ProxyWantsPassword = "proxy_wants_password" {
        "The proxy[ {proxy}] asks for a name and password",
        "Settings are no place for a password, so Tapline keeps none for a proxy. Start Tapline with HTTPS_PROXY set to http://name:password@host:port, and choose the system's proxy under Settings, Network.",
        NetworkAdmin, NotByItself }
    ProxyRefused = "proxy_refused" {
        "The proxy[ {proxy}] will not connect to {host}",
        "It answered and refused: it does not allow {host}, or cannot reach it either. Ask whoever runs it to allow {host} on port 443.",
        NetworkAdmin, NotByItself }
    NetHtml = "net_html" {
        "A web page came instead of an answer",
        "Something on the way to {host} sent a page of its own[, called “{page_title}”]: a sign-in page of this network, or a filter[ at the proxy {proxy}]. Open a browser, sign in to the network, and try again.",
        NetworkAdmin, NotByItself }
    NetSignIn = "net_sign_in" {
        "This network wants you to sign in",
        "It answered in the place of {host} with status {status}, which says just that. Open a browser, sign in to the network, and try again. Nothing was sent on.",
        You, NotByItself }
    NetPageRefused = "net_page_refused" {
        "A web page refused the request to {host}",
        "It has status {status}[ and is called “{page_title}”][, and says to come from {server}]. {host} itself answers with data, so this was sent by something before it: a filter or proxy of this network[ at {proxy}], or the host's own gate. The request went no further.",
        NetworkAdmin, NotByItself }
    NetHtmlWhileDown = "net_html_while_down" {
        "{host} sent an error page",
        "It has status {status}[ and is called “{page_title}”][, and says to come from {server}]. The host, or something on the way, is out of order. This often passes.",
        NetworkAdmin, MaySucceedLater }
    NetRedirected = "net_redirected" {
        "{host} sends you elsewhere[, to {found}]",
        "Neither Google nor CleverTap redirects these requests. A sign-in page of this network, or a filter, does. The request was not followed.",
        NetworkAdmin, NotByItself }
    NetNotHttp = "net_not_http" {
        "The answer of {host} is no HTTP",
        "A safe connection was made, and what came through it makes no sense.[ The system says: {detail}.] Something that opens encrypted traffic may be broken.",
        NetworkAdmin, MaySucceedLater }
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
    StateGone = "state_gone" {
        "The table of what CleverTap acknowledged is gone",
        "[{name} compares its source with {table}, and it is not there.] Start the import from the beginning to make it anew: every row is then sent again, and events that arrived before will be there twice.",
        You, NotByItself, by RESTART }
    StateOwnedElsewhere = "state_owned_elsewhere" {
        "The table of what CleverTap acknowledged belongs to another Tapline",
        "[{table} was made by the Tapline store {found}.] Two that write to one table would each take the other's rows for sent. Run the import where it was made, or make a new import here.",
        You, NotByItself }
    StateOfOtherMapping = "state_of_other_mapping" {
        "The mapping of {name} has changed",
        "What CleverTap acknowledged was another mapping's, so every row would be sent again, and events that arrived before would be there twice. Start the import from the beginning if that is meant.[ The old table can then go: {statement}]",
        You, NotByItself, by RESTART }
    ComparisonGone = "comparison_gone" {
        "The last run's result has expired, or was changed",
        "What arrived of it was not written down in BigQuery before[, and that may be {count} events]. Start the import from the beginning: every row is then sent again, and events that arrived before will be there twice.",
        You, NotByItself, by RESTART }
    WatermarkElsewhere = "watermark_elsewhere" {
        "{name} reads from elsewhere than it did",
        "Its table, its Updated On column or its account is another one now. How far it had come says nothing of that, so every row would be sent, and events that arrived before would be there twice. Start the import from the beginning if that is meant, or make a new import.",
        You, NotByItself, by RESTART }
    SentColumnGone = "sent_column_gone" {
        "The source no longer has {column}, by which sent events are known",
        "Some events of {name} were sent with it, and can be told from those still to be sent by nothing else: they would be there twice. Give the source the column back with the values that it had, or start the import from the beginning: every row is then sent again, and events that arrived before will be there twice.",
        You, NotByItself, by RESTART }
    ResultChanged = "result_changed" {
        "The result was changed while it was read",
        "[{table} had {expected} rows][ and has {found} now]. Somebody, or something, has written to it, so nobody can say which rows were sent. Run the import again.",
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
    CallsAtOnceUnfit = "calls_at_once_unfit" {
        "An account cannot have so many calls at once",
        "[{found} is not between 1 and {limit}. ]CleverTap refuses more than 15; fewer leave room for whoever else sends to the account.",
        You, NotByItself }
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
    CleverTapAccountUnknown = "clevertap_account_unknown" {
        "CleverTap does not know this account[ in {region}]",
        "An account is known in its own region alone, so either the region[ {region}] or the Account ID[ {account_id}] is wrong; CleverTap answers the same to both. The dashboard's address holds both: https://<region>.dashboard.clevertap.com/<Account ID>.",
        You, NotByItself }
    CleverTapPasscode = "clevertap_passcode" {
        "CleverTap does not take this passcode",
        "It is not a passcode of the account[ {account_id}][ in {region}]: it was mistyped or deleted, or belongs to another project. Take one from the dashboard under Settings, Passcodes: the account token beside it does not serve. If it is right, compare the region with the dashboard's address.",
        You, NotByItself }
    CleverTapCredentials = "clevertap_credentials" {
        "CleverTap does not know this account and passcode",
        "It does not say which is wrong: the passcode, the Account ID[ {account_id}] or the region[ {region}]. Compare the last two with the dashboard's address, and take a passcode from Settings, Passcodes: the account token beside it does not serve.",
        You, NotByItself }
    CleverTapForbidden = "clevertap_forbidden" {
        "CleverTap does not allow this",
        "The account[ {account_id}] is known, and may not upload. Its administrator can say why, or CleverTap's support.",
        CleverTapAdmin, NotByItself }
    CleverTapNotFound = "clevertap_not_found" {
        "CleverTap has nothing at this address",
        "Uploads go to /1/upload on the region's host[, {host}], and that was answered with not found. A proxy that rewrites addresses does this, or a change at CleverTap.",
        Tapline, NotByItself }
    CleverTapMethod = "clevertap_method" {
        "CleverTap was asked in another way than Tapline asks",
        "An upload is a POST, and CleverTap answers that this method is not allowed. A proxy that turns one request into another does this.",
        NetworkAdmin, NotByItself }
    CleverTapConflict = "clevertap_conflict" {
        "CleverTap says that this is there already",
        "It answered with a conflict, which its pages explain as a resource that exists. No upload should meet that. What CleverTap said stands below.",
        CleverTap, NotByItself }
    CleverTapCrowded = "clevertap_crowded" {
        "CleverTap has too many calls from this account at once",
        "An account may have {limit} in flight, all its senders together. Others are sending too, or sent a moment ago. It passes when they are done; Tapline sends fewer at once meanwhile.",
        CleverTapAdmin, MaySucceedLater }
    CleverTapNotUnderstood = "clevertap_not_understood" {
        "CleverTap could not read the call",
        "It refused the call as a whole as malformed, and named no record as the cause: the JSON is broken or has comments in it, or holds no list of at most 1,000 records under d. None of its records was taken.",
        Tapline, NotByItself }
    CleverTapParameter = "clevertap_parameter" {
        "CleverTap refused something in the call",
        "It answered with status {status}, which it uses for a parameter that is missing or wrong, and named no record as the cause. None of its records was taken. What CleverTap said stands below.",
        Tapline, NotByItself }
    CleverTapTooLarge = "clevertap_too_large" {
        "The call was too large",
        "CleverTap, or something before it, takes no call of this size. None of its records was taken. Tapline sends them in smaller calls.",
        Tapline, NotByItself }
    CleverTapSlow = "clevertap_slow" {
        "The call did not reach CleverTap in time",
        "CleverTap, or something before it, waited for the rest of it and gave up. None of its records was taken. A slow line does this.",
        NetworkAdmin, MaySucceedLater }
    CleverTapDown = "clevertap_down" {
        "CleverTap is not available",
        "It answered with status {status}: nothing takes calls there at the moment. None of the records was taken. That passes, mostly within minutes.",
        CleverTap, MaySucceedLater }
    CleverTapFailed = "clevertap_failed" {
        "CleverTap failed at the call",
        "It answered with status {status}, which is a fault of its own.[ It says to have taken {processed} of the records.] Where it does not say that it took none, some may have arrived.",
        CleverTap, MaySucceedLater }
    CleverTapGateway = "clevertap_gateway" {
        "Something before CleverTap lost its answer",
        "A gateway answered with status {status} in CleverTap's place: it passed the call on, or tried to, and heard nothing. Whether the records arrived, nobody knows.",
        CleverTap, MaySucceedLater }
    CleverTapUncounted = "clevertap_uncounted" {
        "CleverTap did not account for every record",
        "Its answer[ counts {processed} as taken and] does not say what became of the others[: {count} of them]. They may have arrived or not.",
        CleverTap, NotByItself }
    CleverTapNoAnswer = "clevertap_no_answer" {
        "It was sent, and no answer came",
        "CleverTap may have taken it or not. A profile may be sent again without harm; an event that arrived would be there twice.",
        NetworkAdmin, MaySucceedLater }
    CleverTapUnexpected = "clevertap_unexpected" {
        "CleverTap answered with something that Tapline does not know",
        "Its status was {status}. What it said stands below.",
        CleverTap, NotByItself }

    // ---- records that CleverTap does not take: https://developer.clevertap.com/docs/api-errors, updated 2025-12-14 --
    CleverTapEventNameMissing = "clevertap_event_name_missing" {
        "The event has no name",
        "CleverTap's code {code}. Each event needs a name in evtName. Where the name comes from a column, that column is empty in this row.",
        You, NotByItself }
    CleverTapEventStructure = "clevertap_event_structure" {
        "The event is not built as CleverTap expects",
        "CleverTap's code {code}. An event's properties stand in evtData as one object of plain values; Items of a Charged event are a list of objects. Look at the record below.",
        You, NotByItself }
    CleverTapEventReserved = "clevertap_event_reserved" {
        "The event name[ {event}] is CleverTap's own",
        "CleverTap's code {code}. It raises events such as App Launched, UTM Visited and Notification Sent itself and takes them from nobody else; case and spaces do not count. Give the event another name.",
        You, NotByItself }
    CleverTapGender = "clevertap_gender" {
        "Gender is not one that CleverTap takes",
        "CleverTap's code {code}. The property {property} is M or F. Convert the column in SQL, or map it to a property of another name.",
        You, NotByItself }
    CleverTapEmail = "clevertap_email" {
        "Email is not a valid address",
        "CleverTap's code {code}. The property {property} is an address such as ann@example.com, with nothing around it. Mend it in the source, or leave it out of this row.",
        You, NotByItself }
    CleverTapPhone = "clevertap_phone" {
        "Phone is not a valid number",
        "CleverTap's code {code}. The property {property} starts with + and the country code, has more than four digits, and nothing else: +14155551234. Where only the country code is missing, the import's mapping can add it.",
        You, NotByItself }
    CleverTapEmployed = "clevertap_employed" {
        "Employed is neither Y nor N",
        "CleverTap's code {code}. The property {property} takes Y and N alone. Convert the column in SQL, or map it to a property of another name.",
        You, NotByItself }
    CleverTapEducation = "clevertap_education" {
        "Education is not one that CleverTap takes",
        "CleverTap's code {code}. The property {property} takes School, College and Graduate alone. Convert the column in SQL, or map it to a property of another name.",
        You, NotByItself }
    CleverTapMarried = "clevertap_married" {
        "Married is neither Y nor N",
        "CleverTap's code {code}. The property {property} takes Y and N alone. Convert the column in SQL, or map it to a property of another name.",
        You, NotByItself }
    CleverTapAge = "clevertap_age" {
        "Age is not a number",
        "CleverTap's code {code}. The property {property} is a number of years. Convert the column in SQL, or map it to a property of another name.",
        You, NotByItself }
    CleverTapEventProperties = "clevertap_event_properties" {
        "The event has too many properties",
        "CleverTap's code {code}. [This one has {count}. ]An event holds at most {limit}. Map fewer columns, or ask CleverTap to raise the account's limit.",
        You, NotByItself }
    CleverTapIdentity = "clevertap_identity" {
        "The record does not say whose it is",
        "CleverTap's code {code}. A record needs one of identity, objectId, FBID and GPID, of at most {limit}[, and {identity_field} is not one]. Where it comes from a column, that column is empty, too long, or a word such as null in this row.",
        You, NotByItself }
    CleverTapKind = "clevertap_kind" {
        "The record is neither a profile nor an event",
        "CleverTap's code {code}. Its type is profile with profileData, or event with evtName. An import writes nothing else, so something on the way changed it.",
        Tapline, NotByItself }
    CleverTapTime = "clevertap_time" {
        "The time is not in epoch seconds",
        "CleverTap's code {code}. The field {property} counts whole seconds since 1970, in ten digits.[ This one is {found}.] Choose the date format of the column that gives it.",
        You, NotByItself }
    CleverTapIdInvalid = "clevertap_id_invalid" {
        "The CleverTap ID is not one",
        "CleverTap's code {code}. The field {identity_field} holds an ID that CleverTap gave, or a device's own for people who are not known yet. To name people by an ID of yours, map Identity instead.",
        You, NotByItself }
    CleverTapEventDiscarded = "clevertap_event_discarded" {
        "The event[ {event}] was discarded in CleverTap",
        "CleverTap's code {code}. Somebody discarded this event in the dashboard, under Settings, Schema, Events, and CleverTap takes it no longer. It can be restored there; else give the event another name.",
        CleverTapAdmin, NotByItself }
    CleverTapTokenObject = "clevertap_token_object" {
        "The device token has no valid CleverTap ID",
        "CleverTap's code {code}. A token is kept for an objectId, and this record's is missing or not one. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapTokenData = "clevertap_token_data" {
        "The device token's data is not valid",
        "CleverTap's code {code}. A token record needs an object tokenData, and this one's is missing or none. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapTokenId = "clevertap_token_id" {
        "The device token has no id",
        "CleverTap's code {code}. tokenData needs an id: the token itself. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapTokenType = "clevertap_token_type" {
        "The device token has no type",
        "CleverTap's code {code}. tokenData needs a type: fcm, gcm, apns, chrome, wns or mpns. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapTokenTypeUnfit = "clevertap_token_type_unfit" {
        "The device token's type does not fit its device",
        "CleverTap's code {code}. The type in tokenData belongs to another platform than the device that objectId names. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapTokenUnread = "clevertap_token_unread" {
        "CleverTap could not read the device token",
        "CleverTap's code {code}. It has an id and a type, and what tokenData holds besides, such as keys, is not valid for them. Imports send no tokens: another sender did.",
        You, NotByItself }
    CleverTapRecordFailed = "clevertap_record_failed" {
        "CleverTap failed at the record by a fault of its own",
        "CleverTap's code {code}. Nothing is known to be wrong with it. Tapline sends it again up to three times; after that, resend it later.",
        CleverTap, MaySucceedLater }
    CleverTapRecordUnknown = "clevertap_record_unknown" {
        "CleverTap did not take the record",
        "[Its code is {code}, which is not among those that CleverTap publishes. ]What CleverTap said stands below.",
        CleverTap, NotByItself }

    // ---- what CleverTap takes, and cuts or drops afterwards: docs.clevertap.com/docs/error-stream ----------------
    CleverTapMayDrop = "clevertap_may_drop" {
        "CleverTap took the records, and may still drop some",
        "It counted[ {processed} of] them as processed. Afterwards its schema rules apply, and no answer tells of them: events with a mandatory property missing, properties of another data type than before, events and properties that are not defined or were discarded, and whatever is beyond the account's 512 kinds of events and 256 custom profile properties. What was dropped stands in the dashboard's Error Stream.",
        CleverTapAdmin, NotByItself }
    CleverTapValueCut = "clevertap_value_cut" {
        "CleverTap takes {property} and cuts it",
        "A text, and each text of a list, is kept up to {limit}.[ {count} of the records have a longer one.] What is beyond is lost without a word.",
        You, NotByItself }
    CleverTapListCut = "clevertap_list_cut" {
        "CleverTap takes {property} and drops part of the list",
        "A list is kept up to {limit}.[ {count} of the records have a longer one.] The surplus is dropped without a word, the oldest first.",
        You, NotByItself }
    CleverTapNameDropped = "clevertap_name_dropped" {
        "CleverTap may drop {property} for its name",
        "[The name holds {found}. ]CleverTap forbids % > < ! | & . : ; $ ' \" \\ # in names. The call succeeds, and the property or event is dropped or renamed afterwards. Choose another name.",
        You, NotByItself }
    CleverTapNameCut = "clevertap_name_cut" {
        "CleverTap may drop {property}, whose name is too long",
        "Names are kept up to {limit}. The call succeeds, and what does not fit is cut or dropped afterwards. Choose a shorter name.",
        You, NotByItself }
    CleverTapPropertiesDropped = "clevertap_properties_dropped" {
        "CleverTap may drop properties of the event[ {event}]",
        "[It has {count}. ]An event keeps {limit}: which of the two limits an account has, CleverTap does not say in an answer. The surplus is dropped afterwards, without a word.",
        You, NotByItself }
    CleverTapNestedDropped = "clevertap_nested_dropped" {
        "CleverTap may drop {property}, which is nested",
        "Objects within a profile or event are kept up to {limit}, and only where the account may send them. What is beyond is dropped without a word.",
        CleverTapAdmin, NotByItself }
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
        "A run is resumed where it was paused, stopped, interrupted or failed, as long as it is its import's last, the import was not stopped or started from the beginning, and it still has the same database and account. Run the import anew instead.",
        You, NotByItself }
    ResendNothing = "resend_nothing" {
        "Nothing of this can be sent again",
        "A record is sent again as long as its values are kept and no other run has it. With Changed rows, and where the import is started from the beginning, the next run finds by itself what was refused. An event that was rejected never became a record: mend the mapping, and run the import again.",
        You, NotByItself }
    ResendTooMany = "resend_too_many" {
        "These are too many to send again one by one",
        "At most {limit} identities are asked for by name, and these are {count}. Run the import again: it reads all of them in one go.",
        You, NotByItself }
    ResendRunWaits = "resend_run_waits" {
        "A run of this import waits to be gone on with",
        "Resume it, or run the import anew. After that its records can be sent again.",
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
        "Tapline keeps keys and passcodes in the system's keychain and nowhere else, and none answers here. Install one, log in again, and go on: what you typed in the window is still here.[ On this system: {suggestion}.] On a server the command line can do without: --keep-no-key and --keep-no-passcode save nothing, and each command brings the secret by --key or --passcode-file.[ The system says: {detail}.]",
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
        "It was deleted, or belongs to another store.[ It was asked for as: {name}.]",
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
    const DERIVED: [&str; 5] = [
        "role_title",
        "role_lets",
        "home_project",
        "plain_constraint",
        "managed_constraint",
    ];

    #[test]
    fn words_name_only_facts_that_exist() {
        for entry in CATALOGUE {
            let commands = entry.commands.iter();
            let remedies = commands.flat_map(|command| [command.template, command.does]);
            let words = [entry.title, entry.explanation, entry.who.words()].into_iter();
            for template in words.chain(remedies).chain(entry.console.iter().copied()) {
                for name in template
                    .split('{')
                    .skip(1)
                    .filter_map(|part| part.split(['}', '|']).next())
                {
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
