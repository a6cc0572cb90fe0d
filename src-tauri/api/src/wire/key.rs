//! Service-account keys on their way in. Only what may be shown comes back; the private key stays behind `offer`.

use super::{asked, hidden::Hidden, wire};

asked! {
    pub struct KeyText {
        #[ts(type = "string")]
        pub text: Hidden,
    }
}

wire! {
    /// A key that was read, will do, and waits in memory until it is saved or forgotten.
    pub struct KeyOffer {
        /// Names the waiting key in later commands.
        pub offer: String,
        /// The file's name, where it came from one.
        pub file_name: Option<String>,
        pub size_bytes: u64,
        pub client_email: String,
        /// The last four characters of the key's id.
        pub key_id_tail: String,
        pub key_bits: u32,
        pub project_id: Option<String>,
        /// What was plainly repairable and has been repaired, in words.
        pub repairs: Vec<String>,
        /// What is unusual about the key and may still be right, in words.
        pub warnings: Vec<String>,
    }

    /// A key file that will do, without what is secret. Nothing waits behind it.
    pub struct KeySeen {
        pub size_bytes: u64,
        pub client_email: String,
        pub key_id_tail: String,
        pub key_bits: u32,
        pub project_id: Option<String>,
        pub repairs: Vec<String>,
        pub warnings: Vec<String>,
    }

    pub struct KeyFile { pub path: String }
    pub struct KeyOfferRef { pub offer: String }
}
