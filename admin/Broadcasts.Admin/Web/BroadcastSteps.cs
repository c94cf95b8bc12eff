using System.Globalization;
using System.Text.RegularExpressions;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>How far a step of a draft is.</summary>
internal enum StepState
{
    Open,
    Done,
    Faulty,
}

/// <summary>One step as the stepper shows it.</summary>
internal sealed record BroadcastStep(int Number, string Key, StepState State, string Words);

/// <summary>The five steps in which a broadcast is made, each with what is chosen, missing or wrong in it as it is saved.</summary>
internal sealed partial class BroadcastSteps(BroadcastDetails details, string current, IReadOnlyList<Problem> problems, Texts texts)
{
    public const string Last = "send";

    // What these name is not wrong but still to come.
    private static readonly HashSet<string> Missing = ["noAudience", "noChannel", "noContent"];

    // The fields of the form by the paths of their problems; a step's card for the others.
    private static readonly Dictionary<string, string> Fields = new()
    {
        ["name"] = "name", ["labels"] = "labels", ["language"] = "language-0", ["schedule"] = "at", ["sendRate"] = "p-rate", ["expiresAt"] = "expires", ["canary"] = "canary-size", ["sameFaults"] = "same-faults",
    };

    public static IReadOnlyList<string> Keys { get; } = ["audience", "channel", "content", "delivery", Last];

    public string Current => current;

    /// <summary>Everything that keeps the draft from starting.</summary>
    public IReadOnlyList<Problem> Problems => problems;

    /// <summary>What is wrong in the current step.</summary>
    public IReadOnlyList<Problem> Faults => [.. problems.Where(p => StepOf(p) == current && !Missing.Contains(p.Code))];

    public IReadOnlyList<BroadcastStep> All { get; } = [.. Keys.Select((key, i) => new BroadcastStep(i + 1, key, StateOf(details, key, problems), WordsOf(details, key, problems, texts)))];

    public BroadcastStep? Before => All.TakeWhile(s => s.Key != current).LastOrDefault();

    public BroadcastStep? After => All.SkipWhile(s => s.Key != current).Skip(1).FirstOrDefault();

    public string Here => AddressOf(current);

    public string AddressOf(string key) => AddressOf(details.Row.Id, key);

    public static string AddressOf(long id, string key) => key == Last ? $"/broadcasts/{id}/send" : $"/broadcasts/{id}/edit/{key}";

    /// <summary>The step that mends a problem.</summary>
    public static string StepOf(Problem problem) => problem.Path.Split('.', '[')[0] switch
    {
        "parts" or "variants" or "language" or "languages" => "content",
        "channelId" or "lastInteracted" => "channel",
        "audience" or "segment" or "excludeSegmentIds" or "interactedOnly" or "name" or "labels" => "audience",
        _ => "delivery",
    };

    /// <summary>The step and the part, language or card in which a problem is mended.</summary>
    public static string PlaceOf(long id, Problem problem)
    {
        var place = PartOf().Match(problem.Path) is { Success: true } part ? $"part-{part.Groups[1].Value}"
            : VariantOf().Match(problem.Path) is { Success: true } variant ? $"language-{int.Parse(variant.Groups[1].Value, CultureInfo.InvariantCulture) + 1}"
            : Fields.GetValueOrDefault(problem.Path.Split('.', '[')[0]) ?? $"step-{StepOf(problem)}";
        return $"{AddressOf(id, StepOf(problem))}#{place}";
    }

    [GeneratedRegex(@"^(?:variants\[\d+\]\.)?parts\[(\d+)\]")]
    private static partial Regex PartOf();

    [GeneratedRegex(@"^variants\[(\d{1,3})\]")]
    private static partial Regex VariantOf();

    /// <summary>Where somebody who goes on with the draft begins: at what is missing or wrong, else at its end.</summary>
    public static string FirstOpen(IReadOnlyList<Problem> problems) => Keys.FirstOrDefault(k => problems.Any(p => StepOf(p) == k)) ?? Last;

    private static StepState StateOf(BroadcastDetails details, string key, IReadOnlyList<Problem> problems)
    {
        var own = problems.Where(p => key == Last || StepOf(p) == key).ToList();
        if (own.Any(p => !Missing.Contains(p.Code))) return key == Last ? StepState.Open : StepState.Faulty;
        return own.Count > 0 || key == Last && details.Row.Status == BroadcastStatus.Draft ? StepState.Open : StepState.Done;
    }

    private static string WordsOf(BroadcastDetails details, string key, IReadOnlyList<Problem> problems, Texts texts) => key switch
    {
        "audience" => AudienceWords(details, texts) + (details.Excluded.Count > 0 ? $", {texts.Count("Edit.Less", details.Excluded.Count)}" : ""),
        "channel" => details.Routes.Length > 0 ? texts["Routes.Title"] : details.Row.ChannelName ?? texts["Edit.Missing"],
        "content" => details.Parts.Length == 0 ? texts["Edit.Missing"] : texts.Count("Edit.Parts", details.Parts.Length),
        "delivery" when details.Row is { ScheduledLocal: { } local, TimeZone: { } zone } => $"{local[..Math.Min(16, local.Length)].Replace('T', ' ')} {zone}",
        "delivery" => texts[details.Rate is not null ? "Edit.AtRate" : details.SpreadOver is not null ? "Edit.Spread" : "Rate.AsSoonAsPossible"],
        _ => problems.Count == 0 ? texts["Edit.Ready"] : texts.Count("Edit.ToMend", problems.Count),
    };

    private static string AudienceWords(BroadcastDetails details, Texts texts) => details.Audience switch
    {
        null => texts["Edit.Missing"],
        { SegmentId: not null } => details.Row.SegmentName ?? texts["Choose"],
        { Segment: { } rule } => texts[Forms.BroadcastInput.IsEveryone(rule) ? "Edit.AudienceEveryone" : "Edit.AudienceRule"],
        { ContactIds: { } ids } => texts.Count("Edit.AudiencePicked", ids.Length),
        _ => texts[$"Audience.{details.Row.Audience}"],
    };
}
