using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports;

/// <summary>Reads what providers send without relying on its shape: numbers come where strings were, fields come and go.</summary>
internal static class ProviderJson
{
    private const long LatestSecond = 253_402_300_799;

    /// <summary>Above it a time is in milliseconds: as seconds it would be the year 5138.</summary>
    private const long FirstMillisecond = 100_000_000_000;

    /// <summary>The document; null when it is none.</summary>
    public static JsonDocument? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A member; undefined when this is no object or has none.</summary>
    public static JsonElement Member(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    /// <summary>The members of an array; none when it is missing or no array.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        json.Member(name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    /// <summary>A text, or a number as it was written; null when it is missing, empty or something else.</summary>
    public static string? Text(this JsonElement json, string name) => json.Member(name).AsText();

    /// <summary>A whole number, also one that was written as text.</summary>
    public static long? Whole(this JsonElement json, string name) =>
        long.TryParse(json.Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A Unix time in seconds or milliseconds, as number or text; null when it is none.</summary>
    public static DateTimeOffset? Time(this JsonElement json, string name) => json.Whole(name) switch
    {
        > 0 and < FirstMillisecond and var seconds => DateTimeOffset.FromUnixTimeSeconds(seconds),
        >= FirstMillisecond and <= LatestSecond * 1000 and var milliseconds => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
        _ => null,
    };

    /// <summary>A text, or a number as it was written.</summary>
    public static string? AsText(this JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair, escaped: valid JSON and no text
        }
    }
}
