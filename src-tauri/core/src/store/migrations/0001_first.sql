-- Times are milliseconds since 1970 in UTC. Names are unique without regard to case, through their folded twin.

CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       TEXT    NOT NULL,
    belongs  TEXT    NOT NULL, -- 'real' or 'sandbox'
    made_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every entry that we may have put into the keychain, noted before it is written: so none is ever lost sight of.
CREATE TABLE vault_entries (
    name     TEXT PRIMARY KEY,
    noted_at INTEGER NOT NULL,
    holder   TEXT NOT NULL -- the process that was writing it
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
    id                TEXT PRIMARY KEY,
    name              TEXT    NOT NULL,
    name_folded       TEXT    NOT NULL UNIQUE,
    project_id        TEXT    NOT NULL,
    dataset_id        TEXT    NOT NULL,
    billing_project   TEXT,
    bytes_cap         INTEGER,
    location_override TEXT,
    location          TEXT,            -- as the last test found it
    client_email      TEXT    NOT NULL,
    client_id         TEXT,
    key_id            TEXT    NOT NULL,
    key_bits          INTEGER NOT NULL,
    token_uri         TEXT    NOT NULL,
    vault_entry       TEXT    NOT NULL,
    key_added_at      INTEGER NOT NULL,
    connected_at      INTEGER NOT NULL,
    connected_by      TEXT    NOT NULL
) STRICT;

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY,
    name        TEXT    NOT NULL,
    name_folded TEXT    NOT NULL UNIQUE,
    account_id  TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    vault_entry TEXT    NOT NULL,
    added_at    INTEGER NOT NULL,
    added_by    TEXT    NOT NULL
) STRICT;

-- The last verdict on a connection or an account. Gone as soon as what was tested changes.
CREATE TABLE checks (
    connection_id TEXT UNIQUE REFERENCES connections (id) ON DELETE CASCADE,
    account_id    TEXT UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    at            INTEGER NOT NULL,
    took_ms       INTEGER NOT NULL,
    passed        INTEGER NOT NULL,
    problem       TEXT,
    CHECK ((connection_id IS NULL) <> (account_id IS NULL))
) STRICT;

CREATE TABLE imports (
    id              TEXT PRIMARY KEY,
    nickname        TEXT    NOT NULL,
    nickname_folded TEXT    NOT NULL UNIQUE,
    status          TEXT    NOT NULL,
    connection_id   TEXT REFERENCES connections (id) ON DELETE SET NULL,
    account_id      TEXT REFERENCES accounts (id) ON DELETE SET NULL,
    plan            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    created_by      TEXT    NOT NULL,
    updated_at      INTEGER NOT NULL,
    updated_by      TEXT    NOT NULL
) STRICT;
CREATE INDEX imports_by_connection ON imports (connection_id);
CREATE INDEX imports_by_account ON imports (account_id);

-- Runs outlive what they ran: names and plan are as they were.
CREATE TABLE runs (
    number          INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    import_id       TEXT    NOT NULL,
    nickname        TEXT    NOT NULL,
    database        TEXT    NOT NULL,
    account         TEXT    NOT NULL,
    sync_type       TEXT    NOT NULL,
    plan            TEXT    NOT NULL,
    holder          TEXT    NOT NULL, -- the process that runs it
    import_was      TEXT    NOT NULL, -- the import's status to go back to
    outcome         TEXT,             -- absent while it runs
    phase           TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    started_by      TEXT    NOT NULL,
    ended_at        INTEGER,
    stop_asked_at   INTEGER,
    job_project     TEXT,
    job_location    TEXT,
    job_id          TEXT,
    expected_rows   INTEGER,
    bytes_estimated INTEGER,
    bytes_billed    INTEGER,
    rows_read       INTEGER NOT NULL DEFAULT 0,
    collapsed       INTEGER NOT NULL DEFAULT 0,
    delivered       INTEGER NOT NULL DEFAULT 0,
    rejected        INTEGER NOT NULL DEFAULT 0,
    unprocessed     INTEGER NOT NULL DEFAULT 0,
    in_doubt        INTEGER NOT NULL DEFAULT 0,
    batches         INTEGER NOT NULL DEFAULT 0,
    problem         TEXT
) STRICT;
CREATE INDEX runs_by_import ON runs (import_id, number);
-- Whatever processes share the store: one import, one run at a time.
CREATE UNIQUE INDEX runs_going ON runs (import_id) WHERE outcome IS NULL;

-- The ledger. A batch is 'open' from before its bytes leave until the answer is recorded.
CREATE TABLE batches (
    run         INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    first_row   INTEGER NOT NULL, -- positions in the query's result, from 1, both inclusive
    last_row    INTEGER NOT NULL,
    records     INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    -- Position and identity of each record, as long as its fate is open.
    manifest    BLOB,
    delivered   INTEGER NOT NULL DEFAULT 0,
    unprocessed INTEGER NOT NULL DEFAULT 0,
    in_doubt    INTEGER NOT NULL DEFAULT 0,
    opened_at   INTEGER NOT NULL,
    answered_at INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_open ON batches (run) WHERE state = 'open';

-- Rows that were not delivered, or not surely. Delivered rows are counted, never kept.
CREATE TABLE records (
    run           INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    position      INTEGER NOT NULL,
    fate          TEXT    NOT NULL,
    batch         INTEGER,
    code          TEXT    NOT NULL,
    row_column    TEXT,
    -- Values of somebody's row. They go when their time is over.
    identity      TEXT,
    reason        TEXT,
    record        TEXT,
    values_until  INTEGER,
    PRIMARY KEY (run, position)
) STRICT;
CREATE INDEX records_by_reason ON records (run, fate, code, row_column);
CREATE INDEX records_expiring ON records (values_until) WHERE values_until IS NOT NULL;
