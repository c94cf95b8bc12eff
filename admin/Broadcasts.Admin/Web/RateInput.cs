using System.Globalization;
using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Web;

/// <summary>A rate as a form gives it: a number and a unit; a blank number means as fast as possible.</summary>
public sealed class RateInput
{
    public static IReadOnlyList<(string Unit, long Ms)> Units { get; } = [("second", 1000), ("minute", 60_000), ("hour", 3_600_000), ("day", 86_400_000)];

    public string? Count { get; set; }

    public string? Unit { get; set; }

    /// <summary>False when the number is none, or not at least one.</summary>
    public bool TryRead(out SendRate? rate)
    {
        rate = null;
        if (string.IsNullOrWhiteSpace(Count)) return true;
        if (!int.TryParse(Count, NumberStyles.Integer | NumberStyles.AllowThousands, CultureInfo.CurrentCulture, out var count) || count < 1) return false;
        rate = new SendRate(count, Units.FirstOrDefault(u => u.Unit == Unit, Units[0]).Ms);
        return true;
    }

    public static RateInput Of(SendRate? rate) => new()
    {
        Count = rate?.Count.ToString(CultureInfo.InvariantCulture),
        Unit = Units.FirstOrDefault(u => u.Ms == rate?.PerMs, Units[0]).Unit,
    };
}

/// <summary>Labels as one line, divided by commas.</summary>
internal static class LabelText
{
    public static string[] Read(string? text) =>
        [.. (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.OrdinalIgnoreCase)];

    public static string Write(IEnumerable<string> labels) => string.Join(", ", labels);
}
