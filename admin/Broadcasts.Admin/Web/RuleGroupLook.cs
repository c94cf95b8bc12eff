using Broadcasts.Admin.Forms;
using Broadcasts.Audiences;
using Broadcasts.Contacts;

namespace Broadcasts.Admin.Web;

/// <summary>A group of a rule's form.</summary>
/// <param name="Rule">The whole.</param>
/// <param name="Group">This group.</param>
/// <param name="Fields">Custom fields.</param>
/// <param name="Name">The name of its inputs.</param>
/// <param name="Path">Where it stands, as the buttons say it; empty for the whole.</param>
/// <param name="Depth">From 1.</param>
internal sealed record RuleGroupLook(RuleInput Rule, RuleGroup Group, IReadOnlyList<ContactField> Fields, string Name, string Path, int Depth)
{
    public bool CanNest => Depth < SegmentRule.Deepest;

    /// <summary>A negated condition stands in a group of its own, one level below the deepest: nothing can stand beside it.</summary>
    public bool CanAdd => Depth <= SegmentRule.Deepest;

    public string PathOf(int at) => Path.Length == 0 ? $"{at}" : $"{Path}.{at}";

    public string NameOf(int at) => $"{Name}.Members[{at}]";

    public string IdOf(int at) => "rule-" + PathOf(at).Replace('.', '-');

    /// <summary>From 1, as people count: 2.1.</summary>
    public string NumberOf(int at) => string.Join('.', PathOf(at).Split('.').Select(i => int.Parse(i, System.Globalization.CultureInfo.InvariantCulture) + 1));

    public RuleGroupLook Inner(int at, RuleGroup group) => new(Rule, group, Fields, NameOf(at) + ".Group", PathOf(at), Depth + 1);
}
