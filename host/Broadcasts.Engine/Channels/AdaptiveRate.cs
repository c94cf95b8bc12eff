namespace Broadcasts.Channels;

/// <summary>What the provider really permits, learned from its refusals: halved by a throttle, grown slowly while there is none.</summary>
internal sealed class AdaptiveRate
{
    private const double GrowthPerSecond = 1.05;
    private const double Slowest = 0.1;
    private double _changedAt;

    /// <summary>The learned ceiling in messages per second; null while nothing was learned.</summary>
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
        var grown = ceiling * Math.Pow(GrowthPerSecond, Math.Max(0, now - _changedAt) / 1000);
        if (configured is { } limit && grown >= limit)
        {
            Ceiling = null;
            return configured;
        }

        return grown;
    }

    /// <summary>The provider refused. Refusals of the same second were on their way already and count once.</summary>
    /// <param name="configured">The configured rate; null for none.</param>
    /// <param name="used">Messages per second really sent lately, for channels without a configured rate.</param>
    /// <param name="now">Unix milliseconds.</param>
    public void Refused(double? configured, double used, double now)
    {
        if (Ceiling is not null && now - _changedAt < 1000) return;
        var current = Effective(configured, now) ?? Math.Max(used, 1);
        Ceiling = Math.Max(current / 2, Slowest);
        _changedAt = now;
    }
}
