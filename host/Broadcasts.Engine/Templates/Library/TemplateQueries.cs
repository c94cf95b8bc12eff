using System.Data.Common;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Templates.Library;

/// <summary>Reads of the library.</summary>
internal sealed class TemplateQueries(Database database)
{
    private const string Columns = "t.id, t.name, t.description, t.languages, t.version, t.archived_at, t.updated_by, t.created_at, t.updated_at";

    private const string PageSql = $$"""
        SELECT {{Columns}}
          FROM templates t
         WHERE (@after = 0 OR t.name_key > (SELECT a.name_key FROM templates a WHERE a.id = @after)) AND (t.archived_at IS NOT NULL) = @archived{0}
         ORDER BY t.name_key
         LIMIT @limit
        """;

    /// <summary>A page by name, behind the template of the cursor; the archived ones apart.</summary>
    public Task<TemplatePage> PageAsync(string? search, bool archived, long? cursor, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
    {
        var text = AddressNormalizer.Trim(search).Replace("\0", "", StringComparison.Ordinal);
        var sql = PageSql.Replace("{0}", text.Length == 0 ? "" : $" AND ({database.Dialect.Contains("t.name", "@text")} OR {database.Dialect.Contains("COALESCE(t.description, '')", "@text")})", StringComparison.Ordinal);
        var rows = (await connection.QueryAsync<TemplateRow>(new CommandDefinition(sql, new { after = cursor ?? 0, archived, limit = limit + 1, text = SqlDialect.LikePattern(text) }, cancellationToken: cancellationToken))).AsList();
        if (rows.Count <= limit) return new TemplatePage(rows, null);
        rows.RemoveAt(limit);
        return new TemplatePage(rows, rows[^1].Id);
    }, cancellationToken);

    private const string GetSql = $"SELECT {Columns}, v.content FROM templates t JOIN template_versions v ON v.template_id = t.id AND v.version = t.version WHERE t.id = @id";

    public Task<StoredTemplate?> GetAsync(long id, CancellationToken cancellationToken = default) => database.ReadAsync(connection => GetAsync(connection, id), cancellationToken);

    public static Task<StoredTemplate?> GetAsync(DbConnection connection, long id, DbTransaction? transaction = null) =>
        connection.QuerySingleOrDefaultAsync<StoredTemplate?>(GetSql, new { id }, transaction);

    private const string VersionColumns = "version, name, description, note, restored_from, author, at";

    private const string VersionSql = $"SELECT {VersionColumns}, content FROM template_versions WHERE template_id = @id AND version = @version";

    /// <summary>What a save left; null when there is no such version.</summary>
    public Task<TemplateVersion?> GetVersionAsync(long id, int version, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<TemplateVersion?>(VersionSql, new { id, version }), cancellationToken);

    private const string VersionsSql = $"SELECT {VersionColumns} FROM template_versions WHERE template_id = @id AND (@before = 0 OR version < @before) ORDER BY version DESC LIMIT @limit";

    /// <summary>Who saved it when, newest first, below a version; without what they wrote.</summary>
    public Task<IReadOnlyList<TemplateVersion>> VersionsAsync(long id, int? before, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<TemplateVersion>>(async connection => (await connection.QueryAsync<TemplateVersion>(new CommandDefinition(VersionsSql, new { id, before = before ?? 0, limit }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string UsesSql = """
        SELECT id AS BroadcastId, name, status, template_version AS Version
          FROM broadcasts
         WHERE template_id = @id AND kind = 0 AND (@before = 0 OR id < @before)
         ORDER BY id DESC
         LIMIT @limit
        """;

    /// <summary>The broadcasts that were made from it, newest first.</summary>
    public Task<IReadOnlyList<TemplateUse>> UsesAsync(long id, long? before, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => UsesAsync(connection, id, before, limit), cancellationToken);

    public static async Task<IReadOnlyList<TemplateUse>> UsesAsync(DbConnection connection, long id, long? before, int limit, DbTransaction? transaction = null) =>
        (await connection.QueryAsync<TemplateUse>(UsesSql, new { id, before = before ?? 0, limit }, transaction)).AsList();

    private readonly string _useCountsSql = $"SELECT template_id AS Id, COUNT(*) AS Uses FROM broadcasts WHERE kind = 0 AND {database.Dialect.InList("template_id", "@ids")} GROUP BY template_id";

    /// <summary>How many broadcasts were made from each; those from which none was are left out.</summary>
    public Task<Dictionary<long, long>> UseCountsAsync(IEnumerable<long> ids, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
        (await connection.QueryAsync<(long Id, long Uses)>(new CommandDefinition(_useCountsSql, new { ids = database.Dialect.List([.. ids]) }, cancellationToken: cancellationToken))).ToDictionary(u => u.Id, u => u.Uses), cancellationToken);
}
