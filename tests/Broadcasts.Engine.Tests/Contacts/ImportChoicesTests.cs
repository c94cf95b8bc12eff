using System.Globalization;
using System.Text;
using Broadcasts.Contacts.Import;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>What somebody chooses before an import: a trial, blanks, the source; and the file of rows to mend.</summary>
public abstract class ImportChoicesTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "c" + Guid.NewGuid().ToString("N")[..10];

    protected ImportChoicesTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task RunAsync_Trial_CountsWhatTheRunCountsAndWritesNobody()
    {
        await RunAsync($"email,telegram,first name\n{_tag}a@example.com,,Ana\n{_tag}b@example.com,{_tag}b,Bob\n{_tag}same@example.com,,Same\n");
        // Beyond one batch, so that a later row meets what an earlier batch would have written.
        var file = new StringBuilder($"email,telegram,first name,new column {_tag},tags\n");
        file.Append(CultureInfo.InvariantCulture, $"{_tag}a@example.com,{_tag}a,Anna,,new {_tag}\n{_tag}same@example.com,,Same,,\n");
        for (var i = 0; i < 6_000; i++) file.Append(CultureInfo.InvariantCulture, $"{_tag}{i % 5_500}@example.com,,N{i},x,\n");
        file.Append(CultureInfo.InvariantCulture, $",{_tag}a,Again,,\n{_tag}0@example.com,{_tag}b,Two people,,\nnonsense,,,,\n{_tag}same@example.com,,Once more,,\n,{_tag}z,Zed,,\n");
        var before = await TablesAsync();

        var trial = await RunAsync(file.ToString(), o => o with { IsTrial = true });

        Assert.Equal(before, await TablesAsync());
        var run = await RunAsync(file.ToString());
        Assert.Equal(Counts(run), Counts(trial));
        Assert.Equal((ImportStatus.Completed, 6_007L), (trial.Status, trial.Rows));
        Assert.Equal((5_501L, 1L, 1L, 502L, 2L), (run.Created, run.Updated, run.Unchanged, run.Duplicate, run.Invalid));
        var errors = await _f.Imports.ErrorsAsync(trial.Id, 0, 10, _ct);
        Assert.Equal((await _f.Imports.ErrorsAsync(run.Id, 0, 10, _ct)).Select(e => (e.RowNumber, e.Code)), errors.Select(e => (e.RowNumber, e.Code)));
        Assert.True((await _f.Imports.GetAsync(trial.Id, _ct))!.IsTrial);
    }

    [Fact]
    public async Task RunAsync_BlankCells_ClearOnlyWhenAsked()
    {
        await RunAsync($"email,first name,last name,language,city {_tag},tags\n{_tag}@example.com,Ana,Gil,es,Vigo,a\n");
        var blank = $"email,first name,last name,language,city {_tag},tags\n{_tag}@example.com,, ,,,\n";

        Assert.Equal(1, (await RunAsync(blank)).Unchanged);
        Assert.Equal(1, (await RunAsync(blank, o => o with { OverwriteWithBlank = true })).Updated);
        Assert.Equal(1, (await RunAsync($"email,first name,last name\n{_tag}@example.com\n", o => o with { OverwriteWithBlank = true })).Unchanged);

        var contact = (await _f.Queries.GetAsync((await _f.Queries.FindAsync(AddressKind.Email, _tag + "@example.com", null, _ct))!.Value, _ct))!;
        Assert.Equal((null, null, null, 0), (contact.FirstName, contact.LastName, contact.Language, contact.Fields.Count));
        Assert.Equal(("a", 1), (Assert.Single(contact.Tags), contact.Addresses.Count));
    }

    [Fact]
    public async Task RunAsync_ConsentSource_IsKept()
    {
        var said = await RunAsync($"email\n{_tag}@example.com\n", o => o with { ConsentSource = " web form 2026 " });

        Assert.Equal("web form 2026", (await _f.Imports.GetAsync(said.Id, _ct))!.ConsentSource);
        var unsaid = await RunAsync($"email\n{_tag}@example.com\n", o => o with { ConsentSource = " " });
        Assert.Equal((0L, "consentSource", "noConsentSource"), (unsaid.Id, unsaid.Error!.Path, unsaid.Error.Code));
        var tooLong = await RunAsync($"email\n{_tag}@example.com\n", o => o with { ConsentSource = new string('x', 201) });
        Assert.Equal((0L, "consentSource", "tooLong"), (tooLong.Id, tooLong.Error!.Path, tooLong.Error.Code));
    }

    [Fact]
    public async Task WriteRowsAsync_MendedAndImported_BringsTheRest()
    {
        await RunAsync($"email,telegram\n{_tag}a@example.com,\n,{_tag}\n");
        var first = await RunAsync($"Email;Phone;note {_tag};telegram\n{_tag}ok@example.com;;fine;\n{_tag}1@example.com;12;\"=1+1; \"\"q\"\"\nnext\";\n{_tag}2@example.com;;b;;more\n{_tag}a@example.com;;c;{_tag}\n{_tag}4@example.com;\"open;d\n");
        Assert.Equal((1L, 4L), (first.Created, first.Invalid));

        using var csv = new StringWriter();
        await new ImportErrorsCsv(_f.Imports).WriteRowsAsync((await _f.Imports.GetAsync(first.Id, _ct))!, csv, _ct);

        var text = csv.ToString();
        Assert.StartsWith($"broadcasts.row,broadcasts.column,broadcasts.reason,Email,Phone,note {_tag},telegram\r\n3,Phone,", text, StringComparison.Ordinal);
        Assert.Equal(3, (await RunAsync(text)).Invalid);
        var mended = text.Replace(",12,", ",+34612345678,", StringComparison.Ordinal).Replace(",,more", ",", StringComparison.Ordinal).Replace($",c,{_tag}", ",c,", StringComparison.Ordinal);
        var second = await RunAsync(mended);
        Assert.Equal((2L, 1L, 0L), (second.Created, second.Updated, second.Invalid));
        var contact = (await _f.Queries.GetAsync((await _f.Queries.FindAsync(AddressKind.Email, _tag + "1@example.com", null, _ct))!.Value, _ct))!;
        Assert.Equal("=1+1; \"q\"\nnext", Assert.Single(contact.Fields).Value);
    }

    private Task<ImportResult> RunAsync(string file, Func<ImportOptions, ImportOptions>? change = null)
    {
        var options = new ImportOptions { Name = "choices.csv", Actor = "test", ConsentSource = "test" };
        return _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), change?.Invoke(options) ?? options, cancellationToken: _ct);
    }

    private static (long, long, long, long, long) Counts(ImportResult r) => (r.Created, r.Updated, r.Unchanged, r.Duplicate, r.Invalid);

    private const string TablesSql = """
        SELECT (SELECT COUNT(*) FROM contacts) + (SELECT COUNT(*) FROM addresses) + (SELECT COUNT(*) FROM contact_revisions) + (SELECT COUNT(*) FROM contact_tags)
             + (SELECT COUNT(*) FROM tags) + (SELECT COUNT(*) FROM fields) + (SELECT COUNT(*) FROM import_contacts)
        """;

    private Task<long> TablesAsync() => _f.Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>(TablesSql), _ct);
}

public sealed class SqliteImportChoicesTests(SqliteContactsFixture fixture) : ImportChoicesTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresImportChoicesTests(PostgresContactsFixture fixture) : ImportChoicesTests(fixture), IClassFixture<PostgresContactsFixture>;
