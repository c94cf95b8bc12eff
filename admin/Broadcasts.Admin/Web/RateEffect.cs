using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>When a running broadcast would be done, by its channel's rate as it is and as somebody is about to set it.</summary>
internal sealed record RateEffect(BroadcastRow Row, long Left, TimeSpan? Now, TimeSpan? Then)
{
    /// <summary>By the rates alone: a limit per day that is used up, quiet hours and a slow provider make it later.</summary>
    /// <param name="running">Broadcasts, and the rate that each has of its own.</param>
    /// <param name="now">Messages per second of the channel; null without a limit.</param>
    /// <param name="then">The same, as it shall be.</param>
    public static IReadOnlyList<RateEffect> Of(IReadOnlyList<(BroadcastRow Row, double? Own)> running, double? now, double? then)
    {
        var left = running.Select(r => (Left: (double)(r.Row.Counts.Pending + r.Row.Counts.Sending), Own: r.Own ?? double.PositiveInfinity)).ToArray();
        var (before, after) = (Finish(left, now ?? double.PositiveInfinity), Finish(left, then ?? double.PositiveInfinity));
        return [.. running.Select((r, i) => new RateEffect(r.Row, (long)left[i].Left, before[i], after[i]))];
    }

    // They share the channel evenly, each up to its own rate; what one leaves the others take. Null when nothing limits one.
    private static TimeSpan?[] Finish((double Left, double Own)[] broadcasts, double rate)
    {
        var done = new TimeSpan?[broadcasts.Length];
        var left = broadcasts.Select(b => b.Left).ToArray();
        var going = Enumerable.Range(0, broadcasts.Length).Where(i => left[i] > 0).ToList();
        for (var at = 0.0; going.Count > 0;)
        {
            var pace = Shares(going.ConvertAll(i => broadcasts[i].Own), rate);
            if (pace.Exists(double.IsInfinity) || pace.TrueForAll(p => p <= 0)) return done;
            var step = Enumerable.Range(0, going.Count).Where(k => pace[k] > 0).Min(k => left[going[k]] / pace[k]);
            at += step;
            for (var k = 0; k < going.Count; k++) left[going[k]] -= pace[k] * step;
            foreach (var i in going.FindAll(i => left[i] < 0.5)) done[i] = TimeSpan.FromSeconds(Math.Min(at, TimeSpan.FromDays(3650).TotalSeconds));
            going.RemoveAll(i => left[i] < 0.5);
        }

        return done;
    }

    private static List<double> Shares(List<double> own, double rate)
    {
        var shares = new double[own.Count];
        var open = Enumerable.Range(0, own.Count).OrderBy(i => own[i]).ToList();
        foreach (var i in open)
        {
            shares[i] = Math.Min(own[i], rate / (own.Count - open.IndexOf(i)));
            rate -= shares[i];
        }

        return [.. shares];
    }
}
