using System.Data.Common;
using System.Globalization;
using Broadcasts.Broadcasting;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>Segments that are conditions of other segments: found, checked for circles, and put in their place.</summary>
internal static class SegmentMembers
{
    /// <summary>Most conditions of a rule when those of its members are in their place: each costs the database a test per contact.</summary>
    public const int MostExpanded = 1_000;

    private const string AllSql = "SELECT id AS Id, name AS Name, rule AS Rule FROM segments";

    /// <summary>The rule with the rules of its members in their place, as they are now. A member that is gone means nobody.</summary>
    public static async Task<SegmentRule> ExpandAsync(SegmentRule rule, DbConnection connection, DbTransaction? transaction = null)
    {
        if (!Of(rule).Any()) return rule;
        var all = await LoadAsync(connection, transaction);
        return new SegmentRule(Expand(rule.Root, all, []));
    }

    private const string StartedSql = "SELECT COUNT(*) FROM broadcasts WHERE id = @id AND started_at IS NOT NULL";

    /// <summary>What is wrong with what a rule names: a broadcast that never started, a segment that is gone, or in the end the segment <paramref name="self"/> itself, whose rule it is to be (0: none yet).</summary>
    public static async Task<Problem[]> CheckAsync(SegmentRule rule, long self, string name, DbConnection connection, DbTransaction? transaction = null)
    {
        // "Not in" a broadcast that does not exist would be everyone.
        foreach (var id in BroadcastsOf(rule))
        {
            if (await connection.ExecuteScalarAsync<long>(StartedSql, new { id }, transaction) == 0)
                return [new Problem("broadcast", "broadcastNotStarted", $"Broadcast {id} does not exist or has not started: name one that has.", $"{id}")];
        }

        if (self == 0 && !Of(rule).Any()) return [];
        var all = await LoadAsync(connection, transaction);
        all[self] = new Member(self, name, rule.ToJson());
        foreach (var id in Of(rule))
        {
            if (!all.TryGetValue(id, out var member) || id == 0) return [new Problem("rule", "segmentGone", $"Segment {id} does not exist.", $"{id}")];
            if (Circle(member, self, all, [name], []) is { } circle)
            {
                var way = string.Join(" → ", circle);
                return [new Problem("rule", "segmentCircle", $"A segment can't be a part of itself: {way}. Take one of them out.", way)];
            }
        }

        // Whatever has this one as a part grows with it.
        var sizes = new Dictionary<long, int>();
        foreach (var member in all.Values)
        {
            if (SizeOf(member, all, sizes) > MostExpanded && Reaches(member, self, all, []))
                return [new Problem("rule", "segmentTooLarge", $"With the segments that it has as conditions, '{member.Name}' comes to more than {MostExpanded} conditions: take some of them out.", member.Name, $"{MostExpanded}")];
        }

        return [];
    }

    /// <summary>Segments whose rule names this one.</summary>
    public static async Task<IReadOnlyList<(long Id, string Name)>> UsersOfAsync(long id, DbConnection connection, DbTransaction? transaction = null) =>
        [.. (await LoadAsync(connection, transaction)).Values.Where(m => m.Id != id && MembersOf(m).Contains(id)).OrderBy(m => m.Name, StringComparer.OrdinalIgnoreCase).Select(m => (m.Id, m.Name))];

    private static async Task<Dictionary<long, Member>> LoadAsync(DbConnection connection, DbTransaction? transaction) =>
        (await connection.QueryAsync<Member>(AllSql, transaction: transaction)).ToDictionary(m => m.Id);

    private static SegmentNode Expand(SegmentNode node, Dictionary<long, Member> all, HashSet<long> within) => node switch
    {
        SegmentGroup group => new SegmentGroup(group.Join, [.. group.Members.Select(m => Expand(m, all, within))]),
        SegmentNot not => new SegmentNot(Expand(not.Member, all, within)),
        SegmentCondition { Subject.Kind: SegmentSubjectKind.Segment } condition => Negated(condition, Inner(IdOf(condition), all, within)),
        _ => node,
    };

    // Saved segments have no circles; a database that was changed by hand may.
    private static SegmentNode Inner(long id, Dictionary<long, Member> all, HashSet<long> within) =>
        all.TryGetValue(id, out var member) && !within.Contains(id) && SegmentRule.ParseExpanded(member.Rule, out _) is { } rule
            ? Expand(rule.Root, all, [.. within, id])
            : new SegmentGroup(SegmentJoin.Any, []);

    private static SegmentNode Negated(SegmentCondition condition, SegmentNode inner) => condition.Operator == SegmentOperator.IsNot ? new SegmentNot(inner) : inner;

    // Each segment is looked at once, however many ways lead to it.
    private static IReadOnlyList<string>? Circle(Member member, long self, Dictionary<long, Member> all, IReadOnlyList<string> way, HashSet<long> seen)
    {
        IReadOnlyList<string> here = [.. way, member.Name];
        if (member.Id == self) return here;
        if (!seen.Add(member.Id)) return null;
        return MembersOf(member).Select(id => all.TryGetValue(id, out var next) ? Circle(next, self, all, here, seen) : null).FirstOrDefault(c => c is not null);
    }

    private static bool Reaches(Member member, long self, Dictionary<long, Member> all, HashSet<long> seen) =>
        member.Id == self || (seen.Add(member.Id) && MembersOf(member).Any(id => all.TryGetValue(id, out var next) && Reaches(next, self, all, seen)));

    // A segment that is being counted counts nothing: that would be a circle, which is said elsewhere.
    private static int SizeOf(Member member, Dictionary<long, Member> all, Dictionary<long, int> sizes)
    {
        if (sizes.TryGetValue(member.Id, out var known)) return known;
        sizes[member.Id] = 0;
        if (SegmentRule.ParseExpanded(member.Rule, out _) is not { } rule) return 0;
        var size = rule.Conditions().Sum(c => c.Subject.Kind == SegmentSubjectKind.Segment && all.TryGetValue(IdOf(c), out var inner) ? (long)SizeOf(inner, all, sizes) : 1);
        return sizes[member.Id] = (int)Math.Min(size, int.MaxValue / 2);
    }

    private static IEnumerable<long> MembersOf(Member member) => SegmentRule.ParseExpanded(member.Rule, out _) is { } rule ? Of(rule) : [];

    private static IEnumerable<long> Of(SegmentRule rule) => rule.Conditions().Where(c => c.Subject.Kind == SegmentSubjectKind.Segment).Select(IdOf);

    private static IEnumerable<long> BroadcastsOf(SegmentRule rule) => rule.Conditions().Where(c => c.Subject.Kind == SegmentSubjectKind.History && c.Operator.TakesId())
        .SelectMany(c => c.Values).Distinct().Select(v => long.Parse(v, CultureInfo.InvariantCulture));

    private static long IdOf(SegmentCondition condition) => long.Parse(condition.Values[0], CultureInfo.InvariantCulture);

    private sealed record Member(long Id, string Name, string Rule);
}
