//! One file a noun. Each asks the counter and puts the answer into words.

mod about;
mod accounts;
mod connections;
mod explain;
mod imports;
mod key;
mod preview;
mod runs;

use crate::args::{Cli, Imports, Key, Noun};
use crate::desk::Desk;
use crate::say::{Answered, Manner};
use tapline_api::wire::problem::Problem;
use tapline_api::{Code, Fact};

/// Where somebody named what is not saved.
fn nothing_called(kind: &str, name: &str) -> Problem {
    tapline_api::Problem::new(Code::NameUnknown)
        .with(Fact::Field, kind)
        .with(Fact::Name, name)
        .into()
}

pub async fn answer(cli: Cli, manner: Manner) -> Answered {
    // What needs no store opens none.
    match &cli.noun {
        Noun::Key(Key::Check { file }) => return key::check(file),
        Noun::Imports(Imports::Preview { plan, rows, at }) => return preview::preview(plan, rows, *at),
        Noun::Explain(ask) => return explain::explain(ask, manner.verbose),
        Noun::Imports(Imports::Schema) => return Ok(imports::schema()),
        _ => {}
    }
    let mut desk = Desk::open(manner).await?;
    let answered = match cli.noun {
        Noun::Connections(ask) => connections::answer(&mut desk, ask).await,
        Noun::Accounts(ask) => accounts::answer(&mut desk, ask).await,
        Noun::Imports(ask) => imports::answer(&mut desk, ask).await,
        Noun::Runs(ask) => runs::answer(&mut desk, ask).await,
        Noun::About | Noun::Key(_) | Noun::Explain(_) => about::answer(&mut desk).await,
    };
    desk.close().await;
    answered
}
