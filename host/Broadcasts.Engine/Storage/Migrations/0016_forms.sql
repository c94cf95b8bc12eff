-- Forms by which people ask to be written to. Who asked stands in consents (source 'form:ID'), by address; a form keeps counts only.
CREATE TABLE forms (
    id $identity$,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL UNIQUE,
    is_open SMALLINT NOT NULL DEFAULT 1,
    title TEXT NOT NULL,
    consent TEXT NOT NULL,
    thanks TEXT NULL,
    redirect_url TEXT NULL,
    channel_id BIGINT NOT NULL,
    part TEXT NOT NULL,
    fields TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '[]',
    asked BIGINT NOT NULL DEFAULT 0,
    confirmed BIGINT NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX forms_channel ON forms (channel_id);
