//! What can be said of a plan before its columns are known.

use std::collections::BTreeSet;

use super::fault::{at, nearest};
use super::plan::{
    DataType, EventName, Events, IdentityKind, NewAndUpdated, Plan, Property, Records, Repairs, ResultTable, Rows,
    Source, TimeColumn,
};
use super::sql_end::bare;
use crate::bigquery::TableId;
use crate::clevertap::rules::limits::{CUSTOM_PROFILE_PROPERTIES, EVENT_PROPERTIES, NAME_BYTES};
use crate::clevertap::rules::names::{self, NameRefusal};
use crate::clevertap::rules::system::{OBJECT_PROPERTIES, SystemProperty};
use crate::ground::problem::{Code, Fact, Problem};

/// Everything that stands against this plan, whatever its columns. Each problem names its place in [`Fact::Field`].
///
/// Empty does not mean that it can run: its columns are still to be looked at, by [`crate::mapping::compile`].
pub fn validate(plan: &Plan) -> Vec<Problem> {
    let mut faults = Vec::new();
    needed(&mut faults, "nickname", "Nickname", &plan.nickname);
    needed(&mut faults, "database", "Database", &plan.database);
    needed(&mut faults, "account", "Account", &plan.account);
    source(&mut faults, &plan.source);
    rows(&mut faults, plan);
    faults.extend(validate_mapping(plan));
    faults
}

/// The part of [`validate`] that says how rows become records: all but names, source and destination.
pub fn validate_mapping(plan: &Plan) -> Vec<Problem> {
    let mut faults = Vec::new();
    if plan.version != Plan::VERSION {
        faults.push(version_fault(&plan.version.to_string()));
    }
    needed(&mut faults, "identity.column", "Identity", &plan.identity.column);
    repairs(
        &mut faults,
        "identity.repairs",
        &plan.identity.column,
        &plan.identity.repairs,
        true,
    );
    if let Some(column) = &plan.updated_on {
        time(&mut faults, "updated_on", "Updated On", column);
    }
    match &plan.records {
        Records::Profiles => profiles(&mut faults, plan),
        Records::Events(events) => self::events(&mut faults, plan, events),
    }
    let mut seen = BTreeSet::new();
    for (place, property) in plan.properties.iter().enumerate() {
        let field = format!("properties.{place}");
        if !seen.insert(&property.name) {
            faults.push(at(format!("{field}.name"), Code::PropertyTwice).with(Fact::Name, &property.name));
        }
        self::property(&mut faults, &field, property);
    }
    faults
}

/// A plan of a version that is not ours.
pub(super) fn version_fault(found: &str) -> Problem {
    at("version", Code::PlanVersion)
        .with(Fact::Found, found)
        .with(Fact::Expected, Plan::VERSION.to_string())
}

fn needed(faults: &mut Vec<Problem>, field: &str, name: &str, value: &str) {
    if value.trim().is_empty() {
        faults.push(at(field, Code::FieldEmpty).with(Fact::Name, name));
    }
}

fn source(faults: &mut Vec<Problem>, source: &Source) {
    match source {
        Source::Table(table) => {
            if let Err(problem) = TableId::read(table) {
                faults.push(problem.with(Fact::Field, "source.table"));
            }
        }
        Source::Sql(sql) => needed(faults, "source.sql", "SQL", bare(sql)),
    }
}

/// What each way to import needs of the rest of the plan.
fn rows(faults: &mut Vec<Problem>, plan: &Plan) {
    match &plan.rows {
        Rows::All => {}
        Rows::NewAndUpdated(how) => {
            if plan.updated_on.is_none() {
                faults.push(at("updated_on.column", Code::UpdatedOnMissing));
            }
            let most = NewAndUpdated::MOST_OVERLAP_MINUTES;
            if let Some(minutes) = how.overlap_minutes.filter(|minutes| *minutes > most) {
                faults.push(
                    at("rows.new_and_updated.overlap_minutes", Code::OverlapTooLong)
                        .with(Fact::Found, minutes.to_string())
                        .with(Fact::Limit, most.to_string()),
                );
            }
        }
        Rows::Changed => {
            if plan.result_table == ResultTable::Never {
                faults.push(at("result_table", Code::ChangedNeedsTables));
            }
        }
    }
}

fn profiles(faults: &mut Vec<Problem>, plan: &Plan) {
    for (place, property) in plan.properties.iter().enumerate() {
        let field = format!("properties.{place}.name");
        if OBJECT_PROPERTIES.contains(&property.name.as_str()) {
            faults.push(at(field, Code::PropertyUnfit).with(Fact::Name, &property.name));
            continue;
        }
        let Some(system) = SystemProperty::named(&property.name) else {
            continue;
        };
        if system == SystemProperty::Identity && plan.identity.kind == IdentityKind::Identity {
            faults.push(at(field, Code::IdentityTwice).with(Fact::Name, &property.name));
        }
        let types = types_of(system);
        if !types.contains(&property.data_type) {
            let expected: Vec<_> = types.iter().map(|kind| kind.label()).collect();
            faults.push(
                at(format!("properties.{place}.type"), Code::PropertyTypeUnfit)
                    .with(Fact::Name, &property.name)
                    .with(Fact::Found, property.data_type.label())
                    .with(Fact::Expected, expected.join(", ")),
            );
        }
    }
    let custom = plan
        .properties
        .iter()
        .filter(|property| SystemProperty::named(&property.name).is_none())
        .count();
    too_many(faults, custom, CUSTOM_PROFILE_PROPERTIES);
}

/// The data types that a system property's values can have.
fn types_of(property: SystemProperty) -> &'static [DataType] {
    use DataType::{Boolean, Date, Float, Integer, Long, String};
    match property {
        SystemProperty::Dob => &[Date],
        SystemProperty::Age => &[Integer, Long, Float, String],
        SystemProperty::Channel => &[Boolean, String],
        _ => &[String],
    }
}

fn events(faults: &mut Vec<Problem>, plan: &Plan, events: &Events) {
    match &events.name {
        EventName::Column(column) => needed(faults, "records.events.name.column", "Event from Column", column),
        EventName::Specific(name) => {
            let field = "records.events.name.specific";
            if let Err(refusal) = names::check_event(name) {
                faults.push(name_fault(field, "Event name", name, &refusal));
            }
            if names::same_event(name, names::CHARGED) {
                charged(faults, plan);
            }
        }
    }
    if let Some(column) = &events.created_on {
        time(faults, "records.events.created_on", "Created On", column);
    }
    let mut seen = BTreeSet::new();
    for (place, column) in events.key.iter().enumerate() {
        let field = format!("records.events.key.{place}");
        needed(faults, &field, "Event key", column);
        if !seen.insert(column.to_lowercase()) {
            faults.push(at(field, Code::KeyColumnTwice).with(Fact::Column, column));
        }
    }
    for (place, property) in plan.properties.iter().enumerate() {
        if property.data_type == DataType::MultiValue {
            faults.push(at(format!("properties.{place}.type"), Code::MultiValueInEvent));
        }
    }
    too_many(faults, plan.properties.len(), EVENT_PROPERTIES);
}

/// The items of a purchase are objects, which imports do not carry.
fn charged(faults: &mut Vec<Problem>, plan: &Plan) {
    for (place, property) in plan.properties.iter().enumerate() {
        if property.name == "Items" {
            let field = format!("properties.{place}.name");
            faults.push(at(field, Code::PropertyUnfit).with(Fact::Name, &property.name));
        }
    }
}

fn too_many(faults: &mut Vec<Problem>, count: usize, limit: usize) {
    if count > limit {
        faults.push(
            at("properties", Code::TooManyProperties)
                .with(Fact::Count, count.to_string())
                .with(Fact::Limit, limit.to_string()),
        );
    }
}

fn property(faults: &mut Vec<Problem>, field: &str, property: &Property) {
    needed(faults, &format!("{field}.column"), "Column", &property.column);
    if let Err(refusal) = names::check_property(&property.name) {
        faults.push(name_fault(
            &format!("{field}.name"),
            "Property name",
            &property.name,
            &refusal,
        ));
    }
    let text = property.data_type == DataType::String;
    repairs(
        faults,
        &format!("{field}.repairs"),
        &property.column,
        &property.repairs,
        text,
    );
}

fn name_fault(field: &str, label: &str, name: &str, refusal: &NameRefusal) -> Problem {
    let mended = names::mended(name);
    match refusal {
        NameRefusal::Empty => at(field, Code::FieldEmpty).with(Fact::Name, label),
        NameRefusal::Padded => at(field, Code::NamePadded).with_some(Fact::Suggestion, mended),
        NameRefusal::Forbidden(c) if c.is_control() => at(field, Code::NameForbidden)
            .with(Fact::Found, c.escape_unicode().to_string())
            .with_some(Fact::Suggestion, mended),
        NameRefusal::Forbidden(c) => at(field, Code::NameForbidden)
            .with(Fact::Found, c.to_string())
            .with_some(Fact::Suggestion, mended),
        NameRefusal::TooLong => at(field, Code::NameTooLong).with(Fact::Limit, format!("{NAME_BYTES} bytes")),
        NameRefusal::Reserved(own) => at(field, Code::EventReserved).with(Fact::Name, *own),
    }
}

fn repairs(faults: &mut Vec<Problem>, field: &str, column: &str, repairs: &Repairs, text: bool) {
    if let Some(code) = &repairs.country_code {
        let field = format!("{field}.country_code");
        let digits = code.strip_prefix('+').unwrap_or_default();
        if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) || digits.starts_with('0') {
            faults.push(at(field, Code::CountryCodeUnread).with(Fact::Found, code));
        } else if !text {
            faults.push(at(field, Code::CountryCodeUnfit).with(Fact::Column, column));
        }
    }
    zone(faults, format!("{field}.zone"), repairs.zone.as_deref());
}

fn time(faults: &mut Vec<Problem>, field: &str, label: &str, column: &TimeColumn) {
    needed(faults, &format!("{field}.column"), label, &column.column);
    zone(faults, format!("{field}.zone"), column.zone.as_deref());
}

fn zone(faults: &mut Vec<Problem>, field: String, name: Option<&str>) {
    let Some(name) = name else { return };
    if jiff::tz::TimeZone::get(name).is_err() {
        let known: Vec<_> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let place = nearest(name, known.iter().map(String::as_str));
        faults.push(
            at(field, Code::ZoneUnknown)
                .with(Fact::Found, name)
                .with_some(Fact::Suggestion, place),
        );
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
