namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>The candidates as PostgreSQL statements.</summary>
internal static class PostgresCandidates
{
    private const string OneTable = """
        CREATE TABLE deliveries(
            id BIGINT PRIMARY KEY, contact_id BIGINT NOT NULL, contact_revision INT NOT NULL, address_id BIGINT NOT NULL,
            channel_id INT NOT NULL, part SMALLINT NOT NULL, status SMALLINT NOT NULL, reason SMALLINT, claim BIGINT,
            attempt SMALLINT NOT NULL, due_at BIGINT, provider_id TEXT, sent_at BIGINT, delivered_at BIGINT, read_at BIGINT,
            ended_at BIGINT, replied_at BIGINT, clicked_at BIGINT, opted_out_at BIGINT);
        """;

    // Widest first: PostgreSQL aligns each value, so a SMALLINT before a BIGINT costs six bytes of padding.
    private const string Aligned = """
        CREATE TABLE deliveries(
            id BIGINT PRIMARY KEY, contact_id BIGINT NOT NULL, address_id BIGINT NOT NULL, claim BIGINT, due_at BIGINT, sent_at BIGINT,
            delivered_at BIGINT, read_at BIGINT, ended_at BIGINT, replied_at BIGINT, clicked_at BIGINT, opted_out_at BIGINT,
            contact_revision INT NOT NULL, channel_id INT NOT NULL, part SMALLINT NOT NULL, status SMALLINT NOT NULL, attempt SMALLINT NOT NULL,
            reason SMALLINT, provider_id TEXT) WITH (fillfactor = {0});
        CREATE INDEX deliveries_due ON deliveries(due_at) WHERE due_at IS NOT NULL;
        """;

    private const string FreezeOneTable = """
        INSERT INTO deliveries(id, contact_id, contact_revision, address_id, channel_id, part, status, attempt)
        SELECT 30064771072 + p, 100000 + p, 1, 200000 + p * 2, 3, 1, 0, 0 FROM generate_series(@from, @to) p
        """;

    private const string ClaimOneTable = """
        UPDATE deliveries SET status = 1, claim = @claim, attempt = attempt + 1
         WHERE id = ANY(ARRAY(SELECT id FROM deliveries WHERE id >= @from AND id < @to AND status = 0 ORDER BY id LIMIT 500)) AND status = 0
        RETURNING id, contact_id, contact_revision, address_id
        """;

    private const string RecordOneTable = """
        UPDATE deliveries d SET status = 2, provider_id = u.provider, sent_at = @at
          FROM unnest(@ids, @providers) u(id, provider) WHERE d.id = u.id AND d.claim = @claim AND d.status = 1
        """;

    private const string ReceiptOneTable = """
        UPDATE deliveries SET status = 3, delivered_at = @at WHERE channel_id = 3 AND provider_id = ANY(@providers) AND status = 2
        """;

    private const string TextIndex = "CREATE INDEX deliveries_provider ON deliveries(channel_id, provider_id) WHERE provider_id IS NOT NULL;";

    private static readonly Candidate A = new()
    {
        Name = "A one table",
        Create = OneTable + TextIndex + "CREATE INDEX deliveries_due ON deliveries(due_at) WHERE status = 0 AND due_at IS NOT NULL;",
        Freeze = FreezeOneTable,
        Claim = ClaimOneTable,
        Record = RecordOneTable,
        Receipt = ReceiptOneTable,
    };

    private static readonly Candidate B = new()
    {
        Name = "B plan and state tables",
        Create = Plan + """
            CREATE TABLE delivery_states(
                id BIGINT PRIMARY KEY, claim BIGINT, due_at BIGINT, sent_at BIGINT, delivered_at BIGINT, read_at BIGINT, ended_at BIGINT,
                status SMALLINT NOT NULL, attempt SMALLINT NOT NULL, reason SMALLINT, provider_id TEXT) WITH (fillfactor = 60);
            CREATE INDEX delivery_states_due ON delivery_states(due_at) WHERE due_at IS NOT NULL;
            CREATE INDEX delivery_states_provider ON delivery_states(provider_id) WHERE provider_id IS NOT NULL;
            """,
        Freeze = FreezePlan,
        Claim = """
            WITH chosen AS (
                SELECT d.id FROM deliveries d
                 WHERE d.id >= @from AND d.id < @to AND NOT EXISTS (SELECT 1 FROM delivery_states s WHERE s.id = d.id)
                 ORDER BY d.id LIMIT 500)
            INSERT INTO delivery_states(id, status, attempt, claim) SELECT id, 1, 1, @claim FROM chosen RETURNING id
            """,
        Record = """
            UPDATE delivery_states d SET status = 2, provider_id = u.provider, sent_at = @at
              FROM unnest(@ids, @providers) u(id, provider) WHERE d.id = u.id AND d.claim = @claim AND d.status = 1
            """,
        Receipt = "UPDATE delivery_states SET status = 3, delivered_at = @at WHERE provider_id = ANY(@providers) AND status = 2",
    };

    private const string Plan = """
        CREATE TABLE deliveries(
            id BIGINT PRIMARY KEY, contact_id BIGINT NOT NULL, address_id BIGINT NOT NULL, contact_revision INT NOT NULL,
            channel_id INT NOT NULL, part SMALLINT NOT NULL, skipped SMALLINT);
        """;

    private const string FreezePlan = """
        INSERT INTO deliveries(id, contact_id, address_id, contact_revision, channel_id, part)
        SELECT 30064771072 + p, 100000 + p, 200000 + p * 2, 1, 3, 1 FROM generate_series(@from, @to) p
        """;

    private static readonly Candidate C = new()
    {
        Name = "C plan and appended outcomes",
        Create = Plan + """
            CREATE TABLE claims(claim BIGINT PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL);
            CREATE TABLE outcomes(
                delivery_id BIGINT NOT NULL, at BIGINT NOT NULL, claim BIGINT, kind SMALLINT NOT NULL, reason SMALLINT, provider_id TEXT,
                PRIMARY KEY(delivery_id, kind));
            CREATE INDEX outcomes_provider ON outcomes(provider_id) WHERE provider_id IS NOT NULL;
            """,
        Freeze = FreezePlan,
        Claim = """
            WITH taken AS (INSERT INTO claims VALUES (@claim, @from, @from + 500))
            SELECT id, contact_id, contact_revision, address_id FROM deliveries WHERE id >= @from AND id < @from + 500
            """,
        Record = """
            INSERT INTO outcomes(delivery_id, kind, claim, at, provider_id)
            SELECT u.id, 2, @claim, @at, u.provider FROM unnest(@ids, @providers) u(id, provider) ON CONFLICT DO NOTHING
            """,
        Receipt = """
            INSERT INTO outcomes(delivery_id, kind, at) SELECT delivery_id, 3, @at FROM outcomes WHERE provider_id = ANY(@providers)
                ON CONFLICT DO NOTHING
            """,
    };

    public static readonly Candidate[] All =
    [
        A,
        A with { Name = "A1 due index without the status", Create = OneTable + TextIndex + "CREATE INDEX deliveries_due ON deliveries(due_at) WHERE due_at IS NOT NULL;" },
        InOneTable("A2 aligned, fillfactor 100", 100, TextIndex),
        InOneTable("A2 aligned, fillfactor 70", 70, TextIndex),
        InOneTable("A2 aligned, fillfactor 50", 50, TextIndex),
        InOneTable("A3 aligned, 100, hash index on the provider id", 100, "CREATE INDEX deliveries_provider ON deliveries USING hash(provider_id);"),
        WithKeyInRow("A3 aligned, 100, 64-bit key of the provider id", 100),
        WithKeyTable("A4 aligned, 100, keys in a table beside it", 100),
        WithKeyTable("A4 aligned, 70, keys in a table beside it", 70),
        WithKeyTable("A4 aligned, 50, keys in a table beside it", 50),
        WithKeyTable("A4 aligned, 40, keys in a table beside it", 40),
        WithoutKey("A5 aligned, 100, provider echoes our id", 100),
        WithoutKey("A5 aligned, 40, provider echoes our id", 40),
        WithClaimedRange("A6 aligned, 100, claim is a range, id echoed", 100),
        WithClaimedRange("A6 aligned, 45, claim is a range, id echoed", 45),
        B,
        C,
        WithKeyInRow("decided, with the index on the contact", 100, "CREATE INDEX deliveries_contact ON deliveries(contact_id);"),
    ];

    private static Candidate InOneTable(string name, int fillFactor, string providerIndex) => A with
    {
        Name = name,
        Create = Aligned.Replace("{0}", fillFactor.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) + providerIndex,
    };

    private static Candidate WithKeyTable(string name, int fillFactor) => InOneTable(name, fillFactor, """
        CREATE TABLE delivery_keys(provider_key BIGINT, delivery_id BIGINT, PRIMARY KEY(provider_key, delivery_id));
        """) with
    {
        Record = """
            WITH sent AS (
                UPDATE deliveries d SET status = 2, provider_id = u.provider, sent_at = @at
                  FROM unnest(@ids, @providers, @keys) u(id, provider, key) WHERE d.id = u.id AND d.claim = @claim AND d.status = 1
                RETURNING d.id, u.key)
            INSERT INTO delivery_keys SELECT key, id FROM sent
            """,
        Receipt = """
            UPDATE deliveries SET status = 3, delivered_at = @at
             WHERE id = ANY(ARRAY(SELECT delivery_id FROM delivery_keys WHERE provider_key = ANY(@keys)))
               AND channel_id = 3 AND provider_id = ANY(@providers) AND status = 2
            """,
    };

    private static Candidate WithoutKey(string name, int fillFactor) => InOneTable(name, fillFactor, "") with
    {
        Receipt = "UPDATE deliveries SET status = 3, delivered_at = @at WHERE id = ANY(@ids) AND status = 2",
    };

    // No row is written by the claim: the range row says which rows are on their way, the record checks that it still stands.
    private static Candidate WithClaimedRange(string name, int fillFactor) => InOneTable(name, fillFactor, """
        CREATE TABLE claims(claim BIGINT PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL);
        """) with
    {
        Claim = C.Claim,
        Record = """
            UPDATE deliveries d SET status = 2, provider_id = u.provider, sent_at = @at, attempt = 1
              FROM unnest(@ids, @providers) u(id, provider)
             WHERE d.id = u.id AND d.status = 0
               AND EXISTS (SELECT 1 FROM claims c WHERE c.claim = @claim AND d.id >= c.from_id AND d.id < c.to_id)
            """,
        Receipt = "UPDATE deliveries SET status = 3, delivered_at = @at WHERE id = ANY(@ids) AND status = 2",
    };

    private static Candidate WithKeyInRow(string name, int fillFactor, string furtherIndex = "") => InOneTable(name, fillFactor, """
        ALTER TABLE deliveries ADD provider_key BIGINT;
        CREATE INDEX deliveries_provider ON deliveries(provider_key) WHERE provider_key IS NOT NULL;
        """ + furtherIndex) with
    {
        Record = """
            UPDATE deliveries d SET status = 2, provider_id = u.provider, provider_key = u.key, sent_at = @at
              FROM unnest(@ids, @providers, @keys) u(id, provider, key) WHERE d.id = u.id AND d.claim = @claim AND d.status = 1
            """,
        Receipt = """
            UPDATE deliveries SET status = 3, delivered_at = @at
             WHERE provider_key = ANY(@keys) AND channel_id = 3 AND provider_id = ANY(@providers) AND status = 2
            """,
    };
}
