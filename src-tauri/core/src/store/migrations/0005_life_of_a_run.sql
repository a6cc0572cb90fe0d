-- What a person decided about a run, and results that outlive BigQuery's day.

-- Until when a person has looked at the run's events in doubt and left them as they are.
ALTER TABLE runs ADD COLUMN doubt_left_at INTEGER;

-- A copy of a paused run's result, in a table of the dataset that expires by itself.
CREATE TABLE result_copies (
    run        INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    project    TEXT    NOT NULL,
    dataset    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    rows       INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
