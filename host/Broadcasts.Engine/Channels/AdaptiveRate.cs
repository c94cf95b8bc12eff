namespace Broadcasts.Channels;

/// <summary>
/// What the provider really permits, learned from its refusals. A refusal cuts to what was accepted in the second before it. Then, now and
/// then, a little more is tried: a step that doubles as long as nothing is refused, and is taken back when something is. The closer the rate
/// is to what the owner set, the less there is to win and the rarer the tries.
/// </summary>
internal sealed class AdaptiveRate
{
    /// <summary>A cut goes this little below what was accepted; the guard of each permit does the rest.</summary>
    private const double Keep = 0.98;

    /// <summary>A rate that was steady and is refused all the same goes down by this at least.</summary>
    private const double LeastCut = 0.95;

    /// <summary>From so many in a second on, what was accepted is what is permitted.</summary>
    private const double FewestToTrust = 3;

    /// <summary>The first step of a try: a share of the rate, or some messages per second where that is more.</summary>
    private const double StepShare = 0.05;

    private const double StepMessages = 5;

    /// <summary>A try costs one wait. So many waits lie between two when there is nothing to win, fewer by the square root of what there is.</summary>
    private const double WaitsBetween = 20;

    private const double MostToWin = 10;

    /// <summary>At least so many messages lie between two tries: a try costs a refusal.</summary>
    private const double FewestBetween = 20;

    private const double LongestBetweenMs = 300_000;
    private const double ProveMs = 1000;
    private const double FewestToProve = 4;

    /// <summary>A rate that is not used this much proves nothing.</summary>
    private const double Used = 0.6;

    /// <summary>A rate that was used and not refused for so long, and is refused once, was exceeded by a message that left late: the wait is kept, nothing is cut. A rate that a person set is believed once from the start.</summary>
    private const double HeldMs = 20_000;

    private const double HeldShare = 0.9;

    private const double Slowest = 0.1;
    private double _proven;
    private double _step;
    private double _nextAt;
    private double _refusedAt = double.NegativeInfinity;
    private double _heldSince = double.PositiveInfinity;
    private bool _isTrying;

    /// <summary>The learned ceiling in messages per second; null while nothing was learned.</summary>
    public double? Ceiling { get; private set; }

    /// <summary>What a restart must not forget: without the try that was going on.</summary>
    public double? Proven => _isTrying ? _proven : Ceiling;

    /// <summary>Where learning left off before a restart.</summary>
    public void Restore(double? ceiling, double now)
    {
        (Ceiling, _heldSince) = (ceiling, ceiling is null ? double.NegativeInfinity : now);
        _isTrying = false;
        if (ceiling is { } rate) _nextAt = now + Between(null, rate, ProveMs);
    }

    /// <summary>The clock was stepped.</summary>
    public void Shift(double by)
    {
        _nextAt += by;
        _refusedAt += by;
        _heldSince += by;
    }

    /// <summary>The rate in force: the configured one below the ceiling. Forgets the ceiling once it has grown past the configured rate.</summary>
    /// <param name="configured">The configured rate; null for none.</param>
    /// <param name="used">Messages of the last second.</param>
    /// <param name="now">Unix milliseconds.</param>
    public double? Effective(double? configured, double used, double now)
    {
        if (Ceiling is not { } rate) return configured;
        if (now >= _nextAt) rate = Try(rate, used, now);
        if (!(rate >= configured)) return rate;
        Restore(null, now);
        _heldSince = now;
        return configured;
    }

    /// <summary>The provider refused. Refusals of the same second were on their way already and count once.</summary>
    /// <param name="configured">The configured rate; null for none.</param>
    /// <param name="accepted">Messages accepted in the last second.</param>
    /// <param name="wait">Milliseconds that the provider asks to wait.</param>
    /// <param name="now">Unix milliseconds.</param>
    public void Refused(double? configured, double accepted, double wait, double now)
    {
        if (now - _refusedAt < 1000) return;
        var hasHeld = !_isTrying && now - _heldSince >= HeldMs && accepted >= HeldShare * (Ceiling ?? configured);
        (_refusedAt, _heldSince) = (now, now);
        if (hasHeld) return;
        var current = Ceiling ?? configured ?? Math.Max(accepted, 1);
        var permitted = accepted >= FewestToTrust ? accepted * Keep : Math.Max(accepted * Keep, current / 2);
        var next = _isTrying && permitted >= 0.8 * _proven
            ? Math.Max(_proven, Math.Min(permitted, _proven * (1 + StepShare)))
            : Math.Min(permitted, current * LeastCut);
        Ceiling = Math.Max(next, Slowest);
        _isTrying = false;
        _nextAt = now + wait + Between(configured, Ceiling.Value, wait);
    }

    private double Try(double rate, double used, double now)
    {
        // Nothing can be learned from a rate that nobody uses; a slow one shows too little of itself in a second.
        if (used < Used * rate && rate > FewestToTrust)
        {
            _nextAt = now + ProveMs;
            return rate;
        }

        _step = _isTrying ? _step * 2 : Math.Max(StepShare * rate, Math.Min(StepMessages, rate));
        (_proven, _isTrying) = (rate, true);
        Ceiling = rate + _step;
        _nextAt = now + Math.Max(ProveMs, FewestToProve * 1000 / Ceiling.Value);
        return Ceiling.Value;
    }

    private static double Between(double? configured, double rate, double wait)
    {
        var toWin = Math.Clamp((configured ?? 2 * rate) / rate, 1, MostToWin);
        return Math.Min(Math.Max(WaitsBetween * Math.Max(wait, 200) / Math.Sqrt(toWin), FewestBetween * 1000 / rate), LongestBetweenMs);
    }
}
