using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Audiences;

/// <summary>Who is meant: conditions over a contact, joined by all, any and not. Immutable.</summary>
/// <remarks>
/// As JSON: <c>{"all":[…]}</c>, <c>{"any":[…]}</c>, <c>{"not":…}</c> around conditions <c>{"field":"country","op":"is","value":"ES"}</c>.
/// <c>{"all":[]}</c> is everyone.
/// </remarks>
internal sealed class SegmentRule(SegmentNode root)
{
    /// <summary>Groups in groups: at most so many levels.</summary>
    public const int Deepest = 3;

    /// <summary>Most conditions of a rule.</summary>
    public const int MostConditions = 100;

    /// <summary>Most values of one condition.</summary>
    public const int MostValues = 1_000;

    public const int LongestValue = 1_000;

    public static SegmentRule Everyone { get; } = new(new SegmentGroup(SegmentJoin.All, []));

    public SegmentNode Root { get; } = root;

    /// <summary>The rule; null when there are problems.</summary>
    public static SegmentRule? Parse(string json, out IReadOnlyList<Problem> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Parse(document.RootElement, out problems);
        }
        catch (JsonException e)
        {
            problems = [new Problem("", "notJson", $"The rule is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", $"{e.LineNumber + 1}", $"{e.BytePositionInLine + 1}")];
            return null;
        }
    }

    /// <summary>A rule that was right when it was written, with others in the place of its members: as deep and as long as that made it.</summary>
    public static SegmentRule? ParseExpanded(string json, out IReadOnlyList<Problem> problems)
    {
        using var document = JsonDocument.Parse(json);
        return SegmentRuleParser.Parse(document.RootElement, out problems, isExpanded: true);
    }

    /// <inheritdoc cref="Parse(string, out IReadOnlyList{Problem})"/>
    public static SegmentRule? Parse(JsonElement json, out IReadOnlyList<Problem> problems) => SegmentRuleParser.Parse(json, out problems);

    /// <summary>Every condition in the order of the text.</summary>
    public IEnumerable<SegmentCondition> Conditions() => Conditions(Root);

    /// <summary>The one text of this rule.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Root.Write(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static IEnumerable<SegmentCondition> Conditions(SegmentNode node) => node switch
    {
        SegmentCondition condition => [condition],
        SegmentGroup group => group.Members.SelectMany(Conditions),
        SegmentNot not => Conditions(not.Member),
        _ => [],
    };
}

/// <summary>A group, a negation or a condition.</summary>
internal abstract record SegmentNode
{
    public abstract void Write(Utf8JsonWriter writer);
}

internal enum SegmentJoin
{
    All,
    Any,
}

/// <summary>All or any of its members.</summary>
internal sealed record SegmentGroup(SegmentJoin Join, IReadOnlyList<SegmentNode> Members) : SegmentNode
{
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray(Join == SegmentJoin.All ? "all" : "any");
        foreach (var member in Members) member.Write(writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

/// <summary>Everyone whom its member does not mean.</summary>
internal sealed record SegmentNot(SegmentNode Member) : SegmentNode
{
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WritePropertyName("not");
        Member.Write(writer);
        writer.WriteEndObject();
    }
}

/// <summary>One comparison. A missing value fulfils none but <c>isNot</c>, <c>isNoneOf</c>, <c>hasNoneOf</c> and <c>doesNotExist</c>.</summary>
/// <param name="Subject">What is looked at.</param>
/// <param name="Operator">How.</param>
/// <param name="Type">What the values are.</param>
/// <param name="Values">The values in canonical text.</param>
/// <param name="TimeZone">The zone in which days are meant; null is UTC.</param>
internal sealed record SegmentCondition(SegmentSubject Subject, SegmentOperator Operator, SegmentValueType Type, IReadOnlyList<string> Values, string? TimeZone) : SegmentNode
{
    public override void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("field", Subject.Name);
        writer.WriteString("op", Operator.Word());
        if (Values.Count > 0)
        {
            writer.WritePropertyName("value");
            if (Operator.TakesList()) writer.WriteStartArray();
            foreach (var value in Values)
            {
                if (Type == SegmentValueType.Number) writer.WriteRawValue(value);
                else writer.WriteStringValue(value);
            }

            if (Operator.TakesList()) writer.WriteEndArray();
        }

        if (TimeZone is not null) writer.WriteString("timeZone", TimeZone);
        writer.WriteEndObject();
    }
}

internal enum SegmentValueType
{
    None,
    Text,
    Number,

    /// <summary>A day: <c>2026-11-22</c>.</summary>
    Day,

    /// <summary>An instant: ISO 8601 with offset.</summary>
    Instant,
}
