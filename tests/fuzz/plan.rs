//! Plan files: what is read is written as it was meant, and read again as the same; what is not is told with a reason.

use serde_json::json;
use tapline_core::import::plan::Plan;

pub fn read(came: &[u8]) {
    let Ok(text) = std::str::from_utf8(came) else { return };
    match tapline_core::import::read(text) {
        Ok(plan) => {
            let written = serde_json::to_string(&plan).expect("a plan is JSON");
            let again =
                tapline_core::import::read(&written).unwrap_or_else(|faults| panic!("{written} gave {faults:?}"));
            assert_eq!(again, plan, "what was written is what was read");
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "a plan that is refused has a fault");
            let told = faults.iter().all(|fault| !fault.title().is_empty());
            assert!(told, "and each says which: {faults:?}");
        }
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let property = json!({"column": "email", "name": "Email", "type": "string"});
    let plan = json!({
        "version": Plan::VERSION, "nickname": "People", "database": "Warehouse", "account": "Shop",
        "source": {"table": "people"}, "records": "profiles", "identity": {"column": "id"}, "properties": [property],
    });
    let with = |changes: serde_json::Value| {
        let mut plan = plan.clone();
        for (name, value) in changes.as_object().into_iter().flatten() {
            plan[name] = value.clone();
        }
        plan.to_string().into_bytes()
    };
    vec![
        with(json!({})),
        with(
            json!({"source": {"sql": "SELECT 1 AS id -- one"}, "records": {"events": {"name": {"specific": "Visited"}, "in_doubt": "resend"}}}),
        ),
        with(json!({"updated_on": {"column": "changed"}, "rows": "changed", "result_table": "always"})),
        with(json!({"rows": {"new_and_updated": {"overlap_minutes": 10}}, "strict": true})),
        with(json!({"version": 99})),
        with(json!({"nicknam": "People", "properties": [{"column": 7}]})),
    ]
}
