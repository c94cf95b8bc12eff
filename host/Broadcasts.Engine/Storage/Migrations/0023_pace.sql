-- How fast a broadcast went, and how fast it was allowed to, at moments that grow apart: a picture of hours is as cheap as one of minutes.
CREATE TABLE pace (
    broadcast_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    allowed DOUBLE PRECISION NULL,
    limited_by SMALLINT NOT NULL,
    PRIMARY KEY (broadcast_id, at)
) $without_rowid$;
