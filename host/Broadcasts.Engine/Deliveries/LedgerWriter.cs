using System.Data.Common;
using System.Threading.Channels;
using Broadcasts.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>
/// The one group-commit writer of this process: claims and outcomes of all slices share transactions, so that a thousand messages
/// a second cost some ten commits. While the database refuses (disk full, connection lost) everything waits here and nothing is lost.
/// </summary>
internal sealed partial class LedgerWriter : IAsyncDisposable
{
    private const int MostRows = 500;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);

    private readonly Channel<Job> _jobs = Channel.CreateUnbounded<Job>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _giveUp = new();
    private readonly Database _database;
    private readonly LedgerClaims _claims;
    private readonly LedgerRecords _records;
    private readonly LedgerLocks _locks;
    private readonly TimeProvider _time;
    private readonly ILogger<LedgerWriter> _logger;
    private readonly Task _loop;
    private volatile TaskCompletionSource _urgent = new();
    private int _unrecorded;

    public LedgerWriter(Database database, TimeProvider time, ILogger<LedgerWriter> logger)
    {
        (_database, _time, _logger) = (database, time, logger);
        _claims = new LedgerClaims(database.Dialect);
        _records = new LedgerRecords(database.Dialect);
        _locks = new LedgerLocks(database.Dialect);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Outcomes that wait for their commit.</summary>
    public int Unrecorded => Volatile.Read(ref _unrecorded);

    /// <summary>Why nothing can be written now; null while all is well.</summary>
    public string? Outage { get; private set; }

    /// <summary>Claims rows; they are Sending on disk when this returns.</summary>
    public Task<Claim> ClaimAsync(ClaimRequest request)
    {
        var job = new Job { Claim = request, Claimed = new(TaskCreationOptions.RunContinuationsAsynchronously) };
        Enqueue(job);
        return job.Claimed.Task;
    }

    /// <summary>Writes an outcome soon; it is kept until it is written.</summary>
    public void Record(DeliveryRecord record)
    {
        Interlocked.Increment(ref _unrecorded);
        Enqueue(new Job { Record = record });
    }

    /// <summary>Ends when everything recorded so far is on disk.</summary>
    public Task FlushAsync()
    {
        var job = new Job { Flushed = new(TaskCreationOptions.RunContinuationsAsynchronously) };
        Enqueue(job);
        return job.Flushed.Task;
    }

    /// <summary>Writes what is left. During an outage it gives up after a second: rows that stay Sending are found at the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _jobs.Writer.TryComplete();
        _giveUp.CancelAfter(OutageWait);
        await _loop;
        _giveUp.Dispose();
    }

    private void Enqueue(Job job)
    {
        // After the end only late answers come; their rows are listed as unknown at the next start.
        if (!_jobs.Writer.TryWrite(job)) job.Fail(new OperationCanceledException("The ledger writer has ended."), ref _unrecorded);
        else if (job.Record is null) _urgent.TrySetResult();
    }

    private async Task RunAsync()
    {
        var batch = new List<Job>();
        while (await _jobs.Reader.WaitToReadAsync())
        {
            Take(batch);
            // Outcomes can wait a moment for company; a claim can't.
            if (batch.Count < MostRows && batch.TrueForAll(j => j.Record is not null) && !_jobs.Reader.Completion.IsCompleted)
            {
                await GatherAsync();
                Take(batch);
            }

            await CommitAsync(batch);
            batch.Clear();
        }
    }

    private async Task GatherAsync()
    {
        _urgent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Who came before the signal was renewed is seen here; who comes later raises it.
        if (_jobs.Reader.TryPeek(out var next) && next.Record is null) return;
        await Task.WhenAny(Task.Delay(Gather, _time), _urgent.Task);
    }

    private void Take(List<Job> batch)
    {
        while (batch.Count < MostRows && _jobs.Reader.TryRead(out var job)) batch.Add(job);
    }

    private async Task CommitAsync(List<Job> batch)
    {
        while (true)
        {
            try
            {
                await WriteAsync(batch);
                Outage = null;
                return;
            }
            catch (DbException e) when (_database.Dialect.IsDataError(e) && batch.Count > 1)
            {
                // One row's fault must not hold up the others: each goes alone.
                LogSplit(e, batch.Count);
                foreach (var job in batch) await CommitAsync([job]);
                return;
            }
            catch (DbException e) when (_database.Dialect.IsDataError(e))
            {
                LogRefused(e, batch[0].Record?.Id ?? batch[0].Claim?.Slice.Id ?? 0);
                batch[0].Fail(e, ref _unrecorded);
                return;
            }
            catch (Exception e)
            {
                // Claims get the fault and come back later; outcomes are kept and tried again.
                if (Outage != e.Message) LogOutage(e);
                Outage = e.Message;
                foreach (var job in batch.Where(j => j.Record is null)) job.Fail(e, ref _unrecorded);
                batch.RemoveAll(j => j.Record is null);
                if (batch.Count == 0) return;
                if (!await WaitAsync())
                {
                    LogGivenUp(batch.Count);
                    foreach (var job in batch) job.Fail(e, ref _unrecorded);
                    return;
                }
            }
        }
    }

    private async Task<bool> WaitAsync()
    {
        try
        {
            await Task.Delay(OutageWait, _time, _giveUp.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task WriteAsync(List<Job> batch)
    {
        var records = batch.Where(j => j.Record is not null).Select(j => j.Record!).ToArray();
        var claims = batch.Where(j => j.Claim is not null).OrderBy(j => j.Claim!.Slice.Id).ToArray();
        var claimed = new List<(Job Job, Claim Claim)>();
        if (records.Length > 0 || claims.Length > 0)
        {
            await _database.WriteAsync(async transaction =>
            {
                claimed.Clear();
                if (claims.Length > 0) await _claims.OrderAsync(transaction);
                await _locks.LimitsAsync(transaction, [.. claims.Select(j => j.Claim!.Slice.ChannelId).Distinct()]);
                if (records.Length > 0) await _records.ApplyAsync(transaction, records, _time.GetUtcNow().ToUnixTimeMilliseconds(), [.. claims.Select(j => j.Claim!.Slice.Id)]);
                foreach (var job in claims) claimed.Add((job, await _claims.ClaimAsync(transaction, job.Claim!)));
            });
        }

        Interlocked.Add(ref _unrecorded, -records.Length);
        foreach (var (job, claim) in claimed) job.Claimed!.TrySetResult(claim);
        foreach (var job in batch) job.Flushed?.TrySetResult();
    }

    private sealed class Job
    {
        public DeliveryRecord? Record { get; init; }

        public ClaimRequest? Claim { get; init; }

        public TaskCompletionSource<Claim>? Claimed { get; init; }

        public TaskCompletionSource? Flushed { get; init; }

        public void Fail(Exception e, ref int unrecorded)
        {
            if (Record is not null) Interlocked.Decrement(ref unrecorded);
            Claimed?.TrySetException(e);
            Flushed?.TrySetException(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database refused a batch of {Count} ledger writes; each is tried alone")]
    private partial void LogSplit(Exception e, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The database refused a ledger write of row or slice {Id}; the row stays Sending and will be listed as unknown")]
    private partial void LogRefused(Exception e, long id);

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger can't be written; outcomes are kept and tried again every second, nothing new is sent")]
    private partial void LogOutage(Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stopping while the ledger can't be written: {Count} outcomes are lost and will be listed as unknown at the next start")]
    private partial void LogGivenUp(int count);
}
