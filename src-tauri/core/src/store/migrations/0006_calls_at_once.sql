-- How many calls an account may have in flight, all senders of this store together: fewer than CleverTap allows leave room
-- for others.
ALTER TABLE accounts ADD COLUMN calls_at_once INTEGER NOT NULL DEFAULT 15;
