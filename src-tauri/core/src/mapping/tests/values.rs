//! One column on its way into one property.

use serde_json::{Value, json};

use super::{map, mapping, plan, schema};

/// What is sent for one value of a column of this type, or the code under which its row is rejected; then warnings.
#[track_caller]
fn sent(column_type: &str, property: &Value, value: &str) -> (Result<String, String>, Vec<String>) {
    let mut property = property.clone();
    property["column"] = json!("c");
    if property["name"].is_null() {
        property["name"] = json!("P");
    }
    let name = property["name"].to_string();
    let plan = plan(json!({"properties": [property]}));
    let mapping = mapping(&plan, &schema(&[("id", "STRING"), ("c", column_type)]));
    let (record, notes) = map(&mapping, &["\"u1\"", value]);
    let notes: Vec<_> = notes.iter().map(|note| note.replace("c:", "")).collect();
    if record.is_empty() {
        return (Err(notes.join(" ")), Vec::new());
    }
    let data = record.split_once(r#""profileData":{"#).expect("profileData").1;
    let data = data.strip_suffix("}}").expect("its end");
    let value = data.strip_prefix(&format!("{name}:")).unwrap_or(data);
    (Ok(value.to_owned()), notes)
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "tables read better without ampersands")]
fn check(property: Value, rows: &[(&str, &str, Result<&str, &str>)]) {
    for (column_type, value, expected) in rows {
        let (sent, warnings) = sent(column_type, &property, value);
        let sent = sent.as_deref().map_err(String::as_str);
        assert_eq!(sent, *expected, "{column_type} {value} as {property}");
        assert_eq!(warnings, Vec::<String>::new(), "{column_type} {value} as {property}");
    }
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "tables read better without ampersands")]
fn check_warned(property: Value, rows: &[(&str, &str, &str, &str)]) {
    for (column_type, value, expected, warning) in rows {
        let (sent, warnings) = sent(column_type, &property, value);
        assert_eq!(
            sent.as_deref(),
            Ok(*expected),
            "{column_type} {value:.80} as {property}"
        );
        assert_eq!(
            warnings,
            [warning.to_owned()],
            "{column_type} {value:.80} as {property}"
        );
    }
}

#[test]
fn every_type_of_bigquery_becomes_text() {
    check(
        json!({"type": "string"}),
        &[
            ("STRING", r#""plain""#, Ok(r#""plain""#)),
            ("STRING", r#""""#, Ok(r#""""#)),
            (
                "STRING",
                r#""a \"b\" \\ \/ \n \u0001 \u00e9 \ud83d\ude00""#,
                Ok(r#""a \"b\" \\ / \n \u0001 é 😀""#),
            ),
            ("STRING", r#""null""#, Ok(r#""null""#)),
            ("STRING", "null", Ok("")),
            ("STRING", r#""\ud800""#, Err("unreadable")),
            ("STRING", "[]", Err("unreadable")),
            ("INT64", r#""9223372036854775807""#, Ok(r#""9223372036854775807""#)),
            ("INT64", "5", Ok(r#""5""#)),
            ("INT64", r#""five""#, Err("unreadable")),
            ("FLOAT64", r#""1.0""#, Ok(r#""1""#)),
            ("FLOAT64", r#""NaN""#, Ok(r#""NaN""#)),
            ("NUMERIC", r#""11.770000000""#, Ok(r#""11.77""#)),
            ("BOOL", r#""true""#, Ok(r#""true""#)),
            ("DATE", r#""2024-03-05""#, Ok(r#""2024-03-05""#)),
            ("DATETIME", r#""2024-03-05T04:07:09""#, Ok(r#""2024-03-05T04:07:09""#)),
            (
                "TIMESTAMP",
                r#""1709611629123456""#,
                Ok(r#""2024-03-05T04:07:09.123456Z""#),
            ),
            ("TIMESTAMP", r#""1.709611629E9""#, Ok(r#""2024-03-05T04:07:09Z""#)),
            ("TIME", r#""04:07:09""#, Ok(r#""04:07:09""#)),
            ("BYTES", r#""3q2+7w==""#, Ok(r#""3q2+7w==""#)),
            ("GEOGRAPHY", r#""POINT(1 2)""#, Ok(r#""POINT(1 2)""#)),
            ("INTERVAL", r#""1-2 3 4:5:6""#, Ok(r#""1-2 3 4:5:6""#)),
            (
                "RANGE<DATE>",
                r#""[2024-01-01, UNBOUNDED)""#,
                Ok(r#""[2024-01-01, UNBOUNDED)""#),
            ),
            ("JSON", r#""{\"a\":[1,null]}""#, Ok(r#""{\"a\":[1,null]}""#)),
            ("JSON", r#""null""#, Ok("")),
            ("ARRAY<INT64>", r#"[{"v":"1"},{"v":"2"}]"#, Ok(r#""[1,2]""#)),
            ("ARRAY<STRING>", r#"[{"v":"a\"b"}]"#, Ok(r#""[\"a\\\"b\"]""#)),
            ("ARRAY<STRING>", "[]", Ok(r#""[]""#)),
            (
                "STRUCT<city STRING, n INT64, big INT64, ok BOOL, t TIMESTAMP, j JSON, x ARRAY<STRUCT<y FLOAT64>>>",
                r#"{"f":[{"v":"Oslo"},{"v":"7"},{"v":"9007199254740993"},{"v":"true"},{"v":"0"},{"v":"[1]"},{"v":[{"v":{"f":[{"v":"1.50"}]}},{"v":{"f":[{"v":"NaN"}]}}]}]}"#,
                Ok(
                    r#""{\"city\":\"Oslo\",\"n\":7,\"big\":\"9007199254740993\",\"ok\":true,\"t\":\"1970-01-01T00:00:00Z\",\"j\":[1],\"x\":[{\"y\":1.5},{\"y\":\"NaN\"}]}""#,
                ),
            ),
            ("STRUCT<a STRING>", r#"{"f":[{"v":null}]}"#, Ok(r#""{\"a\":null}""#)),
            ("STRUCT", r#"{"f":[{"v":"x"}]}"#, Ok(r#""{\"_field_1\":\"x\"}""#)),
            ("STRUCT<a STRING>", r#""oops""#, Err("unreadable")),
        ],
    );
}

#[test]
fn integers() {
    for kind in ["integer", "long"] {
        check(
            json!({"type": kind}),
            &[
                ("INT64", r#""42""#, Ok("42")),
                ("INT64", r#""-9007199254740992""#, Ok("-9007199254740992")),
                ("INT64", "null", Ok("")),
                ("INT64", "[]", Err("unreadable")),
                ("NUMERIC", r#""3""#, Ok("3")),
                ("NUMERIC", r#""3.5""#, Err("not_whole")),
                ("FLOAT64", r#""3.0""#, Ok("3")),
                ("FLOAT64", r#""1.5E3""#, Ok("1500")),
                ("FLOAT64", r#""NaN""#, Err("not_finite")),
                ("STRING", r#""007""#, Ok("7")),
                ("STRING", r#""-0""#, Ok("0")),
                ("STRING", r#"" 7""#, Err("not_a_number")),
                ("STRING", r#""1,000""#, Err("not_a_number")),
                ("STRING", r#""""#, Err("not_a_number")),
            ],
        );
        check_warned(
            json!({"type": kind}),
            &[
                (
                    "INT64",
                    r#""9007199254740993""#,
                    r#""9007199254740993""#,
                    "integer_as_text",
                ),
                (
                    "INT64",
                    r#""-9223372036854775808""#,
                    r#""-9223372036854775808""#,
                    "integer_as_text",
                ),
                (
                    "BIGNUMERIC",
                    r#""99999999999999999999999""#,
                    r#""99999999999999999999999""#,
                    "integer_as_text",
                ),
                ("FLOAT64", r#""1E20""#, r#""100000000000000000000""#, "integer_as_text"),
            ],
        );
    }
    check(
        json!({"type": "integer", "repairs": {"trim": true}}),
        &[("STRING", r#"" 7\t""#, Ok("7"))],
    );
}

#[test]
fn floats() {
    check(
        json!({"type": "float"}),
        &[
            ("FLOAT64", r#""11.77""#, Ok("11.77")),
            ("FLOAT64", r#""1.0E-7""#, Ok("1e-7")),
            ("FLOAT64", r#""1E20""#, Ok("1e20")),
            ("FLOAT64", r#""Infinity""#, Err("not_finite")),
            ("FLOAT64", r#""-Infinity""#, Err("not_finite")),
            ("FLOAT64", r#""NaN""#, Err("not_finite")),
            ("NUMERIC", r#""0.100000000""#, Ok("0.1")),
            ("BIGNUMERIC", r#""12345678901234.567""#, Ok("12345678901234.567")),
            (
                "NUMERIC",
                r#""99999000000000000000000000000""#,
                Ok("99999000000000000000000000000"),
            ),
            ("FLOAT64", r#""1.7976931348623157E308""#, Ok("1.7976931348623157e308")),
            ("INT64", r#""42""#, Ok("42")),
            ("STRING", r#""+.50""#, Ok("0.5")),
            ("STRING", r#""twelve""#, Err("not_a_number")),
            ("STRING", r#""inf""#, Err("not_finite")),
        ],
    );
    check_warned(
        json!({"type": "float"}),
        &[
            (
                "INT64",
                r#""9007199254740993""#,
                r#""9007199254740993""#,
                "integer_as_text",
            ),
            (
                "BIGNUMERIC",
                r#""12345678901234567890.5""#,
                "12345678901234567890.5",
                "digits_lost",
            ),
            (
                "NUMERIC",
                r#""-0.00123456789012345678""#,
                "-0.00123456789012345678",
                "digits_lost",
            ),
        ],
    );
}

#[test]
fn booleans() {
    check(
        json!({"type": "boolean"}),
        &[
            ("BOOL", r#""true""#, Ok("true")),
            ("BOOL", r#""false""#, Ok("false")),
            ("BOOL", "true", Ok("true")),
            ("BOOL", "null", Ok("")),
            ("STRING", r#""1""#, Ok("true")),
            ("STRING", r#""0""#, Ok("false")),
            ("STRING", r#""true""#, Ok("true")),
            ("STRING", r#""TRUE""#, Err("not_a_boolean")),
            ("STRING", r#""yes""#, Err("not_a_boolean")),
            ("STRING", r#""""#, Err("not_a_boolean")),
            ("INT64", r#""1""#, Ok("true")),
            ("INT64", r#""2""#, Err("not_a_boolean")),
        ],
    );
}

#[test]
fn dates() {
    check(
        json!({"type": "date"}),
        &[
            ("DATE", r#""2024-03-05""#, Ok(r#""$D_1709596800""#)),
            ("DATE", r#""1965-06-01""#, Ok(r#""$D_-144720000""#)),
            ("DATE", "null", Ok("")),
            ("DATETIME", r#""2024-03-05T04:07:09.5""#, Ok(r#""$D_1709611629""#)),
            ("TIMESTAMP", r#""1709611629123456""#, Ok(r#""$D_1709611629""#)),
            ("TIMESTAMP", r#""2024-03-05 04:07:09+00""#, Ok(r#""$D_1709611629""#)),
            ("TIMESTAMP", r#""soon""#, Err("date_format")),
        ],
    );
    check(
        json!({"type": "date", "format": "dd/MM/yyyy", "repairs": {"trim": true, "zone": "Asia/Kolkata"}}),
        &[
            ("STRING", r#"" 05/03/2024 ""#, Ok(r#""$D_1709577000""#)),
            ("STRING", r#""30/02/2024""#, Err("no_such_date")),
            ("STRING", r#""2024-03-05""#, Err("date_format")),
            ("DATE", r#""2024-03-05""#, Ok(r#""$D_1709577000""#)),
        ],
    );
    check(
        json!({"type": "date", "format": "epoch_milliseconds"}),
        &[
            ("INT64", r#""1709611629123""#, Ok(r#""$D_1709611629""#)),
            ("INT64", r#""1709611629""#, Err("date_format")),
            ("NUMERIC", r#""1709611629123""#, Ok(r#""$D_1709611629""#)),
            ("STRING", r#""1709611629123""#, Ok(r#""$D_1709611629""#)),
        ],
    );
}

#[test]
fn lists_hold_each_text_once() {
    check(
        json!({"type": "multi_value"}),
        &[
            (
                "ARRAY<STRING>",
                r#"[{"v":"a"},{"v":"b\n"},{"v":"a"}]"#,
                Ok(r#"{"$set":["a","b\n"]}"#),
            ),
            ("ARRAY<STRING>", r#"[{"v":null},{"v":"a"}]"#, Ok(r#"{"$set":["a"]}"#)),
            ("ARRAY<STRING>", "[]", Ok("")),
            ("ARRAY<STRING>", "null", Ok("")),
            ("ARRAY<STRING>", r#""a""#, Err("unreadable")),
            (
                "ARRAY<INT64>",
                r#"[{"v":"1"},{"v":"1"},{"v":"2"}]"#,
                Ok(r#"{"$set":["1","2"]}"#),
            ),
            (
                "ARRAY<DATE>",
                r#"[{"v":"2024-03-05"}]"#,
                Ok(r#"{"$set":["2024-03-05"]}"#),
            ),
        ],
    );
    let list = |texts: &[String]| {
        format!(
            "[{}]",
            texts
                .iter()
                .map(|text| format!(r#"{{"v":"{text}"}}"#))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let set = |texts: &[String]| {
        format!(
            r#"{{"$set":[{}]}}"#,
            texts
                .iter()
                .map(|text| format!(r#""{text}""#))
                .collect::<Vec<_>>()
                .join(",")
        )
    };
    let texts: Vec<String> = (0..101).map(|n| format!("t{n}")).collect();
    check(
        json!({"type": "multi_value"}),
        &[("ARRAY<STRING>", &list(&texts[..100]), Ok(&set(&texts[..100])))],
    );
    check_warned(
        json!({"type": "multi_value"}),
        &[("ARRAY<STRING>", &list(&texts), &set(&texts[..100]), "list_cut")],
    );
    let long = ["x".repeat(513)];
    check_warned(
        json!({"type": "multi_value"}),
        &[("ARRAY<STRING>", &list(&long), &set(&long), "text_cut")],
    );
}

#[test]
fn half_a_character_rejects_its_row_and_every_other_text_arrives_as_it_is() {
    check(
        json!({"type": "string"}),
        &[
            ("STRING", r#""a \ud800 b""#, Err("unreadable")),
            ("STRING", r#""\ude00""#, Err("unreadable")),
            ("STRING", r#""\ud83d\ude00""#, Ok("\"😀\"")),
            ("STRING", r#""\u0000\u001f\u007f""#, Ok("\"\\u0000\\u001f\u{7f}\"")),
            ("STRING", r#""""#, Ok("\"\"")),
            ("BYTES", r#""AP8=""#, Ok("\"AP8=\"")),
        ],
    );
}

#[test]
fn a_text_that_clevertap_takes_for_a_date_is_warned_of() {
    check(
        json!({"type": "string"}),
        &[("STRING", r#""a $D_1""#, Ok(r#""a $D_1""#))],
    );
    check_warned(
        json!({"type": "string"}),
        &[("STRING", r#""$D_1700000000""#, r#""$D_1700000000""#, "text_is_date")],
    );
}

#[test]
fn long_texts_are_sent_whole_with_a_warning() {
    let text = |bytes: usize| format!(r#""{}""#, "x".repeat(bytes));
    check(json!({"type": "string"}), &[("STRING", &text(512), Ok(&text(512)))]);
    check_warned(
        json!({"type": "string"}),
        &[
            ("STRING", &text(513), &text(513), "text_cut"),
            ("STRING", &text(1_000_000), &text(1_000_000), "text_cut"),
            (
                "STRING",
                &format!(r#""{}""#, "é".repeat(257)),
                &format!(r#""{}""#, "é".repeat(257)),
                "text_cut",
            ),
        ],
    );
}

#[test]
fn clevertaps_own_properties_have_clevertaps_codes() {
    let own = |name: &str, kind: &str| json!({"name": name, "type": kind});
    check(
        own("Email", "string"),
        &[
            ("STRING", r#""a@b.io""#, Ok(r#""a@b.io""#)),
            ("STRING", r#""$$$$$""#, Err("515")),
        ],
    );
    check(
        own("Phone", "string"),
        &[
            ("STRING", r#""+35922333232""#, Ok(r#""+35922333232""#)),
            ("STRING", r#""223""#, Err("516")),
            ("INT64", r#""35922333232""#, Err("516")),
        ],
    );
    check(own("Gender", "string"), &[("STRING", r#""X1""#, Err("514"))]);
    check(
        own("Employed", "string"),
        &[("STRING", r#""123""#, Err("517")), ("BOOL", r#""true""#, Err("517"))],
    );
    check(own("Education", "string"), &[("STRING", r#""223""#, Err("518"))]);
    check(own("Married", "string"), &[("STRING", r#""123""#, Err("519"))]);
    check(
        own("Age", "integer"),
        &[
            ("INT64", r#""18""#, Ok("18")),
            ("STRING", r#""aa""#, Err("not_a_number")),
            ("INT64", r#""-3""#, Err("520")),
        ],
    );
    check(
        own("Age", "string"),
        &[("STRING", r#""18""#, Ok(r#""18""#)), ("STRING", r#""aa""#, Err("520"))],
    );
    check(
        own("DOB", "date"),
        &[("DATE", r#""1980-01-01""#, Ok(r#""$D_315532800""#))],
    );
    check(
        own("MSG-email", "boolean"),
        &[
            ("BOOL", r#""false""#, Ok("false")),
            ("STRING", r#""no""#, Err("not_a_boolean")),
        ],
    );
    check(
        own("MSG-sms", "string"),
        &[
            ("STRING", r#""0""#, Ok(r#""0""#)),
            ("STRING", r#""no""#, Err("not_a_boolean")),
        ],
    );
    check(
        own("Tz", "string"),
        &[("STRING", r#""Asia/Kolkata""#, Ok(r#""Asia/Kolkata""#))],
    );
    check_warned(
        own("Tz", "string"),
        &[("STRING", r#""IST?""#, r#""IST?""#, "zone_unknown")],
    );
    check(own("email", "string"), &[("STRING", r#""$$$$$""#, Ok(r#""$$$$$""#))]);
}

#[test]
fn a_phone_gets_the_country_code_that_was_chosen() {
    let phone = json!({"name": "Phone", "type": "string", "repairs": {"trim": true, "country_code": "+44"}});
    check(
        phone,
        &[
            ("STRING", r#"" 02079460958 ""#, Ok(r#""+442079460958""#)),
            ("STRING", r#""+33142685300""#, Ok(r#""+33142685300""#)),
            ("STRING", r#""0033142685300""#, Ok(r#""+33142685300""#)),
            ("INT64", r#""2079460958""#, Ok(r#""+442079460958""#)),
            ("STRING", r#""""#, Err("516")),
            ("STRING", r#""0""#, Err("516")),
            ("STRING", r#""(020) 7946""#, Err("516")),
        ],
    );
}

#[test]
fn null_rejects_a_row_only_where_that_was_chosen() {
    for kind in ["STRING", "INT64", "JSON", "STRUCT<a STRING>"] {
        check(json!({"type": "string"}), &[(kind, "null", Ok(""))]);
        check(
            json!({"type": "string", "when_null": "reject"}),
            &[(kind, "null", Err("null"))],
        );
    }
    check(
        json!({"type": "multi_value", "when_null": "reject"}),
        &[("ARRAY<STRING>", "[]", Err("null"))],
    );
}
