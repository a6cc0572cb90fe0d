//! What holds for every row, whatever it holds.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{RUN_START, mapping, plan, schema};
use crate::bigquery::Page;
use crate::mapping::Outcome;

const COLUMNS: [(&str, &str); 12] = [
    ("id", "STRING"),
    ("text", "STRING"),
    ("mail", "STRING"),
    ("phone", "STRING"),
    ("whole", "INT64"),
    ("part", "FLOAT64"),
    ("exact", "NUMERIC"),
    ("flag", "BOOL"),
    ("at", "TIMESTAMP"),
    ("tags", "ARRAY<STRING>"),
    ("home", "STRUCT<a STRING, b ARRAY<INT64>>"),
    ("what", "STRING"),
];

fn properties(lists: bool) -> Value {
    let mut properties = json!([
        {"column": "text", "name": "Text", "type": "string"},
        {"column": "text", "name": "Number", "type": "float"},
        {"column": "mail", "name": "Email", "type": "string"},
        {"column": "phone", "name": "Phone", "type": "string", "repairs": {"trim": true, "country_code": "+44"}},
        {"column": "whole", "name": "Whole", "type": "long"},
        {"column": "part", "name": "Part", "type": "float"},
        {"column": "exact", "name": "Exact", "type": "integer"},
        {"column": "flag", "name": "MSG-sms", "type": "boolean"},
        {"column": "at", "name": "DOB", "type": "date"},
        {"column": "tags", "name": "Tags", "type": "string"},
        {"column": "home", "name": "Home", "type": "string"},
    ]);
    if lists {
        properties[9]["type"] = json!("multi_value");
    }
    properties
}

/// A text as JSON that nobody tidied: escapes, halves of characters, white space, nothing.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "\\PC{0,12}".prop_map(|text| json!(text).to_string()),
        2 => ".{0,8}".prop_map(|text| json!(text).to_string()),
        2 => "[+]?[0-9]{1,20}(\\.[0-9]{1,3})?(e[0-9]{1,3})?".prop_map(|text| json!(text).to_string()),
        2 => "[a-z]{1,5}@[a-z]{1,5}\\.(io|com)".prop_map(|text| json!(text).to_string()),
        1 => Just(r#""\ud800""#.to_owned()),
        1 => Just(r#""\u0000\u001f\"\\\/""#.to_owned()),
        1 => Just("null".to_owned()),
        1 => (500usize..1100).prop_map(|n| format!("\"{}\"", "é".repeat(n))),
        1 => Just(r#"[{"v":"stray"}]"#.to_owned()),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        any::<i64>().prop_map(|n| format!("\"{n}\"")),
        any::<f64>().prop_map(|n| format!("\"{n:?}\"")),
        any::<f64>().prop_map(|n| format!("\"{n:E}\"")),
        (0i64..2000).prop_map(|n| format!("\"{n}.500\"")),
        Just(r#""NaN""#.to_owned()),
        Just(r#""-Infinity""#.to_owned()),
        Just("null".to_owned()),
        text(),
    ]
    .boxed()
}

fn row() -> impl Strategy<Value = Vec<String>> {
    let list = prop_oneof![
        proptest::collection::vec(text(), 0..130).prop_map(|texts| format!(
            "[{}]",
            texts
                .iter()
                .map(|text| format!("{{\"v\":{text}}}"))
                .collect::<Vec<_>>()
                .join(",")
        )),
        text(),
    ];
    let home = prop_oneof![
        (text(), number()).prop_map(|(a, b)| format!("{{\"f\":[{{\"v\":{a}}},{{\"v\":[{{\"v\":{b}}}]}}]}}")),
        Just("null".to_owned()),
    ];
    let flag = prop_oneof![
        Just("\"true\"".to_owned()),
        Just("\"false\"".to_owned()),
        Just("null".to_owned()),
        text()
    ];
    let scalars = (
        text(),
        text(),
        text(),
        text(),
        number(),
        number(),
        number(),
        flag,
        number(),
    );
    (scalars, list, home, text())
        .prop_map(|((a, b, c, d, e, f, g, h, i), list, home, what)| vec![a, b, c, d, e, f, g, h, i, list, home, what])
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

fn holds(record: &[u8], event: bool) -> Result<(), TestCaseError> {
    let text = std::str::from_utf8(record).map_err(|_| TestCaseError::fail("not UTF-8"))?;
    let value: Value = serde_json::from_str(text).map_err(|error| TestCaseError::fail(format!("{error} in {text}")))?;
    prop_assert!(!has_null(&value), "null in {}", text);
    let identity = value["identity"].as_str().unwrap_or_default();
    prop_assert!(
        !identity.trim().is_empty() && identity.chars().count() <= 1024,
        "whose is {}",
        text
    );
    prop_assert!(value["ts"].as_i64().is_some_and(|ts| ts > 0), "no time in {}", text);
    prop_assert_eq!(value["type"].as_str(), Some(if event { "event" } else { "profile" }));
    let data = &value[if event { "evtData" } else { "profileData" }];
    prop_assert!(data.is_object(), "no data in {}", text);
    if event {
        prop_assert!(
            !value["evtName"].as_str().unwrap_or_default().trim().is_empty(),
            "no name in {}",
            text
        );
    } else if let Some(list) = data["Tags"]["$set"].as_array() {
        prop_assert!((1..=100).contains(&list.len()), "{} texts in a list", list.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_record_is_json_without_null_and_somebodys(row in row(), event in any::<bool>(), strict in any::<bool>()) {
        let records = if event { json!({"events": {"name": {"column": "what"}}}) } else { json!("profiles") };
        let plan = plan(json!({"records": records, "properties": properties(!event), "strict": strict}));
        let mapping = mapping(&plan, &schema(&COLUMNS));
        let page = Page::gather(&[row]).map_err(|_| TestCaseError::reject("a stray surrogate in a nested key"))?;
        let mut out = Vec::new();
        match mapping.map(page.row(0).expect("one row"), RUN_START, &mut out) {
            Outcome::Record { warnings } => {
                prop_assert!(warnings.is_empty() || !strict, "strict plans do not warn");
                holds(&out, event)?;
            }
            Outcome::Rejected { rejections } => {
                prop_assert!(out.is_empty() && !rejections.is_empty(), "a rejected row leaves reasons and nothing else");
            }
        }
    }

    #[test]
    fn good_rows_pass(id in "[a-z]{3,9}[0-9]", n in any::<i32>(), second in 1i64..4_000_000_000) {
        let plan = plan(json!({"properties": properties(true)}));
        let mapping = mapping(&plan, &schema(&COLUMNS));
        let n = format!("\"{n}\"");
        let id = format!("\"{id}\"");
        let at = format!("\"{}\"", second * 1_000_000);
        let row = [&id, &n, "\"a@b.io\"", "\"02079460958\"", &n, &n, &n, "\"true\"", &at, "[]", "null", "null"];
        let page = Page::gather(&[row.to_vec()]).expect("JSON");
        let mut out = Vec::new();
        let outcome = mapping.map(page.row(0).expect("one row"), RUN_START, &mut out);
        prop_assert_eq!(outcome, Outcome::Record { warnings: vec![] });
        holds(&out, false)?;
    }
}
