using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Broadcasts.Broadcasting;

namespace Broadcasts.Host.Api;

/// <summary>How the API writes and reads JSON.</summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Configure(new JsonSerializerOptions(BroadcastJson.Options));

    /// <summary>camelCase, unknown members refused, names of enums and never their numbers, times in UTC to the millisecond.</summary>
    public static JsonSerializerOptions Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.AllowOutOfOrderMetadataProperties = true;
        // JSON goes out as JSON and never into a page's markup: quotes and letters may stay as they are.
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Clear();
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.Converters.Add(new UtcTimeConverter());
        return options;
    }

    /// <summary>RFC 7396: members that are there replace, null takes away.</summary>
    public static T Patch<T>(T current, JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object) throw new JsonException("The body must be an object.");
        var merged = Merge(JsonSerializer.SerializeToNode(current, Options), patch);
        return merged.Deserialize<T>(Options) ?? throw new JsonException("The body must be an object.");
    }

    private static JsonObject Merge(JsonNode? target, JsonElement patch)
    {
        var result = target as JsonObject ?? [];
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null) result.Remove(member.Name);
            else if (member.Value.ValueKind == JsonValueKind.Object && member.Name != "segment") result[member.Name] = Merge(result[member.Name]?.DeepClone(), member.Value);
            else result[member.Name] = JsonNode.Parse(member.Value.GetRawText());
        }

        return result;
    }

    private sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && DateTimeOffset.TryParse(reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : throw new JsonException("could not be converted");

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}

/// <summary>One page of a list, and the cursor of the next; without one it was the last.</summary>
internal sealed record ListAnswer<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>Out of one row more than asked for.</summary>
    public static ListAnswer<T> Of<TRow>(IReadOnlyList<TRow> rows, int limit, Func<TRow, T> write, Func<TRow, long> cursor) => rows.Count > limit
        ? new([.. rows.Take(limit).Select(write)], cursor(rows[limit - 1]).ToString(CultureInfo.InvariantCulture))
        : new([.. rows.Select(write)], null);
}
