//! Changed rows: the statements that compare a source with what CleverTap acknowledged, and that write down what it
//! acknowledged since.
//!
//! The *state* is a table with a key and a mark for each record that CleverTap has. For profiles, and for events with an
//! event key, the key stands for the identity or the event and the mark is a hash of the row. Events without an event key
//! have no name but their values: their key is a hash of the row, and their mark says how many such rows were acknowledged.
//! The *delta* holds what differs, each row once, and one line with the number of rows that are told and never sent.

use super::plan::{Plan, Records};
use super::statement::{Base, GROUP_SIZE, listed, row_text};
use crate::bigquery::{DatasetRef, Field, FieldKind, Mode, Schema, TableId, TableRef, quoted};
use crate::ground::problem::Problem;

/// Columns of a delta besides the plan's.
pub const KEY: &str = "tapline_key";
pub const MARK: &str = "tapline_mark";
pub const CHANGE: &str = "tapline_change";
pub const ROWS: &str = "tapline_rows";

/// What [`CHANGE`] says of rows that are counted and never sent.
pub const VANISHED: &str = "vanished";
pub const EDITED: &str = "edited";

const STATE_KEY: &str = "row_key";
const STATE_MARK: &str = "row_mark";

/// Parameters of a [`merge`]: keys, as bytes in Base64.
pub const LEFT: &str = "tapline_left";
pub const DOUBTED: &str = "tapline_doubted";

/// The records of a delta that CleverTap did not acknowledge.
#[derive(Clone, Debug)]
pub enum Unacknowledged {
    /// In the parameters [`LEFT`] and [`DOUBTED`].
    Listed,
    /// In a table with the columns of [`left_schema`].
    In(TableRef),
}

/// The columns of a state.
pub fn state_schema() -> Schema {
    columns(&[(STATE_KEY, FieldKind::Bytes), (STATE_MARK, FieldKind::Integer)])
}

/// The columns of a table of unacknowledged records.
pub fn left_schema() -> Schema {
    columns(&[(STATE_KEY, FieldKind::Bytes), ("doubted", FieldKind::Boolean)])
}

fn columns(columns: &[(&str, FieldKind)]) -> Schema {
    let fields = columns.iter().map(|(name, kind)| Field {
        mode: Mode::Nullable,
        ..Field::of(*name, kind.clone())
    });
    Schema {
        fields: fields.collect(),
    }
}

/// Whether records have a name besides their values.
fn is_keyed(plan: &Plan) -> bool {
    match &plan.records {
        Records::Profiles => true,
        Records::Events(events) => !events.key.is_empty(),
    }
}

/// What differs between the source and the state. One scan of each.
pub fn diff(plan: &Plan, dataset: &DatasetRef, state: &TableRef) -> String {
    let base = Base::of(plan, dataset, None);
    let (now, group_size) = if is_keyed(plan) {
        let more = [
            format!(",\n  IF(tapline_alone, NULL, MD5(tapline_group)) AS {KEY}"),
            format!(",\n  FARM_FINGERPRINT({}) AS {MARK}", row_text(&base.sent())),
            ",\n  TRUE AS tapline_here".to_owned(),
        ];
        (base.newest(&more), vec![GROUP_SIZE])
    } else {
        (counted(&base), Vec::new())
    };
    let kept: Vec<&str> = base.columns.iter().copied().chain(group_size).collect();
    let any = kept.iter().map(|column| quoted(column));
    let any: Vec<_> = any.map(|column| format!("  ANY_VALUE({column}) AS {column}")).collect();
    format!(
        "SELECT
{any},
  ANY_VALUE({KEY}) AS {KEY},
  ANY_VALUE({MARK}) AS {MARK},
  {CHANGE},
  SUM({ROWS}) AS {ROWS}
FROM (
SELECT
{listed},
  tapline_now.{KEY},
  tapline_now.{MARK},
{compared}
)
GROUP BY {CHANGE}, tapline_apart",
        any = any.join(",\n"),
        listed = listed_of(&kept, "tapline_now"),
        compared = compared(plan, &now, state),
    )
}

/// Each row's hash, its number among its like, and how many of them there are.
fn counted(base: &Base<'_>) -> String {
    format!(
        "SELECT
  *,
  ROW_NUMBER() OVER (PARTITION BY {KEY}) AS {MARK},
  COUNT(*) OVER (PARTITION BY {KEY}) AS tapline_copies,
  TRUE AS tapline_here
FROM (
  SELECT
{},
    MD5({}) AS {KEY}
  FROM {}
)",
        listed(&base.columns, "    "),
        row_text(&base.sent()),
        base.from
    )
}

fn compared(plan: &Plan, now: &str, state: &TableRef) -> String {
    let state = state.sql();
    let join = format!(
        "FROM (
{now}
) AS tapline_now
FULL OUTER JOIN {state} AS tapline_then
ON tapline_now.{KEY} = tapline_then.{STATE_KEY}"
    );
    if !is_keyed(plan) {
        let more = format!("tapline_now.{MARK} > IFNULL(tapline_then.{STATE_MARK}, 0)");
        return format!(
            "  CASE WHEN {more} THEN 'new' ELSE '{VANISHED}' END AS {CHANGE},
  CASE
    WHEN {more} THEN 1
    WHEN tapline_now.tapline_here IS NULL THEN tapline_then.{STATE_MARK}
    ELSE tapline_then.{STATE_MARK} - tapline_now.tapline_copies
  END AS {ROWS},
  IF({more}, CONCAT(TO_HEX(tapline_now.{KEY}), CAST(tapline_now.{MARK} AS STRING)), '') AS tapline_apart
{join}
WHERE {more}
  OR tapline_now.tapline_here IS NULL
  OR (tapline_now.{MARK} = 1 AND tapline_now.tapline_copies < tapline_then.{STATE_MARK})"
        );
    }
    // An event cannot be changed: rows that differ are counted, and none of them travels.
    let (differs, apart) = match plan.records {
        Records::Profiles => ("changed", format!("TO_HEX(tapline_now.{KEY})")),
        Records::Events(_) => (EDITED, "''".to_owned()),
    };
    format!(
        "  CASE
    WHEN tapline_now.tapline_here IS NULL THEN '{VANISHED}'
    WHEN tapline_then.{STATE_KEY} IS NULL THEN 'new'
    ELSE '{differs}'
  END AS {CHANGE},
  1 AS {ROWS},
  CASE
    WHEN tapline_now.tapline_here IS NULL THEN ''
    WHEN tapline_now.{KEY} IS NULL THEN GENERATE_UUID()
    WHEN tapline_then.{STATE_KEY} IS NULL THEN TO_HEX(tapline_now.{KEY})
    ELSE {apart}
  END AS tapline_apart
{join}
WHERE tapline_now.tapline_here IS NULL
  OR tapline_then.{STATE_MARK} IS NULL
  OR tapline_now.{MARK} != tapline_then.{STATE_MARK}"
    )
}

fn listed_of(columns: &[&str], table: &str) -> String {
    let columns = columns.iter().map(|column| format!("  {table}.{}", quoted(column)));
    columns.collect::<Vec<_>>().join(",\n")
}

/// Moves into the state what of a delta was acknowledged. Run twice it does no more than once. A profile that may or may not
/// have arrived has no mark any more, so that the next comparison sends it whatever it is then.
pub fn merge(plan: &Plan, state: &TableRef, delta: &TableRef, left: &Unacknowledged) -> String {
    let left = match left {
        Unacknowledged::In(table) => table.sql(),
        Unacknowledged::Listed => format!(
            "(
    SELECT tapline_one AS {STATE_KEY}, FALSE AS doubted FROM UNNEST(@{LEFT}) AS tapline_one
    UNION ALL
    SELECT tapline_one, TRUE FROM UNNEST(@{DOUBTED}) AS tapline_one
  )"
        ),
    };
    let (state, delta) = (state.sql(), delta.sql());
    let unlike =
        format!("tapline_delta.{CHANGE} NOT IN ('{VANISHED}', '{EDITED}') AND tapline_delta.{KEY} IS NOT NULL");
    let acknowledged = if is_keyed(plan) {
        format!(
            "SELECT
    tapline_delta.{KEY},
    tapline_delta.{MARK},
    IFNULL(tapline_left.doubted, FALSE) AS doubted
  FROM {delta} AS tapline_delta
  LEFT JOIN {left} AS tapline_left ON tapline_left.{STATE_KEY} = tapline_delta.{KEY}
  WHERE {unlike} AND (tapline_left.{STATE_KEY} IS NULL OR tapline_left.doubted)"
        )
    } else {
        format!(
            "SELECT {KEY}, tapline_before + tapline_more - IFNULL(tapline_missing, 0) AS {MARK}, FALSE AS doubted
  FROM (
    SELECT tapline_delta.{KEY}, MIN(tapline_delta.{MARK}) - 1 AS tapline_before, COUNT(*) AS tapline_more
    FROM {delta} AS tapline_delta
    WHERE {unlike}
    GROUP BY tapline_delta.{KEY}
  )
  LEFT JOIN (
    SELECT {STATE_KEY} AS tapline_left_key, COUNT(*) AS tapline_missing FROM {left} GROUP BY {STATE_KEY}
  ) ON tapline_left_key = {KEY}
  WHERE tapline_more > IFNULL(tapline_missing, 0)"
        )
    };
    format!(
        "MERGE {state} AS tapline_state
USING (
  {acknowledged}
) AS tapline_new
ON tapline_state.{STATE_KEY} = tapline_new.{KEY}
WHEN MATCHED THEN
  UPDATE SET {STATE_MARK} = IF(tapline_new.doubted, NULL, tapline_new.{MARK})
WHEN NOT MATCHED AND NOT tapline_new.doubted THEN
  INSERT ({STATE_KEY}, {STATE_MARK}) VALUES (tapline_new.{KEY}, tapline_new.{MARK})"
    )
}

/// Changes nothing, and needs every right and all else that a [`merge`] needs. For a dry run.
pub fn trial(state: &TableRef) -> String {
    format!("DELETE FROM {} WHERE FALSE", state.sql())
}

/// Makes a table like a state. For a dry run, which makes nothing and needs every right to make one.
pub fn trial_of_making(dataset: &DatasetRef) -> Result<String, Problem> {
    let table = dataset.table(TableId::read("tapline_state_trial")?);
    Ok(format!(
        "CREATE TABLE {} ({STATE_KEY} BYTES, {STATE_MARK} INT64)",
        table.sql()
    ))
}

/// Adds unacknowledged keys to a table of them.
pub fn listed_keys() -> String {
    format!(
        "SELECT tapline_one AS {STATE_KEY}, FALSE AS doubted FROM UNNEST(@{LEFT}) AS tapline_one
UNION ALL
SELECT tapline_one, TRUE FROM UNNEST(@{DOUBTED}) AS tapline_one"
    )
}

/// What a person runs to be rid of a table.
pub fn drop_statement(table: &TableRef) -> String {
    format!("DROP TABLE IF EXISTS {}", table.sql())
}

/// What decides which records a plan makes of the same rows, and for which account, in sixteen letters. A state holds for
/// one of them alone: what CleverTap acknowledged of another says nothing.
pub fn mapping_mark(plan: &Plan, account: &str) -> String {
    let records = match &plan.records {
        Records::Profiles => serde_json::Value::Null,
        Records::Events(events) => serde_json::json!([events.name, events.created_on, events.key]),
    };
    let text = serde_json::json!([account, records, plan.identity, plan.properties, plan.strict]).to_string();
    // FNV-1a: the name of a table needs no secret, and must stay the same in every version.
    let mark = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |mark, byte| {
        (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{mark:016x}")
}
