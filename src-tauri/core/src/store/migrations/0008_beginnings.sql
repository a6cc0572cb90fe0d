-- The last run that an import had when it was started from the beginning: that one and those before it are done with, and
-- none of them is gone on with.
ALTER TABLE imports ADD COLUMN begins_after INTEGER;
