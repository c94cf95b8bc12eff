using Broadcasts.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Broadcasting;

/// <summary>Writes the entries of editings that nothing else has ended, also those that another process began and did not live to end.</summary>
internal sealed class DraftEditWatch(Database database, TimeProvider time, ILogger<DraftEditWatch> logger) : PeriodicWork(TimeSpan.FromMinutes(1), time, logger)
{
    protected override string Purpose => "Writing down the edits of drafts";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        foreach (var id in await DraftEdits.DueAsync(database, Time.Now())) await database.WriteAsync(t => DraftEdits.EndAsync(database.Dialect, t, id), cancellationToken);
    }
}
