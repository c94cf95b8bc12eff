namespace Broadcasts.Channels;

/// <summary>
/// What the provider really permits, learned from its refusals: a refusal cuts to a little below what was accepted in the second before it;
/// then the rate comes back to that, stays near it for a while, and grows faster the longer nothing is refused (the curve of CUBIC, RFC 9438,
/// and after it a fixed share per second).
/// </summary>
internal sealed class AdaptiveRate
{
    /// <summary>A cut goes this far below what was accepted.</summary>
    private const double Cut = 0.95;

    /// <summary>Seconds until a cut rate is back at what was accepted.</summary>
    private const double BackAfter = 12;

    private const double GrowthPerSecond = 1.08;
    private const double Slowest = 0.1;
    private double _changedAt;

    /// <summary>The learned ceiling in messages per second at its last change; null while nothing was learned.</summary>
    public double? Ceiling { get; private set; }

    /// <summary>Where learning left off before a restart.</summary>
    public void Restore(double? ceiling, double now)
    {
        Ceiling = ceiling;
        _changedAt = now;
    }

    /// <summary>The clock was stepped.</summary>
    public void Shift(double by) => _changedAt += by;

    /// <summary>The rate in force: the configured one below the ceiling. Forgets the ceiling once it has grown past the configured rate.</summary>
    public double? Effective(double? configured, double now)
    {
        if (Ceiling is not { } ceiling) return configured;
        var grown = ceiling / Cut * Growth(Math.Max(0, now - _changedAt) / 1000);
        if (configured is { } limit && grown >= limit)
        {
            Ceiling = null;
            return configured;
        }

        return grown;
    }

    /// <summary>The provider refused. Refusals of the same second were on their way already and count once.</summary>
    /// <param name="configured">The configured rate; null for none.</param>
    /// <param name="accepted">Messages accepted in the last second.</param>
    /// <param name="now">Unix milliseconds.</param>
    public void Refused(double? configured, double accepted, double now)
    {
        if (Ceiling is not null && now - _changedAt < 1000) return;
        var current = Effective(configured, now) ?? Math.Max(accepted, 1);
        Ceiling = Math.Max(Math.Clamp(accepted * Cut, current / 2, current * Cut), Slowest);
        _changedAt = now;
    }

    private static double Growth(double seconds)
    {
        var curve = Math.Pow((Math.Min(seconds, 2 * BackAfter) - BackAfter) / BackAfter, 3);
        return (1 + (1 - Cut) * curve) * Math.Pow(GrowthPerSecond, Math.Max(0, seconds - 2 * BackAfter));
    }
}
