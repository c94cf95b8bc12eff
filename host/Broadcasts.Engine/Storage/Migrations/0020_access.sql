-- Roles that people made, from 100 on; users.role is the number of one or of a built-in role. Deleted ones keep their number, so that the audit's words stay true.
CREATE TABLE roles (
    id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT NULL
);
CREATE UNIQUE INDEX roles_name ON roles (name_key) WHERE deleted_at IS NULL;

-- Who is signed in where. The cookie carries the id, encrypted; without its row it is worth nothing.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

-- The second factor: its secret (encrypted), since when it is asked for, and the last step of time whose code was taken.
ALTER TABLE users ADD COLUMN totp_secret TEXT NULL;
ALTER TABLE users ADD COLUMN totp_since BIGINT NULL;
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL,
    code_hash TEXT NOT NULL,
    used_at BIGINT NULL,
    PRIMARY KEY (user_id, code_hash)
) $without_rowid$;

-- Who comes by an OpenID provider: what it calls them, for good, and whom that is here.
CREATE TABLE external_logins (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
) $without_rowid$;

-- The scopes of keys become permissions. Every key could read, and take the recipients of a broadcast as a file.
UPDATE api_keys SET scopes =
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(scopes,
        '"contacts"', '"contacts.edit","contacts.erase","segments.edit","content.edit"'),
        '"export"', '"contacts.export"'),
        '"broadcasts"', '"broadcasts.edit"'),
        '"send"', '"broadcasts.send","broadcasts.approve"'),
        '"channels"', '"channels.manage","channels.pause","secrets.set"'),
        '"admin"', '"broadcasts.edit","broadcasts.send","broadcasts.approve","contacts.edit","contacts.export","contacts.erase","segments.edit","content.edit","channels.manage","channels.pause","secrets.set","plugins.manage","settings.manage","audit.read","keys.manage","users.manage"'),
        '[', '["reports.export",');
