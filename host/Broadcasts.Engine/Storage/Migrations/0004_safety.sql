-- What keeps a broadcast from doing harm: canary, breaker, approval.

-- BroadcastSafety as JSON: what its author asked for.
ALTER TABLE broadcasts ADD COLUMN safety TEXT NULL;
-- Nothing behind this row is claimed: 0 until the canary is chosen, then its last row; NULL when nothing is held.
ALTER TABLE broadcasts ADD COLUMN claim_to BIGINT NULL;
-- When everybody in the canary was answered: its wait counts from here.
ALTER TABLE broadcasts ADD COLUMN canary_at BIGINT NULL;
-- Tripped as JSON: the fault whose victims go back to Pending.
ALTER TABLE broadcasts ADD COLUMN breaker TEXT NULL;
ALTER TABLE broadcasts ADD COLUMN approved_by TEXT NULL;
-- The channel on which an address was last heard of.
ALTER TABLE addresses ADD COLUMN last_channel_id BIGINT NULL;
-- Ids of channels in their order as JSON: each contact gets it on the one that it wrote on last. NULL when the broadcast has one channel.
ALTER TABLE broadcasts ADD COLUMN routes TEXT NULL;
