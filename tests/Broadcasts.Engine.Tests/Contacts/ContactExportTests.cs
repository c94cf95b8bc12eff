using System.Globalization;
using System.Text;
using Broadcasts.Audiences;
using Broadcasts.Contacts.Export;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Xunit;

namespace Broadcasts.Contacts;

public abstract class ContactExportTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "e" + Guid.NewGuid().ToString("N")[..10];

    protected ContactExportTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task WriteAsync_HostileValues_CannotRunAndComeBackAsTheyWere()
    {
        string[] hostile = ["=HYPERLINK(\"http://x\";A1)", "+1+1", "-2+3", "@SUM(A1)", "'=1", "''+1", "Ana, \"the\nfirst\"", "＝1", "O'Hara", "plain"];
        for (var i = 0; i < hostile.Length; i++) await CreateAsync($"{_tag}{i}@example.com", hostile[i]);

        var csv = await ExportAsync(new ContactFilter { Search = _tag });

        var cells = await CellsAsync(csv);
        Assert.All(cells.SelectMany(row => row), cell => Assert.False(cell.Length > 0 && "=+-@\t\r＝".Contains(cell[0], StringComparison.Ordinal), cell));
        foreach (var id in await IdsAsync()) await _f.Contacts.DeleteAsync(id, "test", _ct);
        var import = await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(csv)), new ImportOptions { Name = "back.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);
        Assert.Equal((hostile.Length, 0, 0L), (import.Created, import.Duplicate, import.Invalid));
        var names = (await _f.Queries.ListAsync(new ContactFilter { Search = _tag }, null, 100, _ct)).Items.ToDictionary(c => c.Addresses[0].Value, c => c.FirstName);
        for (var i = 0; i < hostile.Length; i++) Assert.Equal(hostile[i], names[$"{_tag}{i}@example.com"]);
    }

    [Fact]
    public async Task WriteAsync_WholeContact_ImportedAgainIsUnchanged()
    {
        var (field, _) = await _f.Fields.CreateAsync("Name of " + _tag, FieldType.Text, "test", cancellationToken: _ct);
        await _f.Fields.UpdateAsync(field, "Email", FieldType.Text, "test", cancellationToken: _ct);
        var slug = (await _f.Fields.ListAsync(_ct)).Single(f => f.Id == field).Slug;
        var digits = (Random.Shared.Next(1_000_000, 9_999_999)).ToString(CultureInfo.InvariantCulture);
        var (id, result) = await _f.Contacts.CreateAsync(new ContactEdit
        {
            FirstName = "Ana",
            LastName = "de la Ñ",
            Language = "es",
            Country = "MX",
            TimeZone = "America/Mexico_City",
            Tags = ["a, b", "\"quoted\"", _tag],
            Fields = new Dictionary<string, string?> { [slug] = "-12" },
            Addresses =
            [
                new AddressEdit(AddressKind.Email, $"{_tag}@example.com"), new AddressEdit(AddressKind.Email, $"{_tag}2@example.com"), new AddressEdit(AddressKind.Email, $"{_tag}3@example.com"),
                new AddressEdit(AddressKind.Phone, "+3461" + digits), new AddressEdit(AddressKind.WhatsApp, "+52551" + digits), new AddressEdit(AddressKind.Telegram, "-100" + digits),
            ],
        }, "test", _ct);
        Assert.True(result.IsDone, string.Join(' ', result.Problems.Select(p => p.Message)));
        await _f.Contacts.BlockAsync(id, true, "test", _ct);

        var csv = await ExportAsync(new ContactFilter { Tag = _tag });

        Assert.Contains(",'+3461" + digits, csv, StringComparison.Ordinal);
        var fields = (await _f.Fields.ListAsync(_ct)).Count;
        var import = await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(csv)), new ImportOptions { Name = "back.csv", Actor = "test", ConsentSource = "test", DefaultCountry = "ES" }, cancellationToken: _ct);
        Assert.Empty((await _f.Imports.ErrorsAsync(import.Id, 0, 10, _ct)).Select(e => e.Reason));
        Assert.Equal((1L, 1L), (import.Rows, import.Unchanged));
        Assert.Equal(fields, (await _f.Fields.ListAsync(_ct)).Count);
        var cells = await CellsAsync(csv);
        Assert.Equal("true", cells[1][Array.IndexOf(cells[0], "broadcasts.blocked")]);
    }

    [Fact]
    public async Task WriteAsync_MorePeopleThanAPage_WritesEachOnceAndSaysSoInTheAudit()
    {
        var text = new StringBuilder("email,tags\n");
        for (var i = 0; i < 2_345; i++) text.Append(CultureInfo.InvariantCulture, $"{_tag}{i}@example.com,{_tag}\n");
        await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(text.ToString())), new ImportOptions { Name = "many.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);
        var rule = SegmentRule.Parse($$"""{"field":"tag","op":"hasAnyOf","value":["{{_tag}}"]}""", out _);

        var cells = await CellsAsync(await ExportAsync(new ContactFilter { Rule = rule }));

        var email = Array.IndexOf(cells[0], "email");
        Assert.Equal((2_346, 2_345), (cells.Count, cells.Skip(1).Select(c => c[email]).Distinct().Count()));
        var audit = await new AuditStore(_f.Database, _f.Time).ListAsync(new AuditFilter { Subject = "contacts", Actor = _tag }, cancellationToken: _ct);
        Assert.Equal(["contacts.exported: 2345 contacts; everybody", "contacts.export: everybody"], audit.Select(a => $"{a.Action}: {a.Detail}"));
    }

    [Fact]
    public async Task WriteAsync_BrokenOff_SaysHowFarItCame()
    {
        await CreateAsync($"{_tag}@example.com", "Ana");
        using var closed = new StringWriter();
        await closed.DisposeAsync();

        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => Export.WriteAsync(new ContactFilter { Search = _tag }, "tag 'x'", _tag, closed, _ct));

        var audit = await new AuditStore(_f.Database, _f.Time).ListAsync(new AuditFilter { Subject = "contacts", Actor = _tag }, cancellationToken: _ct);
        Assert.Equal("0 contacts, broken off; tag 'x'", audit[0].Detail);
    }

    [Theory]
    [InlineData("a,b;c|d", "a", "b", "c", "d")]
    [InlineData(" a , \"b, c\" ,\"\"\"d\"\"\"", "a", "b, c", "\"d\"")]
    [InlineData("5\" nails, \"open", "5\" nails", "\"open")]
    [InlineData(" , ;|")]
    public void SplitTags_AnyCell_GivesItsTags(string text, params string[] tags) => Assert.Equal(tags, CsvText.SplitTags(text));

    private ContactExport Export => new(_f.Database, _f.Queries, _f.Fields, new AuditStore(_f.Database, _f.Time));

    private async Task<string> ExportAsync(ContactFilter filter)
    {
        using var output = new StringWriter();
        await Export.WriteAsync(filter, "everybody", _tag, output, _ct);
        return output.ToString();
    }

    private async Task<List<string[]>> CellsAsync(string csv)
    {
        var reader = new CsvReader(new MemoryStream(Encoding.UTF8.GetBytes(csv)), Encoding.UTF8, ',');
        var rows = new List<string[]>();
        while (await reader.ReadAsync(_ct)) rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader[i])]);
        return rows;
    }

    private async Task CreateAsync(string email, string name)
    {
        var (_, result) = await _f.Contacts.CreateAsync(new ContactEdit { FirstName = name, Addresses = [new AddressEdit(AddressKind.Email, email)] }, "test", _ct);
        Assert.True(result.IsDone);
    }

    private async Task<long[]> IdsAsync() => [.. (await _f.Queries.ListAsync(new ContactFilter { Search = _tag }, null, 100, _ct)).Items.Select(c => c.Id)];
}

public sealed class SqliteContactExportTests(SqliteContactsFixture fixture) : ContactExportTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresContactExportTests(PostgresContactsFixture fixture) : ContactExportTests(fixture), IClassFixture<PostgresContactsFixture>;
