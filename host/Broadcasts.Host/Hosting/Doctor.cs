using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Health;

namespace Broadcasts.Host.Hosting;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What: <c>database</c>, <c>keys</c>.</param>
/// <param name="Well">It works.</param>
/// <param name="Found">What was found, in one sentence.</param>
/// <param name="Do">What to do about it; null when nothing is to be done.</param>
internal sealed record DoctorCheck(string Name, bool Well, string Found, string? Do = null)
{
    public static DoctorCheck Of(HealthCheck check) => new(check.Name, check.Level != HealthLevel.Red, check.Found.Message, check.Do?.Message);
}

/// <summary>How deep it looks.</summary>
internal sealed record DoctorOrder
{
    /// <summary>The ledgers of finished broadcasts too: each row is read.</summary>
    public bool All { get; init; }

    /// <summary>Counts that are not those of their rows are set to them.</summary>
    public bool Mend { get; init; }
}

/// <summary>Looks at everything that an installation needs, and counts the rows of ledgers.</summary>
internal sealed class Doctor(IServiceProvider services)
{
    private const string Ledger = "ledger";

    public async Task<IReadOnlyList<DoctorCheck>> LookAsync(DoctorOrder order, CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        foreach (var check in await Get<HealthChecks>().LookAsync(deep: true, cancellationToken)) checks.Add(check.Name == Ledger ? await CountAsync(order, cancellationToken) : DoctorCheck.Of(check));
        return checks;
    }

    // What the service found is not enough here: the rows themselves are counted.
    private async Task<DoctorCheck> CountAsync(DoctorOrder order, CancellationToken cancellationToken)
    {
        try
        {
            return await LedgerAsync(order, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(Ledger, false, $"could not be looked at: {e.Message}", "See the service's log.");
        }
    }

    private async Task<DoctorCheck> LedgerAsync(DoctorOrder order, CancellationToken cancellationToken)
    {
        var ledger = Get<LedgerAudit>();
        var wrong = new List<string>();
        var ids = await ledger.BroadcastsAsync(order.All);
        foreach (var id in ids)
        {
            if (await Get<BroadcastStore>().GetAsync(id) is not { } broadcast) continue;
            var found = order.Mend ? await ledger.MendAsync(broadcast, cancellationToken) : await ledger.LookAsync(broadcast, cancellationToken);
            if (!found.IsSound) wrong.Add(Describe(found));
        }

        if (order.Mend) services.GetService<DispatchSignal>()?.Set();
        var which = order.All ? "broadcasts" : "broadcasts in progress or paused";
        return wrong.Count == 0 ? new("ledger", true, $"{char.ToUpperInvariant(which[0])}{which[1..]}: {ids.Count}. Their counts are those of the rows.")
            : new("ledger", false, $"{string.Join(" ", wrong)}{(order.Mend ? " Counts are set to those of the rows." : "")}",
                order.Mend ? "Somebody changed the ledger by hand: the broadcast's activity says what was found." : "Somebody changed the ledger by hand. To set counts to those of the rows: broadcasts doctor --mend.");
    }

    private static string Describe(LedgerFindings found)
    {
        var parts = found.Slices.Select(s => string.Create(CultureInfo.InvariantCulture, $"slice {s.Id}: {s.Difference}"))
            .Concat(found.Rows.Take(5).Select(r => string.Create(CultureInfo.InvariantCulture, $"row {r.Id} has the status {r.Status}")))
            .Concat(found.Missing == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(found.Missing)} rows are {(found.Missing > 0 ? "missing" : "too many")}")]);
        return string.Create(CultureInfo.InvariantCulture, $"Broadcast {found.BroadcastId}: {string.Join("; ", parts)}.");
    }

    private T Get<T>() where T : notnull => services.GetRequiredService<T>();
}
