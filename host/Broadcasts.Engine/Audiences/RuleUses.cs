using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>
/// The rules that name something which is to be changed or deleted: of segments, and of broadcasts that have a rule of their own and have not started. A rule that named something else from one day to the next,
/// or nothing, would mean other people without anybody having decided it.
/// </summary>
internal static class RuleUses
{
    private const string SegmentsSql = "SELECT id AS Id, name AS Name, rule AS Rule FROM segments ORDER BY name_key";

    // Draft, scheduled, failed before they started.
    private const string BroadcastsSql = "SELECT id AS Id, name AS Name, status AS Status, audience AS Rule FROM broadcasts WHERE kind = 0 AND segment_id IS NULL AND status IN (0, 1, 6) AND audience LIKE '%\"segment\"%' ORDER BY id DESC";

    /// <summary>One problem for each rule with such a condition; empty when it may go.</summary>
    public static async Task<Problem[]> FindAsync(DbTransaction transaction, Func<SegmentCondition, bool> names)
    {
        var problems = new List<Problem>();
        foreach (var (segment, rule) in await SegmentsAsync(transaction))
        {
            if (rule.Conditions().Any(names)) problems.Add(new Problem($"segments/{segment.Id}", "usedBySegment", $"The segment '{segment.Name}' has it as a condition: change that first.", segment.Name, $"{segment.Id}"));
        }

        problems.AddRange(await BroadcastsAsync(transaction, names));
        return [.. problems];
    }

    /// <summary>The same of the broadcasts alone.</summary>
    public static async Task<Problem[]> BroadcastsAsync(DbTransaction transaction, Func<SegmentCondition, bool> names) =>
        [.. (await BroadcastsAsync(transaction.Connection!, transaction, names))
            .Select(b => new Problem($"broadcasts/{b.BroadcastId}", "usedByBroadcast", $"The broadcast '{b.Name}' has it as a condition of its audience: change that first.", b.Name, $"{b.BroadcastId}"))];

    /// <summary>Broadcasts that have not started and whose own rule has such a condition, the newest first.</summary>
    public static async Task<IReadOnlyList<SegmentUse>> BroadcastsAsync(DbConnection connection, DbTransaction? transaction, Func<SegmentCondition, bool> names) =>
        [.. (await InlineAsync(connection, transaction)).Where(b => b.Rule.Conditions().Any(names)).Select(b => new SegmentUse { BroadcastId = b.Of.Id, Name = b.Of.Name, Status = b.Of.Status })];

    /// <summary>True of a condition on a segment.</summary>
    public static Func<SegmentCondition, bool> NamesSegment(long id) => c => c.Subject.Kind == SegmentSubjectKind.Segment && c.Values[0] == id.ToString(CultureInfo.InvariantCulture);

    /// <summary>What a refusal with these problems says.</summary>
    public static CommandResult Refused(Problem[] by) => new() { Code = CommandCode.Refused, Message = string.Join(" ", by.Select(p => p.Message)), Problems = by };

    private const string SetSegmentSql = "UPDATE segments SET rule = @rule, version = version + 1, updated_at = @now WHERE id = @id";

    private const string SetBroadcastSql = "UPDATE broadcasts SET audience = @audience, version = version + 1, updated_at = @now WHERE id = @id";

    /// <summary>Puts another name of a tag into every rule that has the old one.</summary>
    public static async Task RenameTagAsync(SqlDialect dialect, DbTransaction transaction, string oldName, string newName, long now)
    {
        foreach (var (segment, rule) in await SegmentsAsync(transaction))
        {
            if (Renamed(rule, oldName, newName) is { } renamed) await transaction.Connection!.ExecuteAsync(SetSegmentSql, new { id = segment.Id, rule = renamed.ToJson(), now }, transaction);
        }

        foreach (var (broadcast, rule) in await InlineAsync(transaction.Connection!, transaction))
        {
            if (Renamed(rule, oldName, newName) is not { } renamed) continue;
            var audience = JsonSerializer.Serialize(JsonSerializer.Deserialize<BroadcastAudience>(broadcast.Rule, BroadcastJson.Options)! with { Segment = JsonSerializer.Deserialize<JsonElement>(renamed.ToJson()) }, BroadcastJson.Options);
            await DraftEdits.EndAsync(dialect, transaction, broadcast.Id);
            await transaction.Connection!.ExecuteAsync(SetBroadcastSql, new { id = broadcast.Id, audience, now }, transaction);
        }
    }

    /// <summary>True of a condition on a tag.</summary>
    public static Func<SegmentCondition, bool> NamesTag(string name) => c => c.Subject.Kind == SegmentSubjectKind.Tag && c.Values.Any(v => TagStore.Key(v) == TagStore.Key(name));

    private static SegmentRule? Renamed(SegmentRule rule, string oldName, string newName) =>
        rule.Conditions().Any(NamesTag(oldName)) ? new SegmentRule(Renamed(rule.Root, oldName, newName)) : null;

    private static SegmentNode Renamed(SegmentNode node, string oldName, string newName) => node switch
    {
        SegmentGroup group => group with { Members = [.. group.Members.Select(m => Renamed(m, oldName, newName))] },
        SegmentNot not => new SegmentNot(Renamed(not.Member, oldName, newName)),
        SegmentCondition condition when NamesTag(oldName)(condition) => condition with { Values = [.. condition.Values.Select(v => TagStore.Key(v) == TagStore.Key(oldName) ? newName : v)] },
        _ => node,
    };

    private static async Task<IEnumerable<(Named Of, SegmentRule Rule)>> SegmentsAsync(DbTransaction transaction) =>
        (await transaction.Connection!.QueryAsync<Named>(SegmentsSql, transaction: transaction)).Select(s => (s, SegmentRule.ParseExpanded(s.Rule, out _))).Where(s => s.Item2 is not null)!;

    private static async Task<IEnumerable<(Named Of, SegmentRule Rule)>> InlineAsync(DbConnection connection, DbTransaction? transaction) =>
        (await connection.QueryAsync<Named>(BroadcastsSql, transaction: transaction)).Select(b => (b, RuleOf(b.Rule))).Where(b => b.Item2 is not null)!;

    private static SegmentRule? RuleOf(string audience) =>
        JsonSerializer.Deserialize<BroadcastAudience>(audience, BroadcastJson.Options)?.Segment is { } inline ? SegmentRule.Parse(inline, out _) : null;

    private sealed record Named
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public BroadcastStatus Status { get; init; }

        public string Rule { get; init; } = "";
    }
}
