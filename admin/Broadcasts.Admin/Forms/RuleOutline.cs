using System.Globalization;
using Broadcasts.Audiences;

namespace Broadcasts.Admin.Forms;

/// <summary>A rule's lines from the first to the last, as somebody rearranges them. A line that moves past a group's edge goes in or out of it, as far as groups may go.</summary>
internal sealed class RuleOutline(RuleGroup root)
{
    private readonly record struct Place(IReadOnlyList<RuleGroup> Way, int At)
    {
        public RuleGroup Group => Way[^1];

        public RuleMember Member => Group.Members[At];
    }

    /// <summary>The member that was made or moved; null when nothing was.</summary>
    public RuleMember? Do(string verb, string path) => verb switch
    {
        "" or "add" => GroupAt(path) is { } group && CanAdd ? Added(group, new RuleMember()) : null,
        "group" => GroupAt(path) is { } around && CanAdd && DepthOf(around) < SegmentRule.Deepest ? AddedGroup(around) : null,
        _ when PlaceAt(path) is { } place => verb switch
        {
            "remove" => Removed(place),
            "wrap" when place.Member.Group is null && place.Way.Count < SegmentRule.Deepest => Wrapped(place),
            "up" => Moved(place, -1),
            "down" => Moved(place, 1),
            _ => null,
        },
        _ => null,
    };

    private bool CanAdd => CountOf(root) < SegmentRule.MostConditions;

    private static RuleMember Added(RuleGroup group, RuleMember member)
    {
        group.Members.Add(member);
        return member;
    }

    private static RuleMember AddedGroup(RuleGroup around)
    {
        var first = new RuleMember();
        around.Members.Add(new RuleMember { Group = new RuleGroup { Join = around.Join is "all" or "notAll" ? "any" : "all", Members = [first] } });
        return first;
    }

    private static RuleMember Wrapped(Place place)
    {
        var member = place.Member;
        place.Group.Members[place.At] = new RuleMember { Group = new RuleGroup { Join = place.Group.Join is "all" or "notAll" ? "any" : "all", Members = [member] } };
        return member;
    }

    private static RuleMember? Removed(Place place)
    {
        place.Group.Members.RemoveAt(place.At);
        var next = place.Group.Members.ElementAtOrDefault(Math.Min(place.At, place.Group.Members.Count - 1));
        Tidy(place.Way);
        return next;
    }

    private static RuleMember? Moved(Place place, int step)
    {
        var (way, member) = (place.Way, place.Member);
        var members = place.Group.Members;
        var beside = place.At + step;
        if (beside >= 0 && beside < members.Count)
        {
            members.RemoveAt(place.At);
            var neighbour = members[step < 0 ? beside : place.At];
            if (neighbour.Group is { } into && way.Count + 1 + HeightOf(member) <= SegmentRule.Deepest) into.Members.Insert(step < 0 ? into.Members.Count : 0, member);
            else members.Insert(beside, member);
            Tidy(way);
            return member;
        }

        if (way.Count == 1) return null;
        var outer = way[^2].Members;
        var at = outer.FindIndex(m => m.Group == place.Group);
        members.RemoveAt(place.At);
        outer.Insert(step < 0 ? at : at + 1, member);
        Tidy(way);
        return member;
    }

    // A group whose last member left is no group any more.
    private static void Tidy(IReadOnlyList<RuleGroup> way)
    {
        for (var i = way.Count - 1; i > 0 && way[i].Members.Count == 0; i--) way[i - 1].Members.RemoveAll(m => m.Group == way[i]);
    }

    private RuleGroup? GroupAt(string path) => path.Length == 0 ? root : PlaceAt(path)?.Member.Group;

    private Place? PlaceAt(string path)
    {
        List<RuleGroup> way = [root];
        var indexes = path.Split('.');
        for (var i = 0; ; i++)
        {
            if (!int.TryParse(indexes[i], NumberStyles.None, CultureInfo.InvariantCulture, out var at) || at >= way[^1].Members.Count) return null;
            if (i == indexes.Length - 1) return new Place(way, at);
            if (way[^1].Members[at].Group is not { } inner) return null;
            way.Add(inner);
        }
    }

    private int DepthOf(RuleGroup group)
    {
        return Depth(root, 1);

        int Depth(RuleGroup here, int depth) => here == group ? depth : here.Members.Select(m => m.Group).OfType<RuleGroup>().Select(g => Depth(g, depth + 1)).DefaultIfEmpty(0).Max();
    }

    private static int HeightOf(RuleMember member) => member.Group is { } group ? 1 + group.Members.Select(HeightOf).DefaultIfEmpty(0).Max() : 0;

    private static int CountOf(RuleGroup group) => group.Members.Sum(m => m.Group is { } inner ? CountOf(inner) : 1);
}
