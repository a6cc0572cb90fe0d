-- A run that did not come to its end can be gone on with, row by row.

-- Where a run's rows came from and went to, by id: names change.
ALTER TABLE runs ADD COLUMN connection_id TEXT;
ALTER TABLE runs ADD COLUMN account_id TEXT;
-- Query jobs that were asked for, each under an id of its own.
ALTER TABLE runs ADD COLUMN jobs INTEGER NOT NULL DEFAULT 0;
-- Rows of results that have expired. The positions of the result that is read now start behind them, so that a position
-- means one row for as long as the run is kept.
ALTER TABLE runs ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
-- Set while it is asked to pause, and as long as it is paused: the import's status to go back to after it was resumed.
ALTER TABLE runs ADD COLUMN paused_from TEXT;

-- The positions of a batch's records, which stay when the manifest goes. Absent in batches of an older Tapline: theirs are
-- all from first_row to last_row.
ALTER TABLE batches ADD COLUMN positions BLOB;
-- Rows that gave way to the batch's, inside BigQuery.
ALTER TABLE batches ADD COLUMN collapsed INTEGER NOT NULL DEFAULT 0;
-- The batch in doubt whose records this one sends again.
ALTER TABLE batches ADD COLUMN instead_of INTEGER;

-- A key for each record of a batch, held while its run may be gone on with: so that a second result leaves out what the
-- first one's batches have delivered.
CREATE TABLE held (
    run   INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    batch INTEGER NOT NULL,
    keys  BLOB    NOT NULL, -- 16 bytes each, in the order of the batch
    PRIMARY KEY (run, batch)
) STRICT, WITHOUT ROWID;
