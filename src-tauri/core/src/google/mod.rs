//! Google's front door: key files, tokens, Resource Manager. It never reads a row, and never keeps a secret.

pub mod denial;
pub mod key;
pub mod refusal;
pub mod resource_manager;
pub mod side_answer;
pub mod token;
pub mod token_answer;

pub use key::ServiceAccount;
pub use token::Tokens;
