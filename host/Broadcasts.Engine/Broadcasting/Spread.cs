using Broadcasts.Channels;
using Broadcasts.Storage;
using NodaTime;

namespace Broadcasts.Broadcasting;

/// <summary>Messages that share a channel and a clock.</summary>
/// <param name="Channel">Over which they go.</param>
/// <param name="Zone">As their contacts name it.</param>
/// <param name="Country">As their contacts name it.</param>
internal readonly record struct MessageShare(long Channel, string? Zone, string? Country);

/// <summary>What holds a broadcast back.</summary>
internal enum SpreadLimit
{
    /// <summary>Nothing that is known: the provider's speed.</summary>
    None,

    /// <summary>The broadcast's own rate, or the time over which it is spread.</summary>
    Own,

    /// <summary>What a channel's account may send.</summary>
    Channel,

    /// <summary>Its send window, or the recipients' local times.</summary>
    Times,
}

/// <summary>How limits and the recipients' times spread the sending of a broadcast.</summary>
/// <param name="First">When the first message leaves.</param>
/// <param name="Finish">When the last one does; null when no pace is known.</param>
/// <param name="Fallback">Recipients whose own zone is not known, where it matters.</param>
/// <param name="Over">Recipients whose local time is over.</param>
internal sealed record Spread(DateTimeOffset First, DateTimeOffset? Finish, long Fallback, long Over)
{
    /// <summary>Works it out.</summary>
    /// <param name="broadcast">Its times and its own rate.</param>
    /// <param name="routes">Its channels.</param>
    /// <param name="messages">What is to be sent.</param>
    /// <param name="parts">Messages to one recipient.</param>
    /// <param name="reached">To how many recipients each channel's account has written already.</param>
    /// <param name="start">When it begins, Unix milliseconds.</param>
    /// <param name="without">What is left out of account, to see what it is that holds it back.</param>
    public static Spread Of(
        Broadcast broadcast, IReadOnlyList<Channel> routes, IReadOnlyDictionary<MessageShare, long> messages, int parts, IReadOnlyDictionary<long, RecipientLimitView?> reached, long start, SpreadLimit without = SpreadLimit.None)
    {
        var times = without == SpreadLimit.Times ? null : SendTimes.Of(broadcast);
        var (fallback, over) = (0L, 0L);
        var (first, last, isPaced) = (long.MaxValue, start, false);
        // Channels send beside each other; a rate of the broadcast's own is shared by what each has to send.
        var total = messages.Values.Sum();
        foreach (var channel in routes)
        {
            var shares = new Dictionary<DateTimeZone, long>();
            foreach (var ((_, name, country), count) in messages.Where(z => z.Key.Channel == channel.Id))
            {
                var zone = DateTimeZone.Utc;
                if (times is not null)
                {
                    zone = times.ZoneOf(name, country, out var isFallback);
                    var recipients = count / parts;
                    if (isFallback && times.IsPerRecipient) fallback += recipients;
                    if (times.IsOver(zone, start)) over += recipients;
                }

                shares[zone] = shares.GetValueOrDefault(zone) + count;
            }

            var own = shares.Values.Sum();
            if (own == 0) continue;
            SendRate[] limits = without == SpreadLimit.Channel ? [] : [.. channel.Limits.Append(channel.Rate).OfType<SendRate>()];
            var interval = without == SpreadLimit.Own ? 0 : OwnInterval(broadcast, total) * total / own;
            var people = without == SpreadLimit.Channel ? null : PeopleOf(reached.GetValueOrDefault(channel.Id), parts, start);
            var (begin, end) = Timetable.Of(start, [.. shares.Select(s => new ZoneShare(s.Key, s.Value))], times, limits, interval, people);
            (first, last, isPaced) = (Math.Min(first, begin), Math.Max(last, end), isPaced || interval > 0 || limits.Length > 0 || people is not null);
        }

        // Where no pace is known, the last zone's time is the least.
        return new(Times.Of(Math.Max(start, first == long.MaxValue ? start : first)), isPaced || last > start ? Times.Of(last) : null, fallback, over);
    }

    /// <summary>What it is that it would be done soonest without.</summary>
    public static SpreadLimit LimitOf(Broadcast broadcast, IReadOnlyList<Channel> routes, IReadOnlyDictionary<MessageShare, long> messages, int parts, IReadOnlyDictionary<long, RecipientLimitView?> reached, long start)
    {
        if (Of(broadcast, routes, messages, parts, reached, start).Finish is not { } finish) return SpreadLimit.None;
        var (limit, soonest) = (SpreadLimit.None, finish);
        foreach (var without in (SpreadLimit[])[SpreadLimit.Own, SpreadLimit.Channel, SpreadLimit.Times])
        {
            var at = Of(broadcast, routes, messages, parts, reached, start, without).Finish ?? DateTimeOffset.FromUnixTimeMilliseconds(start);
            if (at < soonest) (limit, soonest) = (without, at);
        }

        return limit;
    }

    // Whom the account has written to already is not told apart: at worst it is done earlier than this.
    private static UsedLimit? PeopleOf(RecipientLimitView? reached, int parts, long start) =>
        reached is null ? null : new(new SendRate((int)Math.Min((long)reached.Limit.Count * parts, int.MaxValue), reached.Limit.PerMs), (long)reached.Used * parts, reached.FullUntil ?? start + reached.Limit.PerMs);

    private static double OwnInterval(Broadcast broadcast, long total) =>
        broadcast.SpreadOverMs is { } spread ? spread / (double)total : broadcast.Rate is { } rate ? rate.PerMs / (double)rate.Count : 0;
}
