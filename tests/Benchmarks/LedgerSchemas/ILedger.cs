namespace Broadcasts.Benchmarks.LedgerSchemas;

/// <summary>One candidate on one database.</summary>
internal interface ILedger : IAsyncDisposable
{
    Task FreezeAsync(long from, long to);

    Task<long[]> ClaimAsync(long claim, long from, long to);

    /// <returns>Rows changed; must be all of them.</returns>
    Task<int> RecordAsync(long claim, long[] ids);

    /// <inheritdoc cref="RecordAsync"/>
    Task<int> ReceiveAsync(long[] ids);

    /// <summary>What the database does by itself between two phases: statistics, nothing else.</summary>
    Task AnalyzeAsync();

    Task VacuumAsync(bool full);

    /// <summary>Bytes of tables and indexes, and bytes written to the log so far where the database counts them.</summary>
    Task<(long Bytes, long Log)> MeasureAsync();
}
