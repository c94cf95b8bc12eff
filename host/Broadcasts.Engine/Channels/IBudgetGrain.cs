using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>The only source of permits of one provider account in the whole cluster.</summary>
[Alias("Broadcasts.IBudgetGrain")]
public interface IBudgetGrain : IGrainWithStringKey
{
    /// <summary>Asks for permits. An answer without permits says when to ask again.</summary>
    [Alias("Lease")]
    ValueTask<PermitLease> LeaseAsync(PermitRequest request);

    /// <summary>The owner changed the account's limits: reads them again. Acts on the next lease.</summary>
    [Alias("Reload")]
    Task ReloadAsync();

    /// <summary>The provider refused: wait until then, and go on slower.</summary>
    [Alias("Throttled")]
    Task ThrottledAsync(long until);

    /// <summary>A process' first message left later than its permit said, at this moment.</summary>
    [Alias("UsedAt")]
    Task UsedAtAsync(long moment);

    /// <summary>The provider can't be reached: wait until then, and go on as before.</summary>
    [Alias("Wait")]
    Task WaitAsync(long until);

    /// <summary>What is in force now, for people.</summary>
    [Alias("Look")]
    Task<BudgetView> LookAsync();
}

/// <summary>Who asks for permits.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.PermitRequest")]
public readonly record struct PermitRequest
{
    /// <summary>The broadcast; 0 for single messages, which go first.</summary>
    [Id(0)] public required long BroadcastId { get; init; }

    /// <summary>The most that can be used now.</summary>
    [Id(1)] public required int Wanted { get; init; }

    /// <summary>The broadcast's own rate.</summary>
    [Id(2)] public SendRate? Rate { get; init; }

    /// <summary>Milliseconds from the answer until the first message can be written: claim, load, render.</summary>
    [Id(3)] public double NoticeMs { get; init; }

    /// <summary>The asker's process has not sent much through this channel yet.</summary>
    [Id(4)] public bool IsWarming { get; init; }

    /// <summary>Permits of earlier leases that the asker's process surely did not use; null for none.</summary>
    [Id(5)] public UnusedLease[]? Unused { get; init; }
}

/// <summary>Permits of a lease that nothing was sent with.</summary>
/// <param name="First">The lease's first moment.</param>
/// <param name="Count">How many.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.UnusedLease")]
public readonly record struct UnusedLease([property: Id(0)] double First, [property: Id(1)] int Count);

/// <summary>Permits as absolute moments: the first, and the time between two.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.PermitLease")]
public readonly record struct PermitLease
{
    [Id(0)] public int Count { get; init; }

    /// <summary>Unix milliseconds with fractions.</summary>
    [Id(1)] public double First { get; init; }

    /// <summary>Milliseconds; 0 when there is no limit.</summary>
    [Id(2)] public double Interval { get; init; }

    /// <summary>Without permits: when to ask again, Unix milliseconds.</summary>
    [Id(3)] public double RetryAt { get; init; }

    /// <summary>Without permits: what limits.</summary>
    [Id(4)] public LimitedBy LimitedBy { get; init; }

    /// <summary>Milliseconds after its moment for which a permit may be used; 0 without an end.</summary>
    [Id(5)] public double UsableMs { get; init; }

    /// <summary>Moment of one permit.</summary>
    public double At(int index) => First + index * Interval;
}

/// <summary>What holds a broadcast back.</summary>
public enum LimitedBy
{
    Nothing = 0,
    ChannelRate = 1,
    BroadcastRate = 2,
    ProviderThrottle = 3,
    OtherBroadcasts = 4,
    LearnedRate = 5,
    ChannelPaused = 6,
    WaitingForRetries = 7,
    ProviderLatency = 8,

    /// <summary>The broadcast's send window is closed.</summary>
    SendWindow = 20,

    /// <summary>The recipients' own times have not come.</summary>
    RecipientTimes = 21,

    /// <summary>One of the channel's longer limits is used up for now.</summary>
    WindowFull = 30,

    /// <summary>The recipients who are left were written to a moment ago.</summary>
    RecipientSpacing = 31,

    /// <summary>The account has written to as many different recipients as it may for now.</summary>
    RecipientsFull = 32,
}

/// <summary>A budget as people see it.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.BudgetView")]
public sealed record BudgetView
{
    [Id(0)] public SendRate? Rate { get; init; }

    /// <summary>Messages per second in force; null for no limit.</summary>
    [Id(1)] public double? EffectivePerSecond { get; init; }

    /// <summary>Nothing goes before this moment, Unix milliseconds; null when the provider did not say so.</summary>
    [Id(2)] public long? ThrottledUntil { get; init; }

    /// <summary>Permits of the last second.</summary>
    [Id(3)] public double UsedPerSecond { get; init; }

    /// <summary>The limits that are counted beside the rate, shortest first.</summary>
    [Id(4)] public WindowView[] Windows { get; init; } = [];
}

/// <summary>A window as people see it.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.WindowView")]
public sealed record WindowView
{
    [Id(0)] public required SendRate Limit { get; init; }

    /// <summary>Permits of this window up to now.</summary>
    [Id(1)] public int Used { get; init; }

    /// <summary>When there is room again, Unix milliseconds; null while there is.</summary>
    [Id(2)] public long? FullUntil { get; init; }
}
