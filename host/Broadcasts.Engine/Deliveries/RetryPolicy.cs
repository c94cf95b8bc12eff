namespace Broadcasts.Deliveries;

/// <summary>What a channel's owner allows.</summary>
/// <param name="MaxAttempts">Tries of one message, throttles not counted.</param>
/// <param name="RetryFor">After this time since the broadcast started nothing is tried again.</param>
internal sealed record RetryLimits(int MaxAttempts, TimeSpan RetryFor);

/// <summary>What follows from an outcome.</summary>
/// <param name="Event">What happens to the row.</param>
/// <param name="DueAt">Earliest next try, Unix milliseconds; for <see cref="DeliveryEvent.Return"/>.</param>
/// <param name="BurnsAttempt">False when the try does not count.</param>
/// <param name="Effect">What it means beyond the row.</param>
internal readonly record struct Decision(DeliveryEvent Event, long? DueAt = null, bool BurnsAttempt = true, DecisionEffect Effect = DecisionEffect.None);

/// <summary>What an outcome means beyond its row.</summary>
internal enum DecisionEffect
{
    None,

    /// <summary>The budget waits and slows down.</summary>
    SlowDown,

    /// <summary>The channel pauses until a person has looked.</summary>
    PauseChannel,

    /// <summary>The broadcast pauses until a person has looked.</summary>
    PauseBroadcast,

    /// <summary>The address goes on the suppression list.</summary>
    Suppress,

    /// <summary>The provider can't be reached.</summary>
    ProviderDown,
}

/// <summary>The only code that turns an outcome into what becomes of the row.</summary>
internal static class RetryPolicy
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(4);

    public static Decision Decide(SendOutcome outcome, int attempt, long now, long startedAt, RetryLimits limits, double jitter)
    {
        switch (outcome.Kind)
        {
            case SendOutcomeKind.Accepted:
                return new(DeliveryEvent.Accept);

            // Over a limit is not a failure: it waits, and the try does not count.
            case SendOutcomeKind.Throttled:
                var until = outcome.Until?.ToUnixTimeMilliseconds() ?? now + 1000;
                return new(DeliveryEvent.Return, Math.Max(until, now), BurnsAttempt: false, outcome.Scope == ThrottleScope.Recipient ? DecisionEffect.None : DecisionEffect.SlowDown);

            case SendOutcomeKind.RetryLater:
                return Retry(outcome, attempt, now, startedAt, limits, jitter);

            case SendOutcomeKind.RecipientRejected:
                return new(DeliveryEvent.Reject, Effect: outcome.Suppress ? DecisionEffect.Suppress : DecisionEffect.None);

            case SendOutcomeKind.ContentRejected:
                return new(DeliveryEvent.Reject);

            // The victims of a fault that a person must mend wait; nobody is failed one by one.
            case SendOutcomeKind.BroadcastBlocked:
                return new(DeliveryEvent.Return, now, BurnsAttempt: false, DecisionEffect.PauseBroadcast);
            case SendOutcomeKind.ChannelFault:
                return new(DeliveryEvent.Return, now, BurnsAttempt: false, DecisionEffect.PauseChannel);

            // In doubt, and any outcome of a newer contract.
            default:
                return new(DeliveryEvent.Doubt);
        }
    }

    /// <summary>Reasons that a resend of failed messages takes: they can go well another time. The last four failed by a person's word or a receipt: they were in doubt.</summary>
    public static IReadOnlyList<FailureReason> Retryable { get; } =
    [
        FailureReason.Unreachable, FailureReason.MailboxFull, FailureReason.Greylisted, FailureReason.ProviderDown, FailureReason.ProviderError,
        FailureReason.QuotaReached, FailureReason.Throttled, FailureReason.TransportFault, FailureReason.StorageFull, FailureReason.WindowClosed,
        FailureReason.ConnectionLost, FailureReason.TimedOut, FailureReason.UnreadableAnswer, FailureReason.ProcessEnded,
    ];

    private static Decision Retry(SendOutcome outcome, int attempt, long now, long startedAt, RetryLimits limits, double jitter)
    {
        var due = Math.Max(now + Wait(outcome.Reason, attempt, jitter), outcome.Until?.ToUnixTimeMilliseconds() ?? 0);
        var isDown = outcome.Reason == FailureReason.ProviderDown;
        if (attempt >= limits.MaxAttempts || due > startedAt + (long)limits.RetryFor.TotalMilliseconds) return new(DeliveryEvent.Reject, Effect: isDown ? DecisionEffect.ProviderDown : DecisionEffect.None);
        return new(DeliveryEvent.Return, due, BurnsAttempt: true, isDown ? DecisionEffect.ProviderDown : DecisionEffect.None);
    }

    // Doubling waits, spread by a fifth so that a thousand victims do not come back in one burst.
    private static long Wait(FailureReason? reason, int attempt, double jitter)
    {
        var first = reason switch
        {
            FailureReason.Greylisted => TimeSpan.FromMinutes(5),
            FailureReason.MailboxFull or FailureReason.QuotaReached => TimeSpan.FromHours(1),
            FailureReason.Unreachable => TimeSpan.FromMinutes(10),
            _ => TimeSpan.FromSeconds(5),
        };
        var wait = Math.Min(first.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 12)), LongestWait.TotalMilliseconds);
        return (long)(wait * (0.8 + 0.4 * jitter));
    }
}
