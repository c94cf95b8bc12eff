using System.Globalization;
using System.Text.Json.Nodes;
using Broadcasts.Audiences;

namespace Broadcasts.Admin.Forms;

/// <summary>A rule as a form gives it: groups of conditions and groups.</summary>
public sealed class RuleInput
{
    public RuleGroup Root { get; set; } = new();

    /// <summary>A rule that can't be read, as it was written; wins over the groups.</summary>
    public string? Json { get; set; }

    /// <summary>What the last change made or moved: the cursor goes there.</summary>
    internal RuleMember? Changed { get; private set; }

    /// <summary>True when nothing was chosen yet.</summary>
    internal bool IsBlank => Json is null && Root.IsBlank;

    /// <summary>The rule's JSON. Conditions without a field are left out, and groups that only held such.</summary>
    public string ToJson(string timeZone) => string.IsNullOrWhiteSpace(Json) ? Root.ToNode(timeZone).ToJsonString() : Json;

    /// <summary>A stored rule in groups; what can't be read stays as it is.</summary>
    internal static RuleInput Of(string json) => SegmentRule.Parse(json, out _)?.Root switch
    {
        null => new() { Json = json },
        SegmentCondition single => new() { Root = new() { Members = [RuleMember.Of(single)] } },
        var root => new() { Root = RuleGroup.Of(root) },
    };

    /// <summary>What a button of the form asks for: <c>add.0.1</c>, <c>group.</c>, <c>up.2</c>, <c>down.2</c>, <c>wrap.1</c>, <c>remove.0.1</c>; anything else only looks anew. Places that are none change nothing.</summary>
    internal void Change(string act)
    {
        Settle(Root);
        var (verb, path) = act.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? (act[..dot], act[(dot + 1)..]) : (act, "");
        Changed = new RuleOutline(Root).Do(verb, path);
    }

    // Another field: what was compared with the one before means nothing here.
    private static void Settle(RuleGroup group)
    {
        foreach (var member in group.Members)
        {
            if (member.Group is { } inner) Settle(inner);
            else member.Settle();
        }
    }
}

/// <summary>Conditions and groups, joined.</summary>
public sealed class RuleGroup
{
    /// <summary>The ways to join: all hold, at least one, none, not all.</summary>
    internal static readonly string[] Joins = ["all", "any", "none", "notAll"];

    public string Join { get; set; } = "all";

    public List<RuleMember> Members { get; set; } = [];

    internal bool IsBlank => Members.TrueForAll(m => m.Group?.IsBlank ?? string.IsNullOrEmpty(m.Field));

    internal static RuleGroup Of(SegmentNode node) => node switch
    {
        SegmentGroup group => new() { Join = group.Join == SegmentJoin.Any ? "any" : "all", Members = [.. group.Members.Select(RuleMember.Of)] },
        SegmentNot { Member: SegmentGroup group } => new() { Join = group.Join == SegmentJoin.Any ? "none" : "notAll", Members = [.. group.Members.Select(RuleMember.Of)] },
        SegmentNot not => new() { Join = "none", Members = [RuleMember.Of(not.Member)] },
        _ => new() { Members = [RuleMember.Of(node)] },
    };

    internal JsonObject ToNode(string timeZone)
    {
        var kept = Members.Where(m => m.Group is { } group ? group.Members.Count == 0 || !group.IsBlank : !string.IsNullOrEmpty(m.Field)).ToList();
        var isNegative = Join is "none" or "notAll";
        // Of one condition alone nothing is left to join, and a group that is none costs no level.
        var joined = isNegative && kept is [{ Group: null } only]
            ? only.ToNode(timeZone)
            : new JsonObject { [Join is "any" or "none" ? "any" : "all"] = new JsonArray([.. kept.Select(m => m.ToNode(timeZone))]) };
        return isNegative ? new JsonObject { ["not"] = joined } : joined;
    }
}

/// <summary>A condition, or a group in a group.</summary>
public sealed class RuleMember
{
    // A stored condition without a zone means days of UTC, not of whoever opens it.
    private const string NoZone = "-";

    public RuleGroup? Group { get; set; }

    public string? Field { get; set; }

    /// <summary>The field for which operator and values were shown.</summary>
    public string? Was { get; set; }

    public string? Op { get; set; }

    /// <summary>Values that were chosen or stand in a box each.</summary>
    public List<string?> Values { get; set; } = [];

    /// <summary>Values that were typed in one line, divided by commas; one with a comma stands in double quotes.</summary>
    public string? Text { get; set; }

    /// <summary>The zone in which its days were meant; null for the one of whoever writes it.</summary>
    public string? TimeZone { get; set; }

    internal SegmentSubject? Subject => string.IsNullOrEmpty(Field) ? null : SegmentSubject.Find(Field);

    /// <summary>As it was chosen; the field's first where none was.</summary>
    internal SegmentOperator Operator => SegmentOperators.Parse(Op) ?? Subject?.Operators[0] ?? SegmentOperator.Is;

    /// <summary>What it compares with.</summary>
    internal IReadOnlyList<string> Compared => string.IsNullOrWhiteSpace(Text) ? [.. Values.OfType<string>().Select(v => v.Trim()).Where(v => v.Length > 0)] : ListText.Read(Text);

    internal static RuleMember Of(SegmentNode node) => node is SegmentCondition condition
        ? new() { Field = condition.Subject.Name, Was = condition.Subject.Name, Op = condition.Operator.Word(), Values = [.. condition.Values], TimeZone = condition.TimeZone ?? NoZone }
        : new() { Group = RuleGroup.Of(node) };

    internal void Settle()
    {
        if (Was != Field) (Op, Values, Text, TimeZone) = (null, [], null, null);
        else if (Op is not null && Subject is { } subject && !subject.Operators.Contains(Operator)) Op = null;
        Was = Field;
    }

    internal JsonObject ToNode(string timeZone)
    {
        if (Group is not null) return Group.ToNode(timeZone);
        if (Was != Field) Settle();
        var op = Operator;
        var node = new JsonObject { ["field"] = Field, ["op"] = op.Word() };
        if (op.TakesNothing()) return node;
        var values = Compared;
        node["value"] = op.TakesList() ? new JsonArray([.. values.Select(v => Typed(op, v))]) : values.Count == 0 ? null : Typed(op, values[0]);
        if (MeansDays(op, values) && TimeZone != NoZone) node["timeZone"] = string.IsNullOrEmpty(TimeZone) ? timeZone : TimeZone;
        return node;
    }

    // Days are meant where the author is.
    private bool MeansDays(SegmentOperator op, IReadOnlyList<string> values) =>
        op is SegmentOperator.Before or SegmentOperator.After or SegmentOperator.Between && !values.All(IsNumber)
        || op is SegmentOperator.InLastDays && Subject is { Kind: SegmentSubjectKind.Field }
        || op is SegmentOperator.Is && Subject is { Kind: SegmentSubjectKind.Instant };

    private static bool IsNumber(string value) => decimal.TryParse(value, CultureInfo.InvariantCulture, out _);

    private JsonValue Typed(SegmentOperator op, string value)
    {
        var numeric = op.TakesDays() || op.TakesId() || op is SegmentOperator.GreaterThan or SegmentOperator.LessThan or SegmentOperator.Between || Field is "import" or "segment";
        return numeric && decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(value)!;
    }
}
