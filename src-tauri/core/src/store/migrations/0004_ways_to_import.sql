-- New and updated rows, Changed rows, and results in tables of the dataset.

-- Rows that a run counted and did not read. Absent where nobody looked.
ALTER TABLE runs ADD COLUMN undated INTEGER;
ALTER TABLE runs ADD COLUMN later INTEGER;
ALTER TABLE runs ADD COLUMN vanished INTEGER;
ALTER TABLE runs ADD COLUMN edited INTEGER;

-- The stretch of Updated On that a run reads, in microseconds since 1970 by BigQuery's clock: fixed before its first job.
CREATE TABLE windows (
    run       INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    follows   TEXT    NOT NULL, -- what it is a stretch of: source, column, destination
    since     INTEGER,          -- absent for a first run
    until     INTEGER NOT NULL,
    overlap   INTEGER NOT NULL
) STRICT;

-- How far an import's Updated On has been confirmed delivered, in microseconds since 1970.
CREATE TABLE watermarks (
    import_id TEXT PRIMARY KEY,
    follows   TEXT    NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A table of the dataset that holds a run's result.
CREATE TABLE result_tables (
    run     INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    project TEXT    NOT NULL,
    dataset TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    etag    TEXT,   -- as it was when the query was done
    rows    INTEGER -- absent until then
) STRICT;

-- Changed rows: the table of what CleverTap acknowledged, for each import the one that its next run compares with.
CREATE TABLE states (
    import_id TEXT PRIMARY KEY,
    project   TEXT    NOT NULL,
    dataset   TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    merged_at INTEGER -- absent as long as nothing was written to it
) STRICT, WITHOUT ROWID;

-- Changed rows: a run whose result is still to be moved into its state, or has been.
CREATE TABLE comparisons (
    run       INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    state     TEXT    NOT NULL,
    merges    INTEGER NOT NULL DEFAULT 0, -- jobs that were asked to do it, each under an id of its own
    merged_at INTEGER
) STRICT;
CREATE INDEX comparisons_waiting ON comparisons (run) WHERE merged_at IS NULL;
