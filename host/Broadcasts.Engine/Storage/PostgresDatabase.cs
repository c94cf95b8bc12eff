using System.Data.Common;
using Npgsql;

namespace Broadcasts.Storage;

/// <summary>PostgreSQL 15 or newer: what makes several processes one installation.</summary>
internal sealed class PostgresDatabase : Database
{
    private const long MigrationLock = 0x42726F6164636173;

    // A process that stands still in the middle of a transaction keeps its locks: the server ends it after this long, so that another one can take over.
    private const string EndIdleTransactions = "-c idle_in_transaction_session_timeout=5000";

    // The server would compile the plans of short statements on rows passed as JSON, whose number it overestimates: a third of its time, for nothing.
    private const string CompileNoPlans = "-c jit=off";

    public PostgresDatabase(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "broadcasts", MaxAutoPrepare = 50 };
        builder.Options = $"{CompileNoPlans} {builder.Options} {EndIdleTransactions}";
        ConnectionString = builder.ToString();
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    public string ConnectionString { get; }

    /// <summary>For Orleans' own providers.</summary>
    public NpgsqlDataSource DataSource { get; }

    public override SqlDialect Dialect => _dialect;

    private readonly PostgresDialect _dialect = new();

    public override async ValueTask<DbConnection> OpenReadAsync(CancellationToken cancellationToken = default) =>
        await DataSource.OpenConnectionAsync(cancellationToken);

    public override void Migrate()
    {
        // Processes that start together take turns; the second one finds nothing left to do.
        using var connection = DataSource.OpenConnection();
        _dialect.OrdersBytes = OrdersBytes(connection);
        Execute(connection, "SELECT pg_advisory_lock(@key)");
        try
        {
            Migrations.Run(Dialect, ConnectionString, "Broadcasts.Storage.Migrations.");
            Migrations.Run(Dialect, ConnectionString, "Broadcasts.Storage.Orleans.postgres.", "orleans_schema_versions");
        }
        finally
        {
            Execute(connection, "SELECT pg_advisory_unlock(@key)");
        }
    }

    private const string OrderSql = "SELECT CASE datlocprovider WHEN 'b' THEN 'C' WHEN 'c' THEN datcollate END FROM pg_database WHERE datname = current_database()";

    private static bool OrdersBytes(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(OrderSql, connection);
        return command.ExecuteScalar() is string order && order.Split('.')[0] is "C" or "POSIX";
    }

    public override ValueTask DisposeAsync() => DataSource.DisposeAsync();

    protected override async Task<T> WriteOnceAsync<T>(Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken)
    {
        await using var connection = await DataSource.OpenConnectionAsync(cancellationToken);
        return await RunAsync(connection, async c => await ((NpgsqlConnection)c).BeginTransactionAsync(cancellationToken), write, cancellationToken);
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddWithValue("key", MigrationLock);
        command.ExecuteNonQuery();
    }
}
