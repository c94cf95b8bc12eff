using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Audiences;

/// <summary>Reads a rule and collects everything that is wrong with it, each with its place.</summary>
internal sealed class SegmentRuleParser(bool isExpanded)
{
    private readonly List<Problem> _problems = [];
    private int _conditions;

    public static SegmentRule? Parse(JsonElement json, out IReadOnlyList<Problem> problems, bool isExpanded = false)
    {
        var parser = new SegmentRuleParser(isExpanded);
        var root = parser.Node(json, "", 0);
        if (!isExpanded && parser._conditions > SegmentRule.MostConditions)
            parser.Add("", "tooManyConditions", $"A rule has at most {SegmentRule.MostConditions} conditions; this one has {parser._conditions}.", $"{SegmentRule.MostConditions}");
        problems = parser._problems;
        return problems.Count == 0 && root is not null ? new SegmentRule(root) : null;
    }

    private SegmentNode? Node(JsonElement json, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object) return Add(path, "notAnObject", "A rule is an object: {\"all\":[…]}, {\"any\":[…]}, {\"not\":…} or a condition {\"field\":…,\"op\":…,\"value\":…}.");
        if (json.TryGetProperty("field", out _)) return Condition(json, path);

        var members = json.EnumerateObject().ToList();
        return members is [var only]
            ? only.Name switch
            {
                "all" => Group(SegmentJoin.All, only.Value, Join(path, "all"), depth + 1),
                "any" => Group(SegmentJoin.Any, only.Value, Join(path, "any"), depth + 1),
                "not" => Not(only.Value, Join(path, "not"), depth),
                _ => Add(path, "unknownMember", $"'{only.Name}' is none of all, any, not and field.", only.Name),
            }
            : Add(path, "oneMember", "A group has exactly one of all, any and not; a condition has a field.");
    }

    private SegmentGroup? Group(SegmentJoin join, JsonElement json, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            Add(path, "notAnArray", "A group holds an array of conditions and groups.");
            return null;
        }

        if (depth > SegmentRule.Deepest && !isExpanded)
        {
            Add(path, "tooDeep", $"Groups go {SegmentRule.Deepest} levels deep; this is the {depth}th.", $"{SegmentRule.Deepest}");
            return null;
        }

        if (join == SegmentJoin.Any && json.GetArrayLength() == 0 && !isExpanded) Add(path, "emptyGroup", "\"any\" of nothing is nobody: add a condition, or use {\"all\":[]} for everyone.");
        var members = new List<SegmentNode>();
        foreach (var (i, member) in json.EnumerateArray().Index())
            if (Node(member, $"{path}[{i}]", depth) is { } node) members.Add(node);
        return new SegmentGroup(join, members);
    }

    private SegmentNot? Not(JsonElement json, string path, int depth)
    {
        if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("not", out _) && !isExpanded)
        {
            Add(path, "doubleNot", "Not of a not: leave both away.");
            return null;
        }

        return Node(json, path, depth) is { } member ? new SegmentNot(member) : null;
    }

    private SegmentCondition? Condition(JsonElement json, string path)
    {
        _conditions++;
        foreach (var unknown in json.EnumerateObject().Where(p => p.Name is not ("field" or "op" or "value" or "timeZone")))
            Add(Join(path, unknown.Name), "unknownMember", $"A condition has field, op, value and timeZone; '{unknown.Name}' is none of them.", unknown.Name);

        var subject = Subject(json, path);
        var op = Operator(json, subject, path);
        var zone = Zone(json, path);
        if (subject is null || op is not { } known) return null;

        var hasValue = json.TryGetProperty("value", out var value) && value.ValueKind != JsonValueKind.Null;
        if (known.TakesNothing())
        {
            if (hasValue) Add(Join(path, "value"), "noValue", $"'{known.Word()}' takes no value.", known.Word());
            return new SegmentCondition(subject, known, SegmentValueType.None, [], zone);
        }

        if (!hasValue)
        {
            Add(Join(path, "value"), "valueRequired", $"'{known.Word()}' needs a value.", known.Word());
            return null;
        }

        if (SegmentValues.Read(subject, known, value, Join(path, "value"), out var type, out var values) is not { } problem)
            return new SegmentCondition(subject, known, type, values, zone);

        _problems.Add(problem);
        return null;
    }

    private SegmentSubject? Subject(JsonElement json, string path)
    {
        var name = json.GetProperty("field") is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
        if (SegmentSubject.Find(name) is { } subject) return subject;

        Add(Join(path, "field"), "unknownSubject",
            $"'{name}' is nothing that a segment can look at. It is one of {string.Join(", ", SegmentSubject.Names)}, or contact.<short name> of a custom field.", name);
        return null;
    }

    private SegmentOperator? Operator(JsonElement json, SegmentSubject? subject, string path)
    {
        var word = json.TryGetProperty("op", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        var op = SegmentOperators.Parse(word);
        if (op is { } known && (subject is null || subject.Operators.Contains(known))) return known;

        var allowed = string.Join(", ", (subject?.Operators ?? Enum.GetValues<SegmentOperator>()).Select(o => o.Word()));
        Add(Join(path, "op"), op is null ? "unknownOperator" : "operatorNotForField", $"'{word}' is no operator{(subject is null ? "" : $" of '{subject.Name}'")}. There are: {allowed}.", word ?? "", allowed);
        return null;
    }

    private string? Zone(JsonElement json, string path)
    {
        if (!json.TryGetProperty("timeZone", out var text) || text.ValueKind == JsonValueKind.Null) return null;

        var name = text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
        if (Contacts.ContactValues.TimeZone(name) is { } zone) return zone;
        Add(Join(path, "timeZone"), "unknownTimeZone", $"'{name}' is no time zone. Write one such as Europe/Madrid.", name);
        return null;
    }

    private SegmentNode? Add(string path, string code, string message, params string[] arguments)
    {
        _problems.Add(new Problem(path, code, message, arguments));
        return null;
    }

    private static string Join(string path, string member) => path.Length == 0 ? member : path + "." + member;
}
