//! `tapline imports preview`: rows in, records or reasons out, line by line.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use tapline_api::offline;

use crate::input;
use crate::say::{Answered, End, Said, counted, not_understood};

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
    let previewed = match offline::preview(&plan, &lines, at) {
        Ok(previewed) => previewed,
        Err(problems) => return faults(problems),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut rows, mut rejected) = (0, 0);
    for row in previewed {
        rows += 1;
        rejected += u64::from(row.rejected);
        if out.write_all(&row.line).and_then(|()| out.write_all(b"\n")).is_err() {
            break; // the reader has gone away
        }
    }
    let _ = out.flush();
    let _ = writeln!(std::io::stderr(), "{}, {rejected} rejected.", counted(rows, "row"));
    Ok(Said::silent(if rejected > 0 { End::WithRejects } else { End::Done }))
}
