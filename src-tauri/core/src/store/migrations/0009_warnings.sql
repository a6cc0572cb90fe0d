-- What CleverTap cuts or changes of a batch's records, as JSON: column, code, reason and how many records. Absent where it
-- takes them as they are.
ALTER TABLE batches ADD COLUMN warned TEXT;
