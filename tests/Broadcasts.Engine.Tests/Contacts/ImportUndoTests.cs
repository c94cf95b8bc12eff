using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

public abstract class ImportUndoTests
{
    private static readonly string[] New = ["new", "changed", "blocked", "written", "heard", "twice", "gone"];

    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "u" + Guid.NewGuid().ToString("N")[..10];

    protected ImportUndoTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task RunAsync_ImportOfADay_TakesBackWhatNobodyTouchedAndCountsTheRest()
    {
        await RunAsync($"email,first name,city {_tag},tags\n{_tag}old@example.com,Ana,Vigo,a\n{_tag}edited@example.com,Eva,Vigo,a\n");
        var file = $"email,first name,city {_tag},tags,telegram\n{_tag}old@example.com,Anna,Lugo,b,{_tag}t\n{_tag}edited@example.com,Evita,,,\n" +
            string.Concat(New.Select(n => $"{_tag}{n}@example.com,{n},,c,\n"));
        var import = await RunAsync(file);
        await _f.Contacts.UpdateAsync(await IdAsync("edited"), new ContactEdit { LastName = "x" }, null, "test", _ct);
        await _f.Contacts.UpdateAsync(await IdAsync("changed"), new ContactEdit { LastName = "x" }, null, "test", _ct);
        await _f.Contacts.BlockAsync(await IdAsync("blocked"), true, "test", _ct);
        await _f.Contacts.DeleteAsync(await IdAsync("gone"), "test", _ct);
        await SqlAsync("UPDATE contacts SET last_interaction_at = 1 WHERE id = @id", await IdAsync("heard"));
        await SqlAsync("INSERT INTO deliveries (id, contact_id, contact_revision, channel_id, part, status, attempt) VALUES (@id, @id, 1, 1, 0, 0, 0)", await IdAsync("written"));
        await RunAsync($"email\n{_tag}twice@example.com\n");

        var (counts, result) = await Undo.RunAsync(import.Id, "test", _ct);

        Assert.True(result.IsDone);
        Assert.Equal("Deleted 1, Restored 1, Changed 3, Written 1, Heard 1, Imported 1, Gone 1", Show(counts));
        Assert.Null(await FindAsync("new"));
        var old = (await _f.Queries.GetAsync(await IdAsync("old"), _ct))!;
        Assert.Equal(("Ana", "Vigo", "a", 1, 3), (old.FirstName, Assert.Single(old.Fields).Value, Assert.Single(old.Tags), old.Addresses.Count, old.Revision));
        Assert.Equal("Evita", (await _f.Queries.GetAsync(await IdAsync("edited"), _ct))!.FirstName);

        var (again, second) = await Undo.RunAsync(import.Id, "test", _ct);
        Assert.Equal((Show(counts), true), (Show(again), second.IsDone));
        Assert.NotNull((await _f.Imports.GetAsync(import.Id, _ct))!.UndoneAt);
        Assert.Equal("1 deleted, 1 restored, 6 kept", Assert.Single(await new AuditStore(_f.Database, _f.Time).ListAsync(new AuditFilter { Subject = $"import:{import.Id}", Action = "import.undone" }, cancellationToken: _ct)).Detail);
        Assert.Equal((2L, 0L), await CreatedAsync(file));
    }

    [Fact]
    public async Task MustConfirm_NewAddressesArePending_AndNoMoreSoWhenTheImportIsTakenBack()
    {
        await RunAsync($"email\n{_tag}known@example.com\n");
        await _f.Database.WriteAsync(t => Consent.ConsentLog.SayAsync(t, new Consent.ConsentEvent { Kind = AddressKind.Email, Value = $"{_tag}agreed@example.com", State = Consent.ConsentState.Granted, Source = "test", Actor = "test", At = 1 }), _ct);
        var file = $"email,phone\n{_tag}known@example.com,+34600{Random.Shared.Next(100_000, 999_999)}\n{_tag}new@example.com,\n{_tag}agreed@example.com,\n";
        var import = await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "p.csv", Actor = "test", ConsentSource = "fair", MustConfirm = true }, cancellationToken: _ct);
        Assert.Equal((2, 1), (import.Created, import.Updated));

        Assert.Equal(["email new", "phone known"], await PendingAsync());
        Assert.Equal(["pending"], (await new Consent.ConsentStore(_f.Database, new AuditStore(_f.Database, _f.Time), _f.Time).OfContactAsync(await IdAsync("new"), _ct)).Select(c => c.State.ToString().ToLowerInvariant()));

        await Undo.RunAsync(import.Id, "test", _ct);
        Assert.Empty(await PendingAsync());

        async Task<string[]> PendingAsync() => [.. (await _f.Database.ReadAsync(c => c.QueryAsync<(int Kind, string Value)>(
            """
            SELECT s.kind, CASE WHEN s.kind = 1 THEN s.value ELSE (SELECT e.value FROM addresses p JOIN addresses e ON e.contact_id = p.contact_id AND e.kind = 1 WHERE p.kind = s.kind AND p.value = s.value) END
              FROM suppressions s WHERE s.reason = 6 AND s.source = @source ORDER BY s.kind
            """, new { source = $"import:{import.Id}" }), _ct)).Select(p => $"{((AddressKind)p.Kind).Name()} {p.Value.Replace(_tag, "").Replace("@example.com", "")}")];
    }

    [Fact]
    public async Task RunAsync_MoreThanAPiece_TakesAllBack()
    {
        var import = await RunAsync("email\n" + string.Concat(Enumerable.Range(0, 1_234).Select(i => $"{_tag}{i}@example.com\n")));

        var (counts, _) = await Undo.RunAsync(import.Id, "test", _ct);

        Assert.Equal(1_234, counts[UndoOutcome.Deleted]);
        Assert.Equal(0, (await _f.Queries.CountAsync(new ContactFilter { Search = _tag }, cancellationToken: _ct)).Value);
    }

    [Fact]
    public async Task RunAsync_TooLateOrATrialOrNoImport_IsRefused()
    {
        var import = await RunAsync($"email\n{_tag}@example.com\n");
        var trial = await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes($"email\n{_tag}@example.com\n")), new ImportOptions { Name = "t.csv", Actor = "test", IsTrial = true }, cancellationToken: _ct);
        await SqlAsync("UPDATE imports SET finished_at = finished_at - 86400001 WHERE id = @id", import.Id);

        Assert.Equal("undoTooLate", Assert.Single((await Undo.RunAsync(import.Id, "test", _ct)).Result.Problems).Code);
        Assert.Equal("undoTrial", Assert.Single((await Undo.RunAsync(trial.Id, "test", _ct)).Result.Problems).Code);
        Assert.Equal(CommandCode.NotFound, (await Undo.RunAsync(long.MaxValue, "test", _ct)).Result.Code);
        Assert.NotNull(await FindAsync(""));
    }

    private ImportUndo Undo => new(_f.Database, _f.Time, _f.Imports, _f.Uploads, new AuditStore(_f.Database, _f.Time));

    private static string Show(UndoCounts counts) => string.Join(", ", Enum.GetValues<UndoOutcome>().Select(o => $"{o} {counts[o]}"));

    private Task<ImportResult> RunAsync(string file) => _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "undo.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);

    private async Task<(long Created, long Invalid)> CreatedAsync(string file)
    {
        var result = await RunAsync(file);
        return (result.Created, result.Invalid);
    }

    private async Task<long> IdAsync(string name) => (await FindAsync(name))!.Value;

    private Task<long?> FindAsync(string name) => _f.Queries.FindAsync(AddressKind.Email, $"{_tag}{name}@example.com", null, _ct);

    private Task<int> SqlAsync(string sql, long id) => _f.Database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(sql, new { id }, transaction), _ct);
}

public sealed class SqliteImportUndoTests(SqliteContactsFixture fixture) : ImportUndoTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresImportUndoTests(PostgresContactsFixture fixture) : ImportUndoTests(fixture), IClassFixture<PostgresContactsFixture>;
