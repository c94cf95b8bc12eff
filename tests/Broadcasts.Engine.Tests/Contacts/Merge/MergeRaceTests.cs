using System.Text;
using Broadcasts.Contacts.Import;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts.Merge;

public abstract class MergeRaceTests
{
    private const int Pairs = 40;

    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "r" + Guid.NewGuid().ToString("N")[..10];

    protected MergeRaceTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task MergeAndImport_AtTheSameTime_NoAddressIsLostAndEachBelongsToSomebody()
    {
        var emails = Enumerable.Range(0, Pairs * 2).Select(i => $"{_tag}{i}@example.com").ToArray();
        Assert.Equal(ImportStatus.Completed, (await ImportAsync(File("start"))).Status);
        var merges = 0;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_ct);
        Task[] people = [.. Enumerable.Range(0, 2).Select(n => Task.Run(() => MergeAndUndoAsync(new Random(n)), _ct))];
        Task[] writers = [.. Enumerable.Range(0, 2).Select(n => Task.Run(() => ImportOftenAsync(n), _ct)), Task.Run(UpsertOftenAsync, _ct)];

        await Task.WhenAll(writers);
        await over.CancelAsync();
        await Task.WhenAll(people);

        Assert.InRange(merges, 10, int.MaxValue);
        var rows = await _f.Database.ReadAsync(async c => (await c.QueryAsync<(string Value, long? Contact)>(
            "SELECT a.value, c.id FROM addresses a LEFT JOIN contacts c ON c.id = a.contact_id WHERE a.value LIKE @tag", new { tag = _tag + "%" })).AsList(), _ct);
        Assert.DoesNotContain(rows, r => r.Contact is null);
        var expected = emails.Concat(emails.Select((_, i) => $"{_tag}t{i}")).Concat(from n in Enumerable.Range(0, 2) from pass in Enumerable.Range(0, 8) select $"{_tag}new{n}-{pass}@example.com");
        Assert.Equal(expected.Order(StringComparer.Ordinal), rows.Select(r => r.Value).Order(StringComparer.Ordinal));
        Assert.Equal(0, await _f.Database.ReadAsync(c => c.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM import_contacts m WHERE NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = m.contact_id)"), _ct));
        Assert.Equal(0, await _f.Database.ReadAsync(c => c.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM contact_tags m WHERE NOT EXISTS (SELECT 1 FROM contacts c WHERE c.id = m.contact_id)"), _ct));

        // Each row brings the address by which it is known, one more that it must not lose, and something new to write.
        string File(string note, string? added = null) => $"email,telegram,last name,tags\n" + string.Concat(emails.Select((e, i) => $"{e},{_tag}t{i},{note},{_tag}\n")) + (added is null ? "" : $"{added},,,\n");

        async Task ImportOftenAsync(int n)
        {
            for (var pass = 0; pass < 8; pass++)
            {
                var result = await ImportAsync(File($"{n}-{pass}", $"{_tag}new{n}-{pass}@example.com"));
                Assert.Equal((ImportStatus.Completed, 0L), (result.Status, result.Invalid));
            }
        }

        async Task UpsertOftenAsync()
        {
            for (var pass = 0; pass < 30; pass++)
            {
                var outcomes = await _f.Contacts.UpsertAsync([.. emails.Select(e => new ContactEdit { FirstName = $"{pass}", Addresses = [new(AddressKind.Email, e)] })], "t", _ct);
                Assert.All(outcomes, o => Assert.NotEqual(UpsertKind.Invalid, o.Kind));
            }
        }

        async Task MergeAndUndoAsync(Random random)
        {
            while (!over.IsCancellationRequested)
            {
                var pair = random.Next(Pairs);
                var (a, b) = (await _f.Queries.FindAsync(AddressKind.Email, emails[pair], null, _ct), await _f.Queries.FindAsync(AddressKind.Email, emails[pair + Pairs], null, _ct));
                if (a == b) continue;
                var (id, result) = await _f.Merges.MergeAsync(new MergeRequest { PrimaryId = a!.Value, SecondaryId = b!.Value }, "t", _ct);
                if (!result.IsDone) continue;
                Interlocked.Increment(ref merges);
                if (random.Next(2) == 0) await Task.Yield();
                Assert.True((await _f.Merges.UndoAsync(id, "t", _ct)).Result.IsDone);
            }
        }
    }

    private Task<ImportResult> ImportAsync(string file) => _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "race.csv", Actor = "t", ConsentSource = "test" }, cancellationToken: _ct);
}

public sealed class SqliteMergeRaceTests(SqliteContactsFixture fixture) : MergeRaceTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresMergeRaceTests(PostgresContactsFixture fixture) : MergeRaceTests(fixture), IClassFixture<PostgresContactsFixture>;
