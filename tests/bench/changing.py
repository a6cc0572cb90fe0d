"""What *Changed rows* moves and costs, with BigQuery's SQL played by an engine and its bill by the sandbox."""

from clients import Tapline
from world import PLAN, Sandbox

# One row in a hundred differs from what it was.
SHARE = 100

SOURCE = """CREATE OR REPLACE TABLE shop.people AS
SELECT CAST(n AS STRING) AS id, CONCAT('p', n, '@example.com') AS email, CONCAT('+4790', LPAD(CAST(n AS STRING), 8, '0')) AS phone,
  CONCAT('Person number ', n) AS name, IF(MOD(n, {share}) = 0, '{city}', 'Oslo') AS city, MOD(n, 50) AS orders,
  CAST(MOD(n, 900) AS NUMERIC) AS spent, MOD(n, 3) = 0 AS active, DATE '1980-01-01' AS born, TIMESTAMP '2026-01-01' AS seen
FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS n"""
# Bytes as BigQuery counts them: two and its length for a text, 8 for a number or a time, 16 for NUMERIC, 1 for BOOL.
TEXTS = ["id", "email", "phone", "name", "city"]
FIXED_BYTES = 8 + 16 + 1 + 8 + 8
# A key of 16 bytes, counted as two and its length, and a mark.
STATE_ROW_BYTES = 2 + 16 + 8
LEAST_BILLED = 10 * 1024 * 1024


def changed(bench):
    """The first run fills the state; of the second, 1 % of the rows differ."""
    rows = 5_000 if bench.quick else bench.compared
    sandbox = Sandbox(sql=True)
    try:
        sandbox.control("google/sql", {"query": SOURCE.format(share=SHARE, city="Oslo", rows=rows)})
        texts = " + ".join(f"2 + BYTE_LENGTH({text})" for text in TEXTS)
        summed = sandbox.control("google/sql", {"query": f"SELECT SUM({texts}) + {FIXED_BYTES} * COUNT(*) FROM shop.people"})
        scan, state = int(summed["rows"][0][0]), STATE_ROW_BYTES * rows
        tapline = Tapline(sandbox, {**PLAN, "rows": "changed"})
        first, _, _ = ran(sandbox, tapline)
        sandbox.control("google/sql", {"query": SOURCE.format(share=SHARE, city="Bergen", rows=rows)})
        travelled, processed, bill = ran(sandbox, tapline)
        tapline.end()
    finally:
        sandbox.end()
    if (first, travelled) != (rows, rows // SHARE):
        raise SystemExit(f"{first} and then {travelled} of {rows} rows travelled.")
    bench.add(
        f"Rows that travel, 1 of {SHARE} of {rows:,} changed", f"{travelled / rows:.2%}", "≤ 1.1 %", travelled / rows <= 0.011, number=travelled,
    )
    most = scan + 3 * state
    goal = f"≤ {most:,}, source + 3 × state"
    bench.add(
        "Bytes processed, MERGE included", f"{processed:,}", goal, processed <= most, number=processed, scan=scan, state=state,
    )
    # A bill has 10 MB for each table at least: of small tables it tells nothing else.
    tells = state >= LEAST_BILLED
    bench.add("Bytes billed, MERGE included", f"{bill:,}", goal if tells else "–", bill <= most if tells else None, number=bill)


def ran(sandbox, tapline):
    """Records that arrived by one run, and the bytes that its jobs processed and were billed."""
    sandbox.sink()
    before = added(sandbox)
    tapline.run()
    processed, bill = (now - then for now, then in zip(added(sandbox), before))
    return sum(one["records"] for one in sandbox.sunk()), processed, bill


def added(sandbox):
    """Of all jobs so far."""
    queries = [job["statistics"].get("query", {}) for job in sandbox.control("jobs")]
    return [sum(int(query.get(name, 0)) for query in queries) for name in ["totalBytesProcessed", "totalBytesBilled"]]
