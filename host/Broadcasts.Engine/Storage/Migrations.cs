using System.Reflection;
using DbUp;

namespace Broadcasts.Storage;

/// <summary>Runs the numbered SQL files that this database has not seen yet, each in its own transaction.</summary>
internal static class Migrations
{
    private static readonly Assembly Here = typeof(Migrations).Assembly;

    public static void Run(SqlDialect dialect, string connectionString, string prefix, string journal = "schema_versions")
    {
        var target = dialect.IsPostgres
            ? DeployChanges.To.PostgresqlDatabase(connectionString).JournalToPostgresqlTable("public", journal)
            : DeployChanges.To.SqliteDatabase(connectionString).JournalToSqliteTable(journal);
        var upgrade = target
            .WithScriptsEmbeddedInAssembly(Here, name => name.StartsWith(prefix, StringComparison.Ordinal))
            .WithVariables(dialect.MigrationVariables.ToDictionary())
            .WithTransactionPerScript()
            .LogToNowhere()
            .Build();

        var known = upgrade.GetDiscoveredScripts().Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        if (upgrade.GetExecutedScripts().FirstOrDefault(name => !known.Contains(name)) is { } newer)
            throw new SchemaException($"The database was written by a newer version of Broadcasts: it holds the schema step '{newer}', which this version does not know. Install that version or restore an older backup.");

        var result = upgrade.PerformUpgrade();
        if (!result.Successful)
            throw new SchemaException($"The schema step '{result.ErrorScript?.Name}' failed: {result.Error.Message}", result.Error);
    }
}
