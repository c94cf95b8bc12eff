using System.Text;
using Broadcasts.Contacts.Import;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>What a file's columns are: guessed, said, and remembered.</summary>
public abstract class ImportColumnsTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "c" + Guid.NewGuid().ToString("N")[..10];

    protected ImportColumnsTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task ReadAsync_AnyFile_TellsColumnsSamplesAndWhyOneIsNotKnown()
    {
        await _f.Fields.CreateAsync($"Plan {_tag}", FieldType.Text, "test", cancellationToken: _ct);
        var upload = await KeepAsync(Encoding.Latin1.GetBytes($"Correo;Teléfono;Móvil;Nombre;First name;Plan {_tag};Ciudad {_tag};;broadcasts.id\na@x.org;1;;José;;pro;Vigo;x;1\n\nb@x.org;;;Ana;;pro;Lugo\nc@x.org;;;Ana;;free;Vigo\nd@x.org;;;Eva;;;Vigo\n"));

        var (preview, _) = await _f.Previews.ReadAsync(upload, cancellationToken: _ct);

        Assert.Equal(("windows-1252", ';'), (preview!.Encoding, preview.Delimiter));
        Assert.Equal(["email", "phone", "phone", "first_name", "new.text", $"fields.plan_{_tag}", "new.text", "ignore", "ignore"], preview.Columns.Select(c => c.Word));
        Assert.Equal([null, null, null, null, ColumnDoubt.Second, null, ColumnDoubt.Unknown, ColumnDoubt.Unnamed, ColumnDoubt.Ours], preview.Columns.Select(c => c.Doubt));
        Assert.Equal(["José", "Ana", "Eva"], preview.Columns[3].Samples);
        Assert.Equal(["a@x.org", "b@x.org", "c@x.org"], preview.Columns[0].Samples);
        Assert.Null(preview.Remembered);

        var (other, _) = await _f.Previews.ReadAsync(upload, "utf-16", ',', _ct);
        Assert.Equal(("utf-16", ','), (other!.Encoding, other.Delimiter));
        Assert.Single(other.Columns);
    }

    [Fact]
    public async Task RememberedAsync_FileWithTheSameColumns_OffersWhatWasChosen()
    {
        var file = $"Correo;Puntos {_tag};Alta {_tag};x\n{_tag}@example.com;12,5;2026-11-22;y\n";
        var chosen = new Dictionary<string, string> { ["#1"] = "email", ["#2"] = "new.number", ["#3"] = "new.date", ["#4"] = "ignore" };
        var import = await RunAsync(file, chosen);
        Assert.Equal((ImportStatus.Completed, 1L), (import.Status, import.Created));
        var fields = await _f.Fields.ListAsync(_ct);
        Assert.Equal([FieldType.Number, FieldType.Date], fields.Where(f => f.Name.EndsWith(_tag, StringComparison.Ordinal)).Select(f => f.Type));

        var (preview, _) = await _f.Previews.ReadAsync(await KeepAsync(Encoding.UTF8.GetBytes(file.Replace("12,5", "13", StringComparison.Ordinal))), cancellationToken: _ct);

        Assert.Equal(import.Id, preview!.Remembered!.Id);
        Assert.Equal(["email", $"fields.puntos_{_tag}", $"fields.alta_{_tag}", "ignore"], preview.WordsOf(preview.Remembered, fields));
        Assert.Equal(["email", $"fields.puntos_{_tag}", $"fields.alta_{_tag}", "new.text"], preview.WordsOf(null, fields));
        // What is there no more can't be offered again.
        Assert.Equal(["email", $"fields.puntos_{_tag}", $"fields.alta_{_tag}", "ignore"], preview.WordsOf(preview.Remembered, fields.Where(f => !f.Slug.StartsWith("alta", StringComparison.Ordinal))));
        Assert.Null((await _f.Previews.ReadAsync(await KeepAsync(Encoding.UTF8.GetBytes("Correo;Other\n")), cancellationToken: _ct)).Preview!.Remembered);
    }

    [Theory]
    [InlineData("a,b,email", "first_name,first_name,email", "columnTwice", "a,b")]
    [InlineData("a,b,email", "name,last_name,email", "columnTwice", "a,b")]
    [InlineData("a,b,email", "tags,tags,email", "columnTwice", "a,b")]
    [InlineData("a,,email", "fields.z,fields.z,email", "columnTwice", "a,#2")]
    [InlineData("a,,email", "ignore,new.text,email", "columnUnnamed", "2")]
    [InlineData("a,b,email", "new.list,ignore,email", "unknownTarget", "new.list")]
    [InlineData("a,b,email", "ignore,ignore,ignore", "noAddressColumn", "'a', 'b', 'email'")]
    public async Task RunAsync_ColumnsThatCantBe_AreRefusedByName(string headers, string words, string code, string values)
    {
        var mapping = words.Split(',').Select((word, i) => (Number: $"#{i + 1}", Word: word)).ToDictionary(w => w.Number, w => w.Word);
        var result = await RunAsync($"{headers}\nx,y,{_tag}@example.com\n", mapping);
        Assert.Equal((0L, code, values), (result.Id, result.Error!.Code, string.Join(',', result.Error.Arguments)));
    }

    [Fact]
    public async Task RunAsync_AddressesInManyColumns_AddUp()
    {
        var result = await RunAsync($"a,b\n{_tag}a@example.com,{_tag}b@example.com\n", new() { ["a"] = "email", ["b"] = "email" });
        Assert.Equal((1L, 0L), (result.Created, result.Invalid));
    }

    [Fact]
    public async Task RunAsync_NewFieldWhoseNameAnotherTypeHas_IsRefused()
    {
        await _f.Fields.CreateAsync($"Size {_tag}", FieldType.Number, "test", cancellationToken: _ct);
        var result = await RunAsync($"email,size {_tag}\n{_tag}@example.com,L\n", new() { ["#2"] = "new.text" });
        Assert.Equal(("fieldOfAnotherType", $"Size {_tag}"), (result.Error!.Code, result.Error.Arguments[0]));
    }

    [Fact]
    public async Task ReadAsync_FiveThousandColumns_LeavesOutWhatWouldBeTooManyFieldsAndImportsTheRest()
    {
        var headers = string.Join(',', Enumerable.Range(1, 5_000).Select(i => i == 4_000 ? "email" : i % 2 == 0 ? "same" : $"h{i}"));
        var row = string.Join(',', Enumerable.Range(1, 5_000).Select(i => i == 4_000 ? _tag + "@example.com" : $"v{i}"));
        var upload = await KeepAsync(Encoding.UTF8.GetBytes($"{headers}\n{row}\n"));

        var (preview, _) = await _f.Previews.ReadAsync(upload, cancellationToken: _ct);

        Assert.Equal((5_000, "email"), (preview!.Columns.Count, preview.Columns[3_999].Word));
        Assert.All(preview.Columns.Where(c => c.Number != 4_000), c => Assert.Equal("ignore", c.Word));
        Assert.Equal("tooManyFields", (await RunAsync($"{headers}\n{row}\n", [])).Error!.Code);
        var words = preview.Columns.ToDictionary(c => ImportMapping.Number(c.Number), c => c.Word);
        Assert.Equal(1, (await RunAsync($"{headers}\n{row}\n", words)).Created);
    }

    private async Task<ImportUpload> KeepAsync(byte[] file) => (await _f.Uploads.KeepAsync(new MemoryStream(file), "columns.csv", "test", _ct)).Upload!;

    private Task<ImportResult> RunAsync(string file, Dictionary<string, string> mapping) => _f.Import.RunAsync(
        new MemoryStream(Encoding.UTF8.GetBytes(file)), new ImportOptions { Name = "columns.csv", Actor = "test", ConsentSource = "test", Mapping = mapping }, cancellationToken: _ct);
}

public sealed class SqliteImportColumnsTests(SqliteContactsFixture fixture) : ImportColumnsTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresImportColumnsTests(PostgresContactsFixture fixture) : ImportColumnsTests(fixture), IClassFixture<PostgresContactsFixture>;
