//! `tapline about`.

use tapline_api::wire::settings::About;

use crate::desk::Desk;
use crate::say::{Answered, Said};

pub async fn answer(desk: &mut Desk) -> Answered {
    let about: About = desk.ask("about", ()).await?;
    let keychain = match (&about.keychain.problem, about.keychain.unencrypted) {
        (Some(problem), _) => format!("{}: {}", about.keychain.name, problem.title),
        (None, Some(true)) => format!("{} (kept without a password, and so unencrypted)", about.keychain.name),
        (None, _) => about.keychain.name.clone(),
    };
    let mut words = format!(
        "Tapline {}\nStore:    {}\nKeychain: {keychain}",
        about.version, about.store
    );
    if let Some(sandbox) = &about.sandbox {
        words.push_str("\nSandbox:  ");
        words.push_str(sandbox);
        words.push_str(" stands in for Google and CleverTap");
    }
    Ok(Said::new(about, words))
}
