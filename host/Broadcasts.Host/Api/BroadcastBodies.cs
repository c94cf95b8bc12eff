using System.Globalization;
using System.Text.Json;
using System.Xml;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;

namespace Broadcasts.Host.Api;

/// <summary>What a caller writes of a broadcast. Exactly one audience: segmentId, segment, contactIds or importId.</summary>
internal sealed record BroadcastBody
{
    public required string Name { get; init; }

    public string[] Labels { get; init; } = [];

    public long? ChannelId { get; init; }

    /// <summary>Instead of channelId: channels in their order. A contact gets it on the one that it wrote on last, else on the first that reaches it.</summary>
    public long[]? LastInteracted { get; init; }

    public long? SegmentId { get; init; }

    /// <summary>An unsaved rule.</summary>
    public JsonElement? Segment { get; init; }

    public long[]? ContactIds { get; init; }

    public long? ImportId { get; init; }

    /// <summary>Saved segments whose contacts do not get it; up to five.</summary>
    public long[]? ExcludeSegmentIds { get; init; }

    /// <summary>Only those who wrote on its channel before.</summary>
    public bool InteractedOnly { get; init; }

    public BroadcastPart[] Parts { get; init; } = [];

    /// <summary>The language of <see cref="Parts"/>; needed when there are others.</summary>
    public string? Language { get; init; }

    /// <summary>The content in other languages: each contact gets that of its own, else the first in this order with the same root, else the parts.</summary>
    public LanguageParts[]? Variants { get; init; }

    /// <summary>Instead of parts: those of this template. They are copied: what the template says later changes nothing.</summary>
    public long? TemplateId { get; init; }

    /// <summary>Default: the template's present version.</summary>
    public int? TemplateVersion { get; init; }

    public RateBody? SendRate { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public CanaryBody? Canary { get; init; }

    /// <summary>So many equal permanent content faults in a row pause it; 0 never does. Default 20.</summary>
    public int? SameFaults { get; init; }

    /// <summary>The workspace's frequency cap does not hold for it.</summary>
    public bool IgnoreFrequencyCap { get; init; }

    /// <summary>Days and hours in which messages may leave.</summary>
    public SendWindow? SendWindow { get; init; }

    /// <summary>The content as the engine takes it, or what is wrong.</summary>
    public BroadcastDraft ToDraft(List<Problem> problems)
    {
        var rate = SendRate?.Read("sendRate", problems) ?? default;
        return new BroadcastDraft
        {
            Name = Name,
            Labels = Labels,
            ChannelId = ChannelId,
            AudienceJson = ReadAudience(problems),
            PartsJson = JsonSerializer.Serialize(Parts, BroadcastJson.Options),
            LanguagesJson = ReadLanguages(problems),
            TemplateId = TemplateId ?? 0,
            TemplateVersion = TemplateVersion,
            Rate = rate.Rate,
            SpreadOverMs = rate.SpreadOverMs,
            ExpiresAt = ExpiresAt?.ToUnixTimeMilliseconds(),
            SafetyJson = ReadSafety(problems),
            Routes = LastInteracted ?? [],
            SendWindowJson = SendWindow is null ? null : JsonSerializer.Serialize(SendWindow, BroadcastJson.Options),
        };
    }

    public static BroadcastBody Of(BroadcastDetails details) => new()
    {
        Name = details.Row.Name,
        Labels = details.Row.Labels,
        ChannelId = details.Row.ChannelId,
        LastInteracted = details.Routes.Length == 0 ? null : details.Routes,
        SegmentId = details.Audience?.SegmentId,
        Segment = details.Audience?.Segment,
        ContactIds = details.Audience?.ContactIds,
        ImportId = details.Audience?.ImportId,
        ExcludeSegmentIds = details.Audience?.ExcludeSegmentIds,
        InteractedOnly = details.Audience?.InteractedOnly == true,
        Parts = details.Parts,
        Language = details.Languages?.Language,
        Variants = details.Languages?.Variants,
        TemplateId = details.Template?.Id,
        TemplateVersion = details.Template?.Version,
        SendRate = RateBody.Of(details.Rate, details.SpreadOver),
        ExpiresAt = details.ExpiresAt,
        Canary = CanaryBody.Of(details.Safety.Canary),
        SameFaults = details.Safety.SameFaults,
        IgnoreFrequencyCap = details.Safety.IgnoresFrequencyCap,
        SendWindow = details.SendWindow,
    };

    private string ReadLanguages(List<Problem> problems)
    {
        if (Variants is not { Length: > 0 }) return "";
        if (Language is null) problems.Add(new Problem("language", "required", "Say in which language the parts are, so that their readers get them."));
        if (Array.Exists(Variants, v => v is null)) problems.Add(new Problem("variants", "noPart", "A variant is an object with language and parts."));
        return problems.Count > 0 ? "" : ContentLanguages.Write(new ContentLanguages { Language = ContentLanguages.CodeOf(Language), Variants = [.. Variants.Select(v => new LanguageParts { Language = ContentLanguages.CodeOf(v.Language), Parts = v.Parts ?? [] })] })!;
    }

    private string? ReadSafety(List<Problem> problems)
    {
        var safety = new BroadcastSafety { Canary = Canary?.Read(problems), SameFaults = SameFaults, IgnoresFrequencyCap = IgnoreFrequencyCap };
        return safety == new BroadcastSafety() ? null : JsonSerializer.Serialize(safety, BroadcastJson.Options);
    }

    private string? ReadAudience(List<Problem> problems)
    {
        var given = new (string Name, bool IsGiven)[] { ("segmentId", SegmentId is not null), ("segment", Segment is not null), ("contactIds", ContactIds is not null), ("importId", ImportId is not null) };
        if (given.Count(g => g.IsGiven) > 1)
        {
            problems.Add(new Problem(given.Last(g => g.IsGiven).Name, "oneAudience", $"Give one audience, not {string.Join(" and ", given.Where(g => g.IsGiven).Select(g => g.Name))}."));
            return null;
        }

        var excluded = ExcludeSegmentIds is { Length: > 0 } ids ? ids : null;
        if (given.Any(g => g.IsGiven))
            return JsonSerializer.Serialize(new BroadcastAudience { SegmentId = SegmentId, Segment = Segment, ContactIds = ContactIds, ImportId = ImportId, ExcludeSegmentIds = excluded, InteractedOnly = InteractedOnly }, BroadcastJson.Options);
        if (excluded is not null) problems.Add(new Problem("excludeSegmentIds", "excludeAlone", "Say from whom it is taken out: segmentId, segment, contactIds or importId."));
        return null;
    }
}

/// <summary>Sent to a few first: <c>{count}</c> or <c>{percent}</c> of them.</summary>
internal sealed record CanaryBody
{
    public int? Count { get; init; }

    public double? Percent { get; init; }

    /// <summary>ISO 8601 duration after the canary's last answer, up to seven days. Default <c>PT10M</c>.</summary>
    public string? Wait { get; init; }

    /// <summary>More failures than this hold the rest, in percent. Default 5.</summary>
    public double? MaxFailedPercent { get; init; }

    /// <summary>More opt-outs than this hold the rest, in percent. Default 1.</summary>
    public double? MaxOptOutPercent { get; init; }

    public static CanaryBody? Of(CanaryPlan? plan) => plan is null ? null : new()
    {
        Count = plan.Count,
        Percent = plan.Percent,
        Wait = XmlConvert.ToString(TimeSpan.FromMilliseconds(plan.WaitMs)),
        MaxFailedPercent = plan.MaxFailedPercent,
        MaxOptOutPercent = plan.MaxOptOutPercent,
    };

    public CanaryPlan Read(List<Problem> problems)
    {
        var usual = new CanaryPlan();
        return new()
        {
            Count = Count,
            Percent = Percent,
            WaitMs = ReadWait(problems) ?? usual.WaitMs,
            MaxFailedPercent = MaxFailedPercent ?? usual.MaxFailedPercent,
            MaxOptOutPercent = MaxOptOutPercent ?? usual.MaxOptOutPercent,
        };
    }

    private long? ReadWait(List<Problem> problems)
    {
        if (Wait is null) return null;
        try
        {
            return (long)XmlConvert.ToTimeSpan(Wait).TotalMilliseconds;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            problems.Add(new Problem("canary.wait", "duration", "An ISO 8601 duration of at most seven days: PT10M.", Wait));
            return null;
        }
    }
}

/// <summary>What may come with a send.</summary>
internal sealed record SendBody
{
    /// <summary>Nothing leaves before so many seconds, in which undo takes it back; 0 to 3600. Default 0.</summary>
    public int UndoSeconds { get; init; }
}

/// <summary>Where the rest of a paused broadcast goes.</summary>
internal sealed record MoveBody
{
    public required long ChannelId { get; init; }

    /// <summary>Only says what it would mean.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What may come with a refusal.</summary>
internal sealed record RejectBody
{
    public string? Why { get; init; }
}

/// <summary>The length of time of a rate.</summary>
internal enum RateUnit
{
    Second,
    Minute,
    Hour,
    Day,
}

/// <summary>A pace: <c>{count, per}</c>, or <c>{spreadOver}</c> as an ISO 8601 duration.</summary>
internal sealed record RateBody
{
    public int? Count { get; init; }

    public RateUnit? Per { get; init; }

    public string? SpreadOver { get; init; }

    /// <summary>Null for none.</summary>
    public static RateBody? Of(SendRate? rate, TimeSpan? spreadOver = null)
    {
        if (rate is not null)
        {
            // A count per any other length of time is told per hour, as near as whole messages come.
            return rate.PerMs switch
            {
                1_000 => new RateBody { Count = rate.Count, Per = RateUnit.Second },
                60_000 => new RateBody { Count = rate.Count, Per = RateUnit.Minute },
                3_600_000 => new RateBody { Count = rate.Count, Per = RateUnit.Hour },
                86_400_000 => new RateBody { Count = rate.Count, Per = RateUnit.Day },
                _ => new RateBody { Count = (int)Math.Clamp(Math.Round(rate.PerSecond * 3600), 1, int.MaxValue), Per = RateUnit.Hour },
            };
        }

        return spreadOver is { } spread ? new RateBody { SpreadOver = XmlConvert.ToString(spread) } : null;
    }

    public (SendRate? Rate, long? SpreadOverMs) Read(string path, List<Problem> problems, bool canSpread = true)
    {
        if (SpreadOver is not null)
        {
            if (!canSpread) problems.Add(new Problem($"{path}.spreadOver", "notHere", "A channel's rate is {count, per}."));
            else if (Count is not null || Per is not null) problems.Add(new Problem(path, "oneRate", "Give {count, per} or {spreadOver}, not both."));
            else if (ReadDuration(SpreadOver) is { } spread) return (null, (long)spread.TotalMilliseconds);
            else problems.Add(new Problem($"{path}.spreadOver", "duration", "An ISO 8601 duration from a second to 30 days: PT2H30M.", SpreadOver));
            return default;
        }

        if (Count is not { } count || Per is not { } per) problems.Add(new Problem(path, "rate", "A rate is {count, per: second | minute | hour | day} or {spreadOver: \"PT2H\"}."));
        else if (count is < 1 or > 1_000_000) problems.Add(new Problem($"{path}.count", "range", "From 1 to 1000000.", count.ToString(CultureInfo.InvariantCulture)));
        else return (new SendRate(count, per switch { RateUnit.Second => 1_000, RateUnit.Minute => 60_000, RateUnit.Hour => 3_600_000, _ => 86_400_000 }), null);
        return default;
    }

    private static TimeSpan? ReadDuration(string text)
    {
        try
        {
            var duration = XmlConvert.ToTimeSpan(text);
            return duration >= TimeSpan.FromSeconds(1) && duration <= TimeSpan.FromDays(30) ? duration : null;
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            return null;
        }
    }
}

/// <summary>When a broadcast is due: a local time in a zone, or an instant.</summary>
internal sealed record ScheduleBody
{
    /// <summary><c>2026-12-24T18:00</c>, or with an offset or Z.</summary>
    public required string At { get; init; }

    /// <summary>IANA zone. Default: the installation's.</summary>
    public string? TimeZone { get; init; }

    /// <summary>True: at that local time in each recipient's own zone; the zone above is that of those whose own is not known.</summary>
    public bool Local { get; init; }

    /// <summary>When it comes again.</summary>
    public RepeatRule? Repeat { get; init; }

    public BroadcastSchedule ToSchedule(string defaultZone) => When(TimeZone ?? defaultZone) with
    {
        IsLocal = Local,
        RepeatJson = Repeat is null ? null : JsonSerializer.Serialize(Repeat, BroadcastJson.Options),
    };

    private BroadcastSchedule When(string zoneName)
    {
        var instant = NodaTime.Text.OffsetDateTimePattern.ExtendedIso.Parse(At);
        if (!instant.Success || NodaTime.DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneName) is not { } zone) return new BroadcastSchedule { LocalTime = At, TimeZone = zoneName };
        var local = instant.Value.ToInstant().InZone(zone).LocalDateTime;
        return new BroadcastSchedule { LocalTime = local.ToString("uuuu-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture), TimeZone = zoneName };
    }
}

/// <summary>A new rate for a running broadcast; null for as fast as its channel permits.</summary>
internal sealed record ChangeRateBody
{
    public RateBody? SendRate { get; init; }
}

/// <summary>To whom a test goes: up to five addresses, rendered as a contact would see it.</summary>
internal sealed record TestBody
{
    public required string[] Addresses { get; init; }

    /// <summary>Whose values the templates print. Default: those of whoever has the address, none where nobody has it.</summary>
    public long? AsContactId { get; init; }

    /// <summary>A language of the content. Default: the one that this contact gets.</summary>
    public string? Language { get; init; }
}
