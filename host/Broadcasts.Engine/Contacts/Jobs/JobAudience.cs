using System.Data.Common;
using System.Text.Json.Serialization;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Jobs;

/// <summary>
/// Which contacts a job is about, as it was understood when the job was asked for: segments with their rules of then, relative dates seen from then, and the words of a search as they were looked up then. A job
/// that deletes the last address that begins with a word would otherwise find other people by it from then on.
/// </summary>
internal sealed record JobAudience
{
    /// <summary>The search as it was written.</summary>
    public string? Search { get; init; }

    public IReadOnlyList<SearchWord> Words { get; init; } = [];

    public string? WithTag { get; init; }

    public long? SegmentId { get; init; }

    /// <summary>The rule as JSON, those of its members in their place; null for everyone.</summary>
    public string? Rule { get; init; }

    /// <summary>When it was asked for, Unix milliseconds.</summary>
    public long At { get; init; }

    /// <summary>Nobody is left out.</summary>
    [JsonIgnore]
    public bool IsEverybody => Words.Count == 0 && WithTag is null && Rule is null;

    /// <summary>The audience of a request, or what is wrong with it.</summary>
    public static async Task<(JobAudience? Audience, IReadOnlyList<Problem> Problems)> FreezeAsync(JobRequest request, SqlDialect dialect, DbConnection connection, long now, CancellationToken cancellationToken)
    {
        var (rule, problems) = await RuleAsync(request, connection);
        if (problems.Count > 0) return (null, problems);
        var search = await ContactSearch.PrepareAsync(request.Search, dialect, connection, cancellationToken);
        return (new JobAudience
        {
            Search = search.HasWords ? request.Search : null,
            Words = search.Words,
            WithTag = string.IsNullOrWhiteSpace(request.WithTag) ? null : request.WithTag,
            SegmentId = request.SegmentId,
            Rule = rule is null ? null : (await SegmentMembers.ExpandAsync(rule, connection)).ToJson(),
            At = now,
        }, []);
    }

    private const string SegmentSql = "SELECT rule FROM segments WHERE id = @id";

    private static async Task<(SegmentRule? Rule, IReadOnlyList<Problem> Problems)> RuleAsync(JobRequest request, DbConnection connection)
    {
        var rule = request.Rule;
        if (request.SegmentId is { } id)
        {
            if (rule is not null) return (null, [new Problem("rule", "twoAudiences", "Either segmentId or rule.")]);
            if (await connection.ExecuteScalarAsync<string?>(SegmentSql, new { id }) is not { } json) return (null, [new Problem("segmentId", "segmentGone", $"Segment {id} does not exist.", $"{id}")]);
            rule = SegmentRule.Parse(json, out var wrong);
            if (rule is null) return (null, wrong);
        }

        if (rule is null) return (null, []);
        var problems = await SegmentMembers.CheckAsync(rule, 0, "", connection);
        // A comparison with a field that is gone could mean everyone.
        return (rule, problems.Length > 0 ? problems : SegmentFields.Check(await SegmentMembers.ExpandAsync(rule, connection), await FieldStore.ListAsync(connection)));
    }

    private const string CountSql = "SELECT COUNT(*) FROM contacts c WHERE c.id <= @mark AND {0}";

    /// <summary>How many there are, up to the highest id.</summary>
    public Task<long> CountAsync(SqlDialect dialect, DbConnection connection, long mark, CancellationToken cancellationToken)
    {
        var search = new ContactSearch(dialect, Words);
        var (where, parameters) = Where(dialect, search.HasWords ? search.AtOnce : null);
        parameters.Add("mark", mark);
        return connection.ExecuteScalarAsync<long>(new CommandDefinition(CountSql.Replace("{0}", where, StringComparison.Ordinal), parameters, cancellationToken: cancellationToken));
    }

    private const string NextSql = """
        SELECT c.id
          FROM contacts c
         WHERE c.id > @after AND c.id <= @mark AND {0}
         ORDER BY c.id
         LIMIT @size
        """;

    /// <summary>The next ones by id. Whoever fits now: the job itself changes only those behind it.</summary>
    public async Task<List<long>> NextAsync(SqlDialect dialect, DbConnection connection, long after, long mark, int size, CancellationToken cancellationToken)
    {
        var search = new ContactSearch(dialect, Words);
        var (where, parameters) = Where(dialect, search.HasWords ? search.OneByOne : null);
        parameters.AddDynamicParams(new { after, mark, size });
        return (await connection.QueryAsync<long>(new CommandDefinition(NextSql.Replace("{0}", where, StringComparison.Ordinal), parameters, cancellationToken: cancellationToken))).AsList();
    }

    private (string Where, DynamicParameters Parameters) Where(SqlDialect dialect, Func<DynamicParameters, string>? search) =>
        ContactQueries.Where(dialect, Rule is null ? SegmentRule.Everyone : SegmentRule.ParseExpanded(Rule, out _)!, WithTag, search, At);

    /// <summary>In words, for the audit.</summary>
    public override string ToString()
    {
        var words = new List<string>();
        if (Search is not null) words.Add("a search");
        if (WithTag is not null) words.Add($"tag '{WithTag}'");
        if (SegmentId is { } id) words.Add(FormattableString.Invariant($"segment {id}"));
        else if (Rule is not null) words.Add($"rule {AuditDiff.WithoutValues(Rule)}");
        return words.Count == 0 ? "everybody" : string.Join(", ", words);
    }
}
