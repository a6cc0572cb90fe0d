-- Runs that send again what another run did not deliver.

CREATE TABLE resends (
    run   INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    mends INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE
) STRICT;
CREATE INDEX resends_by_mended ON resends (mends);

-- Which records it chose. A record that was chosen twice belongs to the run that chose it last.
CREATE TABLE resent (
    run      INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE, -- whose record it is
    position INTEGER NOT NULL,
    by_run   INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX resent_by_run ON resent (by_run, position);
