-- Files that were given and are kept until their import has ended, each in the data folder of the process that took it.
CREATE TABLE import_uploads (
    file TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    held_by TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The import that took the file: of two clicks one imports. Trials look at it and leave it.
    import_id BIGINT NULL
) $without_rowid$;
-- How often in a row the import was begun again by itself without getting further.
ALTER TABLE imports ADD COLUMN tries SMALLINT NOT NULL DEFAULT 0;
-- Which columns the file has: the next one with the same columns is offered the same mapping.
ALTER TABLE imports ADD COLUMN headers_key TEXT NULL;
CREATE INDEX imports_headers ON imports (headers_key, id);
