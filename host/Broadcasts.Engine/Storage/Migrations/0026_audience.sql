-- Segments that are taken out of a started broadcast's audience: their rules as they were at its start, and how many contacts each took out of it.
-- A contact that several of them mean counts for the first.
CREATE TABLE broadcast_exclusions (
    broadcast_id BIGINT NOT NULL,
    place SMALLINT NOT NULL,
    segment_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    contacts BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (broadcast_id, place)
) $without_rowid$;
CREATE INDEX broadcast_exclusions_segment ON broadcast_exclusions (segment_id);

-- Who wrote on which channel, ever: the address itself knows the last one alone.
CREATE TABLE interactions (
    address_id BIGINT NOT NULL REFERENCES addresses (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    PRIMARY KEY (address_id, channel_id)
) $without_rowid$;
INSERT INTO interactions (address_id, channel_id)
SELECT a.id, a.last_channel_id FROM addresses a WHERE a.last_channel_id IS NOT NULL
 UNION
SELECT a.id, d.channel_id FROM deliveries d JOIN addresses a ON a.id = d.address_id WHERE d.replied_at IS NOT NULL;
