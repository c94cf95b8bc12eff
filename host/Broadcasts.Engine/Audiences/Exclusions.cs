using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>A segment that is taken out of an audience, with the rule that it has, or had at the start.</summary>
internal sealed record ExcludedSegment
{
    public long SegmentId { get; init; }

    public string Name { get; init; } = "";

    /// <summary>The rule as JSON, those of its members in their place.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Contacts that would be in the audience without it, and without those before it.</summary>
    public long Contacts { get; init; }
}

/// <summary>What an audience goes by, as it is at one moment.</summary>
/// <param name="Rule">Its own rule, expanded; null for people who are named one by one.</param>
/// <param name="Less">The segments that are taken out of it.</param>
internal sealed record AudienceRules(string? Rule, IReadOnlyList<ExcludedSegment> Less);

/// <summary>The segments that were taken out of audiences that are frozen, or being frozen.</summary>
internal sealed class Exclusions(Database database)
{
    internal const string OfSql = "SELECT segment_id AS SegmentId, name AS Name, rule AS Rule, contacts AS Contacts FROM broadcast_exclusions WHERE broadcast_id = @id ORDER BY place";

    /// <summary>Those of a broadcast, in their order; empty before it starts.</summary>
    public Task<IReadOnlyList<ExcludedSegment>> OfAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ExcludedSegment>>(async c => (await c.QueryAsync<ExcludedSegment>(new CommandDefinition(OfSql, new { id }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string WaitingSql = "SELECT id AS Id, name AS Name, status AS Status, audience AS Audience FROM broadcasts WHERE kind = 0 AND (status IN (0, 1, 6) OR started_at IS NULL) AND audience LIKE '%\"excludeSegmentIds\"%' ORDER BY id DESC";

    private const string StartedSql = """
        SELECT b.id AS BroadcastId, b.name AS Name, b.status AS Status
          FROM broadcast_exclusions x JOIN broadcasts b ON b.id = x.broadcast_id
         WHERE x.segment_id = @segment AND b.status NOT IN (0, 1, 6)
         ORDER BY b.id DESC
        """;

    /// <summary>Broadcasts that take a segment out of their audience: first those that have not started, which need it still.</summary>
    public static async Task<IReadOnlyList<SegmentUse>> UsersOfAsync(DbConnection connection, DbTransaction? transaction, long segment)
    {
        var waiting = (await connection.QueryAsync<Waiting>(WaitingSql, transaction: transaction))
            .Where(b => JsonSerializer.Deserialize<BroadcastAudience>(b.Audience, BroadcastJson.Options)?.ExcludeSegmentIds?.Contains(segment) == true)
            .Select(b => new SegmentUse { BroadcastId = b.Id, Name = b.Name, Status = b.Status, IsExcluded = true, IsWaiting = true });
        var started = await connection.QueryAsync<SegmentUse>(StartedSql, new { segment }, transaction);
        return [.. waiting, .. started.Select(u => u with { IsExcluded = true })];
    }

    private const string DropSql = "DELETE FROM broadcast_exclusions WHERE broadcast_id = @id";

    private const string AddSql = "INSERT INTO broadcast_exclusions (broadcast_id, place, segment_id, name, rule) VALUES (@id, @place, @segment, @name, @rule)";

    /// <summary>Writes down what a broadcast starts with; nothing of an earlier start stays.</summary>
    public static async Task SetAsync(DbTransaction transaction, long id, IReadOnlyList<ExcludedSegment> less)
    {
        await transaction.Connection!.ExecuteAsync(DropSql, new { id }, transaction);
        for (var place = 0; place < less.Count; place++)
            await transaction.Connection!.ExecuteAsync(AddSql, new { id, place, segment = less[place].SegmentId, name = less[place].Name, rule = less[place].Rule }, transaction);
    }

    /// <summary>Rows (place, contacts) of those that a condition on contacts <c>c</c> means and a segment takes out.</summary>
    /// <param name="taken">The place of the first segment that means a contact: <see cref="FrozenAudience.Taken"/>.</param>
    /// <param name="where">Over <c>contacts c</c>.</param>
    public static string CountsSql(string taken, string where) => $"""
        SELECT place, COUNT(*) AS contacts FROM (SELECT {taken} AS place FROM contacts c WHERE {where}) AS matching WHERE place IS NOT NULL GROUP BY place
        """;

    private const string CountSql = "UPDATE broadcast_exclusions SET contacts = contacts + @contacts WHERE broadcast_id = @id AND place = @place";

    /// <summary>Counts those of a chunk, in its transaction.</summary>
    public static async Task CountAsync(DbTransaction transaction, long id, FrozenAudience audience, string where, DynamicParameters parameters)
    {
        foreach (var (place, contacts) in (await transaction.Connection!.QueryAsync<(int, long)>(CountsSql(audience.Taken!, where), parameters, transaction)).AsList())
            await transaction.Connection!.ExecuteAsync(CountSql, new { id, place, contacts }, transaction);
    }

    private sealed record Waiting
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public BroadcastStatus Status { get; init; }

        public string Audience { get; init; } = "";
    }
}
