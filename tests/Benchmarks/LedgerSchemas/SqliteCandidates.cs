namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>The candidates as SQLite statements.</summary>
internal static class SqliteCandidates
{
    private const string Source = """
        WITH RECURSIVE source(position) AS (SELECT @from UNION ALL SELECT position + 1 FROM source WHERE position < @to)
        """;

    private const string OneTable = """
        CREATE TABLE deliveries(
            id INTEGER PRIMARY KEY, contact_id BIGINT NOT NULL, contact_revision INT NOT NULL, address_id BIGINT NOT NULL,
            channel_id INT NOT NULL, part SMALLINT NOT NULL, status SMALLINT NOT NULL, reason SMALLINT, claim BIGINT,
            attempt SMALLINT NOT NULL, due_at BIGINT, provider_id TEXT, sent_at BIGINT, delivered_at BIGINT, read_at BIGINT,
            ended_at BIGINT, replied_at BIGINT, clicked_at BIGINT, opted_out_at BIGINT);
        """;

    // Often written columns first: SQLite stores a record in column order and leaves trailing columns that were never added out,
    // but writes one header byte for each column that exists, NULL or not.
    private const string OneTableWithKey = """
        CREATE TABLE deliveries(
            id INTEGER PRIMARY KEY, contact_id BIGINT NOT NULL, address_id BIGINT NOT NULL, claim BIGINT, due_at BIGINT, sent_at BIGINT,
            provider_key BIGINT, delivered_at BIGINT, read_at BIGINT, ended_at BIGINT, replied_at BIGINT, clicked_at BIGINT,
            opted_out_at BIGINT, contact_revision INT NOT NULL, channel_id INT NOT NULL, part SMALLINT NOT NULL, status SMALLINT NOT NULL,
            reason SMALLINT, attempt SMALLINT NOT NULL, provider_id TEXT);
        CREATE INDEX deliveries_due ON deliveries(due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX deliveries_provider ON deliveries(provider_key) WHERE provider_key IS NOT NULL;
        """;

    private const string FreezeOneTable = Source + """

        INSERT INTO deliveries(id, contact_id, contact_revision, address_id, channel_id, part, status, attempt)
        SELECT 30064771072 + position, 100000 + position, 1, 200000 + position * 2, 3, 1, 0, 0 FROM source
        """;

    // The cursor (@from) keeps the claim from stepping over rows that are done; it is a hint, the status decides.
    private const string ClaimOneTable = """
        UPDATE deliveries SET status = 1, claim = @claim, attempt = attempt + 1
         WHERE id IN (SELECT id FROM deliveries WHERE id >= @from AND id < @to AND status = 0 ORDER BY id LIMIT 500) AND status = 0
        RETURNING id, contact_id, contact_revision, address_id
        """;

    private static readonly Candidate A = new()
    {
        Name = "A one table",
        Create = OneTable + """
            CREATE INDEX deliveries_due ON deliveries(due_at) WHERE status = 0 AND due_at IS NOT NULL;
            CREATE INDEX deliveries_provider ON deliveries(channel_id, provider_id) WHERE provider_id IS NOT NULL;
            """,
        Freeze = FreezeOneTable,
        Claim = ClaimOneTable,
        Record = "UPDATE deliveries SET status = 2, provider_id = @provider, sent_at = @at WHERE id = @id AND claim = @claim AND status = 1",
        Receipt = "UPDATE deliveries SET status = 3, delivered_at = @at WHERE channel_id = 3 AND provider_id = @provider AND status = 2",
    };

    private static readonly Candidate Key = new()
    {
        Name = "A one table, 64-bit key of the provider id",
        Create = OneTableWithKey,
        Freeze = FreezeOneTable,
        Claim = ClaimOneTable,
        Record = """
            UPDATE deliveries SET status = 2, provider_id = @provider, provider_key = @key, sent_at = @at
             WHERE id = @id AND claim = @claim AND status = 1
            """,
        Receipt = """
            UPDATE deliveries SET status = 3, delivered_at = @at
             WHERE provider_key = @key AND channel_id = 3 AND provider_id = @provider AND status = 2
            """,
    };

    private static readonly Candidate WithoutKey = new()
    {
        Name = "A one table, provider echoes our id",
        Create = OneTable + "CREATE INDEX deliveries_due ON deliveries(due_at) WHERE due_at IS NOT NULL;",
        Freeze = FreezeOneTable,
        Claim = ClaimOneTable,
        Record = A.Record,
        Receipt = "UPDATE deliveries SET status = 3, delivered_at = @at WHERE id = @id AND status = 2",
    };

    private static readonly Candidate KeyTable = WithoutKey with
    {
        Name = "A one table, keys in a table beside it",
        Create = WithoutKey.Create + "CREATE TABLE delivery_keys(provider_key BIGINT, delivery_id BIGINT, PRIMARY KEY(provider_key, delivery_id)) WITHOUT ROWID;",
        AddKey = "INSERT INTO delivery_keys VALUES (@key, @id) ON CONFLICT DO NOTHING",
        Receipt = """
            UPDATE deliveries SET status = 3, delivered_at = @at
             WHERE id IN (SELECT delivery_id FROM delivery_keys WHERE provider_key = @key) AND channel_id = 3 AND provider_id = @provider AND status = 2
            """,
    };

    private const string Plan = """
        CREATE TABLE deliveries(
            id INTEGER PRIMARY KEY, contact_id BIGINT NOT NULL, address_id BIGINT NOT NULL, contact_revision INT NOT NULL,
            channel_id INT NOT NULL, part SMALLINT NOT NULL, skipped SMALLINT);
        """;

    private const string FreezePlan = Source + """

        INSERT INTO deliveries(id, contact_id, address_id, contact_revision, channel_id, part)
        SELECT 30064771072 + position, 100000 + position, 200000 + position * 2, 1, 3, 1 FROM source
        """;

    private static readonly Candidate B = new()
    {
        Name = "B plan and state tables",
        Create = Plan + """
            CREATE TABLE delivery_states(
                id INTEGER PRIMARY KEY, status SMALLINT NOT NULL, attempt SMALLINT NOT NULL, claim BIGINT, due_at BIGINT, sent_at BIGINT,
                provider_id TEXT, delivered_at BIGINT, read_at BIGINT, ended_at BIGINT, reason SMALLINT);
            CREATE INDEX delivery_states_due ON delivery_states(due_at) WHERE due_at IS NOT NULL;
            CREATE INDEX delivery_states_provider ON delivery_states(provider_id) WHERE provider_id IS NOT NULL;
            """,
        Freeze = FreezePlan,
        // A state row is born with the claim: rows without one are pending.
        Claim = """
            INSERT INTO delivery_states(id, status, attempt, claim)
            SELECT d.id, 1, 1, @claim FROM deliveries d
             WHERE d.id >= @from AND d.id < @to AND NOT EXISTS (SELECT 1 FROM delivery_states s WHERE s.id = d.id)
             ORDER BY d.id LIMIT 500
            RETURNING id
            """,
        Record = "UPDATE delivery_states SET status = 2, provider_id = @provider, sent_at = @at WHERE id = @id AND claim = @claim AND status = 1",
        Receipt = "UPDATE delivery_states SET status = 3, delivered_at = @at WHERE provider_id = @provider AND status = 2",
    };

    private static readonly Candidate C = new()
    {
        Name = "C plan and appended outcomes",
        Create = Plan + """
            CREATE TABLE claims(claim INTEGER PRIMARY KEY, from_id BIGINT NOT NULL, to_id BIGINT NOT NULL);
            CREATE TABLE outcomes(
                delivery_id BIGINT NOT NULL, kind SMALLINT NOT NULL, claim BIGINT, at BIGINT NOT NULL, reason SMALLINT, provider_id TEXT,
                PRIMARY KEY(delivery_id, kind)) WITHOUT ROWID;
            CREATE INDEX outcomes_provider ON outcomes(provider_id) WHERE provider_id IS NOT NULL;
            """,
        Freeze = FreezePlan,
        Claim = """
            INSERT INTO claims VALUES (@claim, @from, @from + 500);
            SELECT id, contact_id, contact_revision, address_id FROM deliveries WHERE id >= @from AND id < @from + 500
            """,
        Record = "INSERT INTO outcomes(delivery_id, kind, claim, at, provider_id) VALUES (@id, 2, @claim, @at, @provider) ON CONFLICT DO NOTHING",
        Receipt = """
            INSERT INTO outcomes(delivery_id, kind, at) SELECT delivery_id, 3, @at FROM outcomes WHERE provider_id = @provider
                ON CONFLICT DO NOTHING
            """,
    };

    public static readonly Candidate[] All =
    [
        A, Key, KeyTable, WithoutKey, B, C,
        Key with { Name = "decided, with the index on the contact", Create = OneTableWithKey + "CREATE INDEX deliveries_contact ON deliveries(contact_id);" },
    ];
}
