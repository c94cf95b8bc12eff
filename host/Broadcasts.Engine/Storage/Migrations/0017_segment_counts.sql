-- What a segment counted last, so that a list of hundreds opens without counting any; and which broadcasts go to it.
ALTER TABLE segments ADD COLUMN counted BIGINT NULL;
ALTER TABLE segments ADD COLUMN counted_at BIGINT NULL;
CREATE INDEX broadcasts_segment ON broadcasts (segment_id) WHERE segment_id IS NOT NULL;
