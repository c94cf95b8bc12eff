-- What a person set up in the table of broadcasts: its columns (null: the usual ones), and filters kept under a name.
ALTER TABLE users ADD COLUMN broadcast_columns TEXT NULL;
CREATE TABLE saved_views (
    id $identity$,
    user_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    query TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (user_id, name_key);

-- The table's usual order, drafts without a time on top; its counts by status; whose broadcasts there are.
CREATE INDEX broadcasts_time ON broadcasts ((CASE WHEN COALESCE(started_at, scheduled_at) IS NULL THEN 1 ELSE 0 END), (COALESCE(started_at, scheduled_at)), id) WHERE kind = 0 AND archived_at IS NULL;
CREATE INDEX broadcasts_listed ON broadcasts (status) WHERE kind = 0 AND archived_at IS NULL;
CREATE INDEX broadcasts_creator ON broadcasts (created_by) WHERE kind = 0;
