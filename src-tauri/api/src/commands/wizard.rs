//! What the wizard shows for a plan while it is being made: proposals, faults, and what becomes of a sample.

use std::sync::Arc;

use tapline_core::bigquery::{Page, Schema};
use tapline_core::ground::problem::{Fact, Problem};
use tapline_core::import::plan::Plan;
use tapline_core::import::suggest;
use tapline_core::mapping::{self, Tried};

use super::connections::name_taken;
use super::imports;
use crate::App;
use crate::wire::check::Column;
use crate::wire::from::sample::shown;
use crate::wire::import::{CellOutcome, PlanReview, ReviewAsk, SuggestAsk, Suggested, SyncType};
use crate::wire::problem::Problem as WireProblem;

pub(super) async fn suggest(_app: &Arc<App>, ask: SuggestAsk) -> Result<Suggested, Problem> {
    let schema = Column::schema(&ask.columns);
    let proposed = match ask.sync_type {
        SyncType::Profiles => suggest::profiles(&schema),
        SyncType::Events => suggest::events(&schema),
    };
    Ok(Suggested {
        identity: proposed.identity.map(|found| found.value.column),
        updated_on: proposed.updated_on.map(|found| found.value),
        created_on: proposed.created_on.map(|found| found.value),
        properties: proposed.properties.into_iter().map(|found| found.value).collect(),
    })
}

pub(super) async fn review(app: &Arc<App>, ask: ReviewAsk) -> Result<PlanReview, Problem> {
    let (plan, own) = (ask.plan.clone(), ask.import);
    let mut problems = app
        .look(move |store| {
            let mut problems = imports::against(store, &plan)?;
            let named = store.imports().named(&plan.nickname)?;
            if named.is_some_and(|row| Some(row.id.to_string()) != own) {
                problems.push(name_taken(&plan.nickname).with(Fact::Field, "nickname"));
            }
            Ok(problems)
        })
        .await?;
    if !ask.columns.is_empty()
        && let Err(faults) = mapping::compile(&ask.plan, &Column::schema(&ask.columns))
    {
        for fault in faults {
            if !problems.contains(&fault) {
                problems.push(fault);
            }
        }
    }
    let (identity_samples, property_samples) = match ask.sample.and_then(|sample| sample.page()) {
        Some((schema, page)) => tried(&ask.plan, &schema, &page),
        None => (Vec::new(), vec![Vec::new(); ask.plan.properties.len()]),
    };
    Ok(PlanReview {
        problems: problems.iter().map(WireProblem::from).collect(),
        property_samples,
        identity_samples,
    })
}

fn tried(plan: &Plan, schema: &Schema, page: &Page) -> (Vec<CellOutcome>, Vec<Vec<CellOutcome>>) {
    let trial = mapping::trial(plan, schema);
    let value = |column: &str, row: tapline_core::bigquery::Row<'_>| {
        let place = schema.position(column)?;
        shown(&schema.fields[place], row.cell(place)?)
    };
    let identities = page
        .rows()
        .map(|row| outcome(value(&plan.identity.column, row), trial.identity(row)));
    let properties = plan.properties.iter().enumerate().map(|(place, property)| {
        page.rows()
            .map(|row| outcome(value(&property.column, row), trial.property(place, row)))
            .collect()
    });
    (identities.collect(), properties.collect())
}

fn outcome(value: Option<String>, tried: Option<Tried>) -> CellOutcome {
    let tried = tried.unwrap_or_default();
    CellOutcome {
        value,
        sent: tried.sent,
        rejected: tried.rejection.map(|rejection| rejection.reason.to_owned()),
        warning: tried.warnings.first().map(|warning| warning.reason.to_owned()),
    }
}
