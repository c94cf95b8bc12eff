using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Broadcasts.Reporting;
using Microsoft.AspNetCore.Html;

namespace Broadcasts.Admin.Web;

/// <summary>Bars as SVG: their widths are attributes, which the content policy allows and style attributes are not.</summary>
internal static class Bar
{
    private const double Width = 1000;

    /// <summary>One bar, its pieces in the order in which messages go through them.</summary>
    public static HtmlString Of(DeliveryCounts counts, string label, bool thick = false) => Draw(
        label,
        thick ? "bar thick" : "bar",
        Math.Max(1, counts.Total),
        ("f-read", counts.Read),
        ("f-delivered", counts.Delivered),
        ("f-sent", counts.Sent),
        ("f-sending", counts.Sending),
        ("f-unknown", counts.Unknown),
        ("f-failed", counts.Failed),
        ("f-skipped", counts.Skipped));

    /// <summary>A part of a whole.</summary>
    public static HtmlString Of(long part, long whole, string label, string tone) => Draw(label, "bar", Math.Max(1, whole), (tone, part));

    /// <summary>Whom a draft reaches; empty while that is counted.</summary>
    public static HtmlString Of(IReadOnlyList<ReachRow> rows, string label) => Draw(label, "bar thick", Math.Max(1, rows.Sum(r => r.Contacts)), [.. rows.Select(r => (r.Tone, r.Contacts))]);

    /// <summary>How much of a limit is used; another colour when it is all but full.</summary>
    public static HtmlString Meter(double used, double most, string label)
    {
        // A burst within a second can lie above the mean of the limit: that is full, not more.
        var share = most <= 0 ? 1 : Math.Clamp(used / most, 0, 1);
        return Draw($"{label}: {share.ToString("P0", CultureInfo.CurrentCulture)}", "bar", 1000, (share >= .95 ? "f-unknown" : "f-sent", (long)(share * 1000)));
    }

    private static HtmlString Draw(string label, string css, long whole, params (string Tone, long Value)[] pieces)
    {
        var svg = new StringBuilder($"<svg class=\"{css}\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{HtmlEncoder.Default.Encode(label)}\">");
        var x = 0.0;
        foreach (var (tone, value) in pieces)
        {
            if (value == 0) continue;
            // What is there must be seen: three of a million failed is a thin line, not nothing.
            var width = Math.Max(3, Width * value / whole);
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{tone}\" x=\"{x:0.#}\" width=\"{width:0.#}\" height=\"10\"/>");
            x += width;
        }

        return new(svg.Append("</svg>").ToString());
    }
}
