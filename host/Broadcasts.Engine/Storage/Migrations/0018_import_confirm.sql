-- The people of the file have to confirm first: the file alone proves nothing.
ALTER TABLE imports ADD COLUMN must_confirm SMALLINT NOT NULL DEFAULT 0;
