using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;

namespace Broadcasts.Audiences;

/// <summary>Reads the value of a condition into its canonical texts.</summary>
internal static class SegmentValues
{
    private const int MostDays = 36_500;

    /// <summary>Rows of a broadcast are numbered behind its own number, which has 31 bits.</summary>
    private const int MostId = int.MaxValue;

    /// <summary>What is wrong with the value; null when nothing is.</summary>
    public static Problem? Read(SegmentSubject subject, SegmentOperator op, JsonElement value, string path, out SegmentValueType type, out IReadOnlyList<string> values)
    {
        type = SegmentValueType.Text;
        values = [];
        if (Elements(op, value, path, out var elements) is { } shape) return shape;

        switch (op)
        {
            case SegmentOperator.InLastDays or SegmentOperator.NotInLastDays:
            case SegmentOperator.GreaterThan or SegmentOperator.LessThan:
            case SegmentOperator.Between when subject.Kind == SegmentSubjectKind.Field && elements.All(e => Number(e) is not null):
                type = SegmentValueType.Number;
                break;
            case SegmentOperator.Before or SegmentOperator.After or SegmentOperator.Between:
            case SegmentOperator.Is when subject.Kind == SegmentSubjectKind.Instant:
                type = elements.All(e => Day(e) is not null) || subject.Kind == SegmentSubjectKind.Field ? SegmentValueType.Day : SegmentValueType.Instant;
                break;
            default:
                if (IsId(subject, op)) type = SegmentValueType.Number;
                break;
        }

        var read = new List<string>(elements.Count);
        foreach (var element in elements)
        {
            if (Canonical(subject, op, type, element) is not { } text) return Wrong(subject, op, type, path);
            if (text.Length > SegmentRule.LongestValue) return new Problem(path, "tooLong", $"A value has at most {SegmentRule.LongestValue} characters.", $"{SegmentRule.LongestValue}");
            if (!read.Contains(text) || op == SegmentOperator.Between) read.Add(text);
        }

        values = read;
        return null;
    }

    private static Problem? Elements(SegmentOperator op, JsonElement value, string path, out IReadOnlyList<JsonElement> elements)
    {
        var isArray = value.ValueKind == JsonValueKind.Array;
        elements = isArray ? [.. value.EnumerateArray()] : [value];
        // One tag or one kind may stand without its brackets.
        if (isArray != op.TakesList() && (isArray || op == SegmentOperator.Between))
            return new Problem(path, isArray ? "oneValue" : "notAnArray", isArray ? $"'{op.Word()}' takes one value, not a list." : $"'{op.Word()}' takes a list of values.", op.Word());
        if (op == SegmentOperator.Between && elements.Count != 2) return new Problem(path, "twoValues", "'between' takes a list of two values, from and to.");
        if (elements.Count == 0) return new Problem(path, "emptyList", $"'{op.Word()}' needs at least one value.", op.Word());
        return elements.Count > SegmentRule.MostValues
            ? new Problem(path, "tooManyValues", $"A condition has at most {SegmentRule.MostValues} values; this one has {elements.Count}. Use a tag or an import instead.", $"{SegmentRule.MostValues}")
            : null;
    }

    private static string? Canonical(SegmentSubject subject, SegmentOperator op, SegmentValueType type, JsonElement element) => type switch
    {
        SegmentValueType.Number when op.TakesDays() => Whole(element, MostDays),
        SegmentValueType.Number when IsId(subject, op) => Whole(element, MostId),
        SegmentValueType.Number => Number(element) is { } n ? Plain(n) : null,
        SegmentValueType.Day => Day(element) ?? (Instant(element) is { } at ? at[..10] : null),
        SegmentValueType.Instant => Instant(element) ?? Day(element),
        _ => Text(subject, op, element),
    };

    private static string? Text(SegmentSubject subject, SegmentOperator op, JsonElement element)
    {
        var text = element.ValueKind switch
        {
            JsonValueKind.String => AddressNormalizer.Trim(element.GetString()),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number when element.TryGetDecimal(out var n) => Plain(n),
            _ => "",
        };
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal)) return null;

        var isWhole = op is SegmentOperator.Is or SegmentOperator.IsNot or SegmentOperator.IsAnyOf or SegmentOperator.IsNoneOf;
        return subject switch
        {
            { Kind: SegmentSubjectKind.Blocked or SegmentSubjectKind.Suppressed } => text is "true" or "false" ? text : null,
            { Kind: SegmentSubjectKind.Consent } => SegmentConsent.Parse(text),
            { Kind: SegmentSubjectKind.Channel } => AddressKindNames.Parse(text)?.Name(),
            { Kind: SegmentSubjectKind.Address } when isWhole => AddressNormalizer.TryNormalize(subject.Address, text, null, out var address, out _) ? address : text,
            { Column: "country" } when isWhole && subject.Kind == SegmentSubjectKind.Text => ContactValues.Country(text),
            { Column: "language" } when isWhole && subject.Kind == SegmentSubjectKind.Text => ContactValues.Language(text),
            _ => text,
        };
    }

    private static bool IsId(SegmentSubject subject, SegmentOperator op) => op.TakesId() || subject.Kind is SegmentSubjectKind.Import or SegmentSubjectKind.Segment;

    private static string? Whole(JsonElement element, decimal most) => Number(element) is { } n && n == decimal.Truncate(n) && n >= 1 && n <= most ? Plain(n) : null;

    private static decimal? Number(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Number when element.TryGetDecimal(out var number) => number,
        JsonValueKind.String when decimal.TryParse(element.GetString(), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    private static string? Day(JsonElement element) =>
        element.ValueKind == JsonValueKind.String && DateOnly.TryParseExact(element.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
            ? element.GetString()
            : null;

    private static string? Instant(JsonElement element) =>
        element.ValueKind == JsonValueKind.String && element.GetString() is { Length: > 10 } text &&
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            : null;

    // Without trailing zeros: 5.0 and 5 are one number.
    private static string Plain(decimal number) => (number / 1.000000000000000000000000000000m).ToString(CultureInfo.InvariantCulture);

    private static Problem Wrong(SegmentSubject subject, SegmentOperator op, SegmentValueType type, string path) => type switch
    {
        SegmentValueType.Number when op.TakesDays() => new Problem(path, "days", $"'{op.Word()}' takes a whole number of days from 1 to {MostDays}.", $"{MostDays}"),
        SegmentValueType.Number when subject.Kind == SegmentSubjectKind.Import => new Problem(path, "importId", "The value is the number of an import."),
        SegmentValueType.Number when IsId(subject, op) => new Problem(path, "idNumber", $"'{op.Word()}' takes the number of a {(subject.Kind == SegmentSubjectKind.Segment ? "segment" : subject.Kind == SegmentSubjectKind.Suppressed ? "channel" : "broadcast")}.", op.Word()),
        SegmentValueType.Number => new Problem(path, "notANumber", $"'{op.Word()}' compares numbers; for dates use before and after.", op.Word()),
        SegmentValueType.Day or SegmentValueType.Instant => new Problem(path, "notADate", "The value is a day such as 2026-11-22, or a time such as 2026-11-22T17:30:00Z."),
        _ when subject.Kind is SegmentSubjectKind.Blocked or SegmentSubjectKind.Suppressed => new Problem(path, "trueOrFalse", "The value is true or false."),
        _ when subject.Kind == SegmentSubjectKind.Consent => new Problem(path, "unknownConsent", $"The value is {string.Join(", ", SegmentConsent.Words)}.", string.Join(", ", SegmentConsent.Words)),
        _ when subject.Kind == SegmentSubjectKind.Channel => new Problem(path, "unknownKind", "The value is email, phone, telegram, whatsapp, messenger, instagram or webchat, or a list of them."),
        _ => new Problem(path, "blankValue", "The value is blank or no text; to find missing values use doesNotExist."),
    };
}
