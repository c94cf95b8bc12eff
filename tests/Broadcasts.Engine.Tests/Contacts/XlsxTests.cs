using System.Globalization;
using System.Text;
using Broadcasts.Contacts.Import;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>Workbooks as people have them, and as nobody should.</summary>
public sealed class XlsxTests(SqliteContactsFixture fixture) : IClassFixture<SqliteContactsFixture>
{
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "w" + Guid.NewGuid().ToString("N")[..10];

    [Theory]
    [InlineData("<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c></row>", "\"plain\",\"rich text\",\" a \"\"q\"\",\n2 \"\n")]
    [InlineData("<row r=\"2\"><c r=\"B2\"><v>34612345678</v></c><c r=\"D2\"><v>0.1</v></c></row>", "\n,\"34612345678\",,\"0.1\"\n")]
    [InlineData("<row><c><v>1.23E+11</v></c><c><v>12345678901234567</v></c><c><v>-1.5</v></c><c><v>1E-3</v></c></row>", "\"1.23E+11\",\"1.23456789012346E+16\",\"-1.5\",\"0.001\"\n")]
    [InlineData("<row><c s=\"1\"><v>46000</v></c><c s=\"2\"><v>0.75</v></c><c s=\"3\"><v>46000.5</v></c><c s=\"4\"><v>2</v></c><c s=\"1\"><v>59</v></c></row>", "\"2025-12-09\",\"18:00\",\"2025-12-09 12:00\",\"2\",\"1900-02-28\"\n")]
    [InlineData("<row><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c><c t=\"str\"><f>A1&amp;B1</f><v>=1+1</v></c><c s=\"1\"/></row>", "\"true\",\"#N/A\",\"=1+1\"\n")]
    [InlineData("<row/><row><c s=\"1\"/></row>", "\n\n")]
    [InlineData("", "")]
    public async Task ReadAsync_AnySheet_IsText(string rows, string expected)
    {
        var bytes = Workbook.Of(rows, ["<t>plain</t>", "<r><t>rich</t></r><r><t xml:space=\"preserve\"> text</t></r><rPh><t>x</t></rPh>", "<t xml:space=\"preserve\"> a \"q\",\n2 </t>"]);
        using var reader = new StreamReader(XlsxStream.Open(new MemoryStream(bytes)));
        Assert.Equal(expected, await reader.ReadToEndAsync(_ct));
    }

    [Fact]
    public async Task ReadAsync_DaysSince1904_AreTheSameDays()
    {
        using var reader = new StreamReader(XlsxStream.Open(new MemoryStream(Workbook.Of("<row><c s=\"1\"><v>44538</v></c></row>", is1904: true))));
        Assert.Equal("\"2025-12-09\"\n", await reader.ReadToEndAsync(_ct));
    }

    [Fact]
    public async Task RunAsync_Workbook_IsImportedAndSpoiltNumbersAreNamed()
    {
        var rows = Workbook.Row("Email", "Phone", "Born " + _tag) +
            $"<row r=\"3\"><c t=\"inlineStr\"><is><t>{_tag}a@example.com</t></is></c><c><v>34612345678</v></c><c s=\"1\"><v>46000</v></c></row>" +
            $"<row><c t=\"inlineStr\"><is><t>{_tag}b@example.com</t></is></c><c><v>1.23E+11</v></c></row>";

        var result = await RunAsync(Workbook.Of(rows), o => o with { DefaultCountry = "ES" });

        Assert.Equal((ImportStatus.Completed, 1L, 1L), (result.Status, result.Created, result.Invalid));
        var error = Assert.Single(await fixture.Imports.ErrorsAsync(result.Id, 0, 10, _ct));
        Assert.Equal((4L, "Phone", "1.23E+11", "spreadsheet"), (error.RowNumber, error.Field, error.Value, error.Code));
        var contact = (await fixture.Queries.GetAsync((await fixture.Queries.FindAsync(AddressKind.Email, _tag + "a@example.com", null, _ct))!.Value, _ct))!;
        Assert.Equal(("2025-12-09", "+34612345678"), (Assert.Single(contact.Fields).Value, contact.Addresses.Single(a => a.Kind == AddressKind.Phone).Value));
    }

    [Fact]
    public async Task RunAsync_ManyRows_AreAllThere()
    {
        var rows = new StringBuilder(Workbook.Row("Email"));
        for (var i = 0; i < 12_000; i++) rows.Append(Workbook.Row(string.Create(CultureInfo.InvariantCulture, $"{_tag}{i}@example.com")));

        Assert.Equal(12_000, (await RunAsync(Workbook.Of(rows.ToString()))).Created);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task RunAsync_Workbook_TellsHowFarItsSheetIsRead(bool seekable)
    {
        const int Rows = 8 * ImportRun.RowsPerBatch;
        var rows = new StringBuilder(Workbook.Row("Email"));
        for (var i = 0; i < Rows; i++) rows.Append(Workbook.Row(string.Create(CultureInfo.InvariantCulture, $"{_tag}{i}@example.com")));
        var file = Workbook.Of(rows.ToString());
        var told = new List<long>();
        var stream = seekable ? new MemoryStream(file) : (Stream)new ForwardOnly(file);

        var options = new ImportOptions { Name = "people.xlsx", Actor = "test", ConsentSource = "test", TotalBytes = file.Length };
        var result = await fixture.Import.RunAsync(stream, options, new Told(told), _ct);

        // A batch is an eighth of the file. The reader is ahead of it by what it unpacks at once.
        Assert.Equal((ImportStatus.Completed, (long)Rows, 9), (result.Status, result.Created, told.Count));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(file)), result.Sha256);
        Assert.All(told.Zip(told.Skip(1)), step => Assert.InRange(step.Second - step.First, 1, file.Length / 8 * 2));
        Assert.Equal(file.Length, told[^1]);
    }

    private sealed class ForwardOnly(byte[] file) : MemoryStream(file)
    {
        public override bool CanSeek => false;
    }

    private sealed class Told(List<long> told) : IProgress<ImportProgress>
    {
        public void Report(ImportProgress value) => told.Add(value.DoneBytes);
    }

    [Theory]
    [InlineData("<x")]
    [InlineData(" ")]
    [InlineData("<a>")]
    [InlineData("<!-- x -->")]
    public async Task RunAsync_BombInASheet_IsRefused(string what)
    {
        var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(what == "<x" ? "<x/>" : what, 1 << 16)));
        var bomb = Workbook.Of("", null, false, ("xl/worksheets/sheet2.xml", part =>
        {
            part.Write(Encoding.UTF8.GetBytes("<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>email</t></is></c></row>"));
            for (var written = 0; written < 72 << 20; written += piece.Length) part.Write(piece);
        }));
        Assert.InRange(bomb.Length, 0, 4 << 20);

        var result = await RunAsync(bomb);

        Assert.Equal(ImportStatus.Failed, result.Status);
        Assert.True(result.Error!.Code is "workbook" or "unreadable", result.Error.Code);
    }

    [Theory]
    [InlineData("<row r=\"1048577\"><c><v>1</v></c></row>")]
    [InlineData("<row><c r=\"ZZZZ1\"><v>1</v></c></row>")]
    [InlineData("<row><c t=\"s\"><v>7</v></c></row>")]
    [InlineData("<row><c><v>1</c></row>")]
    public async Task RunAsync_BrokenSheet_IsRefused(string rows)
    {
        var result = await RunAsync(Workbook.Of(rows));
        Assert.Equal((0L, ImportStatus.Failed, "workbook"), (result.Id, result.Status, result.Error?.Code));
    }

    private Task<ImportResult> RunAsync(byte[] file, Func<ImportOptions, ImportOptions>? change = null)
    {
        var options = new ImportOptions { Name = "people.xlsx", Actor = "test", ConsentSource = "test" };
        return fixture.Import.RunAsync(new MemoryStream(file), change?.Invoke(options) ?? options, cancellationToken: _ct);
    }
}
