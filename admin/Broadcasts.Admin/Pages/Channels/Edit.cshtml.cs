using System.Globalization;
using System.Text.Json;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Channels;

/// <summary>One channel, new or there: the form is drawn from its transport's typed settings. Secrets are written and never shown.</summary>
internal sealed class EditModel(
    ChannelStore channels, ChannelService service, TransportCatalogue transports, TestMessages tests, BroadcastQueries broadcasts, ProgressFeed progress) : ConsolePage
{
    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Transport { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public RateInput Rate { get; set; } = new();

    /// <summary>The limits beside the rate, with room for more.</summary>
    [BindProperty]
    public List<RateInput> Limits { get; set; } = [];

    /// <summary>Seconds between two messages to one address.</summary>
    [BindProperty]
    public string? Spacing { get; set; }

    /// <summary>How many different addresses its account may write to.</summary>
    [BindProperty]
    public RateInput Recipients { get; set; } = new();

    /// <summary>The account that shares this limit.</summary>
    [BindProperty]
    public string? Account { get; set; }

    [BindProperty]
    public WhenInDoubt WhenInDoubt { get; set; }

    [BindProperty]
    public int Version { get; set; }

    public Channel? Channel { get; private set; }

    public TransportInfo? Info { get; private set; }

    public BudgetView? Budget { get; private set; }

    public RecipientLimitView? Reached { get; private set; }

    public IReadOnlyList<TransportInfo> Transports => transports.All;

    public IReadOnlyDictionary<string, string> Values { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<string> Users { get; private set; } = [];

    /// <summary>What the rate in the form would do to the broadcasts that run on this channel.</summary>
    public IReadOnlyList<RateEffect> Effects { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public bool CanPause { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync()) return NotFound();
        (Name, Rate, WhenInDoubt, Version) = (Channel?.Name ?? Info?.DisplayName.For(Visitor.Language), RateInput.Of(Channel?.Rate ?? DefaultRate()), Channel?.WhenInDoubt ?? default, Channel?.Version ?? 0);
        Values = Channel is null ? new Dictionary<string, string>() : Read(Channel.Settings);
        await LookAheadAsync(cancellationToken);
        return Page();
    }

    /// <summary>Saves nothing: shows what the rate that was typed would change.</summary>
    [Needs(Permission.ManageChannels)]
    public async Task<IActionResult> OnPostLookAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync() || Info is null) return NotFound();
        Values = Info.Fields.Where(f => !f.Secret).ToDictionary(f => f.Name, TextOf);
        await LookAheadAsync(cancellationToken);
        return Page();
    }

    [Needs(Permission.ManageChannels)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync() || Info is null) return NotFound();
        var texts = Info.Fields.ToDictionary(f => f.Name, TextOf);
        var problems = new List<Problem>();
        if (!Rate.TryRead(out var rate)) problems.Add(new("rate", "badRate", "A rate is at least one message per length of time."));
        if (problems.Count == 0)
        {
            var edit = new ChannelEdit(Name?.Trim() ?? "", Info.Id, SettingsValidator.FromText(Info.Fields, texts), rate) { MaySetSecrets = May(Permission.SetSecrets), WhenInDoubt = WhenInDoubt, MaxAttempts = Channel?.MaxAttempts ?? 5, RetryForMs = Channel?.RetryForMs ?? 86_400_000 };
            var (id, result) = Id == 0 ? await service.CreateAsync(edit, Visitor.Actor, cancellationToken) : (Id, await service.UpdateAsync(Id, edit, Version, Visitor.Actor, cancellationToken));
            if (result.IsDone) return Told(result, Texts[Id == 0 ? "Channels.Created" : "Channels.Saved"], $"/channels/{id}");
            problems.AddRange(result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))]);
        }

        Problems = problems;
        // A secret is not sent back, not even to whoever has just typed it.
        Values = texts.Where(t => !Info.Fields.First(f => f.Name == t.Key).Secret).ToDictionary();
        Response.StatusCode = 422;
        return Page();
    }

    [Needs(Permission.ManageChannels)]
    public async Task<IActionResult> OnPostLimitsAsync()
    {
        if (await channels.GetAsync(Id) is not { } channel) return NotFound();
        var limits = new List<SendRate>();
        foreach (var input in Limits)
        {
            if (!input.TryRead(out var limit)) return Refused("limits", "badRate", "A rate is at least one message per length of time.");
            if (limit is not null) limits.Add(limit);
        }

        if (!Recipients.TryRead(out var recipients)) return Refused("recipients", "badRecipients", RecipientLimit.BadCount);
        var seconds = 0m;
        if (!string.IsNullOrWhiteSpace(Spacing) && !decimal.TryParse(Spacing, NumberStyles.Number, CultureInfo.CurrentCulture, out seconds) || Math.Abs(seconds) > 1_000_000)
            return Refused("recipientSpacingMs", "badSpacing", "Between two messages to one address lie 0 to 86400000 milliseconds.");
        var edit = new ChannelLimits(channel.Rate, [.. limits], (long)(seconds * 1000))
        {
            Recipients = recipients is null ? null : new RecipientLimit(recipients.Count, recipients.PerMs, string.IsNullOrWhiteSpace(Account) ? null : Account.Trim()),
        };
        return Told(await service.SetLimitsAsync(Id, edit, Visitor.Actor), Texts["Limits.Saved"], Here);
    }

    [Needs(Permission.PauseChannels)]
    public async Task<IActionResult> OnPostPauseAsync() =>
        Told(await service.PauseAsync(Id, Visitor.Actor), Texts["Channels.DidPause"], Here);

    [Needs(Permission.PauseChannels)]
    public async Task<IActionResult> OnPostResumeAsync() =>
        Told(await service.ResumeAsync(Id, Visitor.Actor), Texts["Channels.DidResume"], Here);

    [Needs(Permission.ManageChannels)]
    public async Task<IActionResult> OnPostDeleteAsync()
    {
        var result = await service.DeleteAsync(Id, Visitor.Actor);
        return Told(result, Texts["Did.delete"], result.IsDone ? "/channels" : Here);
    }

    [Needs(Permission.PauseChannels)]
    public async Task<IActionResult> OnPostTestAsync(CancellationToken cancellationToken)
    {
        var report = await service.TestAsync(Id, Visitor.Actor, cancellationToken);
        if (report.Works) Good(Texts["Channels.Works"]);
        else Bad(Texts["Channels.DoesNotWork", string.Join(" · ", new[] { Show.Reason(report.Reason), report.Problem }.Where(t => !string.IsNullOrEmpty(t)))]);
        return LocalRedirect(Here);
    }

    [Needs(Permission.PauseChannels)]
    public async Task<IActionResult> OnPostMessageAsync(string? address, string? text, CancellationToken cancellationToken)
    {
        if (!await LoadAsync() || Info is null) return NotFound();
        var words = string.IsNullOrWhiteSpace(text) ? Texts["Test.DefaultText"] : text;
        BroadcastPart part = Info.Capabilities.Content.HasFlag(ContentKinds.Text) ? new TextPart { Text = words } : new EmailPart { Subject = words, Text = words };
        var result = await tests.SendAsync(Id, address?.Trim() ?? "", part, null, Visitor.Actor, cancellationToken);
        if (result.Accepted) Good(Texts["Test.Sent", address]);
        else Bad(Texts["Test.Failed", Show.WhyNot(result)]);
        return LocalRedirect(Here);
    }

    public IEnumerable<Problem> At(string path) => Problems.Where(p => p.Path == path);

    public bool IsStored(SettingField field) => Channel?.StoredSecrets.Contains(field.Name) == true;

    // Two rows are left blank for more; each save brings two again.
    private static List<RateInput> InputsOf(SendRate[] limits) => [.. limits.Select(RateInput.Of), new RateInput { Unit = "minute" }, new RateInput { Unit = "day" }];

    private IActionResult Refused(string path, string code, string message) => Told(CommandResult.Invalid(new Problem(path, code, message)), "", Here);

    private string Here => $"/channels/{Id}";

    private async Task<bool> LoadAsync()
    {
        CanAdminister = May(Permission.ManageChannels);
        CanPause = May(Permission.PauseChannels);
        if (Id != 0)
        {
            Channel = await channels.GetAsync(Id);
            if (Channel is null) return false;
            Users = await channels.UsersAsync(Id);
            (Budget, Reached) = (await service.BudgetAsync(Id), await service.RecipientsAsync(Id));
            (Recipients, Account) = (Channel.Recipients is { } most ? RateInput.Of(most.Rate) : new RateInput { Unit = "day" }, Channel.Recipients?.Account);
            (Limits, Spacing) = (InputsOf(Channel.Limits), (Channel.RecipientSpacingMs / 1000m).ToString("0.###", CultureInfo.CurrentCulture));
            Transport = Channel.Transport;
        }

        Info = Transport is null ? null : transports.Find(Transport);
        return Id != 0 || Transport is null || Info is not null;
    }

    private async Task LookAheadAsync(CancellationToken cancellationToken)
    {
        if (Channel is null || !Rate.TryRead(out var then)) return;
        var running = new List<(BroadcastRow, double?)>();
        var list = await broadcasts.ListAsync(new() { ChannelId = Id, Status = BroadcastStatus.InProgress }, new() { Limit = 10 }, cancellationToken);
        foreach (var row in list.Items) running.Add((row, (await progress.GetAsync(row.Id, cancellationToken))?.OwnRate?.PerSecond));
        Effects = RateEffect.Of(running, Channel.Rate?.PerSecond, then?.PerSecond);
    }

    private SendRate? DefaultRate() => Info?.Capabilities.DefaultRatePerSecond is { } rate and >= 1 ? new SendRate((int)rate, 1000) : null;

    private string TextOf(SettingField field)
    {
        var given = Request.Form[$"s.{field.Name}"];
        return field.Type == SettingType.Boolean ? (given.Contains("true") ? "true" : "false") : given.ToString();
    }

    private static Dictionary<string, string> Read(string json) =>
        JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!.ToDictionary(p => p.Key, p => p.Value.ToString() is "True" or "False" ? p.Value.GetRawText() : p.Value.ToString());
}
