namespace Broadcasts.Channels;

/// <summary>How permits are to be spaced now.</summary>
/// <param name="Interval">Milliseconds between two permits.</param>
/// <param name="Shortest">The same while something is made up for.</param>
/// <param name="Windows">What may be dealt in which time; empty when nothing is made up for.</param>
internal readonly record struct Pacing(double Interval, double Shortest, PaceWindow[] Windows);

/// <summary>So many permits in so long a time at most, wherever it begins.</summary>
/// <param name="Count">Permits.</param>
/// <param name="OverMs">Milliseconds.</param>
internal readonly record struct PaceWindow(int Count, double OverMs);

/// <summary>
/// The pace of one account. Permits are one interval apart; those that nobody used, and places for which nobody was there in time, are made
/// up for within the period: a little faster, and only while no window that ends now holds more than the rate.
/// </summary>
internal sealed class ChannelPace
{
    /// <summary>The most that is made up for. A longer gap is idle time, which earns nothing.</summary>
    private const double MostBehindMs = 100;

    /// <summary>Rounding of moments, milliseconds.</summary>
    private const double Rounding = 0.01;

    private readonly VirtualSchedule _schedule = new();
    private readonly LinkedList<Run> _recent = new();
    private double _behind;
    private Pacing _pacing;

    /// <summary>Up to here permits count as dealt for whoever knows nothing else: where an even pace would be that began with each of those that are remembered.</summary>
    public double Horizon
    {
        get
        {
            var even = double.NegativeInfinity;
            foreach (var run in _recent)
            {
                if (run.Count > 0) even = Math.Max(even + run.Count * _pacing.Interval, run.From + (run.Count - 1) * _pacing.Interval);
            }

            return Math.Max(_schedule.Last, even);
        }
    }

    /// <summary>Nothing is known of the permits up to a moment: all of them may have been used.</summary>
    public void NotBefore(double moment) => _schedule.NotBefore(moment);

    /// <summary>The rate is another one: what the old one left over is not made up for.</summary>
    public void Restart()
    {
        _schedule.NotBefore(Horizon);
        Forget();
    }

    /// <summary>The clock was stepped: the past moves with it.</summary>
    public void Shift(double by)
    {
        _schedule.Shift(by);
        for (var run = _recent.First; run is not null; run = run.Next) run.Value = run.Value with { Lease = run.Value.Lease + by, From = run.Value.From + by };
    }

    /// <summary>The moment from which permits can be had, at the earliest <paramref name="ready"/>.</summary>
    public double From(double ready, Pacing pacing)
    {
        var from = _schedule.From(ready, IsBehind(pacing) ? pacing.Shortest : pacing.Interval);
        foreach (var window in pacing.Windows)
        {
            if (OldestIn(window) is (var run, var index)) from = Math.Max(from, run.Value.At(index) + window.OverMs);
        }

        return from;
    }

    /// <summary>Takes permits that begin where <see cref="From"/> said or later.</summary>
    /// <param name="start">The first one's moment.</param>
    /// <param name="wanted">How many at most.</param>
    /// <param name="pacing">As it was given to <see cref="From"/>.</param>
    /// <returns>How many were taken, at least one, and the milliseconds between them.</returns>
    public (int Count, double Spacing) Take(double start, int wanted, Pacing pacing)
    {
        var (count, spacing) = Fitting(start, wanted, pacing);
        var gap = start - _schedule.Last - pacing.Interval;
        _behind = gap > MostBehindOf(pacing) ? 0 : Behind(_behind + gap - (count - 1) * (pacing.Interval - spacing), pacing);
        _schedule.Take(start, count, spacing);
        _pacing = pacing;
        if (pacing.Windows.Length == 0) Forget();
        else Remember(new Run(start, start, spacing, count), pacing.Windows.Max(w => w.OverMs));
        return (count, spacing);
    }

    /// <summary>Permits of a lease were not used.</summary>
    public void GiveBack(UnusedLease lease)
    {
        for (var run = _recent.Last; run is not null && run.Value.Lease >= lease.First; run = run.Previous)
        {
            if (run.Value.Lease != lease.First) continue;
            run.Value = run.Value.Without(lease.Count);
            _behind = Behind(_behind + lease.Count * _pacing.Interval, _pacing);
        }
    }

    // What is made up for was lost in the time that is remembered: else a window could hold more than that time shows.
    private void Forget()
    {
        _recent.Clear();
        _behind = 0;
    }

    private bool IsBehind(Pacing pacing) => pacing.Windows.Length > 0 && _behind >= pacing.Interval;

    private static double Behind(double ms, Pacing pacing) => Math.Clamp(ms, 0, MostBehindOf(pacing));

    private static double MostBehindOf(Pacing pacing) => Math.Max(MostBehindMs, pacing.Interval);

    // Shorter intervals only where all of them fit: where a window is full, permits come as those of a period ago leave it.
    private (int Count, double Spacing) Fitting(double start, int wanted, Pacing pacing)
    {
        if (IsBehind(pacing) && Fitting(start, wanted, pacing.Shortest, pacing.Windows) == wanted) return (wanted, pacing.Shortest);
        return (Fitting(start, wanted, pacing.Interval, pacing.Windows), pacing.Interval);
    }

    private int Fitting(double start, int wanted, double spacing, PaceWindow[] windows)
    {
        foreach (var window in windows)
        {
            if (OldestIn(window) is (var run, var index)) wanted = Fitting(start, wanted, spacing, window.OverMs, run, index);
        }

        return wanted;
    }

    private static int Fitting(double start, int wanted, double spacing, double overMs, LinkedListNode<Run> run, int index)
    {
        var fitting = 0;
        while (fitting < wanted && run.Value.At(index) + overMs <= start + fitting * spacing + Rounding)
        {
            fitting++;
            if (++index < run.Value.Count) continue;
            index = 0;
            do run = run.Next!; while (run?.Value.Count == 0);
            if (run is null) return wanted;
        }

        return Math.Max(1, fitting);
    }

    // The permit that must be out of the window before another one is dealt; null while the window has room.
    private (LinkedListNode<Run> Run, int Index)? OldestIn(PaceWindow window)
    {
        var counted = 0;
        for (var run = _recent.Last; run is not null; run = run.Previous)
        {
            counted += run.Value.Count;
            if (counted >= window.Count) return (run, counted - window.Count);
        }

        return null;
    }

    private void Remember(Run run, double longestMs)
    {
        _recent.AddLast(run);
        while (_recent.First!.Value.From < run.From - 2 * longestMs) _recent.RemoveFirst();
    }

    /// <summary>Permits dealt together, as far as they may have been used.</summary>
    /// <param name="Lease">The first moment that was dealt.</param>
    /// <param name="From">The first one that still counts.</param>
    /// <param name="Spacing">Milliseconds between two.</param>
    /// <param name="Count">How many still count.</param>
    private readonly record struct Run(double Lease, double From, double Spacing, int Count)
    {
        public double At(int index) => From + index * Spacing;

        // Which ones nobody knows: the last ones leave the window last.
        public Run Without(int count) => this with { From = From + Math.Min(count, Count) * Spacing, Count = Math.Max(0, Count - count) };
    }
}
