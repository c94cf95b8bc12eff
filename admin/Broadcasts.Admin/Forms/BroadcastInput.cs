using System.Globalization;
using System.Text.Json;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using NodaTime.Text;

namespace Broadcasts.Admin.Forms;

/// <summary>A draft as the page's form gives it.</summary>
public sealed class BroadcastInput : ContentInput
{
    /// <summary>Instead of a channel's id: each contact on the one that it wrote on last.</summary>
    public const long LastInteracted = 0;

    /// <summary>How many channels the form offers for it.</summary>
    public const int MostRoutes = 4;

    public string? Name { get; set; }

    public string? Labels { get; set; }

    /// <summary><c>segment</c>, <c>everyone</c>, <c>import</c>, <c>rule</c>, <c>picked</c>, or <c>keep</c> for earlier failures.</summary>
    public string? Audience { get; set; }

    public long? SegmentId { get; set; }

    public long? ImportId { get; set; }

    /// <summary>Segments that are taken out; empty places are passed over.</summary>
    public List<long?> Exclude { get; set; } = [];

    /// <summary>Only those who wrote on the channel before.</summary>
    public bool InteractedOnly { get; set; }

    /// <summary>Contacts that were picked when the form was made, by their ids.</summary>
    public string? Picked { get; set; }

    /// <summary>Contacts that the form shows with a box to tick each.</summary>
    public string? Shown { get; set; }

    /// <summary>Those of them that are ticked.</summary>
    public List<long> Ticked { get; set; } = [];

    public RuleInput Rule { get; set; } = new();

    public long? ChannelId { get; set; }

    /// <summary>Channels in their order, for <see cref="LastInteracted"/>.</summary>
    public List<long?> Routes { get; set; } = [];

    /// <summary>When it goes out.</summary>
    public ScheduleInput Schedule { get; set; } = new();

    /// <summary><c>soon</c>, <c>rate</c> or <c>spread</c>.</summary>
    public string Pace { get; set; } = "soon";

    public RateInput Rate { get; set; } = new();

    public int? SpreadCount { get; set; }

    public string? SpreadUnit { get; set; }

    /// <summary>Local date and time in the visitor's zone.</summary>
    public string? Expires { get; set; }

    public SafetyInput Safety { get; set; } = new();

    /// <summary>When messages may leave.</summary>
    public WindowInput Window { get; set; } = new();

    /// <summary>The version that was loaded: a later save by somebody else is not overwritten.</summary>
    public int Version { get; set; }

    /// <summary>The later version that was shown when that happened: what is kept instead of it.</summary>
    public int? Theirs { get; set; }

    internal static BroadcastInput Of(BroadcastDetails details, Visitor visitor)
    {
        var audience = details.Audience;
        var input = new BroadcastInput
        {
            Name = details.Row.Name,
            Labels = LabelText.Write(details.Row.Labels),
            SegmentId = audience?.SegmentId,
            ImportId = audience?.ImportId,
            InteractedOnly = audience?.InteractedOnly == true,
            Picked = string.Join(',', audience?.ContactIds ?? []),
            Exclude = [.. (audience?.ExcludeSegmentIds ?? []).Select(s => (long?)s)],
            ChannelId = details.Routes.Length > 0 ? LastInteracted : details.Row.ChannelId,
            Routes = [.. details.Routes.Select(r => (long?)r)],
            Languages = [LanguageInput.Of(details.Languages?.Language, details.Parts), .. (details.Languages?.Variants ?? []).Select(v => LanguageInput.Of(v.Language, v.Parts))],
            Pace = details.SpreadOver is not null ? "spread" : details.Rate is not null ? "rate" : "soon",
            Rate = RateInput.Of(details.Rate),
            Schedule = ScheduleInput.Of(details.Row, visitor),
            Expires = details.ExpiresAt is { } at ? LocalDateTimePattern.CreateWithInvariantCulture("yyyy-MM-dd'T'HH:mm").Format(visitor.Local(at.ToUnixTimeMilliseconds()).LocalDateTime) : null,
            Safety = SafetyInput.Of(details.Safety),
            Window = WindowInput.Of(details.SendWindow, visitor.Zone.Id),
            Version = details.Row.Version,
        };
        input.Audience = audience switch
        {
            { SegmentId: not null } => "segment",
            { ImportId: not null } => "import",
            { Segment: { } rule } => IsEveryone(rule) ? "everyone" : "rule",
            { ContactIds: not null } => "picked",
            null => null,
            _ => "keep",
        };
        if (input.Audience == "rule") input.Rule = RuleInput.Of(audience!.Segment!.Value.GetRawText());
        if (details.SpreadOver is { } spread) (input.SpreadCount, input.SpreadUnit) = spread.TotalHours >= 1 && spread.Minutes == 0 ? ((int)spread.TotalHours, "hour") : ((int)spread.TotalMinutes, "minute");
        return input;
    }

    /// <summary>The saved draft with what one step's form says. Texts that are no numbers or dates are told as problems under the field's path.</summary>
    internal BroadcastDraft ToDraft(string step, BroadcastDraft saved, BroadcastAudience? kept, Visitor visitor, List<Problem> problems)
    {
        var named = saved with { Name = Name?.Trim() ?? "", Labels = LabelText.Read(Labels) };
        return step switch
        {
            "audience" => named with { AudienceJson = ReadAudience(kept, visitor) is { } audience ? JsonSerializer.Serialize(audience, BroadcastJson.Options) : null },
            "channel" => named with { ChannelId = ChannelId == LastInteracted ? null : ChannelId, Routes = ChannelId == LastInteracted ? [.. Routes.OfType<long>()] : [] },
            "content" => WithContent(named),
            "delivery" => WithDelivery(named, visitor, problems),
            _ => named,
        };
    }

    private BroadcastDraft WithContent(BroadcastDraft draft)
    {
        var contents = ToContents();
        return draft with
        {
            PartsJson = JsonSerializer.Serialize(contents.Length == 0 ? [] : contents[0].Parts, BroadcastJson.Options),
            LanguagesJson = ContentLanguages.Write(contents.Length > 1 ? new() { Language = contents[0].Language, Variants = contents[1..] } : null) ?? "",
        };
    }

    private BroadcastDraft WithDelivery(BroadcastDraft draft, Visitor visitor, List<Problem> problems)
    {
        if (!Rate.TryRead(out var rate) && Pace == "rate") problems.Add(new("sendRate", "badRate", "A rate is at least one message per length of time."));
        return draft with
        {
            Schedule = Schedule.ToSchedule(),
            Rate = Pace == "rate" ? rate : null,
            SpreadOverMs = Pace == "spread" && SpreadCount is { } count ? count * (SpreadUnit == "minute" ? 60_000L : 3_600_000L) : null,
            ExpiresAt = ReadExpiry(visitor, problems),
            SafetyJson = Safety.ToJson(problems),
            SendWindowJson = Window.ToWindow() is { } window ? JsonSerializer.Serialize(window, BroadcastJson.Options) : null,
        };
    }

    private BroadcastAudience? ReadAudience(BroadcastAudience? kept, Visitor visitor)
    {
        long[] excluded = [.. Exclude.OfType<long>().Distinct()];
        var whole = ReadWhole(kept, visitor);
        return whole is { RetryOf: null } ? whole with { ExcludeSegmentIds = excluded.Length > 0 ? excluded : null, InteractedOnly = InteractedOnly } : whole;
    }

    /// <summary>Who is picked: those who were and are not shown, and those who are ticked.</summary>
    internal IReadOnlyList<long> PickedIds() => [.. Ids(Picked).Except(Ids(Shown)).Union(Ticked)];

    private static IEnumerable<long> Ids(string? text) =>
        (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(id => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0).Where(id => id > 0);

    private BroadcastAudience? ReadWhole(BroadcastAudience? kept, Visitor visitor) => Audience switch
    {
        "segment" when SegmentId is { } segment => new() { SegmentId = segment },
        "import" when ImportId is { } import => new() { ImportId = import },
        "everyone" => new() { Segment = JsonDocument.Parse("""{"all":[]}""").RootElement },
        "rule" => new() { Segment = ReadRule(visitor) },
        "picked" when PickedIds() is { Count: > 0 } picked => new() { ContactIds = [.. picked] },
        "keep" => kept,
        _ => null,
    };

    private JsonElement ReadRule(Visitor visitor)
    {
        try
        {
            return JsonDocument.Parse(Rule.ToJson(visitor.Zone.Id)).RootElement;
        }
        catch (JsonException)
        {
            // Not JSON at all: the engine's check names it, as a text is no rule.
            return JsonSerializer.SerializeToElement(Rule.Json);
        }
    }

    private long? ReadExpiry(Visitor visitor, List<Problem> problems)
    {
        if (string.IsNullOrWhiteSpace(Expires)) return null;
        var read = LocalDateTimePattern.CreateWithInvariantCulture("yyyy-MM-dd'T'HH:mm").Parse(Expires[..Math.Min(16, Expires.Length)]);
        if (read.Success) return visitor.Zone.AtLeniently(read.Value).ToInstant().ToUnixTimeMilliseconds();
        problems.Add(new("expiresAt", "notATime", string.Create(CultureInfo.InvariantCulture, $"'{Expires}' is not a local date and time.")));
        return null;
    }

    internal static bool IsEveryone(JsonElement rule) =>
        rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty("all", out var all) && all.ValueKind == JsonValueKind.Array && all.GetArrayLength() == 0;
}
