using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;

namespace Broadcasts.Chaos;

/// <summary>The promise, checked at the end of every scenario from the tables themselves and from the provider's own record.</summary>
internal static class Invariant
{
    /// <summary>What a second may hold beyond the rate: the simulator takes a message half its latency after the hand-over, by a timer that a busy machine serves late.</summary>
    private const double LateTimers = 1.1;

    public static async Task<ChaosResult> CheckAsync(ChaosRun run, string scenario, double seconds)
    {
        var rows = await run.Ledger.RowsAsync();
        var taken = run.Journal.Read();
        var states = rows.ToDictionary(r => r.Id, r => r.State);
        var times = taken.GroupBy(t => t.Row).ToDictionary(g => g.Key, g => g.Count());
        var expected = (long)run.Size.Recipients * run.Parts * run.Broadcasts;
        var unknown = rows.Count(r => r.State == DeliveryStatus.Unknown);
        var final = rows.Count(r => r.State is not (DeliveryStatus.Pending or DeliveryStatus.Sending or DeliveryStatus.Unknown));
        var twice = times.Count(t => t.Value > 1);

        // Taken and not called so, or called sent and never taken.
        var lies = times.Keys.Count(k => states.GetValueOrDefault(k) is not (DeliveryStatus.Sent or DeliveryStatus.Unknown))
            + rows.Count(r => r.State == DeliveryStatus.Sent && !times.ContainsKey(r.Id));
        var missing = Math.Abs(expected - rows.Count) + lies;

        List<string> broken = [.. run.Broken];
        Hold(rows.Count == expected, $"{rows.Count} rows for an audience of {expected}");
        Hold(final + unknown == expected, $"{expected - final - unknown} rows are neither final nor unknown");
        Hold(lies == 0, $"{lies} rows do not say what the provider did");
        Hold(unknown <= run.AllowedUnknown, $"{unknown} unknown, at most {run.AllowedUnknown} were in flight");
        if (run.Provider.Settles) Hold(unknown == 0, $"{unknown} unknown in the end, although doubts can be settled");
        if (run.Provider.Settles && run.Provider is not { Resend: true, Idempotent: false }) Hold(times.Count == expected, $"the provider has {times.Count} of {expected} messages; the others: {Ends(rows.Where(r => !times.ContainsKey(r.Id)))}");
        if (run.Provider is { Resend: true, Idempotent: false }) await HoldRepeatsAsync();
        else Hold(twice == 0, $"{twice} messages were taken twice");
        await HoldCountsAsync();
        var status = await run.Ledger.StatusAsync(run.Broadcast);
        Hold(status == BroadcastStatus.Completed, $"the broadcast is {status}");
        var most = TakenJournal.MostInASecond(taken);
        Hold(most <= run.MostPerSecond * LateTimers, $"{most} within a second at {run.MostPerSecond}/s");

        return new ChaosResult
        {
            Scenario = scenario,
            Database = run.Label,
            Size = run.Size,
            Faults = run.Faults,
            Rows = rows.Count,
            Final = final,
            Unknown = unknown,
            AllowedUnknown = run.AllowedUnknown,
            Twice = twice,
            Missing = missing,
            Seconds = seconds,
            Broken = broken,
            Notes = [.. run.Notes, string.Create(CultureInfo.InvariantCulture, $"at most {most} within a second, {(run.MostPerSecond == int.MaxValue ? "no rate" : $"rate {run.MostPerSecond}/s")}")],
        };

        void Hold(bool isSo, string otherwise)
        {
            if (!isSo) broken.Add(otherwise);
        }

        async Task HoldCountsAsync()
        {
            var (counts, outside, doubles) = await run.Ledger.ContradictionsAsync();
            Hold(counts == 0, $"{counts} slices count otherwise than their rows");
            Hold(outside == 0, $"{outside} rows belong to no slice");
            Hold(doubles == 0, $"{doubles} people are in the audience twice");
        }

        // Sent again on the owner's wish: only what was in doubt before, and every try is on record.
        async Task HoldRepeatsAsync()
        {
            var doubts = await run.Ledger.DoubtsAsync();
            var unasked = times.Count(t => t.Value > 1 + doubts.GetValueOrDefault(t.Key));
            Hold(unasked == 0, $"{unasked} messages were sent again without having been in doubt");
            run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{doubts.Count} were in doubt and sent again, {twice} of them reached the provider twice"));
        }
    }

    private static string Ends(IEnumerable<LedgerLine> rows) =>
        string.Join(", ", rows.Take(10).Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.State} {(r.Reason is { } reason ? Reasons.NameOf(reason) : "")} after {r.Attempt + 1} tries")));
}
