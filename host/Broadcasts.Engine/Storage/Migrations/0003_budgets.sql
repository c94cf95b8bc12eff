-- Limits of a channel beside its rate, over other lengths of time: [{"Count": 1000, "PerMs": 60000}]. All hold at once.
ALTER TABLE channels ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';

-- Least time between two messages to one address on the channel.
ALTER TABLE channels ADD COLUMN recipient_spacing_ms BIGINT NOT NULL DEFAULT 0;
