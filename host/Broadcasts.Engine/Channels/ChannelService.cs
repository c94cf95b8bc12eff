using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Security;

namespace Broadcasts.Channels;

/// <summary>Channels as people change them: settings checked against the transport's form and by the transport itself, secrets kept apart.</summary>
internal sealed class ChannelService(ChannelStore store, ChannelRuntimes runtimes, PluginHost plugins, TransportCatalogue transports, AuditStore audit, DispatchSignal dispatch, RecipientLimits recipients, OutsideAddresses outside, IGrainFactory grains)
{
    private const int LongestName = 100;

    public async Task<(long Id, CommandResult Result)> CreateAsync(ChannelEdit edit, string actor, CancellationToken cancellationToken = default)
    {
        var (plan, problems) = await CheckAsync(edit, null, cancellationToken);
        if (plan is null) return (0, CommandResult.Invalid([.. problems]));
        if (await store.FindAsync(edit.Name) is not null) return (0, NameTaken(edit.Name));
        var id = await store.CreateAsync(edit, plan.Kind, plan.Plain, plan.Secret, new ChannelAct(actor, "create", edit.Name) { Secrets = plan.Sent });
        return (id, new CommandResult { Version = 1 });
    }

    public async Task<CommandResult> UpdateAsync(long id, ChannelEdit edit, int expectedVersion, string actor, CancellationToken cancellationToken = default)
    {
        if (await store.GetAsync(id) is not { } channel) return CommandResult.NotFound($"Channel {id}");
        var (plan, problems) = await CheckAsync(edit with { Transport = channel.Transport }, channel, cancellationToken);
        if (plan is null) return CommandResult.Invalid([.. problems]);
        if (await store.FindAsync(edit.Name) is { } other && other != id) return NameTaken(edit.Name);
        if (!await store.UpdateAsync(id, edit, plan.Kind, plan.Plain, plan.Secret, expectedVersion, new ChannelAct(actor, "edit", edit.Name) { Secrets = plan.Sent }))
            return new CommandResult { Code = CommandCode.Changed, Version = channel.Version, Message = $"Somebody saved this channel meanwhile (version {channel.Version}, yours was {expectedVersion}). Look at the change and save again." };
        if (edit.Rate != channel.Rate) await grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(id)).ReloadAsync();
        if (runtimes.Find(id) is not null) await runtimes.OpenAsync(id, cancellationToken);
        dispatch.Set();
        return new CommandResult { Version = expectedVersion + 1 };
    }

    public async Task<CommandResult> DeleteAsync(long id, string actor)
    {
        if (await store.GetAsync(id) is not { } channel) return CommandResult.NotFound($"Channel {id}");
        if (await store.UsersAsync(id) is { Count: > 0 } users)
            return CommandResult.Refused(new Problem("", "channelInUse", $"The channel '{channel.Name}' is used by: {string.Join(", ", users)}.", channel.Name, string.Join(", ", users)));
        if (!await store.DeleteAsync(id, new ChannelAct(actor, "delete", channel.Name) { Secrets = channel.StoredSecrets }))
            return CommandResult.Refused(new Problem("", "channelOnRecord", $"Finished broadcasts were sent over the channel '{channel.Name}', and their record names it. Pause it instead.", channel.Name));
        await plugins.CloseAsync(id.ToString(CultureInfo.InvariantCulture));
        return new CommandResult();
    }

    public Task<CommandResult> PauseAsync(long id, string actor) => grains.GetGrain<IChannelGrain>(id).PauseAsync(actor);

    public Task<CommandResult> ResumeAsync(long id, string actor) => grains.GetGrain<IChannelGrain>(id).ResumeAsync(actor);

    public Task<CommandResult> SetLimitsAsync(long id, ChannelLimits limits, string actor) => grains.GetGrain<IChannelGrain>(id).SetLimitsAsync(limits, actor);

    /// <summary>What of the channel's limits is in force and in use.</summary>
    public Task<BudgetView> BudgetAsync(long id) => grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(id)).LookAsync();

    /// <summary>How many different addresses its account may write to, and how many it has; null without such a limit.</summary>
    public Task<RecipientLimitView?> RecipientsAsync(long id) => recipients.LookAsync(id);

    /// <summary>Proves settings and credentials by a harmless call of the transport.</summary>
    public async Task<ConnectionReport> TestAsync(long id, string actor, CancellationToken cancellationToken = default)
    {
        if (await runtimes.OpenAsync(id, cancellationToken) is not { } runtime) return new(false, $"Channel {id} does not exist.");
        await audit.AppendAsync(actor, "channel.test", Subject(id), null, cancellationToken);
        if (runtime.Transport.Problem is { } problem) return ConnectionReport.Of(problem);
        if (!runtime.Transport.CanTest) return new(true, null);
        var result = await runtime.Transport.TestAsync(cancellationToken);
        return result.Error is { } error ? new(false, error)
            : result.Value is { } outcome ? ConnectionReport.Of(outcome)
            : new(true, null);
    }

    private async Task<(Checked? Plan, IReadOnlyList<Problem> Problems)> CheckAsync(ChannelEdit edit, Channel? current, CancellationToken cancellationToken)
    {
        var problems = new List<Problem>();
        if (string.IsNullOrWhiteSpace(edit.Name) || edit.Name.Trim().Length > LongestName) problems.Add(new("name", "badName", $"A channel's name has 1 to {LongestName} characters.", $"{LongestName}"));
        problems.AddRange(new ChannelLimits(edit.Rate, current?.Limits ?? [], 0).Check());
        if (edit.MaxAttempts is < 1 or > 50) problems.Add(new("maxAttempts", "outOfRange", "A message is tried 1 to 50 times.", "1", "50"));
        if (edit.RetryForMs < 0) problems.Add(new("retryFor", "negative", "The time for retries can't be negative."));
        if (transports.Find(edit.Transport) is not { } transport)
        {
            problems.Add(new("transport", "unknownTransport", $"There is no transport '{edit.Transport}'. Installed: {string.Join(", ", transports.All.Select(t => t.Id))}.", edit.Transport));
            return (null, problems);
        }

        var check = SettingsValidator.Check(transport.Fields, edit.SettingsJson, current?.StoredSecrets);
        problems.AddRange(check.Problems.Select(p => p with { Path = PathOf(p.Path) }));
        problems.AddRange(InsideProblems(check.PlainJson));
        // Whoever may not set secrets may not have the stored one sent to another server either.
        if (!edit.MaySetSecrets && (check.Secrets.Count > 0 || (current?.StoredSecrets.Length > 0 && !JsonNode.DeepEquals(JsonNode.Parse(check.PlainJson), JsonNode.Parse(current.Settings)))))
            problems.Add(new("settings", "secretsNotYours", "The settings of a channel that holds secrets need the permission secrets.set."));
        if (problems.Count > 0) return (null, problems);

        // A secret that was not sent again keeps its stored value.
        var secrets = current is null ? [] : JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await store.ReadSettingsAsync(current.Id))!
            .Where(s => transport.Fields.Any(f => f.Secret && f.Name == s.Key)).ToDictionary(s => s.Key, s => s.Value.ToString());
        foreach (var (name, value) in check.Secrets) secrets[name] = value;
        var kind = AddressKindNames.Parse(transports.AddressKindOf(edit.Transport, check.PlainJson));
        if (kind is null) return (null, [new Problem("settings.addressKind", "noAddressKind", "The settings do not say which kind of address the channel writes to.")]);

        var settings = runtimes.SettingsOf(new Channel { Id = current?.Id ?? 0, Name = edit.Name, Transport = edit.Transport, AddressKind = kind.Value, Settings = check.PlainJson, Status = ChannelStatus.Active },
            SettingsValidator.Merge(check.PlainJson, secrets));
        var wrong = await plugins.ValidateAsync(settings, cancellationToken);
        return wrong.Count > 0
            ? (null, [.. wrong.Select(p => new Problem(PathOf(p.Setting), "setting", p.Message, p.MessageEs ?? p.Message))])
            : (new Checked(kind.Value, check.PlainJson, JsonSerializer.Serialize(secrets), [.. check.Secrets.Keys]), []);
    }

    // What can be seen already; a name is looked at when it is resolved.
    private IEnumerable<Problem> InsideProblems(string plainJson) =>
        from setting in JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(plainJson)!
        where setting.Value.ValueKind == JsonValueKind.String && Uri.TryCreate(setting.Value.GetString(), UriKind.Absolute, out var address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps) && outside.Refuses(address)
        select new Problem(PathOf(setting.Key), "addressInside", $"{setting.Value.GetString()} leads inside, where addresses that somebody typed may not go. Whoever runs the service can permit it: Broadcasts:Network:Allow.", setting.Value.GetString() ?? "");

    private static string PathOf(string setting) => setting.Length == 0 ? "settings" : $"settings.{setting}";

    private static CommandResult NameTaken(string name) => CommandResult.Invalid(new Problem("name", "nameTaken", $"There is a channel '{name.Trim()}' already.", name.Trim()));

    private static string Subject(long id) => string.Create(CultureInfo.InvariantCulture, $"channel:{id}");

    // The secrets by name that were written anew.
    private sealed record Checked(AddressKind Kind, string Plain, string Secret, string[] Sent);
}

/// <summary>Whether a channel's provider answered.</summary>
/// <param name="Works">It did.</param>
/// <param name="Problem">What the provider or the plugin said against it.</param>
internal sealed record ConnectionReport(bool Works, string? Problem)
{
    /// <summary>Name of the reason, where there is one.</summary>
    public string? Reason { get; init; }

    public static ConnectionReport Of(SendOutcome outcome) => new(false, $"{outcome.Code} {outcome.Detail}".Trim()) { Reason = Reasons.NameOf((int)(outcome.Reason ?? FailureReason.Unclassified)) };
}
