-- Events of providers that were acted upon, by their keys: providers deliver again what was not acknowledged in time, for up to a week, and an old opt-out or fault must not count anew.
CREATE TABLE heard_events (
    channel_id BIGINT NOT NULL,
    event_key TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, event_key)
) $without_rowid$;
CREATE INDEX heard_events_at ON heard_events (at);
