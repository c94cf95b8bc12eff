-- Saves of a draft whose entry in the audit is still to come: one for all that follow each other. What the draft was before the first of them is kept here until then.
CREATE TABLE draft_edits (
    broadcast_id BIGINT NOT NULL PRIMARY KEY,
    actor TEXT NOT NULL,
    state TEXT NOT NULL,
    saves INT NOT NULL,
    began_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

-- Processes of this installation and when each said last that it lives. One that ends in good order takes its row away.
CREATE TABLE processes (
    name TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
