using System.Globalization;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Merge;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Storage;
using Broadcasts.Templates;

namespace Broadcasts.Broadcasting;

/// <summary>What must be right before a draft is saved, and before a broadcast may start.</summary>
internal sealed class BroadcastChecks(Database database, BroadcastStore broadcasts, SegmentStore segments, Exclusions exclusions, FieldStore fields, FileStore files, ChannelStore channels, TransportCatalogue transports, BundledTransports loader, PluginOptions options, MessageLinks links, TimeProvider time)
{
    private const int LongestName = 200;
    private const int LongestLabel = 50;
    private const int MostLabels = 20;
    private const int MostRoutes = 10;

    /// <summary>Whether a problem is a part's or a language's: what is being written is kept with it.</summary>
    public static bool IsOfContent(Problem problem) => problem.Path is "parts" or "language" || problem.Path.StartsWith("parts[", StringComparison.Ordinal) || problem.Path.StartsWith("variants[", StringComparison.Ordinal);

    public static IReadOnlyList<Problem> CheckName(string? name, string[] labels)
    {
        var problems = new List<Problem>();
        if (string.IsNullOrWhiteSpace(name)) problems.Add(new("name", "required", "A broadcast needs a name."));
        else if (name.Length > LongestName) problems.Add(new("name", "tooLong", $"The name is longer than {LongestName} characters.", $"{LongestName}"));
        if (labels.Length > MostLabels) problems.Add(new("labels", "tooMany", $"A broadcast has at most {MostLabels} labels.", $"{MostLabels}"));
        for (var i = 0; i < labels.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(labels[i]) || labels[i].Length > LongestLabel)
                problems.Add(new($"labels[{i}]", "badLabel", $"A label has 1 to {LongestLabel} characters.", $"{LongestLabel}"));
        }

        return problems;
    }

    /// <summary>A draft may be incomplete, but nothing in it may be wrong.</summary>
    public async Task<IReadOnlyList<Problem>> CheckDraftAsync(BroadcastDraft draft)
    {
        var problems = CheckName(draft.Name, draft.Labels).ToList();
        if (draft.Rate is { Count: < 1 } or { PerMs: < 1 }) problems.Add(new("sendRate", "badRate", "A rate is at least one message per length of time."));
        if (draft.Rate is not null && draft.SpreadOverMs is not null) problems.Add(new("sendRate", "twoRates", "Give a rate or a length of time to spread over, not both."));
        if (draft.SpreadOverMs is < 1000) problems.Add(new("sendRate", "badSpread", "A broadcast is spread over at least a second."));
        if (draft.ChannelId is { } channel && await channels.GetAsync(channel) is null) problems.Add(new("channelId", "channelGone", $"Channel {channel} does not exist.", $"{channel}"));
        await CheckRoutesAsync(draft, problems);
        CheckSafety(draft.SafetyJson, problems);
        // Whether it is over is no fault of a draft: it is asked when the draft is to go out.
        if (draft.Schedule is { IsAtOnce: false } schedule && ScheduleTime.ResolveFirst(schedule, DateTimeOffset.UnixEpoch, out _) is { } wrong) problems.Add(wrong);
        problems.AddRange(SendWindow.Check(draft.SendWindowJson));
        await CheckAudienceAsync(draft.AudienceJson, problems);
        if (ContentCompiler.Read(draft.PartsJson, problems) is { } parts) await CheckContentAsync(parts, draft.LanguagesJson, problems);
        return problems;
    }

    /// <summary>Everything that would make a broadcast fail as a whole is named before it starts.</summary>
    public async Task<IReadOnlyList<Problem>> CheckReadyAsync(Broadcast broadcast)
    {
        var problems = new List<Problem>(await CheckDraftAsync(broadcast.ToDraft()));
        if (broadcast.Audience is null) problems.Add(new("audience", "noAudience", "Choose who gets it."));
        var parts = broadcast.ReadParts();
        if (parts.Count == 0) problems.Add(new("parts", "noContent", "Write at least one message."));
        if (broadcast.ChannelIds.Count == 0) problems.Add(new("channelId", "noChannel", "Choose a channel."));
        foreach (var id in broadcast.ChannelIds)
        {
            if (await channels.GetAsync(id) is not { } channel) continue;
            await CatchUpAsync(channel);
            CheckTransport(channel, parts, problems);
        }

        if (broadcast.ReadAudience()?.RetryOf is { } parent) await CheckResendAsync(parent, broadcast, parts.Count, problems);
        return problems;
    }

    /// <summary>As <see cref="CheckReadyAsync"/>, and what is wrong with the time that was chosen for it.</summary>
    public async Task<IReadOnlyList<Problem>> CheckReadyInTimeAsync(Broadcast broadcast)
    {
        var problems = await CheckReadyAsync(broadcast);
        return problems.All(p => !p.Path.StartsWith("schedule", StringComparison.Ordinal)) && TimeProblem(broadcast) is { } late ? [.. problems, late] : problems;
    }

    private Problem? TimeProblem(Broadcast broadcast)
    {
        if (broadcast.State != BroadcastStatus.Draft) return null;
        var now = time.GetUtcNow();
        var at = now;
        return (broadcast.ReadSchedule() is { IsAtOnce: false } schedule ? ScheduleTime.ResolveFirst(schedule, now, out at) : null) ?? ScheduleTime.Expiry(broadcast, at);
    }

    // A resend goes on at the failed part of each recipient, to the address that the parent wrote to.
    private async Task CheckResendAsync(long parentId, Broadcast broadcast, int parts, List<Problem> problems)
    {
        if (await broadcasts.GetAsync(parentId) is not { } parent) return;
        var needed = parent.ReadParts().Count;
        if (parts != needed) problems.Add(new("parts", "resendParts", $"A resend has as many parts as the broadcast before it: {needed}.", $"{needed}"));
        if (broadcast.ChannelId is not { } id || id == parent.ChannelId || await channels.GetAsync(id) is not { } channel) return;
        if (await channels.GetAsync(parent.ChannelId ?? 0) is { } before && before.AddressKind != channel.AddressKind)
            problems.Add(new("channelId", "resendChannel", $"A resend goes to the same kind of address as the broadcast before it: {before.AddressKind}.", $"{before.AddressKind}"));
    }

    /// <summary>The rules as they are at the start: a later edit of a segment changes nothing.</summary>
    public async Task<AudienceRules> RulesAsync(Broadcast broadcast)
    {
        var audience = broadcast.ReadAudience();
        var json = audience?.SegmentId is { } id ? (await segments.GetAsync(id))!.Rule : audience?.Segment?.GetRawText();
        var less = new List<ExcludedSegment>();
        foreach (var excluded in (audience?.ExcludeSegmentIds ?? []).Distinct())
        {
            var segment = (await segments.GetAsync(excluded))!;
            less.Add(new ExcludedSegment { SegmentId = excluded, Name = segment.Name, Rule = (await ExpandedAsync(segment.Rule))! });
        }

        return new AudienceRules(await ExpandedAsync(json), less);
    }

    private async Task<string?> ExpandedAsync(string? json) => json is not null && SegmentRule.Parse(json, out _) is { } rule ? (await segments.ExpandAsync(rule)).ToJson() : json;

    /// <summary>The condition of a started broadcast, relative dates fixed at its start.</summary>
    public async Task<FrozenAudience> FrozenAudienceAsync(Broadcast broadcast)
    {
        var parts = broadcast.ReadParts();
        var rules = new AudienceRules(broadcast.FrozenRule, await exclusions.OfAsync(broadcast.Id));
        return Audience(broadcast.ReadAudience()!, rules, parts.Count, broadcast.StartedAt!.Value) with { AsksToConfirm = await AsksToConfirmAsync(broadcast.AllParts()) };
    }

    /// <summary>Whether a broadcast with these parts asks its recipients to confirm.</summary>
    public async Task<bool> AsksToConfirmAsync(IReadOnlyList<BroadcastPart> parts) =>
        new ContentCompiler(ContentCompiler.SchemaOf(await fields.ListAsync())).Compile(parts).Any(p => p.AsksToConfirm);

    /// <summary>The condition that an audience would freeze with at a moment.</summary>
    public FrozenAudience Audience(BroadcastAudience audience, AudienceRules rules, int parts, long at) =>
        (Whole(audience, rules.Rule, parts, at) with { InteractedOnly = audience.InteractedOnly }).Less([.. rules.Less.Select((segment, place) => Compile(segment.Rule, at, string.Create(CultureInfo.InvariantCulture, $"x{place}_")))]);

    private FrozenAudience Whole(BroadcastAudience audience, string? rule, int parts, long at)
    {
        if (audience.ContactIds is { } ids)
            return new(new SqlCondition(MergedContacts.Picked(database.Dialect), new Dictionary<string, object?> { ["picked"] = database.Dialect.List(ids) }), parts, null, null) { IsPicked = true };
        if (audience.ImportId is { } import)
            return new(new SqlCondition("EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = @import AND ic.contact_id = c.id)", new Dictionary<string, object?> { ["import"] = import }), parts, import, null);
        if (audience.RetryOf is { } parent) return new(new SqlCondition("1 = 0", new Dictionary<string, object?>()), parts, null, parent);
        return new(Compile(rule!, at, "s"), parts, null, null);
    }

    private SqlCondition Compile(string rule, long at, string prefix) => SegmentCompiler.Compile(
        SegmentRule.ParseExpanded(rule, out var problems) ?? throw new InvalidOperationException($"The frozen rule can't be read: {problems[0].Message}"), database.Dialect, at, prefix);

    private async Task CheckRoutesAsync(BroadcastDraft draft, List<Problem> problems)
    {
        if (draft.Routes.Length == 0) return;
        if (draft.ChannelId is not null) problems.Add(new("lastInteracted", "oneChannel", "Give a channel or the channels of lastInteracted, not both."));
        if (draft.Routes.Length > MostRoutes) problems.Add(new("lastInteracted", "tooManyChannels", $"At most {MostRoutes} channels.", $"{MostRoutes}"));
        if (draft.Routes.Distinct().Count() < draft.Routes.Length) problems.Add(new("lastInteracted", "channelTwice", "A channel is named twice."));
        foreach (var id in draft.Routes)
        {
            if (await channels.GetAsync(id) is null) problems.Add(new("lastInteracted", "channelGone", $"Channel {id} does not exist.", $"{id}"));
        }
    }

    private static void CheckSafety(string? json, List<Problem> problems)
    {
        try
        {
            if (json is not null) problems.AddRange((JsonSerializer.Deserialize<BroadcastSafety>(json, BroadcastJson.Options) ?? new()).Check());
        }
        catch (JsonException e)
        {
            problems.Add(new("canary", "notSafety", $"The canary and the error policy can't be read: {e.Message}", e.Message));
        }
    }

    private async Task CheckAudienceAsync(string? json, List<Problem> problems)
    {
        if (json is null) return;
        BroadcastAudience? audience;
        try
        {
            audience = JsonSerializer.Deserialize<BroadcastAudience>(json, BroadcastJson.Options);
        }
        catch (JsonException e)
        {
            problems.Add(new("audience", "notAudience", $"The audience can't be read: {e.Message}"));
            return;
        }

        var given = new object?[] { audience?.SegmentId, audience?.Segment, audience?.ContactIds, audience?.ImportId, audience?.RetryOf }.Count(g => g is not null);
        if (given != 1) problems.Add(new("audience", "oneAudience", "Give exactly one of segmentId, segment, contactIds and importId."));
        if (audience?.ContactIds is { Length: 0 }) problems.Add(new("audience", "nobody", "No contact is picked."));
        await CheckExcludedAsync(audience, problems);
        if (audience is { RetryOf: not null, InteractedOnly: true }) problems.Add(new("interactedOnly", "interactedResend", "A resend goes to those whom an earlier one failed, whoever of them wrote before."));
        if (audience?.SegmentId is { } id && await segments.GetAsync(id) is null) problems.Add(new("audience", "segmentGone", $"Segment {id} does not exist.", $"{id}"));
        if (audience?.Segment is not { } inline) return;
        if (SegmentRule.Parse(inline.GetRawText(), out var wrong) is { } rule) problems.AddRange(await segments.CheckMembersAsync(rule));
        else problems.AddRange(wrong.Select(p => p with { Path = $"segment{(p.Path.Length > 0 ? "." + p.Path : "")}" }));
    }

    private async Task CheckExcludedAsync(BroadcastAudience? audience, List<Problem> problems)
    {
        if (audience?.ExcludeSegmentIds is not { Length: > 0 } excluded) return;
        if (audience.RetryOf is not null) problems.Add(new("excludeSegmentIds", "excludeResend", "A resend goes to those whom an earlier one failed: no segment is taken out of them."));
        if (excluded.Length > BroadcastAudience.MostExcluded) problems.Add(new("excludeSegmentIds", "tooManyExcluded", $"At most {BroadcastAudience.MostExcluded} segments can be taken out.", $"{BroadcastAudience.MostExcluded}"));
        foreach (var id in excluded)
        {
            if (await segments.GetAsync(id) is null) problems.Add(new("excludeSegmentIds", "segmentGone", $"Segment {id} does not exist.", $"{id}"));
        }
    }

    /// <summary>What is wrong with the one part of a single message.</summary>
    public async Task<IReadOnlyList<Problem>> CheckPartAsync(Channel channel, BroadcastPart part)
    {
        var problems = new List<Problem>();
        await CheckPartsAsync([part], problems);
        await CatchUpAsync(channel);
        CheckTransport(channel, [part], problems);
        return [.. problems.Select(p => p with { Path = p.Path.Replace("parts[0]", "part", StringComparison.Ordinal) })];
    }

    private async Task CheckContentAsync(BroadcastPart[] parts, string? languagesJson, List<Problem> problems)
    {
        var languages = ReadLanguages(languagesJson, problems);
        LanguageParts[] contents = languages is null ? [new() { Language = "", Parts = parts }] : [new() { Language = languages.Language, Parts = parts }, .. languages.Variants];
        if (languages is not null) problems.AddRange(ContentLanguages.Check(contents, PathOf));
        for (var i = 0; i < contents.Length; i++) await CheckPartsAsync(contents[i].Parts, problems, PathOf(i));

        static string PathOf(int index) => index == 0 ? "" : $"variants[{index - 1}].";
    }

    private static ContentLanguages? ReadLanguages(string? json, List<Problem> problems)
    {
        try
        {
            return ContentLanguages.Read(json);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            problems.Add(new("variants", "notParts", $"The parts can't be read: {e.Message}"));
            return null;
        }
    }

    /// <summary>What is wrong with parts, wherever they are stored: texts, addresses of this service, files.</summary>
    public async Task CheckPartsAsync(BroadcastPart[] parts, List<Problem> problems, string prefix = "")
    {
        var compiler = new ContentCompiler(ContentCompiler.SchemaOf(await fields.ListAsync()));
        var compiled = compiler.Compile(parts, prefix);
        problems.AddRange(compiler.Problems);
        if (links.Samples.OptOut is null && compiled.SelectMany(p => p.Variables).FirstOrDefault(v => v.StartsWith(TemplateSchema.LinksPrefix, StringComparison.Ordinal)) is { } link)
            problems.Add(new($"{prefix}parts", "noPublicUrl", $"{link} is an address of this service, and it doesn't know how it is reached from outside: set PublicUrl, or take the link out.", link));
        var known = await files.LoadAsync(parts);
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i] is FilePart file && !known.ContainsKey(file.FileId)) problems.Add(new($"{prefix}parts[{i}].fileId", "fileGone", $"File {file.FileId} does not exist. Upload it first.", $"{file.FileId}"));
        }
    }

    /// <summary>Whether a channel can carry these parts.</summary>
    public IReadOnlyList<Problem> CheckChannel(Channel channel, IReadOnlyList<BroadcastPart> parts)
    {
        var problems = new List<Problem>();
        CheckTransport(channel, parts, problems);
        return problems;
    }

    // Another process of the cluster was just given it: it is loaded now, and not at the next look for such ones.
    private async Task CatchUpAsync(Channel channel)
    {
        if (options.IsCluster && transports.Find(channel.Transport) is null) await loader.LoadDesiredAsync(CancellationToken.None);
    }

    private void CheckTransport(Channel channel, IReadOnlyList<BroadcastPart> parts, List<Problem> problems)
    {
        if (transports.Find(channel.Transport) is not { } transport)
        {
            problems.Add(new("channelId", "transportGone", $"The transport '{channel.Transport}' of the channel '{channel.Name}' is not installed.", channel.Name, channel.Transport));
            return;
        }

        for (var i = 0; i < parts.Count; i++)
        {
            // Choices reach every channel that carries text: as numbered options.
            var needed = parts[i].Kind == ContentKinds.Choices ? ContentKinds.Text | ContentKinds.Choices : parts[i].Kind;
            if ((transport.Capabilities.Content & needed) == 0)
                problems.Add(new($"parts[{i}]", "unsupported", $"The channel '{channel.Name}' can't carry a part of type {parts[i].Kind}.", channel.Name, $"{parts[i].Kind}"));
        }
    }
}
