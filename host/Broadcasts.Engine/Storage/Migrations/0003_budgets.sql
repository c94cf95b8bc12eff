-- Limits of a channel beside its rate, over other lengths of time: [{"Count": 1000, "PerMs": 60000}]. All hold at once.
ALTER TABLE channels ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';

-- Least time between two messages to one address on the channel.
ALTER TABLE channels ADD COLUMN recipient_spacing_ms BIGINT NOT NULL DEFAULT 0;

-- What a single message says. Its delivery is a row of the channel's home of single messages (broadcasts.kind = 1).
CREATE TABLE messages (
    delivery_id BIGINT NOT NULL PRIMARY KEY,
    part TEXT NOT NULL,
    identity_key TEXT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
