using Npgsql;

namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>A candidate in a PostgreSQL schema of its own, with the server's default settings.</summary>
internal sealed class PostgresLedger : ILedger
{
    private const string TablesSql = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'ledger_bench'::regnamespace";

    private readonly Candidate _candidate;
    private readonly NpgsqlConnection _connection;

    private PostgresLedger(Candidate candidate, NpgsqlConnection connection)
    {
        _candidate = candidate;
        _connection = connection;
    }

    public static async Task<PostgresLedger> OpenAsync(Candidate candidate, string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        var ledger = new PostgresLedger(candidate, connection);
        await ledger.RunAsync("DROP SCHEMA IF EXISTS ledger_bench CASCADE; CREATE SCHEMA ledger_bench; SET search_path = ledger_bench;");
        await ledger.RunAsync(candidate.Create);
        return ledger;
    }

    public Task FreezeAsync(long from, long to) => RunAsync(_candidate.Freeze, ("from", from), ("to", to));

    public async Task<long[]> ClaimAsync(long claim, long from, long to)
    {
        await using var command = Command(_candidate.Claim, ("claim", claim), ("from", from), ("to", to));
        await using var reader = await command.ExecuteReaderAsync();
        var ids = new List<long>(500);
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetInt64(0));
        }

        return [.. ids];
    }

    public Task<int> RecordAsync(long claim, long[] ids)
    {
        var providers = Array.ConvertAll(ids, Rows.ProviderId);
        return RunAsync(_candidate.Record, ("ids", ids), ("providers", providers), ("keys", Array.ConvertAll(providers, Rows.ProviderKey)),
            ("claim", claim), ("at", Rows.Now));
    }

    public Task<int> ReceiveAsync(long[] ids)
    {
        var providers = Array.ConvertAll(ids, Rows.ProviderId);
        return RunAsync(_candidate.Receipt, ("ids", ids), ("providers", providers), ("keys", Array.ConvertAll(providers, Rows.ProviderKey)), ("at", Rows.Now));
    }

    public Task AnalyzeAsync() => RunAsync("ANALYZE");

    public async Task VacuumAsync(bool full)
    {
        await using var command = Command(TablesSql);
        var tables = new List<string>();
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                tables.Add(reader.GetString(0));
            }
        }

        foreach (var table in tables)
        {
            await RunAsync($"VACUUM {(full ? "FULL" : "")} {table}");
        }
    }

    public async Task<(long Bytes, long Log)> MeasureAsync()
    {
        await using var command = Command("""
            SELECT sum(pg_total_relation_size(oid))::bigint, (pg_current_wal_lsn() - '0/0')::bigint
              FROM pg_class WHERE relkind = 'r' AND relnamespace = 'ledger_bench'::regnamespace
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("DROP SCHEMA ledger_bench CASCADE");
        await _connection.DisposeAsync();
    }

    private async Task<int> RunAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    private NpgsqlCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 600 };
        foreach (var (name, value) in parameters)
        {
            // Parameters that a candidate has no use for stay away: PostgreSQL could not tell their type.
            if (sql.Contains('@' + name, StringComparison.Ordinal)) command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
