-- How many different addresses an account may write to in any so long time, beside its rates (WhatsApp's messaging limit). Channels with the same account share one.
CREATE TABLE recipient_limits (
    id $identity$,
    account TEXT NULL,
    account_key TEXT NULL UNIQUE,
    most INTEGER NOT NULL,
    per_ms BIGINT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
);
ALTER TABLE channels ADD COLUMN recipient_limit_id BIGINT NULL;

-- The addresses that a limit counts, each with the last moment at which it may have been written to. As many rows as recipient_limits.used says.
CREATE TABLE reached (
    limit_id BIGINT NOT NULL,
    address_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (limit_id, address_id)
) $without_rowid$;
CREATE INDEX reached_at ON reached (limit_id, at);
