namespace Broadcasts.Plugins.Health;

/// <summary>
/// The time after a version was put in the place of another, in which it is compared with it. What counts is a difference that chance does not explain: of few messages many must fail, of many a clear
/// part more than before.
/// </summary>
/// <param name="Version">The version that is watched.</param>
/// <param name="Before">What the version before it did in its last hour.</param>
/// <param name="Began">When the version was put in place.</param>
internal sealed record Probation(string Version, OutcomeTally Before, DateTimeOffset Began)
{
    /// <summary>A version that did as well as its predecessor for so long stays.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(10);

    // One comparison in a hundred would be wrong at a margin of nothing; see docs/plugins.md.
    private const double Z = 2.58;
    private const double Margin = 0.15;
    private const int FewestErrors = 5;
    private const double MostFaults = 0.3;
    private const int EnoughWorked = 20;

    /// <summary>Why the version must go; null while nothing speaks against it.</summary>
    /// <param name="now">What it did since it was put in place.</param>
    public string? Verdict(OutcomeTally now)
    {
        if (Low(now.TransportFaults, now.Messages) > MostFaults && Share(Before.TransportFaults, Before.Messages) <= Margin)
            return $"its own code failed for {now.TransportFaults} of its first {now.Messages} messages";
        if (now.ChannelFaults > 0 && Before.ChannelFaults == 0 && Before.Messages - Before.Errors >= EnoughWorked)
            return "it reports a fault of a channel, and the version before it worked on the same settings";
        if (now.Errors >= FewestErrors && Low(now.Errors, now.Messages) > High(Before.Errors, Before.Messages) + Margin)
            return $"{now.Errors} of its first {now.Messages} messages failed; of the version before it {Before.Errors} of {Before.Messages} in the hour before";
        return null;
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;

    private static double Low(long part, long whole) => Wilson(part, whole).Low;

    private static double High(long part, long whole) => Wilson(part, whole).High;

    // E. B. Wilson's score interval (1927): where the true share lies, also for few messages. Of none it says nothing: 0 to 1.
    private static (double Low, double High) Wilson(long part, long whole)
    {
        if (whole == 0) return (0, 1);
        var (p, z2) = (Share(part, whole), Z * Z / whole);
        var centre = p + z2 / 2;
        var spread = Z * Math.Sqrt(p * (1 - p) / whole + z2 / (4 * whole));
        return ((centre - spread) / (1 + z2), (centre + spread) / (1 + z2));
    }
}
