using Microsoft.Data.Sqlite;

namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>A candidate in an SQLite file of its own: WAL, synchronous=FULL.</summary>
internal sealed class SqliteLedger : ILedger
{
    private readonly Candidate _candidate;
    private readonly string _folder = Directory.CreateTempSubdirectory("ledger-").FullName;
    private readonly SqliteConnection _connection;

    public SqliteLedger(Candidate candidate)
    {
        _candidate = candidate;
        _connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "ledger.db")};Pooling=False");
        _connection.Open();
        // As the product opens its file. With SQLite's own wal_autocheckpoint of 1,000 pages, rows with a provider key record a third slower.
        Run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 16384;");
        Run(candidate.Create);
    }

    public Task FreezeAsync(long from, long to)
    {
        using var command = Command(_candidate.Freeze, ("@from", from), ("@to", to));
        command.ExecuteNonQuery();
        return Task.CompletedTask;
    }

    public Task<long[]> ClaimAsync(long claim, long from, long to)
    {
        using var transaction = _connection.BeginTransaction();
        using var command = Command(_candidate.Claim, ("@claim", claim), ("@from", from), ("@to", to));
        var ids = new List<long>(500);
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                ids.Add(reader.GetInt64(0));
            }
        }

        transaction.Commit();
        return Task.FromResult(ids.ToArray());
    }

    public Task<int> RecordAsync(long claim, long[] ids) => Task.FromResult(RowByRow(_candidate.Record, _candidate.AddKey, claim, ids));

    public Task<int> ReceiveAsync(long[] ids) => Task.FromResult(RowByRow(_candidate.Receipt, null, 0, ids));

    public Task AnalyzeAsync() => Task.CompletedTask;

    public Task VacuumAsync(bool full)
    {
        if (full) Run("VACUUM");
        return Task.CompletedTask;
    }

    public Task<(long Bytes, long Log)> MeasureAsync()
    {
        Run("PRAGMA wal_checkpoint(TRUNCATE)");
        using var command = Command("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
        return Task.FromResult(((long)command.ExecuteScalar()!, 0L));
    }

    public ValueTask DisposeAsync()
    {
        _connection.Dispose();
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    private int RowByRow(string sql, string? then, long claim, long[] ids)
    {
        using var transaction = _connection.BeginTransaction();
        using var command = PerRow(sql);
        using var second = then is null ? null : PerRow(then);
        var changed = 0;
        foreach (var id in ids)
        {
            changed += Execute(command, claim, id);
            if (second is not null) Execute(second, claim, id);
        }

        transaction.Commit();
        return changed;
    }

    private SqliteCommand PerRow(string sql)
    {
        var command = Command(sql, ("@id", 0L), ("@claim", 0L), ("@provider", ""), ("@key", 0L), ("@at", Rows.Now));
        command.Prepare();
        return command;
    }

    private static int Execute(SqliteCommand command, long claim, long id)
    {
        var provider = Rows.ProviderId(id);
        command.Parameters["@claim"].Value = claim;
        command.Parameters["@id"].Value = id;
        command.Parameters["@provider"].Value = provider;
        command.Parameters["@key"].Value = Rows.ProviderKey(provider);
        return command.ExecuteNonQuery();
    }

    private void Run(string sql)
    {
        using var command = Command(sql);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params (string Name, object Value)[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
