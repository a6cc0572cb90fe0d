//! Google's front door: key files, tokens, Resource Manager. It never reads a row, and never keeps a secret.

pub mod key;
pub mod resource_manager;
pub mod token;

pub use key::ServiceAccount;
pub use token::Tokens;
