using Broadcasts.Channels;
using NodaTime;

namespace Broadcasts.Broadcasting;

/// <summary>Messages of recipients who share a clock.</summary>
internal readonly record struct ZoneShare(DateTimeZone Zone, long Messages);

/// <summary>A limit that is used in part already.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Used">So much of it.</param>
/// <param name="FreeAt">When that is free again, Unix milliseconds.</param>
internal readonly record struct UsedLimit(SendRate Limit, long Used, double FreeAt);

/// <summary>
/// When messages leave, worked out ahead: as fast as the shortest limit paces them, no more than each longer one permits, none before its
/// recipient's time and none while its recipient's window is closed. What a closing window leaves over goes on at its next opening.
/// </summary>
internal sealed class Timetable
{
    /// <summary>A broadcast that is cut into more pieces than this is reckoned on from there at the pace that it has had.</summary>
    private const int MostSteps = 20_000;

    private readonly SendTimes? _times;
    private readonly (DateTimeZone Zone, long Left)[] _shares;
    private readonly double _interval;
    private readonly Window[] _windows;
    private readonly long _total;
    private double _now;
    private double _last;

    private Timetable(long start, IEnumerable<ZoneShare> shares, SendTimes? times, IEnumerable<SendRate> limits, double ownInterval, UsedLimit? recipients)
    {
        _times = times;
        _shares = [.. shares.Where(s => s.Messages > 0).Select(s => (s.Zone, s.Messages))];
        _total = _shares.Sum(s => s.Left);
        SendRate[] all = [.. limits.OrderBy(l => l.PerMs).ThenBy(l => l.PerSecond)];
        _interval = Math.Max(ownInterval, all.Length == 0 ? 0 : (all[0].PerMs + PermitGuard.Of(all[0].PerMs, all[0].PerMs / (double)all[0].Count)) / all[0].Count);
        _windows = [.. all.Skip(1).Select(l => new Window(l))];
        if (recipients is { } limit) _windows = [.. _windows, new Window(limit.Limit, limit.Used, limit.FreeAt)];
        (_now, _last) = (start, start);
    }

    /// <summary>The moments of the first and the last message.</summary>
    /// <param name="start">When it begins, Unix milliseconds.</param>
    /// <param name="shares">What is to be sent.</param>
    /// <param name="times">When who may be written to; null for any time.</param>
    /// <param name="limits">What the account permits over which time; the shortest is a pace.</param>
    /// <param name="ownInterval">Milliseconds between two messages by the broadcast's own rate; 0 without one.</param>
    /// <param name="recipients">What the account may still write to different recipients, counted in messages; null for any number.</param>
    public static (long First, long Last) Of(long start, IReadOnlyList<ZoneShare> shares, SendTimes? times, IEnumerable<SendRate> limits, double ownInterval = 0, UsedLimit? recipients = null)
    {
        var table = new Timetable(start, shares, times, limits, ownInterval, recipients);
        var first = shares.Count == 0 || times is null ? start : shares.Min(s => times.FirstAt(s.Zone, start));
        table.Run();
        return (first, (long)Math.Min(Math.Max(table._last, first), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
    }

    private void Run()
    {
        var left = _total;
        var begin = _now;
        for (var step = 0; left > 0; step++)
        {
            if (step == MostSteps)
            {
                _last = begin + (_last - begin) * (_total / (double)Math.Max(1, _total - left));
                return;
            }

            left -= Step();
        }
    }

    // From now to whatever changes next: a window opens or closes, a limit has room again.
    private long Step()
    {
        var next = double.PositiveInfinity;
        var open = 0L;
        var isOpen = new bool[_shares.Length];
        for (var i = 0; i < _shares.Length; i++)
        {
            if (_shares[i].Left == 0) continue;
            var at = _times?.FirstAt(_shares[i].Zone, (long)_now) ?? (long)_now;
            isOpen[i] = at <= _now;
            if (isOpen[i]) open += _shares[i].Left;
            next = Math.Min(next, isOpen[i] ? _times?.ClosesAt(_shares[i].Zone, (long)_now) ?? next : at);
        }

        var count = open;
        foreach (var window in _windows) count = Math.Min(count, window.RoomAt(_now, ref next));
        if (_interval > 0) count = (long)Math.Min(count, Math.Ceiling((next - _now) / _interval));
        if (count <= 0)
        {
            // Nothing is open, or a limit is used up.
            _now = double.IsPositiveInfinity(next) ? _now + 1 : Math.Max(next, _now + 1);
            return 0;
        }

        foreach (var window in _windows) window.Take(count, _now);
        Share(count, open, isOpen);
        _last = _now + (count - 1) * _interval;
        _now = Math.Max(_now + count * _interval, count < open && _interval == 0 ? _now + 1 : _now);
        return count;
    }

    // All that are open are sent in the order of their contacts: evenly.
    private void Share(long count, long open, bool[] isOpen)
    {
        for (var i = 0; i < _shares.Length; i++)
        {
            if (!isOpen[i]) continue;
            var mine = open == 0 ? 0 : (long)Math.Round(count * (_shares[i].Left / (double)open));
            open -= _shares[i].Left;
            count -= mine;
            _shares[i].Left -= mine;
        }
    }

    /// <summary>A longer limit: used up at once, free again when its length has passed.</summary>
    private sealed class Window(SendRate limit, long used = 0, double freeAt = double.NegativeInfinity)
    {
        private double _began = freeAt - limit.PerMs - PermitGuard.MostMs;
        private long _used = used;

        public long RoomAt(double now, ref double next)
        {
            var ends = _began + limit.PerMs + PermitGuard.MostMs;
            if (now >= ends) (_used, ends) = (0, double.PositiveInfinity);
            next = Math.Min(next, ends);
            return limit.Count - _used;
        }

        public void Take(long count, double now)
        {
            if (_used == 0) _began = now;
            _used += count;
        }
    }
}
