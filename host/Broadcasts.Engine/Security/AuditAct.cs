using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Security;

/// <summary>An act as it is written down: texts as they are stored.</summary>
internal sealed record AuditAct
{
    public required long At { get; init; }

    public required string Actor { get; init => field = Storable(value)!; }

    public required string Action { get; init; }

    public required string Subject { get; init => field = Storable(value)!; }

    public string? Detail { get; init => field = Storable(value); }

    /// <summary>A <see cref="Told"/> as JSON.</summary>
    public string? Told { get; init => field = Storable(value); }

    /// <summary>A list of <see cref="AuditChange"/> as JSON.</summary>
    public string? Changes { get; init => field = Storable(value); }

    // What is hashed is what is read again: a database keeps neither U+0000 nor half of a pair.
    private static string? Storable(string? text)
    {
        if (text is null) return null;
        if (text.Contains('\0', StringComparison.Ordinal)) text = text.Replace('\0', '\uFFFD');
        return text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}

/// <summary>A field that an act changed.</summary>
/// <param name="Field">Its name, with dots to what it is in.</param>
/// <param name="Before">What it was; null for empty.</param>
/// <param name="After">What it is; null for empty. Both null: it changed, and what it was and is is not kept: secrets, and what is known of people.</param>
internal sealed record AuditChange(string Field, string? Before = null, string? After = null)
{
    /// <summary>As it is stored; null for nothing.</summary>
    public static string? Write(IReadOnlyCollection<AuditChange>? changes) => changes is null or { Count: 0 } ? null : JsonSerializer.Serialize(changes, BroadcastJson.Options);

    /// <summary>As it was stored.</summary>
    public static IReadOnlyList<AuditChange> Read(string? stored) => stored is null ? [] : JsonSerializer.Deserialize<AuditChange[]>(stored, BroadcastJson.Options)!;
}
