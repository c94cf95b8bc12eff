using System.Data.Common;
using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Broadcasts.Chaos;

/// <summary>The ledger, read past the program: the tables themselves.</summary>
internal sealed class LedgerView(string provider, string connectionString)
{
    private const string RowsSql = "SELECT id AS Id, status AS Status, reason AS Reason, attempt AS Attempt FROM deliveries ORDER BY id";

    /// <summary>Every row of the ledger.</summary>
    public Task<List<LedgerLine>> RowsAsync() => ReadAsync(async c => (await c.QueryAsync<LedgerLine>(RowsSql)).AsList());

    private const string StatusSql = "SELECT status FROM broadcasts WHERE id = @broadcast";

    public Task<BroadcastStatus> StatusAsync(long broadcast) => ReadAsync(async c => (BroadcastStatus)await c.QuerySingleAsync<int>(StatusSql, new { broadcast }));

    private const string SendingSql = "SELECT COUNT(*) FROM deliveries WHERE status = 1";

    /// <summary>Rows that are claimed and not answered.</summary>
    public Task<long> SendingAsync() => ReadAsync(c => c.QuerySingleAsync<long>(SendingSql));

    private const string SendingOfSql = "SELECT d.id FROM deliveries d JOIN claims c ON c.id = d.claim WHERE d.status = 1 AND c.owner LIKE @owner";

    /// <summary>Rows that a process has claimed and not answered.</summary>
    public Task<List<long>> SendingOfAsync(int process) => ReadAsync(async c => (await c.QueryAsync<long>(SendingOfSql, new { owner = Owner(process) })).AsList());

    private const string OpenSlicesOfSql = "SELECT id AS Id, epoch AS Epoch FROM slices WHERE owner LIKE @owner AND pending > 0";

    /// <summary>Slices with rows to send that a process owns.</summary>
    public Task<List<SliceLine>> OpenSlicesOfAsync(int process) => ReadAsync(async c => (await c.QueryAsync<SliceLine>(OpenSlicesOfSql, new { owner = Owner(process) })).AsList());

    private const string OwnersSql = "SELECT id AS Id, owner AS Owner, epoch AS Epoch FROM slices ORDER BY id";

    public Task<List<SliceLine>> SlicesAsync() => ReadAsync(async c => (await c.QueryAsync<SliceLine>(OwnersSql)).AsList());

    private const string ServingSql = "SELECT COUNT(*) FROM plugin_observed WHERE id = @id AND version = @version AND state = 0";

    /// <summary>How many processes serve with a version of a plugin.</summary>
    public Task<long> ServingAsync(string id, string version) => ReadAsync(c => c.QuerySingleAsync<long>(ServingSql, new { id, version }));

    private const string WrongCountsSql = """
        SELECT COUNT(*) FROM slices s
         WHERE s.pending <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 0)
            OR s.sending <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 1)
            OR s.sent <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 2)
            OR s.delivered <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 3)
            OR s.read <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 4)
            OR s.failed <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 5)
            OR s.skipped <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 6)
            OR s.unknown <> (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN s.id_from AND s.id_to AND d.status = 7)
        """;

    private const string OutsideSql = "SELECT COUNT(*) FROM deliveries d WHERE NOT EXISTS (SELECT 1 FROM slices s WHERE d.id BETWEEN s.id_from AND s.id_to)";

    private const string DoubleRowsSql = """
        SELECT COALESCE(SUM(n - 1), 0) FROM (SELECT COUNT(*) AS n FROM deliveries GROUP BY id / 4294967296, contact_id, part HAVING COUNT(*) > 1) doubled
        """;

    /// <summary>What contradicts itself: counts of slices, rows outside of them, a person twice in an audience.</summary>
    public Task<(long Counts, long Outside, long Doubles)> ContradictionsAsync() => ReadAsync(async c =>
        (await c.QuerySingleAsync<long>(WrongCountsSql), await c.QuerySingleAsync<long>(OutsideSql), await c.QuerySingleAsync<long>(DoubleRowsSql)));

    private const string DoubtsSql = "SELECT delivery_id AS Id, COUNT(*) AS N FROM attempts WHERE outcome = @inDoubt GROUP BY delivery_id";

    /// <summary>Row → how many of its tries are recorded as in doubt.</summary>
    public Task<Dictionary<long, long>> DoubtsAsync() => ReadAsync(async c =>
        (await c.QueryAsync<(long Id, long N)>(DoubtsSql, new { inDoubt = (int)SendOutcomeKind.InDoubt })).ToDictionary(d => d.Id, d => d.N));

    /// <summary>A connection of its own, for a scenario that gets in the program's way.</summary>
    public async Task<DbConnection> OpenAsync()
    {
        DbConnection connection = provider == "postgres"
            ? new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ToString())
            : new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = connectionString, Pooling = false, DefaultTimeout = 30 }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    private async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read)
    {
        await using var connection = await OpenAsync();
        return await read(connection);
    }

    private static string Owner(int process) => string.Create(CultureInfo.InvariantCulture, $"%:{process}:%");
}

/// <summary>A row of the ledger.</summary>
internal sealed class LedgerLine
{
    public long Id { get; init; }

    public int Status { get; init; }

    public int? Reason { get; init; }

    public int Attempt { get; init; }

    public DeliveryStatus State => (DeliveryStatus)Status;
}

/// <summary>Who hands over a range of rows.</summary>
internal sealed class SliceLine
{
    public long Id { get; init; }

    public string? Owner { get; init; }

    public long Epoch { get; init; }
}
