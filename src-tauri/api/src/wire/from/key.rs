use tapline_core::google::key::ServiceAccountKey;

use crate::wire::key::{KeyOffer, KeySeen};

impl From<&ServiceAccountKey> for KeySeen {
    fn from(key: &ServiceAccountKey) -> Self {
        Self {
            size_bytes: key.size as u64,
            client_email: key.client_email.clone(),
            key_id_tail: key.key_tail().to_owned(),
            key_bits: key.key_bits,
            project_id: key.project_id.clone(),
            repairs: key.repairs.iter().map(|repair| repair.words().to_owned()).collect(),
            warnings: key.warnings().iter().map(|words| (*words).to_owned()).collect(),
        }
    }
}

impl KeyOffer {
    pub(crate) fn of(seen: KeySeen, offer: String, file_name: Option<String>) -> Self {
        Self {
            offer,
            file_name,
            size_bytes: seen.size_bytes,
            client_email: seen.client_email,
            key_id_tail: seen.key_id_tail,
            key_bits: seen.key_bits,
            project_id: seen.project_id,
            repairs: seen.repairs,
            warnings: seen.warnings,
        }
    }
}
