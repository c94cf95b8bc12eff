using Broadcasts.Broadcasting;
using Broadcasts.Contacts;

namespace Broadcasts.Channels;

/// <summary>Whether a channel sends. The numbers are stored.</summary>
public enum ChannelStatus
{
    Active = 0,

    /// <summary>By a person, or by a fault that needs one; the reason says which.</summary>
    Paused = 1,
}

/// <summary>What becomes of a message whose outcome is in doubt.</summary>
public enum WhenInDoubt
{
    /// <summary>It stays Unknown until a receipt, a lookup or a person settles it.</summary>
    Leave = 0,

    /// <summary>It is sent again, at the risk of a double.</summary>
    Resend = 1,
}

/// <summary>A configured provider account. Secrets are not in here.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.Channel")]
public sealed record Channel
{
    [Id(0)] public required long Id { get; init; }

    [Id(1)] public required string Name { get; init; }

    /// <summary>Id of the transport plugin.</summary>
    [Id(2)] public required string Transport { get; init; }

    [Id(3)] public required AddressKind AddressKind { get; init; }

    /// <summary>The settings without their secrets, JSON.</summary>
    [Id(4)] public required string Settings { get; init; }

    [Id(5)] public required ChannelStatus Status { get; init; }

    /// <summary>Why the channel is paused; null when a person paused it.</summary>
    [Id(6)] public FailureReason? StatusReason { get; init; }

    [Id(7)] public string? StatusDetail { get; init; }

    /// <summary>The most that the account may send; null for as fast as the provider answers.</summary>
    [Id(8)] public SendRate? Rate { get; init; }

    [Id(9)] public WhenInDoubt WhenInDoubt { get; init; }

    [Id(10)] public int MaxAttempts { get; init; }

    [Id(11)] public long RetryForMs { get; init; }

    [Id(12)] public int Version { get; init; }

    /// <summary>Names of the secret settings that hold a value.</summary>
    [Id(13)] public string[] StoredSecrets { get; init; } = [];

    [Id(14)] public long CreatedAt { get; init; }

    [Id(15)] public long UpdatedAt { get; init; }

    /// <summary>Limits beside <see cref="Rate"/>, over other lengths of time. All hold at once.</summary>
    [Id(16)] public SendRate[] Limits { get; init; } = [];

    /// <summary>At least so many milliseconds lie between two messages to one address; 0 for none.</summary>
    [Id(17)] public long RecipientSpacingMs { get; init; }

    /// <summary>How many different addresses its account may write to; null for any number.</summary>
    [Id(18)] public RecipientLimit? Recipients { get; init; }
}

/// <summary>What an account may send, as its owner says it.</summary>
/// <param name="Rate">The pace; null for as fast as the provider answers.</param>
/// <param name="Limits">More limits, over other lengths of time.</param>
/// <param name="RecipientSpacingMs">Least time between two messages to one address; 0 for none.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.ChannelLimits")]
public sealed record ChannelLimits([property: Id(0)] SendRate? Rate, [property: Id(1)] SendRate[] Limits, [property: Id(2)] long RecipientSpacingMs)
{
    private const int Most = 6;
    internal const long LongestPeriod = 31 * 86_400_000L;
    private const long LongestSpacing = 86_400_000;

    /// <summary>How many different addresses its account may write to; null for any number.</summary>
    [Id(3)] public RecipientLimit? Recipients { get; init; }

    /// <summary>What is wrong with them.</summary>
    public IEnumerable<Problem> Check()
    {
        if (Rate is { Count: < 1 } or { PerMs: < 1 }) yield return new Problem("rate", "badRate", "A rate is at least one message per length of time.");
        if (Limits.Length > Most) yield return new Problem("limits", "tooManyLimits", $"A channel has at most {Most} limits beside its rate.", $"{Most}");
        for (var i = 0; i < Limits.Length; i++)
        {
            var limit = Limits[i];
            if (limit.Count < 1 || limit.PerMs is < 1 or > LongestPeriod) yield return new Problem($"limits[{i}]", "badRate", "A rate is at least one message per length of time.");
            else if (limit.PerMs == Rate?.PerMs || Limits.Take(i).Any(l => l.PerMs == limit.PerMs)) yield return new Problem($"limits[{i}]", "sameWindow", "There is a limit for this length of time already. Keep the lower one.");
        }

        foreach (var problem in Recipients?.Check() ?? []) yield return problem;
        if (RecipientSpacingMs is < 0 or > LongestSpacing) yield return new Problem("recipientSpacingMs", "badSpacing", $"Between two messages to one address lie 0 to {LongestSpacing} milliseconds.", $"{LongestSpacing}");
    }
}

/// <summary>What a person writes of a channel.</summary>
/// <param name="Name">Unique, without regard to case.</param>
/// <param name="Transport">Id of the transport plugin; can't change later.</param>
/// <param name="SettingsJson">The settings, secrets inside. A secret that is missing keeps the stored one.</param>
/// <param name="Rate">The most that the account may send; null for no limit of our own.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.ChannelEdit")]
public sealed record ChannelEdit([property: Id(0)] string Name, [property: Id(1)] string Transport, [property: Id(2)] string SettingsJson, [property: Id(3)] SendRate? Rate)
{
    [Id(4)] public WhenInDoubt WhenInDoubt { get; init; }

    [Id(5)] public int MaxAttempts { get; init; } = 5;

    [Id(6)] public long RetryForMs { get; init; } = 86_400_000;

    /// <summary>Whoever writes it may set secrets. Default: true.</summary>
    [Id(7)] public bool MaySetSecrets { get; init; } = true;
}
