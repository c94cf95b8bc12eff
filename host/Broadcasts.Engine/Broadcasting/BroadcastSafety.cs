namespace Broadcasts.Broadcasting;

/// <summary>What keeps a broadcast from doing harm; stored with it as JSON.</summary>
public sealed record BroadcastSafety
{
    /// <summary>Equal permanent content faults in a row that pause a broadcast when its author says nothing.</summary>
    public const int UsualSameFaults = 20;

    /// <summary>Sent to a few first; null for none.</summary>
    public CanaryPlan? Canary { get; init; }

    /// <summary>So many equal permanent content faults in a row pause it, and their victims wait again; 0 never does; null for <see cref="UsualSameFaults"/>.</summary>
    public int? SameFaults { get; init; }

    /// <summary>The workspace's frequency cap does not hold for it: a notice that everybody must get.</summary>
    public bool IgnoresFrequencyCap { get; init; }

    /// <summary>Problems of what somebody gave; paths begin with the member's name.</summary>
    public IEnumerable<Problem> Check()
    {
        if (SameFaults is < 0 or > 10_000) yield return new("sameFaults", "outOfRange", "From 0 (never) to 10000.", "0", "10000");
        if (Canary is not { } canary) yield break;
        if (canary.Count is null == canary.Percent is null) yield return new("canary", "canarySize", "A canary is a count or a percent: give one of them.");
        if (canary.Count is < 1 or > 1_000_000) yield return new("canary.count", "outOfRange", "From 1 to 1000000.", "1", "1000000");
        if (canary.Percent is <= 0 or > 50) yield return new("canary.percent", "outOfRange", "More than 0, at most 50.", "0", "50");
        if (canary.WaitMs is < 0 or > CanaryPlan.LongestWaitMs) yield return new("canary.wait", "canaryWait", "The wait is at most seven days.");
        if (canary.MaxFailedPercent is < 0 or > 100) yield return new("canary.maxFailedPercent", "outOfRange", "From 0 to 100.", "0", "100");
        if (canary.MaxOptOutPercent is < 0 or > 100) yield return new("canary.maxOptOutPercent", "outOfRange", "From 0 to 100.", "0", "100");
    }
}

/// <summary>A broadcast goes to a few first; the rest follows when these went well.</summary>
public sealed record CanaryPlan
{
    public const long LongestWaitMs = 7L * 24 * 3600 * 1000;

    /// <summary>How many contacts; or <see cref="Percent"/>.</summary>
    public int? Count { get; init; }

    /// <summary>Which share of those who can get it, in percent; at least one contact.</summary>
    public double? Percent { get; init; }

    /// <summary>How long after the canary's last answer its receipts and opt-outs are waited for, milliseconds.</summary>
    public long WaitMs { get; init; } = 600_000;

    /// <summary>More failures than this hold the rest, in percent of the canary.</summary>
    public double MaxFailedPercent { get; init; } = 5;

    /// <summary>More opt-outs than this hold the rest, in percent of the canary.</summary>
    public double MaxOptOutPercent { get; init; } = 1;
}

/// <summary>Why a broadcast's breaker tripped.</summary>
/// <param name="Reason">The <see cref="FailureReason"/>.</param>
/// <param name="Code">The provider's code.</param>
/// <param name="Since">When the first of the equal faults was answered, Unix milliseconds.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.Tripped")]
public sealed record Tripped([property: Id(0)] int Reason, [property: Id(1)] string? Code, [property: Id(2)] long Since);
