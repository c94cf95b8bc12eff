-- Who was merged into whom. The snapshot holds what both were and what was moved, as JSON: NULL when one of them was deleted.
CREATE TABLE contact_merges (
    id $identity$,
    primary_id BIGINT NOT NULL,
    secondary_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    -- The revision of the primary that the merge made.
    revision INTEGER NOT NULL,
    -- The secondary's revisions lie under the primary, each plus this number: below zero, in a range that no other merge has.
    shift INTEGER NOT NULL,
    shifted_from INTEGER NOT NULL,
    shifted_to INTEGER NOT NULL,
    snapshot TEXT NULL,
    undone_at BIGINT NULL,
    undone_by TEXT NULL,
    -- The revision of the primary that the undo made.
    undone_revision INTEGER NULL
);
CREATE INDEX contact_merges_primary ON contact_merges (primary_id, id);
CREATE INDEX contact_merges_secondary ON contact_merges (secondary_id, id);

-- Pairs that look like one person and are two: the lower id first.
CREATE TABLE contact_distinct (
    a_id BIGINT NOT NULL,
    b_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (a_id, b_id)
) $without_rowid$;
CREATE INDEX contact_distinct_b ON contact_distinct (b_id);

-- Mailboxes of Gmail by what Google tells them apart by.
CREATE INDEX addresses_gmail ON addresses (($gmail_key$)) WHERE $is_gmail$;
