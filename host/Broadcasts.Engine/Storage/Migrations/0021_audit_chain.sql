-- Each entry holds the hash of the one before it: nobody changes, takes out or puts in one unseen. What is hashed is written down in docs/audit.md.
ALTER TABLE audit ADD COLUMN changes TEXT NULL;
ALTER TABLE audit ADD COLUMN position BIGINT NULL;
ALTER TABLE audit ADD COLUMN previous TEXT NULL;
ALTER TABLE audit ADD COLUMN hash TEXT NULL;
CREATE UNIQUE INDEX audit_position ON audit (position);
CREATE INDEX audit_unplaced ON audit (id) WHERE position IS NULL;
CREATE INDEX audit_actor ON audit (actor, id);

-- The newest entry: one row, for which writers wait in turn.
CREATE TABLE audit_head (
    one SMALLINT PRIMARY KEY,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL,
    -- Entries up to this id are from before there was a chain; the next start gives them their places. 0 when that is done.
    unplaced BIGINT NOT NULL
);
INSERT INTO audit_head (one, position, hash, unplaced) SELECT 1, 0, '', COALESCE(MAX(id), 0) FROM audit;

-- Against accidents: who means harm takes the triggers away first, and the chain shows it.
$keep_audit$;
