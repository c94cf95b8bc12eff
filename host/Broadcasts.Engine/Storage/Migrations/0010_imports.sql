-- Where the people of a file agreed, and a trial that writes nothing.
ALTER TABLE imports ADD COLUMN consent_source TEXT NULL;
ALTER TABLE imports ADD COLUMN is_trial SMALLINT NOT NULL DEFAULT 0;
-- The file that waits for its real run, by name in the folder of uploads.
ALTER TABLE imports ADD COLUMN upload TEXT NULL;
-- The columns' names, and the cells of rows that were not taken, as JSON: the file that is mended and imported again.
ALTER TABLE imports ADD COLUMN headers TEXT NULL;
ALTER TABLE import_errors ADD COLUMN cells TEXT NULL;
-- What an undo goes by: the revision that the import made, and what became of it.
ALTER TABLE imports ADD COLUMN undone_at BIGINT NULL;
ALTER TABLE imports ADD COLUMN undone_by TEXT NULL;
ALTER TABLE import_contacts ADD COLUMN revision INTEGER NULL;
ALTER TABLE import_contacts ADD COLUMN undo SMALLINT NULL;
