using System.Globalization;
using System.Text;
using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>A moment at which what a broadcast was allowed to became another.</summary>
internal readonly record struct PaceChange(long At, double? Allowed, PaceLimit LimitedBy);

/// <summary>How fast a broadcast went beside how fast it was allowed to: two lines of an SVG that its page stretches, and the words beside them.</summary>
internal sealed class PaceChart
{
    public const int Width = 1000;
    public const int Height = 200;

    private const int MostChanges = 12;

    private readonly IReadOnlyList<PacePoint> _points;
    private readonly long _from;

    private PaceChart(IReadOnlyList<PacePoint> points, long from)
    {
        (_points, _from) = (points, from);
        Top = RoundUp(points.Select((p, i) => Math.Max(Used(i), p.Allowed ?? 0)).DefaultIfEmpty(1).Max());
    }

    /// <summary>Messages per second at the upper edge: a round number.</summary>
    public double Top { get; }

    /// <summary>Messages per second at the highest moment.</summary>
    public double Most => _points.Select((_, i) => Used(i)).DefaultIfEmpty().Max();

    public long From => _from;

    public long To => _points[^1].At;

    /// <summary>Five moments from left to right.</summary>
    public IEnumerable<long> Moments => Enumerable.Range(0, 5).Select(i => _from + ((To - _from) * i / 4));

    /// <summary>Null when there is nothing that could be drawn: it was over in a moment.</summary>
    public static PaceChart? Of(IReadOnlyList<PacePoint> points, DateTimeOffset? started)
    {
        if (started is not { } start) return null;
        var from = start.ToUnixTimeMilliseconds();
        PacePoint[] later = [.. points.Where(p => p.At > from)];
        return later.Length < 2 ? null : new PaceChart(later, from);
    }

    /// <summary>The area of what was sent.</summary>
    public string UsedPath()
    {
        var path = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"M0 {Height}"));
        var x = 0.0;
        for (var i = 0; i < _points.Count; i++)
        {
            var y = Y(Used(i));
            var next = X(_points[i].At);
            path.Append(CultureInfo.InvariantCulture, $"L{x:0.#} {y:0.#}L{next:0.#} {y:0.#}");
            x = next;
        }

        return path.Append(CultureInfo.InvariantCulture, $"L{x:0.#} {Height}Z").ToString();
    }

    /// <summary>The line of what was allowed; broken where nothing limits.</summary>
    public string AllowedPath()
    {
        var path = new StringBuilder();
        var x = 0.0;
        var isDrawing = false;
        foreach (var point in _points)
        {
            var next = X(point.At);
            if (point.Allowed is { } allowed)
            {
                var y = Y(Math.Min(allowed, Top));
                path.Append(CultureInfo.InvariantCulture, $"{(isDrawing ? 'L' : 'M')}{x:0.#} {y:0.#}L{next:0.#} {y:0.#}");
            }

            isDrawing = point.Allowed is not null;
            x = next;
        }

        return path.ToString();
    }

    /// <summary>Where a moment is, from the left.</summary>
    public double X(long at) => Math.Clamp((double)(at - _from) / Math.Max(1, To - _from), 0, 1) * Width;

    /// <summary>The latest changes of what was allowed, in time order.</summary>
    public IReadOnlyList<PaceChange> Changes
    {
        get
        {
            var changes = new List<PaceChange>();
            // The last point only says that it was over.
            foreach (var point in _points.SkipLast(1))
            {
                if (changes is [.., var last] && last.LimitedBy == point.LimitedBy && IsLike(last.Allowed, point.Allowed)) continue;
                changes.Add(new(changes.Count == 0 ? _from : point.At, point.Allowed, point.LimitedBy));
            }

            return [.. changes.TakeLast(MostChanges)];
        }
    }

    private double Used(int i)
    {
        var (before, at) = i == 0 ? (0L, _from) : (_points[i - 1].Sent, _points[i - 1].At);
        return Math.Max(0, (_points[i].Sent - before) * 1000.0 / Math.Max(1, _points[i].At - at));
    }

    private double Y(double rate) => Height - (rate / Top * Height);

    // A rate that is learned moves all the time: a tenth is not worth a line.
    private static bool IsLike(double? one, double? other) => one is { } a && other is { } b ? Math.Abs(a - b) <= 0.1 * Math.Max(a, b) : one is null && other is null;

    private static double RoundUp(double value)
    {
        if (value <= 1) return 1;
        var unit = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return new[] { 1, 2, 2.5, 5, 10 }.First(f => f * unit >= value) * unit;
    }
}
