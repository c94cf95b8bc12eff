using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>Filters of the broadcasts table that somebody keeps under a name.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">As its owner calls it.</param>
/// <param name="Query">The filters as the table's address writes them.</param>
internal sealed record SavedView(long Id, string Name, string Query);

/// <summary>What each person set up in the broadcasts table, for themselves alone: its columns and its saved views.</summary>
internal sealed class BroadcastTableStore(Database database, TimeProvider time)
{
    public const int LongestName = 60;

    /// <summary>Most views of one person.</summary>
    public const int MostViews = 50;

    private const int LongestQuery = 2_000;

    private const string ColumnsSql = "SELECT broadcast_columns FROM users WHERE id = @user";

    public async Task<IReadOnlyList<BroadcastColumn>> ColumnsAsync(long user, CancellationToken cancellationToken = default) =>
        BroadcastColumns.Read(await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(ColumnsSql, new { user }, cancellationToken: cancellationToken)), cancellationToken));

    private const string SetColumnsSql = "UPDATE users SET broadcast_columns = @columns WHERE id = @user";

    /// <summary>Keeps the columns; none at all brings the usual ones back.</summary>
    public Task SetColumnsAsync(long user, IReadOnlyCollection<BroadcastColumn> columns) => database.WriteAsync(t =>
        t.Connection!.ExecuteAsync(SetColumnsSql, new { user, columns = columns.Count == 0 ? null : BroadcastColumns.Write(columns) }, t));

    private const string ViewsSql = "SELECT id AS Id, name AS Name, query AS Query FROM saved_views WHERE user_id = @user ORDER BY name_key";

    /// <summary>By name.</summary>
    public Task<IReadOnlyList<SavedView>> ViewsAsync(long user, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SavedView>>(async c => (await c.QueryAsync<SavedView>(new CommandDefinition(ViewsSql, new { user }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string CountSql = "SELECT COUNT(*) FROM saved_views WHERE user_id = @user AND name_key <> @key";

    // A name that is there already gets the new filters: that is what whoever saves it again means.
    private const string SaveSql = """
        INSERT INTO saved_views (user_id, name, name_key, query, created_at) VALUES (@user, @name, @key, @query, @now)
        ON CONFLICT (user_id, name_key) DO UPDATE SET name = excluded.name, query = excluded.query
        """;

    public async Task<CommandResult> SaveAsync(long user, string? name, string query)
    {
        if (Check(ref name) is { } problem) return CommandResult.Invalid(problem);
        if (query.Length > LongestQuery) return CommandResult.Invalid(new Problem("query", "tooLong", $"The filters take at most {LongestQuery} characters.", $"{LongestQuery}"));
        return await database.WriteAsync(async t =>
        {
            var values = new { user, name, key = KeyOf(name!), query, now = time.Now() };
            if (await t.Connection!.ExecuteScalarAsync<long>(CountSql, values, t) >= MostViews)
                return CommandResult.Invalid(new Problem("name", "tooManyViews", $"There are {MostViews} saved views already: delete one that you no longer need.", $"{MostViews}"));
            await t.Connection!.ExecuteAsync(SaveSql, values, t);
            return new CommandResult();
        });
    }

    private const string RenameSql = "UPDATE saved_views SET name = @name, name_key = @key WHERE id = @id AND user_id = @user";

    /// <summary>Only its owner's.</summary>
    public async Task<CommandResult> RenameAsync(long user, long id, string? name)
    {
        if (Check(ref name) is { } problem) return CommandResult.Invalid(problem);
        try
        {
            return Found(id, await database.WriteAsync(t => t.Connection!.ExecuteAsync(RenameSql, new { id, user, name, key = KeyOf(name!) }, t)));
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return CommandResult.Invalid(new Problem("name", "viewExists", $"There is a saved view '{name}' already: choose another name.", name!));
        }
    }

    private const string DeleteSql = "DELETE FROM saved_views WHERE id = @id AND user_id = @user";

    /// <summary>Only its owner's.</summary>
    public async Task<CommandResult> DeleteAsync(long user, long id) => Found(id, await database.WriteAsync(t => t.Connection!.ExecuteAsync(DeleteSql, new { id, user }, t)));

    private static CommandResult Found(long id, int rows) => rows == 1 ? new CommandResult() : CommandResult.NotFound($"Saved view {id}");

    private static Problem? Check(ref string? name)
    {
        name = AddressNormalizer.Trim(name).Replace("\0", "", StringComparison.Ordinal);
        return name.Length is > 0 and <= LongestName ? null : new Problem("name", "viewName", $"A saved view has a name of at most {LongestName} characters.", $"{LongestName}");
    }

    private static string KeyOf(string name) => name.ToLowerInvariant();
}
