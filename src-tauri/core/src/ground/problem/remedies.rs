//! What mends a problem: commands for a terminal with Google's tools, and pages of Google's console. The catalogue says
//! which of them belongs to which problem.
//!
//! Each list goes from the narrowest to the widest; the first whose facts are all known is the one that is offered.
//! Sources: `bq add-iam-policy-binding` takes tables and views, not datasets (cloud.google.com/bigquery/docs/reference/bq-cli-reference),
//! and a dataset is granted by SQL (cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language), read 2026-11.
//! What `gcloud` and `bq` make of the others was looked at in Google Cloud SDK 528: that `bq` takes `--connection`, and `gcloud` a
//! policy tag and a key by their whole names.

/// One command, as words to fill.
#[derive(Debug)]
pub struct Command {
    pub template: &'static str,
    /// What it allows, and what it does not. For the person who is asked to run it.
    pub does: &'static str,
    /// Why testing again at once may be too early.
    pub settles: Option<&'static str>,
}

/// A page of Google's console, as words to fill.
pub type Page = &'static str;

const GRANTS_SETTLE: Option<&str> =
    Some("A grant can take some minutes to show. If it was just made and the test still fails, wait and test again.");

const ON_PROJECT: Command = Command {
    template: "gcloud projects add-iam-policy-binding {project} --member=serviceAccount:{member} --role={role} --condition=None",
    does: "It gives {member} the role {role_title} in the project {project}.[ The role lets it {role_lets}.]",
    settles: GRANTS_SETTLE,
};

const ON_DATASET: Command = Command {
    template: "bq query --project_id={project} --use_legacy_sql=false 'GRANT `{role}` ON SCHEMA `{project}`.`{dataset}` TO \"serviceAccount:{member}\"'",
    does: "It gives {member} the role {role_title} on the dataset {dataset}, and on nothing else in the project.[ The role lets it {role_lets}.]",
    settles: GRANTS_SETTLE,
};

const ON_TABLE: Command = Command {
    template: "bq add-iam-policy-binding --member=serviceAccount:{member} --role={role} --table=true {project}:{dataset}.{table}",
    does: "It gives {member} the role {role_title} on the table {dataset}.{table}, and on no other table.[ The role lets it {role_lets}.]",
    settles: GRANTS_SETTLE,
};

/// A role in a project, for rights that can be held nowhere else.
pub const GRANT_ON_PROJECT: &[Command] = &[ON_PROJECT];

/// A role in the project that pays for queries.
pub const GRANT_ON_BILLING_PROJECT: &[Command] = &[Command {
    template: "gcloud projects add-iam-policy-binding {billing_project} --member=serviceAccount:{member} --role={role} --condition=None",
    does: "It gives {member} the role {role_title} in the project {billing_project}.[ The role lets it {role_lets}.]",
    settles: GRANTS_SETTLE,
}];

/// A role on a dataset, for rights that a table cannot carry or that are needed on all of them.
pub const GRANT_ON_DATASET: &[Command] = &[ON_DATASET];

/// A role on the one table that is needed, where it is known which.
pub const GRANT_ON_TABLE: &[Command] = &[ON_TABLE, ON_DATASET];

/// From a role that is too wide to what an import needs, so that no import breaks on the way: first the dataset is granted,
/// which is a policy of its own and shows in its own time; then, in one policy and so at one moment, the right to run queries
/// takes the place of the wide role. Which role gives too much, Google does not say.
pub const NARROW: &[Command] = &[
    Command {
        template: "bq query --project_id={project} --use_legacy_sql=false 'GRANT `{first_role}` ON SCHEMA `{project}`.`{dataset}` TO \"serviceAccount:{member}\"'",
        does: "It takes nothing away yet. It gives {member} the role BigQuery Data Editor on the dataset {dataset}, so that imports from there need {role_title} no more. Test again when it is done: then the command is here that takes {role_title} away.",
        settles: Some("A grant can take some minutes to show. Wait that long before you take the other role away."),
    },
    Command {
        template: "gcloud projects add-iam-policy-binding {project} --member=serviceAccount:{member} --role={jobs_role} --condition=None && gcloud projects remove-iam-policy-binding {project} --member=serviceAccount:{member} --role={role} --condition=None",
        does: "In the project {project} it gives {member} the role BigQuery Job User, which lets it run queries, and then takes the role {role_title} away. Imports from the dataset {dataset} go on. Whatever else the account does by {role_title} stops working: imports from other datasets too, until they are granted. Where the account does not hold that role, the second half says so and takes nothing away.",
        settles: TAKEN_AWAY_SETTLES,
    },
    Command {
        template: "gcloud projects remove-iam-policy-binding {project} --member=serviceAccount:{member} --role={role} --condition=None",
        does: "It takes the role {role_title} in the project {project} away from {member}. Imports from the dataset {dataset} go on, by the other roles of the account. Whatever else it does by {role_title} stops working: imports from other datasets too, until they are granted. Where the account does not hold that role, the command says so and changes nothing.",
        settles: TAKEN_AWAY_SETTLES,
    },
];

const TAKEN_AWAY_SETTLES: Option<&str> = Some(
    "What is taken away can take some minutes to be gone. Test again afterwards, to see that all an import needs is still there.",
);

pub const SWITCH_SERVICE_ON: &[Command] = &[Command {
    template: "gcloud services enable {service} --project={project}",
    does: "It switches {service} on in the project {project}. It gives nobody any right.",
    settles: Some("Switching it on takes some minutes to show. If the test still fails, wait and test again."),
}];

pub const MAKE_KEY: &[Command] = &[Command {
    template: "gcloud iam service-accounts keys create key.json --iam-account={member}",
    does: "It makes another key for {member}, which may do what the account may. It gives the account no right.",
    settles: None,
}];

pub const SWITCH_ACCOUNT_ON: &[Command] = &[Command {
    template: "gcloud iam service-accounts enable {member}",
    does: "It lets {member} sign in again. It gives the account no right that it did not have.",
    settles: Some("It takes some minutes to show. If the test still fails, wait and test again."),
}];

/// For thirty days after it was shut down.
pub const UNDELETE_PROJECT: &[Command] = &[Command {
    template: "gcloud projects undelete {project}",
    does: "It brings the project {project} back with all that is in it. It gives nobody any right.",
    settles: Some("It takes some minutes to show. If the test still fails, wait and test again."),
}];

/// Which keys there are: which of them is no longer used, only people know.
pub const LIST_KEYS: &[Command] = &[Command {
    template: "gcloud iam service-accounts keys list --managed-by=user --iam-account={member}",
    does: "It lists the keys of {member} and changes nothing. Keys are deleted one by one, by `keys delete`.",
    settles: None,
}];

/// Rules of the older kind are on or off; `gcloud resource-manager` does not know the managed ones, whose own setting is off.
pub const ALLOW_KEYS: &[Command] = &[
    Command {
        template: "gcloud resource-manager org-policies disable-enforce {plain_constraint} --project={project}",
        does: "It lifts the rule {plain_constraint} in the project {project} alone, for all service accounts in it.",
        settles: Some("It takes some minutes to show."),
    },
    Command {
        template: "gcloud org-policies reset {managed_constraint} --project={project}",
        does: "In the project {project} alone it puts the rule {managed_constraint} back to Google's own setting, which allows keys, whatever the organisation says. It holds for all service accounts in the project.",
        settles: Some("It takes some minutes to show."),
    },
];

/// The right to use one connection to another place. `bq` takes its name in this spelling.
pub const GRANT_ON_CONNECTION: &[Command] = &[Command {
    template: "bq add-iam-policy-binding --member=serviceAccount:{member} --role={role} --connection=true {connection}",
    does: "It gives {member} the role {role_title} on the connection {connection}, and on no other.[ The role lets it {role_lets}.]",
    settles: GRANTS_SETTLE,
}];

/// A role on one policy tag. Google's refusal calls the tag by its title; the table tells its name.
pub const GRANT_ON_POLICY_TAG: &[Command] = &[Command {
    template: "gcloud data-catalog taxonomies policy-tags add-iam-policy-binding {policy_tag_name} --member=serviceAccount:{member} --role={role}",
    does: "It lets {member} read every column with this policy tag, or with a tag beneath it, in tables that it may read anyway.",
    settles: GRANTS_SETTLE,
}];

/// One more policy beside those that are there: where several name an account, it sees the rows of all of them.
pub const GRANT_ALL_ROWS: &[Command] = &[Command {
    template: "bq query --project_id={project} --use_legacy_sql=false 'CREATE ROW ACCESS POLICY tapline_all_rows ON `{project}`.`{dataset}`.`{table}` GRANT TO (\"serviceAccount:{member}\") FILTER USING (TRUE)'",
    does: "It lets {member} see every row of {dataset}.{table}, whatever the other policies hide from it. For everybody else nothing changes.",
    settles: GRANTS_SETTLE,
}];

/// A role on one bucket of Cloud Storage.
pub const GRANT_ON_BUCKET: &[Command] = &[Command {
    template: "gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=serviceAccount:{member} --role=roles/storage.objectViewer",
    does: "It lets {member} list and read the files in the bucket {bucket}, and in no other. It does not let it change or delete any.",
    settles: GRANTS_SETTLE,
}];

/// A role on one key of Cloud KMS, for the account in whose name BigQuery uses it.
pub const GRANT_ENCRYPTION: &[Command] = &[Command {
    template: "gcloud kms keys add-iam-policy-binding {encryption_key} --member=serviceAccount:{service_agent} --role={role}",
    does: "It lets {service_agent}, which is BigQuery itself, encrypt and decrypt with this one key.",
    settles: GRANTS_SETTLE,
}];

/// Tapline's own.
pub const RESTART: &[Command] = &[Command {
    template: "tapline imports restart {name}",
    does: "It says what starting {name} from the beginning means, and which tables it drops; nothing is done without --yes. In the window: the import's menu in the Import Center.",
    settles: None,
}];

// ---- pages of the console ------------------------------------------------------------------------------------------

pub const IAM: &[Page] = &["https://console.cloud.google.com/iam-admin/iam?project={project}"];

pub const BILLING_IAM: &[Page] = &["https://console.cloud.google.com/iam-admin/iam?project={billing_project}"];

/// The project's datasets.
pub const DATASETS: &[Page] = &["https://console.cloud.google.com/bigquery?project={project}"];

/// Connections stand in the explorer, and are shared there.
pub const CONNECTIONS: &[Page] = &["https://console.cloud.google.com/bigquery?project={project}"];

/// The dataset, which is shared under Sharing, Permissions.
pub const DATASET: &[Page] = &[
    "https://console.cloud.google.com/bigquery?project={project}&p={project}&d={dataset}&page=dataset",
    "https://console.cloud.google.com/bigquery?project={project}",
];

pub const TABLE: &[Page] = &[
    "https://console.cloud.google.com/bigquery?project={project}&p={project}&d={dataset}&t={table}&page=table",
    "https://console.cloud.google.com/bigquery?project={project}&p={project}&d={dataset}&page=dataset",
    "https://console.cloud.google.com/bigquery?project={project}",
];

pub const SERVICE_ACCOUNTS: &[Page] = &[
    "https://console.cloud.google.com/iam-admin/serviceaccounts?project={home_project}",
    "https://console.cloud.google.com/iam-admin/serviceaccounts",
];

pub const SERVICE: &[Page] = &["https://console.cloud.google.com/apis/library/{service}?project={project}"];

pub const BILLING: &[Page] = &["https://console.cloud.google.com/billing/linkedaccount?project={project}"];

pub const QUOTAS: &[Page] =
    &["https://console.cloud.google.com/apis/api/bigquery.googleapis.com/quotas?project={project}"];

pub const PROJECT: &[Page] = &["https://console.cloud.google.com/home/dashboard?project={project}"];

/// Where an address tells which projects there are, and nothing is known of the one that was typed.
pub const PROJECTS: &[Page] = &["https://console.cloud.google.com/cloud-resource-manager"];

pub const JOBS: &[Page] = &["https://console.cloud.google.com/bigquery?project={project}&page=jobs"];

pub const PERIMETERS: &[Page] = &["https://console.cloud.google.com/security/service-perimeter"];

pub const POLICIES: &[Page] = &["https://console.cloud.google.com/iam-admin/orgpolicies"];

pub const POLICY_TAGS: &[Page] = &["https://console.cloud.google.com/bigquery/policy-tags?project={project}"];

/// Keys mostly lie in a project of their own, which is chosen there.
pub const ENCRYPTION_KEYS: &[Page] = &["https://console.cloud.google.com/security/kms"];

pub const RESERVATIONS: &[Page] = &["https://console.cloud.google.com/bigquery/admin/reservations?project={project}"];
