using System.Globalization;
using Broadcasts.Admin.Security;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;
using NodaTime;
using NodaTime.TimeZones;

namespace Broadcasts.Admin.Web;

/// <summary>Who looks at the page: zone, theme, rights.</summary>
internal sealed class Visitor(IHttpContextAccessor accessor, EngineOptions options, TimeProvider time)
{
    private DateTimeZone? _zone;

    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("There is no request.");

    public bool IsSignedIn => Context.User.Identity?.IsAuthenticated == true;

    public string Name => Context.User.FindFirst(ConsoleClaims.DisplayName)?.Value ?? "";

    /// <summary>Whom the audit names: <c>user:3</c>.</summary>
    public string Actor => Session?.Actor ?? throw new InvalidOperationException("Nobody is signed in.");

    public string Email => Context.User.Identity?.Name ?? "";

    /// <summary>The themes that a person can choose.</summary>
    public static IReadOnlyList<string> Themes { get; } = ["light", "dark", "contrast"];

    /// <summary>One of <see cref="Themes"/>, or empty to follow the system.</summary>
    public string Theme => (IsSignedIn ? Context.User.FindFirst(ConsoleClaims.Theme)?.Value : Context.Request.Cookies[VisitorCulture.ThemeCookie]) is { } chosen && Themes.Contains(chosen) ? chosen : "";

    /// <summary>Two-letter language of the request.</summary>
    public static string Language => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName;

    public DateTimeZone Zone => _zone ??= DateTimeZoneProviders.Tzdb.GetZoneOrNull(Context.User.FindFirst(ConsoleClaims.TimeZone)?.Value ?? options.TimeZone) ?? DateTimeZone.Utc;

    public Instant Now => Instant.FromDateTimeOffset(time.GetUtcNow());

    public LocalDate Today => Now.InZone(Zone).Date;

    /// <summary>The session of the request; there is none before a sign-in.</summary>
    public ConsoleSession? Session => Context.Features.Get<ConsoleSession>();

    public bool May(Permission permission) => Session?.May.Has(permission) == true;

    public ZonedDateTime Local(long unixMs) => Instant.FromUnixTimeMilliseconds(unixMs).InZone(Zone);

    /// <summary>Zone with its offset now: <c>Europe/Madrid, UTC+1</c>.</summary>
    public string ZoneText => ZoneTextAt(Zone, Now);

    public static string ZoneTextAt(DateTimeZone zone, Instant at)
    {
        var offset = zone.GetUtcOffset(at);
        var sign = offset.Seconds < 0 ? "−" : "+";
        var minutes = Math.Abs(offset.Seconds / 60);
        var text = minutes % 60 == 0 ? $"{minutes / 60}" : string.Create(CultureInfo.InvariantCulture, $"{minutes / 60}:{minutes % 60:00}");
        if (zone.Id is "Etc/UTC") return "UTC";
        return offset == Offset.Zero ? $"{zone.Id} (UTC)" : $"{zone.Id} (UTC{sign}{text})";
    }

    /// <summary>IANA zones that a person can pick.</summary>
    public static IReadOnlyList<string> Zones { get; } =
        [.. (TzdbDateTimeZoneSource.Default.ZoneLocations ?? []).Select(l => l.ZoneId).Append("Etc/UTC").Distinct().Order(StringComparer.Ordinal)];
}
