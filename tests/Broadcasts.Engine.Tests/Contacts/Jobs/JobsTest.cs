using System.Text;
using Broadcasts.Security;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts.Jobs;

/// <summary>What the tests of jobs share: contacts of a test of its own, and a job that is asked for and done.</summary>
public abstract class JobsTest
{
    protected JobsTest(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        F = fixture;
    }

    private protected ContactsFixture F { get; }

    private protected CancellationToken Ct { get; } = TestContext.Current.CancellationToken;

    /// <summary>Nothing of another test has it.</summary>
    private protected string Own { get; } = "j" + Guid.NewGuid().ToString("N")[..10];

    /// <summary>Makes contacts with an address each, and the tag of this test.</summary>
    private protected async Task<long[]> CreateAsync(int count, string prefix = "")
    {
        var ids = new List<long>();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(1_000))
        {
            var outcomes = await F.Contacts.UpsertAsync([.. chunk.Select(i => new ContactEdit { FirstName = $"N{i}", Addresses = [new AddressEdit(AddressKind.Email, $"{prefix}{Own}.{i}@example.com")], Tags = [Own] })], "test", Ct);
            ids.AddRange(outcomes.Select(o => o.Id));
        }

        return [.. ids];
    }

    private protected async Task<long> AskAsync(JobRequest request)
    {
        var (id, result) = await F.JobService.StartAsync(request, Own, Ct);
        Assert.True(result.IsDone, result.Message);
        return id;
    }

    private protected async Task<Job> RunAsync(JobRequest request)
    {
        var id = await AskAsync(request);
        await F.Runner.RunAsync(id, Ct);
        return await GetAsync(id);
    }

    private protected async Task<Job> GetAsync(long id) => (await F.Jobs.GetAsync(id, Ct))!;

    private protected async Task<ContactDetails> ContactAsync(long id) => (await F.Queries.GetAsync(id, Ct))!;

    private protected Task<IReadOnlyList<AuditEntry>> AuditAsync(string subject) => F.Audit.ListAsync(new AuditFilter { Subject = subject }, cancellationToken: Ct);

    private protected Task<T> ScalarAsync<T>(string sql, object? values = null) => F.Database.ReadAsync(connection => connection.ExecuteScalarAsync<T>(sql, values)!, Ct)!;

    private protected Task<int> SqlAsync(string sql, object? values = null) => F.Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, values, t), Ct);

    private protected async Task<string[]> FileAsync(Job job)
    {
        Assert.Null(F.JobFile.Refusal(job));
        using var file = new MemoryStream();
        await F.JobFile.WriteAsync(job, "downloader", file, Ct);
        Assert.Equal(job.Bytes, file.Length);
        return Encoding.UTF8.GetString(file.ToArray()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    private protected static string Counts(Job job) => FormattableString.Invariant($"{job.Status} {job.Counts.Done}/{job.Total}: {job.Counts.Changed} {job.Counts.Unchanged} {job.Counts.Refused}");
}
