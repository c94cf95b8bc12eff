using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>Results as people read them, a line each as soon as it is there.</summary>
internal static class ResultTable
{
    public const string Header =
        "| scenario | database | seed | recipients | faults | rows | final | unknown | allowed unknown | accepted twice | missing | seconds | verdict |\n" +
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|";

    public static string Line(ChaosResult r) => string.Create(CultureInfo.InvariantCulture,
        $"| {r.Scenario} | {r.Database} | {r.Size.Seed} | {r.Size.Recipients} | {r.Faults} | {r.Rows} | {r.Final} | {r.Unknown} | {r.AllowedUnknown} | {r.Twice} | {r.Missing} | {r.Seconds:0} | {r.Verdict} |");

    /// <summary>What is broken, why it was skipped, and figures.</summary>
    public static IEnumerable<string> Remarks(ChaosResult r) =>
        [.. r.Broken.Select(b => $"    BROKEN: {b}"), .. r.Skipped is null ? [] : (string[])[$"    {r.Skipped}"], .. r.Notes.Select(n => $"    {n}")];
}
