//! Google's roles in words: what each is called in the console, and what it lets an account do and not do.
//! (cloud.google.com/bigquery/docs/access-control, read 2026-11.)

/// The name that people meet in the console.
pub(super) fn title(role: &str) -> Option<&'static str> {
    words(role).map(|(title, _)| title)
}

/// What it lets an account do, and what it does not: behind "lets it".
pub(super) fn lets(role: &str) -> Option<&'static str> {
    words(role).map(|(_, lets)| lets)
}

fn words(role: &str) -> Option<(&'static str, &'static str)> {
    Some(match role {
        "roles/bigquery.jobUser" => (
            "BigQuery Job User",
            "run queries that the project pays for; it opens no data by itself",
        ),
        "roles/bigquery.dataViewer" => (
            "BigQuery Data Viewer",
            "see and read tables and views there; it does not let it change, delete or share anything",
        ),
        "roles/bigquery.metadataViewer" => (
            "BigQuery Metadata Viewer",
            "see which tables and columns there are; it does not let it read a row",
        ),
        "roles/bigquery.dataEditor" => (
            "BigQuery Data Editor",
            "read, make, change and delete tables there; it does not let it share them or delete the dataset",
        ),
        "roles/bigquery.dataOwner" => (
            "BigQuery Data Owner",
            "read, change, delete and share datasets and what is in them",
        ),
        "roles/bigquery.admin" => (
            "BigQuery Admin",
            "do everything in BigQuery, everybody's queries included",
        ),
        "roles/editor" => (
            "Editor",
            "change most of what there is in a project; it does not let it change who may do what",
        ),
        "roles/owner" => ("Owner", "do everything in a project, and let others in"),
        "roles/bigquery.readSessionUser" => (
            "BigQuery Read Session User",
            "open read sessions that the project pays for; it opens no data by itself",
        ),
        "roles/bigquery.connectionUser" => (
            "BigQuery Connection User",
            "use connections that are there; it does not let it make or change one",
        ),
        "roles/serviceusage.serviceUsageConsumer" => (
            "Service Usage Consumer",
            "use services that are switched on, at the project's expense; it does not let it switch any on or off",
        ),
        "roles/bigquery.filteredDataViewer" => (
            "BigQuery Filtered Data Viewer",
            "see the rows that policies show it; BigQuery gives it by itself to whoever a policy names",
        ),
        "roles/datacatalog.categoryFineGrainedReader" => (
            "Fine-Grained Reader",
            "read columns with the tag, in tables that it may read anyway",
        ),
        "roles/storage.objectViewer" => (
            "Storage Object Viewer",
            "list and read files there; it does not let it change or delete any",
        ),
        "roles/cloudkms.cryptoKeyEncrypterDecrypter" => (
            "Cloud KMS CryptoKey Encrypter/Decrypter",
            "encrypt and decrypt with keys there; it does not let it see, change or delete a key",
        ),
        _ => return None,
    })
}
