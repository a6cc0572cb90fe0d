use super::{Suggestions, events, profiles};
use crate::bigquery::{Schema, type_text};
use crate::import::plan::EventName;

fn schema(columns: &[(&str, &str)]) -> Schema {
    let field = |(name, kind): &(&str, &str)| type_text::read(name, kind).unwrap_or_else(|| panic!("{kind} is a type"));
    Schema {
        fields: columns.iter().map(field).collect(),
    }
}

fn properties(found: &Suggestions) -> Vec<String> {
    found
        .properties
        .iter()
        .map(|found| {
            format!(
                "{} → {} {}",
                found.value.column,
                found.value.name,
                found.value.data_type.label()
            )
        })
        .collect()
}

#[test]
fn a_table_of_customers_suggests_itself() {
    let found = profiles(&schema(&[
        ("customer_id", "INT64"),
        ("e_mail", "STRING"),
        ("mobile", "INT64"),
        ("full_name", "STRING"),
        ("birth_date", "DATE"),
        ("sex", "STRING"),
        ("first_purchase", "DATE"),
        ("dollars", "NUMERIC"),
        ("is_vip", "BOOL"),
        ("tags", "ARRAY<STRING>"),
        ("address", "STRUCT<city STRING>"),
        ("photo", "BYTES"),
        ("updated_at", "TIMESTAMP"),
    ]));
    assert_eq!(
        found.identity.as_ref().map(|id| id.value.column.as_str()),
        Some("customer_id"),
        "whose row it is"
    );
    assert_eq!(
        found.updated_on.as_ref().map(|time| time.value.column.as_str()),
        Some("updated_at"),
        "when it changed"
    );
    assert_eq!(
        properties(&found),
        [
            "e_mail → Email String",
            "mobile → Phone String",
            "full_name → Name String",
            "birth_date → DOB Date",
            "sex → Gender String",
            "first_purchase → First Purchase Date",
            "dollars → Dollars Float",
            "is_vip → Is VIP Boolean",
            "tags → Tags Multi-value",
            "address → Address String",
        ],
        "bytes are left out: they are refused unless somebody wants them as text"
    );
    assert!(
        found.properties.iter().all(|found| !found.reason.is_empty()),
        "each says why"
    );
}

#[test]
fn a_table_of_purchases_suggests_itself() {
    let found = events(&schema(&[
        ("customer_id", "INT64"),
        ("purchased_on", "DATE"),
        ("cds", "INT64"),
        ("dollars", "NUMERIC"),
        ("tags", "ARRAY<STRING>"),
        ("email", "STRING"),
    ]));
    assert_eq!(
        found.identity.as_ref().map(|id| id.value.column.as_str()),
        Some("customer_id"),
        "whose event it is"
    );
    assert_eq!(
        found.created_on.as_ref().map(|time| time.value.column.as_str()),
        Some("purchased_on"),
        "when it happened"
    );
    assert_eq!(found.event_name, None, "no column names the event");
    assert_eq!(
        properties(&found),
        [
            "cds → Cds Integer",
            "dollars → Dollars Float",
            "tags → Tags String",
            "email → Email String",
        ],
        "an event holds no lists"
    );
}

#[test]
fn an_e_mail_address_is_identity_and_property_at_once() {
    let found = profiles(&schema(&[("email", "STRING"), ("plan", "STRING")]));
    assert_eq!(
        found.identity.as_ref().map(|id| id.value.column.as_str()),
        Some("email"),
        "the best there is"
    );
    assert_eq!(
        properties(&found),
        ["email → Email String", "plan → Plan String"],
        "CleverTap sends mail to it, too"
    );
}

#[test]
fn a_column_may_name_the_event() {
    let found = events(&schema(&[
        ("user_id", "STRING"),
        ("event_name", "STRING"),
        ("a", "TIMESTAMP"),
        ("b", "TIMESTAMP"),
    ]));
    let name = found.event_name.map(|found| found.value);
    assert_eq!(name, Some(EventName::Column("event_name".into())), "by its name");
    assert_eq!(found.created_on, None, "of two times neither is guessed");
}

#[test]
fn no_name_is_proposed_twice_and_types_must_fit() {
    let found = profiles(&schema(&[
        ("first_name", "STRING"),
        ("FirstName", "STRING"),
        ("email", "STRING"),
        ("mail", "STRING"),
        ("age", "STRING"),
        ("phone", "BOOL"),
        ("___", "STRING"),
    ]));
    assert_eq!(
        properties(&found),
        [
            "first_name → First Name String",
            "FirstName → First Name 2 String",
            "email → Email String",
            "mail → Mail String",
            "age → Age 2 String",
            "phone → Phone 2 Boolean",
        ],
        "a name of CleverTap's own is not given to what does not fit it"
    );
}

#[test]
fn nothing_is_made_of_nothing() {
    assert_eq!(profiles(&schema(&[])), Suggestions::default(), "no columns");
    assert_eq!(
        events(&schema(&[("blob", "BYTES")])),
        Suggestions::default(),
        "no column that fits"
    );
}
