-- What went wrong beside a run that ended as it was to end: of a paused one, why its result could not be kept.
ALTER TABLE runs ADD COLUMN caution TEXT;
