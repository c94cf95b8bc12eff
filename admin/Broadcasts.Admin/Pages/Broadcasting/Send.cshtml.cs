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
internal sealed class SendModel(BroadcastQueries queries, ForecastRuns forecasts, BroadcastTests tests, ChannelStore channels, SendingRulesStore rules, BroadcastStore broadcasts, BroadcastChecks checks, IGrainFactory grains) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public BroadcastDetails Details { get; private set; } = null!;

    public Forecast Forecast { get; private set; } = new();

    /// <summary>The page waits for the forecast, however long it takes.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Count { get; set; }

    /// <summary>Where the forecast is asked for; null when it is there.</summary>
    public string? CountAt { get; private set; }

    public Channel? Channel { get; private set; }

    public int UndoSeconds { get; private set; }

    public bool NeedsApproval { get; private set; }

    public BroadcastSteps Steps { get; private set; } = null!;

    /// <summary>So many get it that whoever sends it types the number.</summary>
    public bool TypesNumber { get; private set; }

    public bool CanStart => CountAt is null && Forecast.Problems.Count == 0 && Forecast.Sendable > 0;

    /// <summary>The time that a scheduled one has, to be moved.</summary>
    public ScheduleInput Move { get; private set; } = new();

    /// <summary>What is no fault and yet worth a look.</summary>
    public IReadOnlyList<SendWarning> Warnings { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        if (details.Row.Status is not (BroadcastStatus.Draft or BroadcastStatus.Scheduled)) return LocalRedirect($"/broadcasts/{Id}");
        Details = details;
        if (Count) Forecast = await forecasts.WaitAsync(Id, details.Row.Version, cancellationToken);
        else if (await forecasts.LookAsync(Id, details.Row.Version) is { } forecast) Forecast = forecast;
        else CountAt = Here + "?count=true";
        if ((details.Row.ChannelId ?? details.Routes.Cast<long?>().FirstOrDefault()) is { } channel) Channel = await channels.GetAsync(channel);
        var broadcast = await broadcasts.GetAsync(Id);
        Steps = new BroadcastSteps(details, BroadcastSteps.Last, broadcast is null ? [] : await checks.CheckReadyInTimeAsync(broadcast), Texts);
        Move = ScheduleInput.Of(details.Row, Visitor);
        Warnings = Forecast.Problems.Count > 0 || CountAt is not null ? [] : SendWarning.Of(details, Forecast, await channels.GetAsync(details.Routes.Length > 0 ? details.Routes : [.. new[] { details.Row.ChannelId }.OfType<long>()]), Texts, Show);
        var said = await rules.GetAsync();
        UndoSeconds = said.UndoSeconds;
        TypesNumber = Forecast.Sendable > said.TypeAbove;
        NeedsApproval = CanStart && broadcast?.ApprovedBy is null && Forecast.Recipients > said.ApprovalAbove;
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

    /// <summary>At the time that its delivery step says.</summary>
    public async Task<IActionResult> OnPostScheduleAsync(int? version, string? number, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details || await broadcasts.GetAsync(Id) is not { } broadcast) return NotFound();
        if (NotAsSeen(details, version, number, await rules.GetAsync()) is { } why)
        {
            Bad(why);
            return LocalRedirect(Here);
        }

        return await ScheduledAsync(broadcast.ReadSchedule());
    }

    /// <summary>A scheduled one to another time: its steps are closed.</summary>
    public Task<IActionResult> OnPostMoveAsync([Bind(Prefix = "Move")] ScheduleInput move)
    {
        move.When = "at";
        return ScheduledAsync(move.ToSchedule());
    }

    private async Task<IActionResult> ScheduledAsync(BroadcastSchedule schedule)
    {
        var result = await grains.GetGrain<IBroadcastGrain>(Id).ScheduleAsync(schedule, Visitor.Actor);
        return Told(result, Texts["Did.schedule", schedule.LocalTime.Replace('T', ' '), schedule.TimeZone], result.IsDone ? $"/broadcasts/{Id}" : Here);
    }

    public async Task<IActionResult> OnPostTestAsync(string? address, string? language, CancellationToken cancellationToken)
    {
        if (await broadcasts.GetAsync(Id) is not { ChannelIds.Count: > 0 } broadcast) return NotFound();
        var addresses = (address ?? "").Split([',', ';', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().ToArray();
        if (addresses.Length is 0 or > BroadcastTests.MostAddresses)
        {
            Bad(addresses.Length == 0 ? Texts["Test.NoAddress"] : Texts["Test.Several", BroadcastTests.MostAddresses]);
            return LocalRedirect(Here);
        }

        await foreach (var (one, _, result) in tests.SendAsync(broadcast, addresses, language, null, Visitor.Actor, cancellationToken))
        {
            if (result.Accepted) continue;
            Bad($"{one}: {Texts["Test.Failed", Show.WhyNot(result)]}");
            return LocalRedirect(Here);
        }

        Good(Texts["Test.Sent", string.Join(", ", addresses)]);
        return LocalRedirect(Here);
    }

    private string Here => $"/broadcasts/{Id}/send";
}
