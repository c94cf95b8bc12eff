using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>Canary and error policy as the page's form gives them; numbers are in the visitor's own writing.</summary>
public sealed class SafetyInput
{
    private const double MsPerMinute = 60_000;

    public bool HasCanary { get; set; }

    public string? Size { get; set; }

    /// <summary><c>percent</c> or <c>count</c>.</summary>
    public string? Unit { get; set; }

    public string? WaitMinutes { get; set; }

    public string? MaxFailed { get; set; }

    public string? MaxOptOut { get; set; }

    public string? SameFaults { get; set; }

    public bool IgnoresCap { get; set; }

    internal static SafetyInput Of(BroadcastSafety safety)
    {
        var plan = safety.Canary ?? new CanaryPlan { Percent = 1 };
        return new()
        {
            HasCanary = safety.Canary is not null,
            Size = Write(plan.Count ?? plan.Percent),
            Unit = plan.Count is null ? "percent" : "count",
            WaitMinutes = Write(plan.WaitMs / MsPerMinute),
            MaxFailed = Write(plan.MaxFailedPercent),
            MaxOptOut = Write(plan.MaxOptOutPercent),
            SameFaults = Write(safety.SameFaults),
            IgnoresCap = safety.IgnoresFrequencyCap,
        };
    }

    /// <summary>What is stored; null when nothing was chosen.</summary>
    internal string? ToJson(List<Problem> problems)
    {
        var safety = new BroadcastSafety
        {
            Canary = HasCanary ? ToPlan(problems) : null,
            SameFaults = (int?)Read(SameFaults, "sameFaults", problems),
            IgnoresFrequencyCap = IgnoresCap,
        };
        return safety == new BroadcastSafety() ? null : JsonSerializer.Serialize(safety, BroadcastJson.Options);
    }

    private CanaryPlan ToPlan(List<Problem> problems)
    {
        var usual = new CanaryPlan();
        var size = Read(Size, "canary.size", problems);
        return new()
        {
            Count = Unit == "count" ? (int?)size : null,
            Percent = Unit == "count" ? null : size,
            WaitMs = Read(WaitMinutes, "canary.wait", problems) is { } minutes ? (long)(minutes * MsPerMinute) : usual.WaitMs,
            MaxFailedPercent = Read(MaxFailed, "canary.maxFailedPercent", problems) ?? usual.MaxFailedPercent,
            MaxOptOutPercent = Read(MaxOptOut, "canary.maxOptOutPercent", problems) ?? usual.MaxOptOutPercent,
        };
    }

    private static double? Read(string? text, string path, List<Problem> problems)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (double.TryParse(text, NumberStyles.Number, CultureInfo.CurrentCulture, out var number) && Math.Abs(number) < 1e9) return number;
        problems.Add(new(path, "notNumber", $"'{text}' is not a number.", text));
        return null;
    }

    private static string? Write(double? number) => number?.ToString("0.##", CultureInfo.CurrentCulture);
}
