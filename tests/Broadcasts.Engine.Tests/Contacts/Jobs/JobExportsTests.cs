using System.Text;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Import;
using Xunit;

namespace Broadcasts.Contacts.Jobs;

/// <summary>Files that jobs make.</summary>
public abstract class JobExportsTests(ContactsFixture fixture) : JobsTest(fixture)
{
    private ConsentStore Consents => new(F.Database, F.Audit, F.Time);

    [Fact]
    public async Task Contacts_OverSeveralPieces_AreOneFileThatTheImportReadsAgain()
    {
        var ids = await CreateAsync(2_100);
        await F.Contacts.UpdateAsync(ids[3], new ContactEdit { LastName = "=1+1" }, null, "test", Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.ExportContacts, WithTag = Own });

        Assert.Equal(("Done 2100/2100: 0 0 0", 2_100), (Counts(job), job.Counts.Written));
        var lines = await FileAsync(job);
        Assert.Equal(2_101, lines.Length);
        Assert.Equal(ids.Order(), lines.Skip(1).Select(l => long.Parse(l.Split(',')[0], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Contains(",'=1+1,", lines[4], StringComparison.Ordinal);
        var import = await F.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(string.Join("\r\n", lines))), new ImportOptions { Name = "back.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: Ct);
        Assert.Equal((2_100L, 2_100L), (import.Rows, import.Unchanged));
        var audit = await AuditAsync($"job:{job.Id}");
        Assert.Equal([("job.downloaded", "downloader"), ("job.done", Own), ("job.exportContacts", Own)], audit.Select(a => (a.Action, a.Actor)));
    }

    [Fact]
    public async Task Contacts_WhenAnotherProcessGoesOn_HaveOneHeaderAndTheSameColumns()
    {
        await CreateAsync(1_500);
        var id = await AskAsync(new JobRequest { Act = JobAct.ExportContacts, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        var lines = new ContactLines(F.Database, new JobContacts(F.Database));
        await F.Jobs.AdvanceAsync(job, (await lines.NextAsync(job, null, 1_000, Ct))!, Ct);
        Assert.Equal("jobFileNotReady", F.JobFile.Refusal(await GetAsync(id))!.Code);
        await F.Fields.CreateAsync("Later " + Own, FieldType.Text, "test", cancellationToken: Ct);

        await F.Runner.RunAsync(id, Ct);

        var file = await FileAsync(await GetAsync(id));
        Assert.Equal(1_501, file.Length);
        Assert.Single(file.Select(l => l.Count(c => c == ',')).Distinct());
        Assert.DoesNotContain("later_", file[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_IsAFileWithItsHeaderAlone()
    {
        foreach (var act in (JobAct[])[JobAct.ExportContacts, JobAct.ExportConsents])
            Assert.Single(await FileAsync(await RunAsync(new JobRequest { Act = act, WithTag = Own })));
        Assert.Single(await FileAsync(await RunAsync(new JobRequest { Act = JobAct.ExportSuppressions, Suppressions = new SuppressionFilter { Search = Own } })));
    }

    [Fact]
    public async Task File_WhoseTimeIsOver_IsGone()
    {
        await CreateAsync(3);
        var job = await RunAsync(new JobRequest { Act = JobAct.ExportContacts, WithTag = Own });
        Assert.Equal(F.Time.GetUtcNow().AddDays(7).ToUnixTimeMilliseconds(), job.ExpiresAt);
        await F.Jobs.PurgeAsync(Ct);
        Assert.Null(F.JobFile.Refusal(job));

        F.Time.Advance(TimeSpan.FromDays(7));

        Assert.Equal("jobFileGone", F.JobFile.Refusal(job)!.Code);
        await F.Jobs.PurgeAsync(Ct);
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM job_chunks WHERE job_id = @Id", new { job.Id }));
        await Assert.ThrowsAsync<InvalidDataException>(() => F.JobFile.WriteAsync(job, "late", Stream.Null, Ct));
    }

    [Fact]
    public async Task File_OfACancelledExport_IsNoUseAndGoes()
    {
        await CreateAsync(3);
        var id = await AskAsync(new JobRequest { Act = JobAct.ExportContacts, WithTag = Own });
        var (job, _) = (await F.Jobs.BeginAsync(id, Ct))!.Value;
        await F.Jobs.AdvanceAsync(job, (await new ContactLines(F.Database, new JobContacts(F.Database)).NextAsync(job, null, 2, Ct))!, Ct);

        await F.Jobs.CancelAsync(id, Own, Ct);
        await F.Jobs.PurgeAsync(Ct);

        Assert.Equal("jobFileNotReady", F.JobFile.Refusal(await GetAsync(id))!.Code);
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM job_chunks WHERE job_id = @id", new { id }));
    }

    [Fact]
    public async Task Acts_MakeNoFile() =>
        Assert.Equal("jobWithoutFile", F.JobFile.Refusal(await RunAsync(new JobRequest { Act = JobAct.Block, WithTag = Own }))!.Code);

    [Fact]
    public async Task Consents_OfAFilter_AreWhatEachOfThemSaid()
    {
        var ids = await CreateAsync(2);
        await F.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes($"email\n{Own}.0@example.com\n")), new ImportOptions { Name = "fair.csv", Actor = "user:1", ConsentSource = "fair in Madrid" }, cancellationToken: Ct);
        F.Time.Advance(TimeSpan.FromSeconds(1));
        await Consents.SayAsync(ids[0], new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Withdrawn, Source = "call", Detail = "=said \"stop\"" }, "user:7", Ct);
        await Consents.SayAsync((await CreateAsync(1, prefix: "other"))[0], new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Granted, Source = "shop" }, "user:7", Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.ExportConsents, Contacts = ids });

        var lines = await FileAsync(job);
        var at = F.Time.GetUtcNow();
        Assert.Equal("contact_id,name,kind,address,channel,state,said_at_utc,source,detail,written_by", lines[0]);
        Assert.Equal(
        [
            $"{ids[0]},N0,,,,granted,{at.AddSeconds(-1):yyyy-MM-ddTHH:mm:ss}Z,import:{await ScalarAsync<long>("SELECT MAX(id) FROM imports")},fair in Madrid,user:1",
            $"{ids[0]},N0,email,{Own}.0@example.com,,withdrawn,{at:yyyy-MM-ddTHH:mm:ss}Z,call,\"'=said \"\"stop\"\"\",user:7",
        ], lines.Skip(1));
        Assert.Equal((2, 2), (job.Counts.Done, job.Counts.Written));
    }

    [Fact]
    public async Task Consents_OfEverybody_HoldThoseWhoAreGoneToo()
    {
        var ids = await CreateAsync(1);
        await Consents.SayAsync(ids[0], new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Withdrawn, Source = "call " + Own }, "user:7", Ct);
        await F.Contacts.DeleteAsync(ids[0], "test", Ct);

        var lines = await FileAsync(await RunAsync(new JobRequest { Act = JobAct.ExportConsents }));

        Assert.StartsWith($",,email,{Own}.0@example.com,,withdrawn,", Assert.Single(lines, l => l.Contains(Own, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Suppressions_OfAFilter_AreOneFile()
    {
        for (var i = 0; i < 3; i++) await F.Suppressions.AddAsync(AddressKind.Email, $"{Own}.{i}@example.com", SuppressionReason.Manual, "user:3", cancellationToken: Ct);
        await F.Suppressions.AddAsync(AddressKind.Email, $"{Own}.9@example.com", SuppressionReason.OptedOut, "user:3", cancellationToken: Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.ExportSuppressions, Suppressions = new SuppressionFilter { Search = Own, Reason = SuppressionReason.Manual } });

        Assert.Equal(("Done 3/3: 0 0 0", 3), (Counts(job), job.Counts.Written));
        Assert.Equal(["kind,address,channel,reason,source,since", .. Enumerable.Range(0, 3).Select(i => $"email,{Own}.{i}@example.com,,manual,user:3,")], (await FileAsync(job)).Select((l, i) => i == 0 ? l : l[..(l.LastIndexOf(',') + 1)]));
    }
}

public sealed class SqliteJobExportsTests(SqliteContactsFixture fixture) : JobExportsTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresJobExportsTests(PostgresContactsFixture fixture) : JobExportsTests(fixture), IClassFixture<PostgresContactsFixture>;
