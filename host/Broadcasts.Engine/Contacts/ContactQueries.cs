using System.Data.Common;
using System.Text;
using Broadcasts.Audiences;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>Which contacts a list shows.</summary>
internal sealed record ContactFilter
{
    /// <summary>Words that must all be found (<see cref="ContactSearch"/>).</summary>
    public string? Search { get; init; }

    /// <summary>Name of a tag.</summary>
    public string? Tag { get; init; }

    public SegmentRule? Rule { get; init; }
}

/// <summary>A page of contacts, newest first.</summary>
/// <param name="Items">The contacts.</param>
/// <param name="Next">The cursor of the next page; null when this is the last.</param>
internal sealed record ContactPage(IReadOnlyList<ContactDetails> Items, long? Next);

/// <summary>A count that may have stopped early.</summary>
/// <param name="Value">The count, or where counting stopped.</param>
/// <param name="IsExact">False: there are at least so many.</param>
internal readonly record struct ContactCount(long Value, bool IsExact);

/// <summary>Reads of contacts, shaped for lists, pages and rendering.</summary>
internal sealed partial class ContactQueries(Database database, TimeProvider time)
{
    /// <summary>The newest contacts are looked at one by one: what many have fills the page out of them.</summary>
    private const int FirstLook = 10_000;

    /// <summary>Two pages of the list.</summary>
    private const int Many = 100;

    private const string PageSql = """
        SELECT c.id
          FROM contacts c
         WHERE c.id < @before AND c.id >= @from AND {0}
         ORDER BY c.id DESC
         LIMIT @limit
        """;

    /// <summary>One page behind the cursor. Contacts that come or go meanwhile neither repeat nor hide others.</summary>
    public Task<ContactPage> ListAsync(ContactFilter filter, long? cursor, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var search = await ContactSearch.PrepareAsync(filter.Search, database.Dialect, connection, cancellationToken);
            var rule = await RuleAsync(filter, connection);
            List<long> ids = [];
            if (!search.HasWords) ids = await PageAsync(null, 0);
            else if (!search.IsNarrow) ids = await PageAsync(search.OneByOne, (cursor ?? await connection.ExecuteScalarAsync<long>(LastSql)) - FirstLook);
            if (search.HasWords && ids.Count <= limit) ids = await PageAsync(search.AtOnce, 0);
            var hasMore = ids.Count > limit;
            if (hasMore) ids.RemoveAt(limit);
            return new ContactPage(await ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken), hasMore ? ids[^1] : null);

            async Task<List<long>> PageAsync(Func<DynamicParameters, string>? condition, long from)
            {
                var (where, parameters) = Where(filter, rule, condition);
                parameters.AddDynamicParams(new { before = cursor ?? long.MaxValue, limit = limit + 1, from });
                return (await connection.QueryAsync<long>(new CommandDefinition(PageSql.Replace("{0}", where, StringComparison.Ordinal), parameters, cancellationToken: cancellationToken))).AsList();
            }
        }, cancellationToken);

    private const string LastSql = "SELECT COALESCE(MAX(id), 0) FROM contacts";

    private const string CountSql = """
        SELECT COUNT(*)
          FROM (SELECT 1 FROM contacts c WHERE c.id >= @from AND {0} LIMIT @most) AS counted
        """;

    /// <summary>Counts up to <paramref name="most"/>.</summary>
    public Task<ContactCount> CountAsync(ContactFilter filter, long most = 10_000, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var search = await ContactSearch.PrepareAsync(filter.Search, database.Dialect, connection, cancellationToken);
            var rule = await RuleAsync(filter, connection);
            if (search.HasWords && !search.IsNarrow)
            {
                // What many have is not counted to the end: among the newest alone there are more than somebody looks through.
                var near = await CountedAsync(search.OneByOne, await connection.ExecuteScalarAsync<long>(LastSql) - FirstLook);
                if (near > Many) return new ContactCount(Math.Min(near, most), false);
            }

            var count = await CountedAsync(search.HasWords ? search.AtOnce : null, 0);
            return new ContactCount(Math.Min(count, most), count <= most);

            Task<long> CountedAsync(Func<DynamicParameters, string>? condition, long from)
            {
                var (where, parameters) = Where(filter, rule, condition);
                parameters.AddDynamicParams(new { most = most + 1, from });
                return connection.ExecuteScalarAsync<long>(new CommandDefinition(CountSql.Replace("{0}", where, StringComparison.Ordinal), parameters, cancellationToken: cancellationToken));
            }
        }, cancellationToken);

    /// <summary>One contact with everything that belongs to it; null when there is none.</summary>
    public Task<ContactDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection => (await ContactReader.LoadAsync(database.Dialect, connection, null, [id], cancellationToken)).SingleOrDefault(), cancellationToken);

    /// <summary>Those of the contacts that exist, in the order of the ids.</summary>
    public Task<IReadOnlyList<ContactDetails>> OfAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken = default) => ids.Count == 0
        ? Task.FromResult<IReadOnlyList<ContactDetails>>([])
        : database.ReadAsync<IReadOnlyList<ContactDetails>>(async connection => await ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken), cancellationToken);

    private const string FindSql = """
        SELECT contact_id
          FROM addresses
         WHERE kind = @kind AND value = @value
        """;

    /// <summary>Who has this address; null when nobody has, or it is none.</summary>
    public Task<long?> FindAsync(AddressKind kind, string address, string? defaultCountry = null, CancellationToken cancellationToken = default) =>
        AddressNormalizer.TryNormalize(kind, address, defaultCountry, out var value, out _)
            ? database.ReadAsync(connection => connection.ExecuteScalarAsync<long?>(FindSql, new { kind = (short)kind, value }), cancellationToken)
            : Task.FromResult<long?>(null);

    private static Task<SegmentRule> RuleAsync(ContactFilter filter, DbConnection connection) => SegmentMembers.ExpandAsync(filter.Rule ?? SegmentRule.Everyone, connection);

    private (string Where, DynamicParameters Parameters) Where(ContactFilter filter, SegmentRule rule, Func<DynamicParameters, string>? search) =>
        Where(database.Dialect, rule, filter.Tag, search, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>A condition over contacts <c>c</c>: the rule, its members in their place and its relative dates seen from <paramref name="now"/>, the name of a tag, and a search.</summary>
    internal static (string Where, DynamicParameters Parameters) Where(SqlDialect dialect, SegmentRule rule, string? tagName, Func<DynamicParameters, string>? search, long now)
    {
        var condition = SegmentCompiler.Compile(rule, dialect, now);
        var parameters = new DynamicParameters(condition.Parameters);
        var where = new StringBuilder("(").Append(condition.Sql).Append(')');
        if (AddressNormalizer.Trim(tagName).Replace("\0", "", StringComparison.Ordinal) is { Length: > 0 } tag)
        {
            where.Append(" AND EXISTS (SELECT 1 FROM contact_tags ct WHERE ct.contact_id = c.id AND ct.tag_id = (SELECT t.id FROM tags t WHERE t.name_key = @tag))");
            parameters.Add("tag", TagStore.Key(tag));
        }

        if (search is not null) where.Append(" AND ").Append(search(parameters));
        return (where.ToString(), parameters);
    }
}
