-- Message templates. What was written stays as it was: a save adds a version, and a broadcast keeps a copy with the version's number.
CREATE TABLE templates (
    id $identity$,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NULL,
    languages TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    archived_at BIGINT NULL,
    updated_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE template_versions (
    template_id BIGINT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NULL,
    content TEXT NOT NULL,
    note TEXT NULL,
    restored_from INTEGER NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (template_id, version)
) $without_rowid$;

-- The content in its other languages, and the template that it was taken from.
ALTER TABLE broadcasts ADD COLUMN languages TEXT NULL;
ALTER TABLE broadcasts ADD COLUMN template_id BIGINT NULL;
ALTER TABLE broadcasts ADD COLUMN template_version INTEGER NULL;
CREATE INDEX broadcasts_template ON broadcasts (template_id) WHERE template_id IS NOT NULL;
