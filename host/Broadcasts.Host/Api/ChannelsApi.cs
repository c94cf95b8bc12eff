using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>What a caller writes of a channel. Secrets are settings like others; they never come back.</summary>
internal sealed record ChannelBody
{
    public required string Name { get; init; }

    /// <summary>Id of the transport; can't change later.</summary>
    public required string Transport { get; init; }

    public JsonElement? Settings { get; init; }

    public RateBody? Rate { get; init; }

    public WhenInDoubt WhenInDoubt { get; init; }

    public int MaxAttempts { get; init; } = 5;

    /// <summary>Seconds that a message is retried for.</summary>
    public int RetryForSeconds { get; init; } = 86_400;

    public ChannelEdit ToEdit(List<Problem> problems) => new(Name, Transport, Settings?.GetRawText() ?? "{}", Rate?.Read("rate", problems, canSpread: false).Rate)
    {
        WhenInDoubt = WhenInDoubt,
        MaxAttempts = MaxAttempts,
        RetryForMs = RetryForSeconds * 1_000L,
    };
}

/// <summary>A channel as the API tells it: without secrets.</summary>
internal sealed record ChannelAnswer
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string Transport { get; init; }

    public required string AddressKind { get; init; }

    public required JsonElement Settings { get; init; }

    /// <summary>Secret settings that hold a value.</summary>
    public required string[] StoredSecrets { get; init; }

    public required ChannelStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    public RateBody? Rate { get; init; }

    public required WhenInDoubt WhenInDoubt { get; init; }

    public required int MaxAttempts { get; init; }

    public required int RetryForSeconds { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public static ChannelAnswer Of(Channel channel)
    {
        using var settings = JsonDocument.Parse(channel.Settings);
        return new()
        {
            Id = channel.Id,
            Name = channel.Name,
            Transport = channel.Transport,
            AddressKind = channel.AddressKind.Name(),
            Settings = settings.RootElement.Clone(),
            StoredSecrets = channel.StoredSecrets,
            Status = channel.Status,
            StatusReason = channel.StatusReason is { } reason ? Reasons.NameOf((int)reason) : null,
            StatusDetail = channel.StatusDetail,
            Rate = RateBody.Of(channel.Rate),
            WhenInDoubt = channel.WhenInDoubt,
            MaxAttempts = channel.MaxAttempts,
            RetryForSeconds = (int)Math.Min(int.MaxValue, channel.RetryForMs / 1_000),
            Version = channel.Version,
            CreatedAt = Times.Of(channel.CreatedAt),
            UpdatedAt = Times.Of(channel.UpdatedAt),
        };
    }
}

/// <summary>A change of a channel: members that are missing stay; a secret that is missing keeps its value.</summary>
internal sealed record ChannelPatchBody
{
    public string? Name { get; init; }

    public JsonElement? Settings { get; init; }

    public RateBody? Rate { get; init; }

    public WhenInDoubt? WhenInDoubt { get; init; }

    public int? MaxAttempts { get; init; }

    public int? RetryForSeconds { get; init; }

    /// <summary>The version that the change was made from. Default: the one that is stored.</summary>
    public int? Version { get; init; }
}

/// <summary>A budget as the API tells it.</summary>
internal sealed record BudgetAnswer(RateBody? Rate, IReadOnlyList<WindowAnswer> Limits, long RecipientSpacingMs, RecipientsAnswer? Recipients, double? EffectivePerSecond, DateTimeOffset? ThrottledUntil, double UsedPerSecond);

/// <summary>A limit beside the rate: what it allows, what is used of it now, and when it has room again while it has none.</summary>
internal sealed record WindowAnswer(int? Count, RateUnit? Per, int Used, DateTimeOffset? FullUntil)
{
    public static WindowAnswer Of(WindowView window)
    {
        var limit = RateBody.Of(window.Limit)!;
        return new(limit.Count, limit.Per, window.Used, Times.Of(window.FullUntil));
    }
}

/// <summary>How many different addresses the account may write to, how many it has, and when it may write to a new one while it may not.</summary>
internal sealed record RecipientsAnswer(int? Count, RateUnit? Per, string? Account, int Used, DateTimeOffset? FullUntil)
{
    public static RecipientsAnswer? Of(RecipientLimitView? view) =>
        view is not null && RateBody.Of(view.Limit.Rate) is { } limit ? new(limit.Count, limit.Per, view.Limit.Account, view.Used, Times.Of(view.FullUntil)) : null;
}

/// <summary>How many different addresses an account may write to in any so long time.</summary>
internal sealed record RecipientsBody
{
    public int? Count { get; init; }

    /// <summary>Default: a day.</summary>
    public RateUnit? Per { get; init; }

    /// <summary>Channels that name the same account share the limit. Default: it is the channel's own.</summary>
    public string? Account { get; init; }

    public static RecipientsBody? Of(RecipientLimit? limit) => limit is null ? null : new() { Count = limit.Count, Per = RateBody.Of(limit.Rate)!.Per, Account = limit.Account };

    public RecipientLimit? Read(List<Problem> problems) =>
        new RateBody { Count = Count, Per = Per ?? RateUnit.Day }.Read("recipients", problems, canSpread: false).Rate is { } limit ? new(limit.Count, limit.PerMs, Account) : null;
}

/// <summary>What an account may send. Members that are missing stay, null takes away.</summary>
internal sealed record BudgetBody
{
    /// <summary>The pace; null for as fast as the provider answers.</summary>
    public RateBody? Rate { get; init; }

    /// <summary>More limits, over other lengths of time; all hold at once.</summary>
    public RateBody[] Limits { get; init; } = [];

    /// <summary>Least time between two messages to one address.</summary>
    public long RecipientSpacingMs { get; init; }

    /// <summary>The most different addresses; null for any number.</summary>
    public RecipientsBody? Recipients { get; init; }

    /// <summary>The limits after a change; what the change does not name stays exactly as it was.</summary>
    public static ChannelLimits Patch(Channel channel, JsonElement change, List<Problem> problems)
    {
        var stored = new BudgetBody
        {
            Rate = RateBody.Of(channel.Rate),
            Limits = [.. channel.Limits.Select(l => RateBody.Of(l)!)],
            RecipientSpacingMs = channel.RecipientSpacingMs,
            Recipients = RecipientsBody.Of(channel.Recipients),
        };
        var body = ApiJson.Patch(stored, change);
        var rate = change.TryGetProperty("rate", out _) ? body.Rate?.Read("rate", problems, canSpread: false).Rate : channel.Rate;
        var limits = change.TryGetProperty("limits", out _) ? body.Limits.Select((l, i) => l.Read($"limits[{i}]", problems, canSpread: false).Rate).OfType<SendRate>().ToArray() : channel.Limits;
        var recipients = change.TryGetProperty("recipients", out _) ? body.Recipients?.Read(problems) : channel.Recipients;
        return new ChannelLimits(rate, limits, body.RecipientSpacingMs) { Recipients = recipients };
    }
}

/// <summary>Channels and their budgets.</summary>
internal static class ChannelsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/channels").WithTags("Channels");
        group.MapGet("", async (ChannelStore store) => new ListAnswer<ChannelAnswer>([.. (await store.ListAsync()).Select(ChannelAnswer.Of)], null)).Needs(Permission.Read);
        group.MapPost("", CreateAsync).Needs(Permission.ManageChannels).Produces<ChannelAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", GetAsync).Needs(Permission.Read).Produces<ChannelAnswer>();
        group.MapPatch("{id:long}", PatchAsync).Needs(Permission.ManageChannels).Produces<ChannelAnswer>();
        group.MapDelete("{id:long}", async (long id, ChannelService channels, HttpContext http) =>
            await channels.DeleteAsync(id, http.Actor()) is { IsDone: false } refused ? ApiProblems.Of(refused) : Results.NoContent()).Needs(Permission.ManageChannels);
        group.MapPost("{id:long}/test", TestAsync).Needs(Permission.PauseChannels).Produces<ConnectionReport>();
        group.MapPost("{id:long}/pause", (long id, ChannelService channels, ChannelStore store, HttpContext http) => DoAsync(id, channels.PauseAsync(id, http.Actor()), store)).Needs(Permission.PauseChannels).Produces<ChannelAnswer>();
        group.MapPost("{id:long}/resume", (long id, ChannelService channels, ChannelStore store, HttpContext http) => DoAsync(id, channels.ResumeAsync(id, http.Actor()), store)).Needs(Permission.PauseChannels).Produces<ChannelAnswer>();
        group.MapGet("{id:long}/budget", GetBudgetAsync).Needs(Permission.Read).Produces<BudgetAnswer>();
        group.MapPatch("{id:long}/budget", SetBudgetAsync).Needs(Permission.ManageChannels).Accepts<BudgetBody>("application/json").Produces<BudgetAnswer>();
    }

    private static async Task<IResult> CreateAsync(ChannelBody body, ChannelService channels, ChannelStore store, HttpContext http)
    {
        var problems = new List<Problem>();
        var edit = body.ToEdit(problems);
        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var (id, result) = await channels.CreateAsync(edit with { MaySetSecrets = http.Caller().May.Has(Permission.SetSecrets) }, http.Actor());
        return result.IsDone ? Results.Created($"/api/v1/channels/{id}", ChannelAnswer.Of((await store.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> GetAsync(long id, ChannelStore store) =>
        await store.GetAsync(id) is { } channel ? Results.Ok(ChannelAnswer.Of(channel)) : ApiProblems.NotFound($"Channel {id}");

    private static async Task<IResult> PatchAsync(long id, ChannelPatchBody body, ChannelService channels, ChannelStore store, HttpContext http)
    {
        if (await store.GetAsync(id) is not { } channel) return ApiProblems.NotFound($"Channel {id}");
        var problems = new List<Problem>();
        var rate = body.Rate is null ? channel.Rate : body.Rate.Read("rate", problems, canSpread: false).Rate;
        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var edit = new ChannelEdit(body.Name ?? channel.Name, channel.Transport, MergeSettings(channel.Settings, body.Settings), rate)
        {
            MaySetSecrets = http.Caller().May.Has(Permission.SetSecrets),
            WhenInDoubt = body.WhenInDoubt ?? channel.WhenInDoubt,
            MaxAttempts = body.MaxAttempts ?? channel.MaxAttempts,
            RetryForMs = body.RetryForSeconds * 1_000L ?? channel.RetryForMs,
        };
        return await DoAsync(id, channels.UpdateAsync(id, edit, body.Version ?? channel.Version, http.Actor()), store);
    }

    private static async Task<IResult> TestAsync(long id, ChannelService channels, ChannelStore store, HttpContext http) =>
        await store.GetAsync(id) is null ? ApiProblems.NotFound($"Channel {id}") : Results.Ok(await channels.TestAsync(id, http.Actor(), http.RequestAborted));

    private static async Task<IResult> GetBudgetAsync(long id, ChannelStore store, ChannelService channels)
    {
        if (await store.GetAsync(id) is not { } channel) return ApiProblems.NotFound($"Channel {id}");
        var view = await channels.BudgetAsync(id);
        return Results.Ok(new BudgetAnswer(RateBody.Of(channel.Rate), [.. view.Windows.Select(WindowAnswer.Of)], channel.RecipientSpacingMs, RecipientsAnswer.Of(await channels.RecipientsAsync(id)), view.EffectivePerSecond, Times.Of(view.ThrottledUntil), view.UsedPerSecond));
    }

    private static async Task<IResult> SetBudgetAsync(long id, JsonElement body, ChannelService channels, ChannelStore store, HttpContext http)
    {
        if (await store.GetAsync(id) is not { } channel) return ApiProblems.NotFound($"Channel {id}");
        var problems = new List<Problem>();
        var limits = BudgetBody.Patch(channel, body, problems);
        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var result = await channels.SetLimitsAsync(id, limits, http.Actor());
        return result.IsDone ? await GetBudgetAsync(id, store, channels) : ApiProblems.Of(result);
    }

    private static async Task<IResult> DoAsync(long id, Task<CommandResult> command, ChannelStore store)
    {
        var result = await command;
        return result.IsDone ? Results.Ok(ChannelAnswer.Of((await store.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static string MergeSettings(string stored, JsonElement? changes)
    {
        if (changes is not { } given) return stored;
        if (given.ValueKind != JsonValueKind.Object) throw new JsonException("could not be converted", "$.settings", null, null);
        var merged = System.Text.Json.Nodes.JsonNode.Parse(stored)!.AsObject();
        foreach (var member in given.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null) merged.Remove(member.Name);
            else merged[member.Name] = System.Text.Json.Nodes.JsonNode.Parse(member.Value.GetRawText());
        }

        return merged.ToJsonString();
    }
}
