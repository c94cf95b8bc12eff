-- What a segment counted last, so that a list of hundreds opens without counting any.
ALTER TABLE segments ADD COLUMN counted BIGINT NULL;
ALTER TABLE segments ADD COLUMN counted_at BIGINT NULL;
