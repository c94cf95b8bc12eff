using System.Collections.Frozen;
using NodaTime;
using NodaTime.TimeZones;
using Broadcasts.Contacts;

namespace Broadcasts.Broadcasting;

/// <summary>When a started broadcast may write to whom: its local time in each recipient's zone, and its send window.</summary>
internal sealed class SendTimes
{
    // Only where a country has one zone does it say the time.
    private static readonly FrozenDictionary<string, string> Countries = (TzdbDateTimeZoneSource.Default.ZoneLocations ?? [])
        .GroupBy(l => l.CountryCode).Where(g => g.Count() == 1).ToFrozenDictionary(g => g.Key, g => g.Single().ZoneId);

    private readonly LocalDateTime? _local;
    private readonly SendWindow? _window;
    private readonly DateTimeZone _fallback;

    private SendTimes(LocalDateTime? local, SendWindow? window, DateTimeZone fallback) => (_local, _window, _fallback) = (local, window, fallback);

    /// <summary>True when times differ from recipient to recipient.</summary>
    public bool IsPerRecipient => _local is not null || _window is { Local: true };

    /// <summary>Null when a broadcast sends to everybody at any time.</summary>
    public static SendTimes? Of(Broadcast broadcast)
    {
        var local = broadcast.RecipientLocal == 1 ? ScheduleTime.Parse(broadcast.ScheduledLocal) : null;
        var window = SendWindow.Read(broadcast.SendWindow);
        if (local is null && window is null) return null;
        var zone = local is null ? window!.TimeZone : broadcast.TimeZone;
        return new SendTimes(local, window, DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone ?? "") ?? DateTimeZone.Utc);
    }

    /// <summary>A recipient's zone: the contact's own, else that of a country with a single one, else the broadcast's.</summary>
    public DateTimeZone ZoneOf(string? zone, string? country, out bool isFallback)
    {
        isFallback = false;
        if (!string.IsNullOrWhiteSpace(zone) && ContactValues.TimeZone(zone) is { } id && DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) is { } own) return own;
        if (country is not null && Countries.TryGetValue(country, out var single)) return DateTimeZoneProviders.Tzdb[single];
        isFallback = true;
        return _fallback;
    }

    /// <summary>When the first message may leave for a zone, Unix milliseconds; now or earlier: at once. Who is called too late for the local time is written to at once, within the window.</summary>
    public long FirstAt(DateTimeZone zone, long now)
    {
        var due = _local is { } local ? Math.Max(now, ScheduleTime.At(local, zone)) : now;
        return _window is { } window ? window.OpensAt(window.Local ? zone : OwnZone(window), due) : due;
    }

    /// <summary>When a zone's window that is open closes, Unix milliseconds; the largest number when it has none.</summary>
    public long ClosesAt(DateTimeZone zone, long now) => _window is { } window ? window.ClosesAt(window.Local ? zone : OwnZone(window), now) : long.MaxValue;

    /// <summary>True when the local time was over already.</summary>
    public bool IsOver(DateTimeZone zone, long now) => _local is { } local && ScheduleTime.At(local, zone) < now;

    /// <summary>When the recipient's window opens again; null while it is open. A window in the broadcast's own zone is everybody's.</summary>
    public long? ClosedUntil(string? zone, string? country, long now) =>
        _window is { } window && window.OpensAt(window.Local ? ZoneOf(zone, country, out _) : OwnZone(window), now) is var opens && opens > now ? opens : null;

    /// <summary>When the broadcast's own window opens again; null while it is open, or when each recipient has one.</summary>
    public long? ClosedUntil(long now) => _window is { Local: false } ? ClosedUntil(null, null, now) : null;

    private static DateTimeZone OwnZone(SendWindow window) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(window.TimeZone) ?? DateTimeZone.Utc;
}
