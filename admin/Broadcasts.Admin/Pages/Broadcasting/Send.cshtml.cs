using System.Globalization;
using System.Text.Json;
using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using NodaTime;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>The last look: what would happen, a test message, and the two buttons that make it happen.</summary>
[Needs(Permission.SendBroadcasts)]
internal sealed class SendModel(BroadcastQueries queries, Forecasts forecasts, TestMessages tests, ChannelStore channels, SendingRulesStore rules, Approvals approvals, BroadcastStore broadcasts, BroadcastChecks checks, IGrainFactory grains) : ConsolePage
{
    /// <summary>Addresses that one test goes to.</summary>
    public const int MostTests = 5;

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public BroadcastDetails Details { get; private set; } = null!;

    public Forecast Forecast { get; private set; } = new();

    public Channel? Channel { get; private set; }

    public int UndoSeconds { get; private set; }

    public bool NeedsApproval { get; private set; }

    public BroadcastSteps Steps { get; private set; } = null!;

    /// <summary>So many get it that whoever sends it types the number.</summary>
    public bool TypesNumber { get; private set; }

    public bool CanStart => Forecast.Problems.Count == 0 && Forecast.Sendable > 0;

    /// <summary>The next full hour that is at least half an hour away, in the visitor's zone.</summary>
    public string SuggestedTime
    {
        get
        {
            var later = Visitor.Now.Plus(Duration.FromMinutes(90)).InZone(Visitor.Zone).LocalDateTime;
            return new LocalDateTime(later.Year, later.Month, later.Day, later.Hour, 0).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);
        }
    }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        if (details.Row.Status is not (BroadcastStatus.Draft or BroadcastStatus.Scheduled)) return LocalRedirect($"/broadcasts/{Id}");
        Details = details;
        Forecast = await forecasts.ForecastAsync(Id, cancellationToken) ?? new();
        if (FirstChannel(details) is { } channel) Channel = await channels.GetAsync(channel);
        Steps = new BroadcastSteps(details, BroadcastSteps.Last, await broadcasts.GetAsync(Id) is { } broadcast ? await checks.CheckReadyAsync(broadcast) : [], Texts);
        var said = await rules.GetAsync();
        UndoSeconds = said.UndoSeconds;
        TypesNumber = Forecast.Sendable > said.TypeAbove;
        NeedsApproval = CanStart && await approvals.NeededAsync(Id) is not null;
        return Page();
    }

    public async Task<IActionResult> OnPostStartAsync(int? version, string? number, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        var said = await rules.GetAsync();
        if (NotAsSeen(details, version, number, said) is { } why)
        {
            Bad(why);
            return LocalRedirect(Here);
        }

        var begins = Show.MomentText(Visitor.Now.Plus(Duration.FromSeconds(said.UndoSeconds)).ToUnixTimeMilliseconds());
        var result = await grains.GetGrain<IBroadcastGrain>(Id).SendAsync(Visitor.Actor, said.UndoSeconds);
        return Told(result, said.UndoSeconds > 0 ? Texts["Did.send", begins] : Texts["Did.start"], result.IsDone ? $"/broadcasts/{Id}" : Here);
    }

    // What goes out is what was looked at, and to as many as whoever sends it has read.
    private string? NotAsSeen(BroadcastDetails details, int? version, string? number, SendingRules said)
    {
        if (details.Row.Status == BroadcastStatus.Draft && version is { } seen && seen != details.Row.Version) return Texts["Send.ChangedSince"];
        var sendable = details.ForecastJson is { } json ? JsonSerializer.Deserialize<Forecast>(json, BroadcastJson.Options)!.Sendable : 0;
        var typed = new string([.. (number ?? "").Where(char.IsAsciiDigit)]);
        return sendable > said.TypeAbove && typed != sendable.ToString(CultureInfo.InvariantCulture) ? Texts["Send.WrongNumber", Show.Number(sendable)] : null;
    }

    public async Task<IActionResult> OnPostScheduleAsync(string? at, string? zone, bool isLocal, RepeatEvery? every, string[]? days, string? until, int? count)
    {
        var schedule = new BroadcastSchedule { LocalTime = at ?? "", TimeZone = zone ?? "", IsLocal = isLocal, RepeatJson = RepeatOf(at, every, days, until, count) };
        var result = await grains.GetGrain<IBroadcastGrain>(Id).ScheduleAsync(schedule, Visitor.Actor);
        return Told(result, Texts["Did.schedule", schedule.LocalTime.Replace('T', ' '), schedule.TimeZone], result.IsDone ? $"/broadcasts/{Id}" : Here);
    }

    public async Task<IActionResult> OnPostTestAsync(string? address, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details || FirstChannel(details) is not { } channel) return NotFound();
        var addresses = (address ?? "").Split([',', ';', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        if (addresses.Length is 0 or > MostTests)
        {
            Bad(addresses.Length == 0 ? Texts["Test.NoAddress"] : Texts["Test.Several", MostTests]);
            return LocalRedirect(Here);
        }

        foreach (var one in addresses)
        {
            foreach (var part in details.Parts)
            {
                var result = await tests.SendAsync(channel, one, part, null, Visitor.Actor, cancellationToken);
                if (result.Accepted) continue;
                Bad($"{one}: {Texts["Test.Failed", Show.WhyNot(result)]}");
                return LocalRedirect(Here);
            }
        }

        Good(Texts["Test.Sent", string.Join(", ", addresses)]);
        return LocalRedirect(Here);
    }

    private static long? FirstChannel(BroadcastDetails details) => details.Row.ChannelId ?? details.Routes.Cast<long?>().FirstOrDefault();

    // A month's day is that of the first date.
    private static string? RepeatOf(string? at, RepeatEvery? every, string[]? days, string? until, int? count) => every is not { } unit ? null : JsonSerializer.Serialize(
        new RepeatRule
        {
            Every = unit,
            Days = unit == RepeatEvery.Week ? WindowInput.ReadDays(days) : null,
            Day = unit == RepeatEvery.Month ? ScheduleTime.Parse(at)?.Day : null,
            Until = string.IsNullOrWhiteSpace(until) ? null : until,
            Count = count,
        },
        BroadcastJson.Options);

    private string Here => $"/broadcasts/{Id}/send";
}
