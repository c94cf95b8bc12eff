using System.Data.Common;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>A tag and how many contacts have it.</summary>
internal sealed record TagDetails
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public long Contacts { get; init; }
}

/// <summary>The tags. Two names that differ in case only are one tag.</summary>
internal sealed class TagStore(Database database, TimeProvider time)
{
    public const int LongestName = 100;

    private const string ListSql = """
        SELECT t.id AS Id, t.name AS Name, (SELECT COUNT(*) FROM contact_tags ct WHERE ct.tag_id = t.id) AS Contacts
          FROM tags t
         ORDER BY t.name_key
        """;

    public Task<IReadOnlyList<TagDetails>> ListAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<TagDetails>>(async connection => (await connection.QueryAsync<TagDetails>(ListSql)).AsList(), cancellationToken);

    private const string NamesSql = """
        SELECT name
          FROM tags
         ORDER BY name_key
        """;

    /// <summary>Names alone: for pickers.</summary>
    public Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<string>>(async connection => (await connection.QueryAsync<string>(NamesSql)).AsList(), cancellationToken);

    public async Task<(long Id, CommandResult Result)> CreateAsync(string name, string actor, CancellationToken cancellationToken = default)
    {
        if (Check(name, "name") is { } problem) return (0, CommandResult.Invalid(problem));

        return await database.WriteAsync(async transaction =>
        {
            if ((await FindAsync(transaction, [Key(name)])).TryGetValue(Key(name), out var known)) return (known, new CommandResult());
            var id = (await EnsureAsync(transaction, [name], Now))[Key(name)];
            Audit(transaction, actor, "tag.created", id, AuditDiff.Between(null, new { name = AddressNormalizer.Trim(name) }));
            return (id, new CommandResult());
        }, cancellationToken);
    }

    private const string RenameSql = """
        UPDATE tags
           SET name = @name, name_key = @key
         WHERE id = @id
        """;

    private const string NameSql = "SELECT name FROM tags WHERE id = @id";

    /// <summary>Gives it another name, in the rules that name it too.</summary>
    public async Task<CommandResult> RenameAsync(long id, string name, string actor, CancellationToken cancellationToken = default)
    {
        if (Check(name, "name") is { } problem) return CommandResult.Invalid(problem);

        try
        {
            return await database.WriteAsync(async transaction =>
            {
                if (await transaction.Connection!.QuerySingleOrDefaultAsync<string?>(NameSql, new { id }, transaction) is not { } before) return CommandResult.NotFound($"Tag {id}");
                await transaction.Connection!.ExecuteAsync(RenameSql, new { id, name = AddressNormalizer.Trim(name), key = Key(name) }, transaction);
                await RuleUses.RenameTagAsync(database.Dialect, transaction, before, AddressNormalizer.Trim(name), Now);
                Audit(transaction, actor, "tag.renamed", id, AuditDiff.Between(new { name = before }, new { name = AddressNormalizer.Trim(name) }));
                return new CommandResult();
            }, cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return CommandResult.Invalid(new Problem("name", "tagExists", $"There is a tag '{name}' already.", name));
        }
    }

    private const string DeleteSql = """
        DELETE FROM contact_tags WHERE tag_id = @id;
        DELETE FROM tags WHERE id = @id;
        """;

    /// <summary>Takes the tag off every contact and away, when no rule names it.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<string?>(NameSql, new { id }, transaction) is not { } name) return CommandResult.NotFound($"Tag {id}");
        if (await RuleUses.FindAsync(transaction, RuleUses.NamesTag(name)) is { Length: > 0 } uses) return RuleUses.Refused(uses);
        await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction);
        Audit(transaction, actor, "tag.deleted", id, AuditDiff.Between(new { name }, null));
        return new CommandResult();
    }, cancellationToken);

    private const string InsertSql = """
        INSERT INTO tags (name, name_key, created_at)
        VALUES (@name, @key, @now)
        ON CONFLICT (name_key) DO NOTHING
        """;

    private const string FindSql = """
        SELECT name_key AS Key, id AS Id
          FROM tags
         WHERE
        """;

    /// <summary>Ids by key, of tags that are made when they are missing.</summary>
    internal async Task<Dictionary<string, long>> EnsureAsync(DbTransaction transaction, IEnumerable<string> names, long now)
    {
        var wanted = names.GroupBy(Key).ToDictionary(g => g.Key, g => AddressNormalizer.Trim(g.First()));
        var ids = await FindAsync(transaction, wanted.Keys);
        var missing = wanted.Where(w => !ids.ContainsKey(w.Key)).ToList();
        if (missing.Count == 0) return ids;

        foreach (var (key, name) in missing) await transaction.Connection!.ExecuteAsync(InsertSql, new { name, key, now }, transaction);
        return await FindAsync(transaction, wanted.Keys);
    }

    private const string TakeOffSql = "DELETE FROM contact_tags WHERE tag_id = (SELECT id FROM tags WHERE name_key = @key) AND {0}";

    /// <summary>Takes a tag off the contacts; whoever calls keeps their revisions.</summary>
    internal Task<int> TakeOffAsync(DbTransaction transaction, string name, IReadOnlyCollection<long> contacts) => transaction.Connection!.ExecuteAsync(
        TakeOffSql.Replace("{0}", database.Dialect.InList("contact_id", "@contacts"), StringComparison.Ordinal), new { key = Key(name), contacts = database.Dialect.List(contacts) }, transaction);

    /// <summary>The form in which names are compared.</summary>
    internal static string Key(string name) => AddressNormalizer.Trim(name).ToLowerInvariant();

    internal static Problem? Check(string? name, string path) => AddressNormalizer.Trim(name) switch
    {
        "" => new Problem(path, "required", "A tag has a name."),
        { Length: > LongestName } tag => new Problem(path, "tooLong", $"A tag has at most {LongestName} characters; this one has {tag.Length}.", $"{LongestName}"),
        var tag when tag.Contains('\0', StringComparison.Ordinal) => new Problem(path, "character", "The tag holds the character U+0000, which no database keeps."),
        _ => null,
    };

    private void Audit(DbTransaction transaction, string actor, string action, long id, IReadOnlyCollection<AuditChange> changes) =>
        AuditChain.Append(transaction, new AuditAct { At = Now, Actor = actor, Action = action, Subject = FormattableString.Invariant($"tag:{id}"), Changes = AuditChange.Write(changes) });

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task<Dictionary<string, long>> FindAsync(DbTransaction transaction, IReadOnlyCollection<string> keys)
    {
        var sql = FindSql + " " + database.Dialect.InList("name_key", "@keys");
        var rows = await transaction.Connection!.QueryAsync<(string Key, long Id)>(sql, new { keys = database.Dialect.List(keys) }, transaction);
        return rows.ToDictionary(r => r.Key, r => r.Id, StringComparer.Ordinal);
    }
}
