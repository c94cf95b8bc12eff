using System.Text;
using Broadcasts.Audiences;
using Broadcasts.Contacts.Import;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

public abstract class ImportTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "x" + Guid.NewGuid().ToString("N")[..10];

    protected ImportTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task RunAsync_SpanishFile_FillsEveryPart()
    {
        var result = await ImportAsync($"""
            Correo Electrónico;Nombre;APELLIDOS;Móvil;Idioma;País;Etiquetas;Zona horaria;Código postal {_tag};WhatsApp
            {_tag}@Example.com;José;"Gómez; Núñez";612 345 678;Español;España;vip, {_tag};Europe/Madrid;08001;+34 612345678
            """, new Options { DefaultCountry = "ES" });

        AssertCounts(result, created: 1);
        var contact = await ContactAsync(_tag + "@example.com");
        Assert.Equal(("José", "Gómez; Núñez", "es", "ES", "Europe/Madrid"), (contact.FirstName, contact.LastName, contact.Language, contact.Country, contact.TimeZone));
        Assert.Equal("08001", contact.Fields["codigo_postal_" + _tag]);
        Assert.Equal(["vip", _tag], contact.Tags);
        Assert.Contains(contact.Addresses, a => a is { Kind: AddressKind.Phone, Value: "+34612345678" });
        Assert.Contains(contact.Addresses, a => a is { Kind: AddressKind.WhatsApp, Value: "34612345678" });
        await _f.Contacts.DeleteAsync(contact.Id, "test", _ct);
    }

    [Fact]
    public async Task RunAsync_EveryKindOfRow_AddsUpAndIsExplained()
    {
        var file = $""""
            email,first name,phone
            {_tag}1@example.com,One,
            {_tag}2@example.com,Two,not a phone
            nonsense,Three,
            {_tag}1@EXAMPLE.com,Four,
            ,Five,
            {_tag}6@example.com,Six,,,extra
            {_tag}7@example.com

            {_tag}8@example.com,"Eight ""8""",
            """";

        var first = await ImportAsync(file);
        AssertCounts(first, created: 3, duplicate: 1, invalid: 4);
        var errors = await _f.Imports.ErrorsAsync(first.Id, 0, 100, _ct);
        Assert.Equal([(3L, "phone"), (4L, "email"), (6L, ""), (7L, "")], errors.Select(e => (e.RowNumber, e.Field)));
        Assert.Equal("not a phone", errors[0].Value);
        Assert.Equal("Eight \"8\"", (await ContactAsync(_tag + "8@example.com")).FirstName);
        Assert.Equal("One", (await ContactAsync(_tag + "1@example.com")).FirstName);

        AssertCounts(await ImportAsync(file), unchanged: 3, duplicate: 1, invalid: 4);

        using var csv = new StringWriter();
        await new ImportErrorsCsv(_f.Imports).WriteAsync(first.Id, csv, _ct);
        Assert.StartsWith("row,column,value,reason\r\n3,phone,not a phone,", csv.ToString(), StringComparison.Ordinal);
        var stored = await _f.Imports.GetAsync(first.Id, _ct);
        Assert.Equal((ImportStatus.Completed, 8L, first.Sha256), (stored!.Status, stored.Rows, stored.FileSha256));
    }

    [Fact]
    public async Task RunAsync_ChangedFile_UpdatesAddsAndNeverBlanks()
    {
        await ImportAsync($"email,first name,city {_tag},tags\n{_tag}@example.com,Ana,Madrid,a\n{_tag}b@example.com,Bob,Rome,a\n");

        var second = await ImportAsync($"email,first name,city {_tag},tags,telegram\n{_tag}@example.com,,Sevilla,b,{_tag}\n{_tag}b@example.com,Bob,,,\n");

        AssertCounts(second, updated: 1, unchanged: 1);
        var contact = await ContactAsync(_tag + "@example.com");
        Assert.Equal(("Ana", "Sevilla", 2), (contact.FirstName, contact.Fields["city_" + _tag], contact.Revision));
        Assert.Equal(["a", "b"], contact.Tags);
        Assert.Equal(2, contact.Addresses.Count);
        await using var connection = await _f.Database.OpenReadAsync(_ct);
        var old = (await _f.Queries.LoadForRenderingAsync(connection, [(contact.Id, 1)], ["city_" + _tag], _ct)).Values.Single();
        Assert.Equal("Madrid", old.Fields["city_" + _tag]);
    }

    [Fact]
    public async Task RunAsync_Purposes_AddOnlyAndUpdateOnly()
    {
        await ImportAsync($"email,first name\n{_tag}1@example.com,One\n");
        var file = $"email,first name\n{_tag}1@example.com,Uno\n{_tag}2@example.com,Dos\n";

        AssertCounts(await ImportAsync(file, new Options { Purpose = ImportPurpose.Update }), updated: 1, invalid: 1);
        AssertCounts(await ImportAsync(file.Replace("Uno", "Eins", StringComparison.Ordinal), new Options { Purpose = ImportPurpose.Add }), created: 1, unchanged: 1);
        Assert.Equal("Uno", (await ContactAsync(_tag + "1@example.com")).FirstName);
    }

    [Fact]
    public async Task RunAsync_AddressInTwoColumnsAndRows_FirstRowWins()
    {
        var result = await ImportAsync($"email,email,telegram\n{_tag}a@example.com,{_tag}b@example.com,{_tag}\n{_tag}c@example.com,{_tag}b@example.com,\n,,{_tag}\n{_tag}d@example.com,{_tag}D@example.com,\n");

        AssertCounts(result, created: 2, duplicate: 2);
        Assert.Equal(3, (await ContactAsync(_tag + "b@example.com")).Addresses.Count);
    }

    [Fact]
    public async Task RunAsync_AddressesOfTwoContacts_IsInvalidWithBothNumbers()
    {
        await ImportAsync($"email,telegram\n{_tag}a@example.com,\n,{_tag}\n");

        var result = await ImportAsync($"email,telegram\n{_tag}a@example.com,{_tag}\n");

        AssertCounts(result, invalid: 1);
        Assert.Contains("two contacts", Assert.Single(await _f.Imports.ErrorsAsync(result.Id, 0, 10, _ct)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_DuplicateAcrossBatches_IsFoundWithoutRememberingTheFile()
    {
        var text = new StringBuilder("email,name\n");
        for (var i = 0; i < 12_000; i++) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{_tag}{i % 11_000}@example.com,N {i}\n");

        var result = await ImportAsync(text.ToString());

        AssertCounts(result, created: 11_000, duplicate: 1_000);
        var rule = SegmentRule.Parse($$"""{"field":"import","op":"is","value":{{result.Id}}}""", out _);
        Assert.Equal(11_000, await _f.SegmentQueries.CountAsync(rule!, cancellationToken: _ct));
        Assert.Equal(("N", "5"), await NameAsync($"{_tag}5@example.com"));
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    [InlineData("windows-1252", false)]
    [InlineData("iso-8859-1", false)]
    public async Task RunAsync_Encodings_KeepTheAccents(string name, bool hasMark)
    {
        var encoding = CsvFormat.Named(name)!;
        var bytes = encoding.GetBytes($"Correo electrónico\tNombre completo\tTeléfono\r\n{_tag}@example.com\tÍñigo Peñalver Güell\t\r\n");
        if (hasMark) bytes = [.. name is "utf-8" ? (byte[])[0xEF, 0xBB, 0xBF] : encoding.GetPreamble(), .. bytes];

        var result = await ImportAsync(bytes);

        AssertCounts(result, created: 1);
        Assert.Equal(("Íñigo", "Peñalver Güell"), await NameAsync(_tag + "@example.com"));
    }

    [Fact]
    public async Task RunAsync_LatinBytesDeepInAUtf8File_AreRead()
    {
        var bytes = new List<byte>(Encoding.UTF8.GetBytes($"email,nombre\n{_tag}1@example.com,José\n"));
        for (var i = 0; i < 3_000; i++) bytes.AddRange(Encoding.UTF8.GetBytes("filler@@," + new string('x', 30) + "\n"));
        bytes.AddRange(Encoding.Latin1.GetBytes($"{_tag}2@example.com,Begoña\n"));

        AssertCounts(await ImportAsync([.. bytes]), created: 2, invalid: 3_000);
        Assert.Equal("Begoña", (await NameAsync(_tag + "2@example.com")).First);
    }

    [Theory]
    [InlineData("email;name\nTAG@example.com;A, B\n")]
    [InlineData("email|name\nTAG@example.com|A, B\n")]
    [InlineData("email\tname\rTAG@example.com\tA, B\r")]
    [InlineData("sep=;\r\nemail;name\r\nTAG@example.com;A, B\r\n")]
    [InlineData("\n\nemail,name\n\nTAG@example.com,\"A, B\"\n\n")]
    [InlineData("\"email\",\"name\"\n\"TAG@example.com\",\"A, B\"")]
    public async Task RunAsync_DelimitersAndLineEnds_AreFoundOut(string file)
    {
        AssertCounts(await ImportAsync(file.Replace("TAG", _tag, StringComparison.Ordinal)), created: 1);
        Assert.Equal(("A,", "B"), await NameAsync(_tag + "@example.com"));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n \n", "empty")]
    [InlineData("name,city\nAna,Madrid\n", "noAddressColumn")]
    [InlineData("ana@example.com,Ana\nbob@example.com,Bob\n", "noHeader")]
    [InlineData("PK\u0003\u0004xxxx", "workbook")]
    [InlineData("a\u0001b\u0002c\u0003,d\u0004\n", "notText")]
    [InlineData("email,\"name\nana@example.com,Ana\n", "headerUnreadable")]
    public async Task RunAsync_FileThatIsNone_SaysWhyAndWritesNothing(string file, string code)
    {
        var before = await _f.Imports.ListAsync(cancellationToken: _ct);
        var fields = await _f.Fields.ListAsync(_ct);

        var result = await ImportAsync(file);

        Assert.Equal((ImportStatus.Failed, code, 0L, 0L), (result.Status, result.Error!.Code, result.Id, result.Rows));
        Assert.Equal(before.Count, (await _f.Imports.ListAsync(cancellationToken: _ct)).Count);
        Assert.Equal(fields.Count, (await _f.Fields.ListAsync(_ct)).Count);
    }

    [Fact]
    public async Task RunAsync_HeaderOnly_CompletesWithNothing() => AssertCounts(await ImportAsync("email,name\n"));

    [Fact]
    public async Task RunAsync_BrokenRows_CostOnlyThemselves()
    {
        var file = $"email,first name\n{_tag}1@example.com,\"unclosed\n{_tag}2@example.com,\"a\"b\n{_tag}3@example.com,nul\0here\n{_tag}4@example.com,\"two\nlines\"\n";

        var result = await ImportAsync(file);

        // The quote of row 2 is closed by the one of row 3, as every reader of such files has it.
        Assert.Equal(result.Rows, result.Created + result.Invalid);
        Assert.Equal("two\nlines", (await NameAsync(_tag + "4@example.com")).First);
        Assert.Contains(await _f.Imports.ErrorsAsync(result.Id, 0, 10, _ct), e => e.Reason.Contains("U+0000", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_QuoteThatNobodyCloses_LosesOneRow()
    {
        var result = await ImportAsync($"email,first name\n{_tag}1@example.com,One\n{_tag}2@example.com,\"Two\n{_tag}3@example.com,Three\n");

        AssertCounts(result, created: 2, invalid: 1);
        Assert.Equal(3, Assert.Single(await _f.Imports.ErrorsAsync(result.Id, 0, 10, _ct)).RowNumber);
    }

    [Fact]
    public async Task RunAsync_LineOf200Megabytes_IsRefusedWithItsRow()
    {
        var content = new EndlessLineStream($"email,name\n{_tag}1@example.com,One\n", 200L << 20, $"\n{_tag}3@example.com,Three\n");

        var result = await _f.Import.RunAsync(content, new ImportOptions { Name = "long.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);

        AssertCounts(result, created: 2, invalid: 1);
        Assert.Equal(3, Assert.Single(await _f.Imports.ErrorsAsync(result.Id, 0, 10, _ct)).RowNumber);
    }

    [Fact]
    public async Task RunAsync_Mapping_OverridesHeaders()
    {
        var options = new Options { CreateFields = false };
        options.Mapping["Contact"] = "email";
        options.Mapping["#2"] = "first_name";
        options.Mapping["email"] = "ignore";

        AssertCounts(await ImportAsync($"contact,x,email,unknown {_tag}\n{_tag}@example.com,Ana,not one,y\n", options), created: 1);
        Assert.Equal("Ana", (await NameAsync(_tag + "@example.com")).First);
        Assert.DoesNotContain(await _f.Fields.ListAsync(_ct), f => f.Name.Contains(_tag, StringComparison.Ordinal));

        options.Mapping["no such"] = "email";
        Assert.Equal("unknownColumn", (await ImportAsync("contact,x,email\n", options)).Error!.Code);
    }

    [Fact]
    public async Task RunAsync_ManyColumns_AreTakenOrRefused()
    {
        Assert.Equal("tooManyColumns", (await ImportAsync("email," + string.Join(",", Enumerable.Range(0, ImportMapping.MostColumns).Select(i => "c" + i)) + "\n")).Error!.Code);

        AssertCounts(await ImportAsync($"email,{_tag},{_tag},,\n{_tag}@example.com,first,second,ignored,\n"), created: 1);
        var contact = await ContactAsync(_tag + "@example.com");
        Assert.Equal(("first", "second"), (contact.Fields[_tag], contact.Fields[_tag + "_2"]));
    }

    [Fact]
    public async Task RunAsync_TypedField_RefusesWhatDoesNotFit()
    {
        await _f.Fields.CreateAsync("n" + _tag, FieldType.Number, "test", cancellationToken: _ct);

        var result = await ImportAsync($"email,n{_tag}\n{_tag}1@example.com,12\n{_tag}2@example.com,twelve\n");

        AssertCounts(result, created: 1, invalid: 1);
        Assert.Equal("n" + _tag, Assert.Single(await _f.Imports.ErrorsAsync(result.Id, 0, 10, _ct)).Field);
    }

    [Fact]
    public async Task RunAsync_Cancelled_KeepsWhatIsCountedAndTheSameFileBringsTheRest()
    {
        var file = "email\n" + string.Concat(Enumerable.Range(0, 12_000).Select(i => $"{_tag}{i}@example.com\n"));
        using var stop = new CancellationTokenSource();
        var progress = new Reports(p => { if (p.Rows > 0) stop.Cancel(); });

        var first = await _f.Import.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "x", Actor = "test", ConsentSource = "test" }, progress, stop.Token);

        Assert.Equal(ImportStatus.Cancelled, first.Status);
        await using var connection = await _f.Database.OpenReadAsync(_ct);
        Assert.Equal(first.Created, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM import_contacts WHERE import_id = @Id", new { first.Id }));
        var second = await ImportAsync(file);
        AssertCounts(second, created: 12_000 - first.Created, unchanged: first.Created);
    }

    [Fact]
    public async Task RunAsync_StreamBreaks_FailsWithTheRowsThatAreIn()
    {
        var text = "email\n" + string.Concat(Enumerable.Range(0, 6_000).Select(i => $"{_tag}{i}@example.com\n"));
        using var content = new EndlessLineStream(text, -1, "");

        var result = await _f.Import.RunAsync(content, new ImportOptions { Name = "x", Actor = "test", ConsentSource = "test" }, cancellationToken: _ct);

        Assert.Equal((ImportStatus.Failed, "unreadable", (long)ImportRun.RowsPerBatch), (result.Status, result.Error!.Code, result.Created));
        Assert.Equal(ImportStatus.Failed, (await _f.Imports.GetAsync(result.Id, _ct))!.Status);
    }

    [Fact]
    public async Task MarkInterruptedAsync_RunningImportOfADeadProcess_IsMarked()
    {
        var id = await _f.Database.WriteAsync(t => _f.Imports.InsertAsync(t, new ImportOptions { Name = "dead", Actor = "test", ConsentSource = "test" }), _ct);

        await _f.Import.MarkInterruptedAsync(_ct);

        Assert.Equal(ImportStatus.Interrupted, (await _f.Imports.GetAsync(id, _ct))!.Status);
    }

    private Task<ImportResult> ImportAsync(string file, Options? options = null) => ImportAsync(Encoding.UTF8.GetBytes(file), options);

    private Task<ImportResult> ImportAsync(byte[] file, Options? options = null) => _f.Import.RunAsync(new MemoryStream(file), new ImportOptions
    {
        Name = "people.csv",
        Actor = "test",
        ConsentSource = "test",
        Purpose = options?.Purpose ?? ImportPurpose.AddAndUpdate,
        DefaultCountry = options?.DefaultCountry,
        CreateFields = options?.CreateFields ?? true,
        Mapping = options?.Mapping ?? [],
    }, cancellationToken: _ct);

    private async Task<ContactDetails> ContactAsync(string email)
    {
        var id = await _f.Queries.FindAsync(AddressKind.Email, email, cancellationToken: _ct);
        return (await _f.Queries.GetAsync(id!.Value, _ct))!;
    }

    private async Task<(string? First, string? Last)> NameAsync(string email)
    {
        var contact = await ContactAsync(email);
        return (contact.FirstName, contact.LastName);
    }

    private static void AssertCounts(ImportResult result, long created = 0, long updated = 0, long unchanged = 0, long duplicate = 0, long invalid = 0)
    {
        Assert.True(result.Status == ImportStatus.Completed, result.Error?.Message);
        Assert.Equal((created, updated, unchanged, duplicate, invalid), (result.Created, result.Updated, result.Unchanged, result.Duplicate, result.Invalid));
    }

    private sealed class Options
    {
        public ImportPurpose Purpose { get; init; }

        public string? DefaultCountry { get; init; }

        public bool CreateFields { get; init; } = true;

        public Dictionary<string, string> Mapping { get; } = [];
    }

    private sealed class Reports(Action<ImportProgress> report) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => report(value);
    }
}
