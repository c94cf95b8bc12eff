using System.Text.Json;

namespace Broadcasts.Broadcasting;

/// <summary>A sentence of the engine as it is kept beside its English, so that a page can say it in the reader's language.</summary>
/// <param name="Code">The stable word of the sentence: that of a <see cref="Problem"/>.</param>
/// <param name="Values">What it names, in order; numbers as the API writes them.</param>
public sealed record Told(string Code, string[] Values)
{
    /// <summary>The sentence again, with its English.</summary>
    public Problem With(string english) => new("", Code, english, Values);

    /// <summary>As it is stored; null for nothing.</summary>
    internal static string? Write(Problem? said) => said is null ? null : JsonSerializer.Serialize(new Told(said.Code, said.Arguments), BroadcastJson.Options);

    /// <summary>As it was stored; null for nothing.</summary>
    internal static Told? Read(string? stored) => stored is null ? null : JsonSerializer.Deserialize<Told>(stored, BroadcastJson.Options);
}
