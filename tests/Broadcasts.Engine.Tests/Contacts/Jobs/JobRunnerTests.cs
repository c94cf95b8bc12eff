using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Xunit;

namespace Broadcasts.Contacts.Jobs;

/// <summary>How jobs go on: what ends them, and who goes on with them.</summary>
public abstract class JobRunnerTests(ContactsFixture fixture) : JobsTest(fixture)
{
    [Fact]
    public async Task Piece_ThatDiesInTheMiddle_IsDoneOnceByTheNextProcess()
    {
        var ids = await CreateAsync(600);
        var id = await AskAsync(new JobRequest { Act = JobAct.AddTag, Tag = "new " + Own, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        job = (await F.Jobs.AdvanceAsync(job, await NextAsync(job), Ct))!;
        var second = await NextAsync(job);

        await Assert.ThrowsAsync<IOException>(() => F.Jobs.AdvanceAsync(job, second with
        {
            Apply = async (transaction, refusals, token) =>
            {
                await second.Apply!(transaction, refusals, token);
                throw new IOException("The process died here.");
            },
        }, Ct));
        Assert.Equal("Running 250/600: 250 0 0", Counts(await GetAsync(id)));
        Assert.Equal(1, (await ContactAsync(second.Contacts[0])).Revision);

        await F.Runner.RunAsync(id, Ct);

        Assert.Equal("Done 600/600: 600 0 0", Counts(await GetAsync(id)));
        foreach (var contact in ids) Assert.Equal(2, (await ContactAsync(contact)).Revision);
        Assert.Equal(600, await ScalarAsync<long>("SELECT COUNT(*) FROM audit WHERE detail = @detail", new { detail = $"job:{id}" }));
    }

    [Fact]
    public async Task Piece_OfAProcessThatWasThoughtDead_ChangesNothing()
    {
        await CreateAsync(300);
        var id = await AskAsync(new JobRequest { Act = JobAct.Block, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        var late = await NextAsync(job);
        await F.Runner.RunAsync(id, Ct);
        var (again, _) = (await F.Jobs.BeginAsync(await AskAsync(new JobRequest { Act = JobAct.Unblock, WithTag = Own }), Ct))!.Value;
        Assert.NotNull(await F.Jobs.AdvanceAsync(again, await NextAsync(again), Ct));

        Assert.Null(await F.Jobs.AdvanceAsync(job, late, Ct));
        Assert.Null(await F.Jobs.AdvanceAsync(again, await NextAsync(again), Ct));
        Assert.Null((await ContactAsync(late.Contacts[0])).BlockedAt);
        Assert.Equal("Done 300/300: 300 0 0", Counts(await GetAsync(id)));
    }

    [Fact]
    public async Task Cancel_InTheMiddle_KeepsWhatIsDoneAndBeginsNothingMore()
    {
        var ids = await CreateAsync(600);
        var id = await AskAsync(new JobRequest { Act = JobAct.Block, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        job = (await F.Jobs.AdvanceAsync(job, await NextAsync(job), Ct))!;

        Assert.True((await F.Jobs.CancelAsync(id, "boss", Ct)).IsDone);

        Assert.Null(await F.Jobs.AdvanceAsync(job, await NextAsync(job), Ct));
        await F.Runner.RunAsync(id, Ct);
        var after = await GetAsync(id);
        Assert.Equal(("Cancelled 250/600: 250 0 0", "boss"), (Counts(after), after.CancelledBy));
        Assert.NotNull((await ContactAsync(ids[249])).BlockedAt);
        Assert.Null((await ContactAsync(ids[250])).BlockedAt);
        Assert.Equal(("job.cancelled", "boss", "250 of 600: 250 changed, 0 unchanged, 0 refused"), (await AuditAsync($"job:{id}")).Select(a => (a.Action, a.Actor, a.Detail)).First());
        var twice = await F.Jobs.CancelAsync(id, "boss", Ct);
        Assert.Equal((CommandCode.Refused, "jobEnded"), (twice.Code, twice.Problems[0].Code));
        Assert.Equal(CommandCode.NotFound, (await F.Jobs.CancelAsync(id + 1_000, "boss", Ct)).Code);
    }

    [Fact]
    public async Task Interrupted_GoesOnWhereItWas()
    {
        await CreateAsync(600);
        var id = await AskAsync(new JobRequest { Act = JobAct.Block, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        await F.Jobs.AdvanceAsync(job, await NextAsync(job), Ct);
        await F.Jobs.InterruptAsync(id);
        Assert.Equal("Interrupted 250/600: 250 0 0", Counts(await GetAsync(id)));
        Assert.Contains(id, await F.Jobs.OpenAsync(Ct));

        await F.Runner.RunAsync(id, Ct);

        Assert.Equal("Done 600/600: 600 0 0", Counts(await GetAsync(id)));
        Assert.DoesNotContain(id, await F.Jobs.OpenAsync(Ct));
    }

    [Fact]
    public async Task Fault_OfAJob_EndsThisOneAndNoOther()
    {
        var ids = await CreateAsync(2);
        var broken = await AskAsync(new JobRequest { Act = JobAct.Block, WithTag = Own });
        var other = await AskAsync(new JobRequest { Act = JobAct.AddTag, Tag = "other " + Own, Contacts = ids });
        await SqlAsync("UPDATE jobs SET position = 'no number' WHERE id = @broken", new { broken });

        await F.Runner.RunAsync(broken, Ct);
        await F.Runner.RunAsync(other, Ct);

        var job = await GetAsync(broken);
        Assert.Equal((JobStatus.Failed, "jobFault"), (job.Status, job.Told!.Code));
        Assert.Equal("Done 2/2: 2 0 0", Counts(await GetAsync(other)));
    }

    [Fact]
    public async Task Held_BecauseTheDataWasPutBack_WaitsForAPerson()
    {
        await CreateAsync(2);
        var id = await AskAsync(new JobRequest { Act = JobAct.Delete, WithTag = Own });
        await SqlAsync("""INSERT INTO settings (name, value) VALUES ('safeHold', '{"reason":"restored","since":1}')""");
        try
        {
            await F.Runner.TurnAsync(Ct);
            Assert.Equal("Queued 0/2: 0 0 0", Counts(await GetAsync(id)));
        }
        finally
        {
            await SqlAsync("DELETE FROM settings WHERE name = 'safeHold'");
        }

        await F.Runner.TurnAsync(Ct);
        Assert.Equal("Done 2/2: 2 0 0", Counts(await GetAsync(id)));
    }

    [Fact]
    public async Task Request_SentTwice_IsOneJob()
    {
        var request = new JobRequest { Act = JobAct.Block, WithTag = Own, Once = Own };
        Assert.Equal(await AskAsync(request), await AskAsync(request));
    }

    [Fact]
    public async Task Jobs_TooManyThatWait_AreRefused()
    {
        var open = new List<long>();
        while (open.Count <= JobService.MostOpen)
        {
            var (id, result) = await F.JobService.StartAsync(new JobRequest { Act = JobAct.Block, WithTag = Own }, Own, Ct);
            if (!result.IsDone)
            {
                Assert.Equal("tooManyJobs", result.Problems[0].Code);
                break;
            }

            open.Add(id);
        }

        Assert.InRange(open.Count, 1, JobService.MostOpen);
        foreach (var id in open) await F.Jobs.CancelAsync(id, Own, Ct);
    }

    private async Task<JobPiece> NextAsync(Job job) => (await F.ContactChanges.NextAsync(job, null, 250, Ct))!;
}

public sealed class SqliteJobRunnerTests(SqliteContactsFixture fixture) : JobRunnerTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresJobRunnerTests(PostgresContactsFixture fixture) : JobRunnerTests(fixture), IClassFixture<PostgresContactsFixture>
{
    [Fact]
    public async Task Job_ThatAnotherProcessIsAt_IsLeftToIt()
    {
        await CreateAsync(2);
        var id = await AskAsync(new JobRequest { Act = JobAct.Block, WithTag = Own });
        await using (var other = await AliveLock.TryTakeAsync(F.Database, JobRunner.LockSpace + id, Ct))
        {
            Assert.NotNull(other);
            await F.Runner.RunAsync(id, Ct);
            Assert.Equal("Queued 0/2: 0 0 0", Counts(await GetAsync(id)));
        }

        await F.Runner.RunAsync(id, Ct);
        Assert.Equal("Done 2/2: 2 0 0", Counts(await GetAsync(id)));
    }
}
