using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broadcasts.Broadcasting;

namespace Broadcasts.Security;

/// <summary>The fields in which two states differ, for the audit. Null is what was not there, or is not any more.</summary>
internal static class AuditDiff
{
    private const int LongestText = 500;

    private const string Hidden = "…";

    private static readonly JsonSerializerOptions Plain = new(BroadcastJson.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static List<AuditChange> Between(object? before, object? after)
    {
        var (was, now) = (Flatten(before), Flatten(after));
        var changes = new List<AuditChange>();
        foreach (var field in was.Keys.Union(now.Keys))
        {
            var (old, next) = (was.GetValueOrDefault(field), now.GetValueOrDefault(field));
            if (old?.Whole != next?.Whole) changes.Add(old?.Shown == next?.Shown ? new AuditChange(field) : new AuditChange(field, old?.Shown, next?.Shown));
        }

        return changes;
    }

    /// <summary>A rule without what its conditions compare with.</summary>
    public static string WithoutValues(string rule) => Text(WithoutValues(JsonNode.Parse(rule)));

    // Names with dots, in the order of the state.
    private static Dictionary<string, Value> Flatten(object? state)
    {
        var fields = new Dictionary<string, Value>(StringComparer.Ordinal);
        if (state is not null) Add(fields, "", JsonSerializer.SerializeToNode(state, state.GetType(), Plain));
        return fields;
    }

    private static void Add(Dictionary<string, Value> fields, string name, JsonNode? node)
    {
        switch (node)
        {
            case null:
                break;
            case JsonObject rule when name.Split('.')[^1] is "rule" or "segment":
                fields[name] = new Value(Text(rule), Cut(Text(WithoutValues(rule)!)));
                break;
            case JsonObject members:
                foreach (var (member, value) in members) Add(fields, name.Length == 0 ? member : $"{name}.{member}", value);
                break;
            case JsonArray items when items.Any(i => i is JsonObject):
                for (var i = 0; i < items.Count; i++) Add(fields, FormattableString.Invariant($"{name}[{i + 1}]"), items[i]);
                break;
            case JsonArray { Count: 0 }:
                break;
            case JsonArray items:
                Put(string.Join(", ", items.Select(Text)));
                break;
            default:
                Put(Text(node));
                break;
        }

        void Put(string text) => fields[name] = new Value(text, Cut(text));
    }

    // What conditions compare with is where addresses and names would be.
    private static JsonNode? WithoutValues(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, m.Key == "value" ? JsonValue.Create(Hidden) : WithoutValues(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(WithoutValues)]),
        _ => node?.DeepClone(),
    };

    private static string Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : node?.ToJsonString(Plain) ?? "";

    private static string? Cut(string text) => text.Length == 0 ? null : text.Length <= LongestText ? text : text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)] + Hidden;

    // A text that is cut differs also where nobody sees it.
    private sealed record Value(string Whole, string? Shown);
}
