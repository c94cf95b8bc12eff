using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Jobs;

/// <summary>
/// Does the jobs, one at a time per process and in small pieces, so that sending waits for none of them longer than for a piece. Each piece is one transaction with the place that it brings the job to: whatever ends the
/// process, the next one goes on behind the last whole piece, and nobody is left out or done twice.
/// </summary>
internal sealed partial class JobRunner(Database database, JobStore jobs, SafeHold hold, ContactChanges changes, ContactLines contactLines, ConsentLines consentLines, SuppressionLines suppressionLines, TimeProvider time, ILogger<JobRunner> logger)
    : PeriodicWork(TimeSpan.FromSeconds(1), time, logger)
{
    /// <summary>Contacts that are changed in one transaction: some tens of milliseconds.</summary>
    private const int ChangesPerPiece = 250;

    /// <summary>People are erased from many tables.</summary>
    private const int DeletesPerPiece = 100;

    private const int LinesPerPiece = 1_000;

    /// <summary>The locks of jobs.</summary>
    internal const long LockSpace = 0x6A6F6200_00000000;

    private static readonly TimeSpan PurgeEvery = TimeSpan.FromMinutes(10);

    private DateTimeOffset _nextPurge;

    protected override string Purpose => "Doing jobs";

    protected override Task DoAsync(CancellationToken cancellationToken) => TurnAsync(cancellationToken);

    /// <summary>Does every job that no other process is at.</summary>
    internal async Task TurnAsync(CancellationToken cancellationToken)
    {
        // Of data that was put back, somebody may want to cancel what ran when the copy was made: it could be why it was put back.
        if (await jobs.OpenAsync(cancellationToken) is { Count: > 0 } open && await hold.GetAsync() is null)
        {
            foreach (var id in open) await RunAsync(id, cancellationToken);
        }

        if (Time.GetUtcNow() < _nextPurge) return;
        await jobs.PurgeAsync(cancellationToken);
        _nextPurge = Time.GetUtcNow() + PurgeEvery;
    }

    /// <summary>Brings a job to its end, when it is not at it and no other process is at it.</summary>
    internal async Task RunAsync(long id, CancellationToken cancellationToken)
    {
        await using var alive = await AliveLock.TryTakeAsync(database, LockSpace + id, cancellationToken);
        if (alive is null || await jobs.BeginAsync(id, cancellationToken) is not { } begun) return;
        var (job, contacts) = begun;
        try
        {
            await RunAsync(job, contacts, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await jobs.InterruptAsync(id);
            throw;
        }
        catch (JobEndedException e)
        {
            await jobs.FinishAsync(job, e.Problem, CancellationToken.None);
        }
        catch (DbException e) when (!database.Dialect.IsDataError(e))
        {
            // The database is away or full: no fault of the job. The next turn goes on.
            LogPostponed(e, id);
        }
        catch (Exception e)
        {
            // Ends this job and no other one.
            LogFault(e, id);
            await jobs.FinishAsync(job, new Problem("", "jobFault", "A fault of the program ended the job; the service's log says more."), CancellationToken.None);
        }
    }

    private async Task RunAsync(Job job, long[]? contacts, CancellationToken cancellationToken)
    {
        var work = WorkOf(job.Act);
        var size = SizeOf(job.Act);
        while (await work.NextAsync(job, contacts, size, cancellationToken) is { } piece)
        {
            try
            {
                if (await jobs.AdvanceAsync(job, piece, cancellationToken) is not { } further) return;
                (job, size) = (further, Math.Min(size * 2, SizeOf(job.Act)));
            }
            catch (DbException e) when (database.Dialect.IsDataError(e) && piece.Contacts.Count > 1)
            {
                // Somebody among them can't be written. The others can: smaller and smaller pieces, until that one is alone.
                size = piece.Contacts.Count / 2;
            }
            catch (DbException e) when (database.Dialect.IsDataError(e) && piece.Contacts.Count == 1)
            {
                LogRefused(e, job.Id, piece.Contacts[0]);
                if (await jobs.AdvanceAsync(job, Refused(piece), cancellationToken) is not { } further) return;
                job = further;
            }
        }

        await jobs.FinishAsync(job, cancellationToken: cancellationToken);
    }

    private static JobPiece Refused(JobPiece piece) => piece with
    {
        Apply = (_, refusals, _) =>
        {
            refusals.Add(new JobRefusal(piece.Contacts[0], "contactNotWritten", "The database did not take the change of this contact. The service's log says why."));
            return Task.FromResult(new JobCounts { Done = 1, Refused = 1 });
        },
    };

    private IJobWork WorkOf(JobAct act) => act switch
    {
        JobAct.ExportContacts => contactLines,
        JobAct.ExportConsents => consentLines,
        JobAct.ExportSuppressions => suppressionLines,
        _ => changes,
    };

    private static int SizeOf(JobAct act) => act.IsExport() ? LinesPerPiece : act == JobAct.Delete ? DeletesPerPiece : ChangesPerPiece;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} can't go on now; the next try is in a second")]
    private partial void LogPostponed(Exception e, long job);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {Job} ended with a fault")]
    private partial void LogFault(Exception e, long job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job} could not change contact {Contact}")]
    private partial void LogRefused(Exception e, long job, long contact);
}
