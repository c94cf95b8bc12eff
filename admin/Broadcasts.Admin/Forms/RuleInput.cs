using System.Globalization;
using System.Text.Json.Nodes;
using Broadcasts.Audiences;

namespace Broadcasts.Admin.Forms;

/// <summary>A flat rule as a form gives it: rows of field, operator and value, joined by all or any.</summary>
public sealed class RuleInput
{
    /// <summary><c>all</c> or <c>any</c>.</summary>
    public string Join { get; set; } = "all";

    public List<RuleRow> Rows { get; set; } = [];

    /// <summary>A rule that rows can't show, as its JSON; wins over the rows.</summary>
    public string? Json { get; set; }

    /// <summary>The rule's JSON. Blank rows are left out.</summary>
    public string ToJson(string timeZone)
    {
        if (!string.IsNullOrWhiteSpace(Json)) return Json;
        var rows = Rows.Where(r => !string.IsNullOrEmpty(r.Field)).Select(r => (JsonNode)r.ToNode(timeZone)).ToArray();
        return new JsonObject { [Join == "any" ? "any" : "all"] = new JsonArray(rows) }.ToJsonString();
    }

    /// <summary>A stored rule as rows; as its JSON when it has groups in groups.</summary>
    internal static RuleInput Of(string json)
    {
        var root = SegmentRule.Parse(json, out _)?.Root;
        var group = root as SegmentGroup ?? (root is SegmentCondition single ? new SegmentGroup(SegmentJoin.All, [single]) : null);
        if (group is null || group.Members.Any(m => m is not SegmentCondition)) return new() { Json = json };
        return new()
        {
            Join = group.Join == SegmentJoin.Any ? "any" : "all",
            Rows = [.. group.Members.Cast<SegmentCondition>().Select(c => new RuleRow { Field = c.Subject.Name, Op = c.Operator.Word(), Value = ListText.Write(c.Values), TimeZone = c.TimeZone })],
        };
    }
}

/// <summary>One condition as a form gives it.</summary>
public sealed class RuleRow
{
    public string? Field { get; set; }

    public string? Op { get; set; }

    /// <summary>Several values are divided by commas; one with a comma stands in double quotes.</summary>
    public string? Value { get; set; }

    /// <summary>The zone in which its days were meant; null for the one of whoever writes it.</summary>
    public string? TimeZone { get; set; }

    internal JsonObject ToNode(string timeZone)
    {
        var node = new JsonObject { ["field"] = Field, ["op"] = Op ?? "is" };
        var op = SegmentOperators.Parse(Op) ?? SegmentOperator.Is;
        if (op.TakesNothing()) return node;
        var values = ListText.Read(Value);
        node["value"] = op.TakesList() ? new JsonArray([.. values.Select(v => Typed(op, v))]) : Typed(op, values.Count == 1 ? values[0] : (Value ?? "").Trim());
        // Days are meant where the author is.
        if (op is SegmentOperator.Before or SegmentOperator.After or SegmentOperator.Between or SegmentOperator.InLastDays && !IsNumber(values)) node["timeZone"] = string.IsNullOrEmpty(TimeZone) ? timeZone : TimeZone;
        return node;
    }

    private static bool IsNumber(IReadOnlyList<string> values) => values.Count > 0 && values.All(v => decimal.TryParse(v, CultureInfo.InvariantCulture, out _));

    private JsonValue Typed(SegmentOperator op, string value)
    {
        var numeric = op.TakesDays() || op.TakesId() || op is SegmentOperator.GreaterThan or SegmentOperator.LessThan or SegmentOperator.Between || Field is "import" or "segment";
        return numeric && decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number) : JsonValue.Create(value)!;
    }
}
