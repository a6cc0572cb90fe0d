//! Changed rows: the state that a run compares with. The comparison itself is BigQuery's work, and its text the import's.

use super::merge;
use super::question::{Asking, found, kept};
use crate::bigquery::{NewTable, TableId, TableRef};
use crate::ground::problem::{Code, Fact, Problem};
use crate::import::changes;
use crate::import::plan::{Plan, Records};
use crate::store::StateRow;

/// The label that says whose table it is.
pub(super) const STORE: &str = "tapline_store";

/// Finishes what the import's last run left, and gives the state that this one compares with.
pub(super) async fn prepare(asking: &Asking<'_>) -> Result<TableRef, Problem> {
    merge::earlier_runs(asking).await?;
    let (import, plan) = (asking.row.run.import, &asking.row.plan);
    let known = asking.store.reading(move |r| r.comparisons().state(import));
    let known = known.await?;
    let account = format!(
        "{} {}",
        asking.opened.uploader.region().code(),
        asking.opened.uploader.account_id()
    );
    let name = format!(
        "tapline_state_{}_{}",
        import.to_string().replace('-', ""),
        changes::mapping_mark(plan, &account)
    );
    let table = asking.opened.dataset.table(TableId::read(&name)?);
    may_compare(plan, known.as_ref(), &table)?;
    ensure(asking, known.as_ref(), &table).await?;
    let (run, state) = (asking.row.number, kept(&table));
    let begun = asking.store.writing(move |w| {
        w.comparisons_mut().use_state(import, &state)?;
        w.comparisons_mut().begin(run, &state.name)
    });
    begun.await?;
    Ok(table)
}

/// Another mapping has another state, and sends every row again. Of profiles that changes nothing that is right; events would
/// be there twice, so a person has to say that.
fn may_compare(plan: &Plan, known: Option<&StateRow>, table: &TableRef) -> Result<(), Problem> {
    let other = known.filter(|known| known.table != kept(table) && known.merged_at.is_some());
    match (other, &plan.records) {
        (Some(other), Records::Events(_)) => {
            let other = found(&other.table)?;
            Err(Problem::new(Code::StateOfOtherMapping)
                .with(Fact::Name, &plan.nickname)
                .with(Fact::Table, other.to_string())
                .with(Fact::Statement, changes::drop_statement(&other)))
        }
        _ => Ok(()),
    }
}

/// Makes the state where there is none yet. One that is somebody else's, or that should be there and is not, is told.
async fn ensure(asking: &Asking<'_>, known: Option<&StateRow>, table: &TableRef) -> Result<(), Problem> {
    let labels = asking.labels().await?;
    let used = known.is_some_and(|known| known.table == kept(table) && known.merged_at.is_some());
    let seen = match asking.client.seen(table).await? {
        Some(seen) => seen,
        None if used => {
            return Err(Problem::new(Code::StateGone)
                .with(Fact::Name, &asking.row.plan.nickname)
                .with(Fact::Table, table.to_string()));
        }
        None => {
            let new = NewTable {
                table: table.clone(),
                schema: changes::state_schema(),
                description: format!(
                    "What CleverTap acknowledged of Tapline's import {:?}: a key and a mark for each record. Belongs to the \
                     Tapline store {}. Without it the import starts from the beginning.",
                    asking.row.plan.nickname,
                    labels.get(STORE).map_or("", String::as_str),
                ),
                labels: labels.clone(),
                expires_at: None,
            };
            asking.client.make_table(&new).await?
        }
    };
    if seen.labels.get(STORE) != labels.get(STORE) {
        return Err(Problem::new(Code::StateOwnedElsewhere)
            .with(Fact::Name, &asking.row.plan.nickname)
            .with(Fact::Table, table.to_string())
            .with_some(Fact::Found, seen.labels.get(STORE)));
    }
    // Its dataset may let tables expire, and the run that made it may have lacked the right to say otherwise.
    if seen.expires_at.is_some() {
        asking.client.expire(table, None).await?;
    }
    if !used {
        // A project without billing lets nobody change rows. It says so before anything is paid for or sent.
        let trial = asking.run(changes::trial(table));
        asking.client.dry_run(&trial).await?;
    }
    Ok(())
}
