//! `tapline imports preview`: rows in, records or reasons out, line by line.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use tapline_api::offline::{self, Previews};

use crate::input;
use crate::say::{Answered, End, Said, clean, counted, not_understood};

pub fn preview(plan: &Path, rows: &Path, at: Option<i64>) -> Answered {
    if plan.as_os_str() == "-" && rows.as_os_str() == "-" {
        return Err(not_understood("Only one of --plan and --rows can be stdin."));
    }
    let faults = |problems| Ok(Said::new(json!({}), "").but_all(problems));
    let plan = match offline::plan(&input::text(plan)?) {
        Ok(plan) => plan,
        Err(problems) => return faults(problems),
    };
    let lines = input::rows(rows)?;
    let Previews {
        rows: previewed,
        unseen,
    } = match offline::preview(&plan, &lines, at) {
        Ok(previewed) => previewed,
        Err(problems) => return faults(problems),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut rows, mut rejected) = (0, 0);
    let mut warnings: BTreeMap<(String, &str), u64> = BTreeMap::new();
    for row in previewed {
        rows += 1;
        rejected += u64::from(row.rejected);
        for warning in row.warnings {
            *warnings.entry(warning).or_default() += 1;
        }
        if out.write_all(&row.line).and_then(|()| out.write_all(b"\n")).is_err() {
            break; // the reader has gone away
        }
    }
    let _ = out.flush();
    let mut notes = std::io::stderr().lock();
    let _ = writeln!(notes, "{}, {rejected} rejected.", counted(rows, "row"));
    for ((column, reason), rows) in warnings {
        let _ = writeln!(notes, "{}, {}: {reason}.", clean(&column), counted(rows, "row"));
    }
    for column in unseen {
        let _ = writeln!(notes, "No row has a column {}: it counts as NULL.", clean(&column));
    }
    Ok(Said::silent(if rejected > 0 { End::WithRejects } else { End::Done }))
}
