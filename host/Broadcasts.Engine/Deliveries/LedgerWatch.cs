using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>Looks now and then whether the counts of what this process sends are those of the rows: progress that people watch must not be wrong until the end.</summary>
internal sealed class LedgerWatch(LedgerAudit ledger, DispatchService dispatch, DispatchSignal signal, TimeProvider time, ILogger<LedgerWatch> logger)
    : PeriodicWork(TimeSpan.FromMinutes(5), time, logger)
{
    protected override string Purpose => "Comparing counts with their rows";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        var isChanged = false;
        foreach (var slice in await ledger.OwnedAsync(dispatch.Me))
        {
            cancellationToken.ThrowIfCancellationRequested();
            isChanged |= await ledger.MendSliceAsync(slice);
        }

        if (isChanged) signal.Set();
    }
}
