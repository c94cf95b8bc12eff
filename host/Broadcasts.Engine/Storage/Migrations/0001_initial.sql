-- One text for SQLite and PostgreSQL. Between dollar signs: what the dialect supplies.
-- Times are BIGINT Unix milliseconds UTC. Statuses, kinds and reasons are the numbers of the enums of the same name.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Contacts ---------------------------------------------------------------------------------------------------------

CREATE TABLE contacts (
    id $identity$,
    revision INTEGER NOT NULL DEFAULT 1,
    first_name TEXT NULL,
    last_name TEXT NULL,
    language TEXT NULL,
    country TEXT NULL,
    time_zone TEXT NULL,
    fields $json$ NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_interaction_at BIGINT NULL,
    blocked_at BIGINT NULL
);

CREATE TABLE addresses (
    id $identity$,
    contact_id BIGINT NOT NULL REFERENCES contacts (id),
    kind SMALLINT NOT NULL,
    value TEXT NOT NULL,
    last_inbound_at BIGINT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, value)
);
CREATE INDEX addresses_contact ON addresses (contact_id, kind);

-- What a contact looked like before its last change: the proof of what was sent outlives an edit.
CREATE TABLE contact_revisions (
    contact_id BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, revision)
) $without_rowid$;

CREATE TABLE fields (
    id $identity$,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    type SMALLINT NOT NULL,
    options TEXT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tags (
    id $identity$,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE contact_tags (
    contact_id BIGINT NOT NULL,
    tag_id BIGINT NOT NULL,
    PRIMARY KEY (contact_id, tag_id)
) $without_rowid$;
CREATE INDEX contact_tags_tag ON contact_tags (tag_id, contact_id);

-- By address, so that it outlives the contact. channel_id 0: on every channel.
CREATE TABLE suppressions (
    kind SMALLINT NOT NULL,
    value TEXT NOT NULL,
    channel_id BIGINT NOT NULL DEFAULT 0,
    reason SMALLINT NOT NULL,
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, value, channel_id)
) $without_rowid$;

CREATE TABLE imports (
    id $identity$,
    name TEXT NOT NULL,
    status SMALLINT NOT NULL,
    options TEXT NOT NULL,
    file_sha256 TEXT NULL,
    total_bytes BIGINT NULL,
    done_bytes BIGINT NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    invalid INTEGER NOT NULL DEFAULT 0,
    error TEXT NULL,
    error_code TEXT NULL,
    created_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NULL
);

CREATE TABLE import_errors (
    import_id BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number, field)
) $without_rowid$;

-- Who was in the file: an audience of its own, and what an undo goes by.
CREATE TABLE import_contacts (
    import_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    PRIMARY KEY (import_id, contact_id)
) $without_rowid$;

CREATE TABLE segments (
    id $identity$,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NULL,
    rule TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Plugins and channels -------------------------------------------------------------------------------------------------

CREATE TABLE plugins (
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    contract TEXT NOT NULL,
    package $bytes$ NOT NULL,
    installed_at BIGINT NOT NULL,
    installed_by TEXT NOT NULL,
    PRIMARY KEY (id, version)
);

CREATE TABLE plugin_desired (
    id TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE plugin_observed (
    id TEXT NOT NULL,
    silo TEXT NOT NULL,
    version TEXT NOT NULL,
    state SMALLINT NOT NULL,
    detail TEXT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id, silo)
);

CREATE TABLE channels (
    id $identity$,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    transport TEXT NOT NULL,
    address_kind SMALLINT NOT NULL,
    settings TEXT NOT NULL,
    secrets TEXT NULL,
    status SMALLINT NOT NULL,
    status_reason SMALLINT NULL,
    status_detail TEXT NULL,
    rate_count INTEGER NULL,
    rate_per_ms BIGINT NULL,
    when_in_doubt SMALLINT NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL DEFAULT 5,
    retry_for_ms BIGINT NOT NULL DEFAULT 86400000,
    poll_cursor TEXT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Broadcasts and their ledger --------------------------------------------------------------------------------------------

CREATE TABLE broadcasts (
    id $identity$,
    kind SMALLINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    labels TEXT NOT NULL DEFAULT '[]',
    status SMALLINT NOT NULL,
    status_reason TEXT NULL,
    status_detail TEXT NULL,
    parent_id BIGINT NULL,
    channel_id BIGINT NULL,
    segment_id BIGINT NULL,
    audience TEXT NULL,
    parts TEXT NOT NULL DEFAULT '[]',
    rate_count INTEGER NULL,
    rate_per_ms BIGINT NULL,
    spread_over_ms BIGINT NULL,
    scheduled_at BIGINT NULL,
    scheduled_local TEXT NULL,
    time_zone TEXT NULL,
    expires_at BIGINT NULL,
    identity_key TEXT NULL UNIQUE,
    version INTEGER NOT NULL DEFAULT 1,
    archived_at BIGINT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    sent_by TEXT NULL,
    started_at BIGINT NULL,
    finished_at BIGINT NULL,
    -- The freeze: who is in is judged with this rule, below this contact id, chunk by chunk.
    frozen_rule TEXT NULL,
    freeze_mark BIGINT NULL,
    freeze_after BIGINT NOT NULL DEFAULT 0,
    freeze_position BIGINT NOT NULL DEFAULT 0,
    freeze_done SMALLINT NOT NULL DEFAULT 0,
    recipients BIGINT NOT NULL DEFAULT 0,
    forecast TEXT NULL
);
CREATE INDEX broadcasts_status ON broadcasts (status, scheduled_at);
CREATE INDEX broadcasts_parent ON broadcasts (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE broadcast_labels (
    broadcast_id BIGINT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (broadcast_id, label)
) $without_rowid$;
CREATE INDEX broadcast_labels_label ON broadcast_labels (label, broadcast_id);

-- A range of one broadcast's rows on one channel. Its counts are written in the transaction of the rows that they count.
CREATE TABLE slices (
    id $identity$,
    broadcast_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    id_from BIGINT NOT NULL,
    id_to BIGINT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    owner TEXT NULL,
    heartbeat_at BIGINT NOT NULL DEFAULT 0,
    pending BIGINT NOT NULL DEFAULT 0,
    sending BIGINT NOT NULL DEFAULT 0,
    sent BIGINT NOT NULL DEFAULT 0,
    delivered BIGINT NOT NULL DEFAULT 0,
    read BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    unknown BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX slices_broadcast ON slices (broadcast_id, id_from);
CREATE INDEX slices_open ON slices (id) WHERE pending + sending > 0;

CREATE TABLE slice_reasons (
    slice_id BIGINT NOT NULL,
    status SMALLINT NOT NULL,
    reason SMALLINT NOT NULL,
    rows BIGINT NOT NULL,
    PRIMARY KEY (slice_id, status, reason)
) $without_rowid$;

-- One row per claimed batch: when its hand-over must have happened, so that nobody guesses earlier.
CREATE TABLE claims (
    id $identity$,
    slice_id BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    owner TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    hand_over_by BIGINT NOT NULL,
    settle_after BIGINT NOT NULL,
    open_rows INTEGER NOT NULL
);
CREATE INDEX claims_open ON claims (slice_id) WHERE open_rows > 0;

-- The ledger: one row per part and recipient. id = broadcast id * 2^32 + position, so that a broadcast is a key range.
-- No index names the status, not even in its condition: PostgreSQL would then rewrite every index entry at each change of it.
CREATE TABLE deliveries (
    id BIGINT NOT NULL PRIMARY KEY,
    contact_id BIGINT NOT NULL,
    address_id BIGINT NULL,
    claim BIGINT NULL,
    due_at BIGINT NULL,
    sent_at BIGINT NULL,
    delivered_at BIGINT NULL,
    read_at BIGINT NULL,
    ended_at BIGINT NULL,
    replied_at BIGINT NULL,
    clicked_at BIGINT NULL,
    opted_out_at BIGINT NULL,
    provider_key BIGINT NULL,
    contact_revision INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    part SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    reason SMALLINT NULL,
    attempt SMALLINT NOT NULL,
    provider_id TEXT NULL
) $vacuum_often$;
-- Rows that wait for their time. Rows never claimed have no due_at and are found by the slice's own order; rows that wait for an
-- earlier part hold the largest number and are not in here.
CREATE INDEX deliveries_due ON deliveries (id) WHERE due_at < 9223372036854775807;
-- A hash of channel and provider id, filled only where receipts come by the provider's own id: a third of the bytes of the text.
CREATE INDEX deliveries_provider ON deliveries (provider_key) WHERE provider_key IS NOT NULL;
CREATE INDEX deliveries_contact ON deliveries (contact_id);

-- Every outcome but a plain success, in the provider's own words.
CREATE TABLE attempts (
    delivery_id BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    at BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    reason SMALLINT NULL,
    code TEXT NULL,
    detail TEXT NULL,
    PRIMARY KEY (delivery_id, attempt, at)
) $without_rowid$;

-- News that came before the answer that would have told which message it is about.
CREATE TABLE early_receipts (
    channel_id BIGINT NOT NULL,
    provider_id TEXT NOT NULL,
    event_key TEXT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, provider_id, event_key)
) $without_rowid$;

CREATE TABLE files (
    id $identity$,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    content $bytes$ NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- People, keys, audit ------------------------------------------------------------------------------------------------------

CREATE TABLE users (
    id $identity$,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role SMALLINT NOT NULL,
    password_hash TEXT NULL,
    security_stamp TEXT NOT NULL,
    failed_sign_ins INTEGER NOT NULL DEFAULT 0,
    locked_until BIGINT NULL,
    language TEXT NULL,
    time_zone TEXT NULL,
    theme TEXT NULL,
    disabled_at BIGINT NULL,
    created_at BIGINT NOT NULL,
    last_sign_in_at BIGINT NULL
);

-- One-time links: the first owner, and later invitations. Only the hash is kept.
CREATE TABLE sign_in_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    purpose SMALLINT NOT NULL,
    user_id BIGINT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NULL
);

CREATE TABLE api_keys (
    id $identity$,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NULL,
    revoked_at BIGINT NULL,
    last_used_at BIGINT NULL
);

CREATE TABLE idempotency (
    api_key_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status_code INTEGER NULL,
    response TEXT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (api_key_id, idempotency_key)
) $without_rowid$;

CREATE TABLE audit (
    id $identity$,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);
