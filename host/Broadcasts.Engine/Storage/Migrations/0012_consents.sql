-- Who agreed, withdrew or came back: when, by what and in which words. Rows are added and never changed; the list of addresses that get nothing (suppressions) is what follows from them.
-- By address, as that list is. The people of an import agreed where the import says (imports.consent_source) and have no rows of their own here.
CREATE TABLE consents (
    id $identity$,
    kind SMALLINT NOT NULL,
    value TEXT NOT NULL,
    channel_id BIGINT NOT NULL DEFAULT 0,
    state SMALLINT NOT NULL,
    source TEXT NOT NULL,
    detail TEXT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX consents_address ON consents (kind, value, id);
