-- Acts on many contacts, and files made of them, that go on by themselves until they are done.
CREATE TABLE jobs (
    id $identity$,
    act SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    -- What exactly and with whom, as it was understood when it was asked for, as JSON.
    spec TEXT NOT NULL,
    -- Contacts that were named one by one: an array of ids, growing.
    contacts TEXT NULL,
    -- Nobody with a higher id is in.
    mark BIGINT NOT NULL,
    -- The last that is done: the id of a contact, or the cursor of another list. Written with what was done, in one transaction.
    position TEXT NOT NULL DEFAULT '',
    total BIGINT NOT NULL,
    done BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL DEFAULT 0,
    unchanged BIGINT NOT NULL DEFAULT 0,
    refused BIGINT NOT NULL DEFAULT 0,
    -- Lines and bytes of its file.
    written BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0,
    -- Why it failed, in English and as code and values.
    error TEXT NULL,
    told TEXT NULL,
    -- The form that it came by: sent twice it is one job.
    once TEXT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT NULL,
    finished_at BIGINT NULL,
    cancelled_by TEXT NULL,
    -- When the file goes.
    expires_at BIGINT NULL
);
CREATE INDEX jobs_open ON jobs (id) WHERE status IN (0, 1, 5);

-- With whom it could not be done.
CREATE TABLE job_refusals (
    job_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job_id, contact_id)
) $without_rowid$;

-- The file of an export in pieces, each compressed by itself.
CREATE TABLE job_chunks (
    job_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    body $bytes$ NOT NULL,
    PRIMARY KEY (job_id, number)
);
