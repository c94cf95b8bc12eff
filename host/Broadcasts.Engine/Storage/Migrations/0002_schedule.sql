-- Times of sending: each recipient's own zone, windows, occurrences. Times are BIGINT Unix milliseconds UTC.

ALTER TABLE broadcasts ADD COLUMN recipient_local SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN send_window TEXT NULL;
ALTER TABLE broadcasts ADD COLUMN fallback_recipients BIGINT NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN repeat_rule TEXT NULL;
ALTER TABLE broadcasts ADD COLUMN repeat_done INTEGER NOT NULL DEFAULT 0;

-- One row per data directory that opened this database: its count moves on while it runs, and a file outside of the directory moves with it.
CREATE TABLE incarnations (
    host TEXT NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL
);
