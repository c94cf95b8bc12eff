using System.Globalization;
using System.Text;
using Broadcasts.Contacts.Export;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>Lists of addresses onto the suppression list, on both databases.</summary>
public abstract class SuppressionImportTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "l" + Guid.NewGuid().ToString("N")[..10];

    protected SuppressionImportTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task RunAsync_TwentyThousandLines_AreOnTheListAndInOneLineOfTheAudit()
    {
        var list = new StringBuilder("E-mail\n");
        for (var i = 0; i < 20_000; i++) list.Append(CultureInfo.InvariantCulture, $"{i}.{_tag}@Example.com\n");

        AssertCounts(await ImportAsync(list.ToString()), 20_000, 0, 0);
        AssertCounts(await ImportAsync(list.ToString()), 0, 20_000, 0);

        var entry = await _f.Suppressions.GetAsync(AddressKind.Email, $"19999.{_tag}@example.com", cancellationToken: _ct);
        Assert.Equal((SuppressionReason.Imported, $"list:{_tag}.csv"), (entry!.Reason, entry.Source));
        var audit = await _f.Audit.ListAsync(new AuditFilter { Subject = "suppressions", Actor = _tag, Action = "suppressions.imported" }, cancellationToken: _ct);
        Assert.Equal([$"0 added, 20000 already there, 0 invalid; email, list:{_tag}.csv, all channels", $"20000 added, 0 already there, 0 invalid; email, list:{_tag}.csv, all channels"], audit.Select(e => e.Detail));
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-8", false)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    public async Task RunAsync_Encodings_AreTheSameAddresses(string name, bool hasMark)
    {
        var encoding = CsvFormat.Named(name)!;
        var bytes = encoding.GetBytes($"a.{_tag}@example.com\r\nb.{_tag}@example.com\r\n");
        if (hasMark) bytes = [.. name is "utf-8" ? (byte[])[0xEF, 0xBB, 0xBF] : encoding.GetPreamble(), .. bytes];

        AssertCounts(await ImportAsync(bytes), 2, 0, 0);
        Assert.NotNull(await _f.Suppressions.GetAsync(AddressKind.Email, $"a.{_tag}@example.com", cancellationToken: _ct));
    }

    [Theory]
    [InlineData("a.TAG@example.com\n\nb.TAG@example.com")]
    [InlineData("Address\na.TAG@example.com\nb.TAG@example.com\n")]
    [InlineData("Nombre;Correo electrónico\nAna, mobile;a.TAG@example.com\nBea;\"b.TAG@example.com\"\n")]
    [InlineData("a.TAG@example.com,Ana,mobile\nb.TAG@example.com,Bea,phone\n")]
    [InlineData("email,address\na.TAG@example.com,High Street 1\nb.TAG@example.com,High Street 2\n")]
    [InlineData("Ana <A.TAG@example.com>\nmailto:b.TAG@example.com\nB.TAG@EXAMPLE.com\n")]
    public async Task RunAsync_WaysToWriteAList_AreUnderstood(string list)
    {
        var result = await ImportAsync(list.Replace("TAG", _tag, StringComparison.Ordinal));

        AssertCounts(result, 2, list.Contains("EXAMPLE", StringComparison.Ordinal) ? 1 : 0, 0);
    }

    [Fact]
    public async Task RunAsync_InvalidLines_AreCountedAndTheFirstHundredNamed()
    {
        var list = new StringBuilder($"not an address\nok.{_tag}@example.com\n,x\n{new string('y', 300)}\n");
        for (var i = 0; i < 150; i++) list.Append(CultureInfo.InvariantCulture, $"bad{i}\n");

        var result = await ImportAsync(list.ToString());

        AssertCounts(result, 1, 0, 153);
        Assert.Equal(100, result.Errors.Count);
        Assert.Equal(new SuppressionListError(1, "not an address", "noAt", "An e-mail address has an @ between name and domain."), result.Errors[0]);
        Assert.Equal((3L, "blank"), (result.Errors[1].Line, result.Errors[1].Code));
        Assert.Equal((4L, 200), (result.Errors[2].Line, result.Errors[2].Value!.Length));
    }

    [Fact]
    public async Task RunAsync_NationalNumbers_AreThoseOfTheCountry()
    {
        var digits = Random.Shared.Next(10_000_000, 99_999_999).ToString(CultureInfo.InvariantCulture);

        AssertCounts(await ImportAsync($"phone\n6{digits}\n+34 6{digits}\n0034-6{digits}\n", AddressKind.Phone, "es"), 1, 2, 0);
        var without = await ImportAsync($"6{digits}\n", AddressKind.Phone);

        Assert.Equal("noCountryCode", Assert.Single(without.Errors).Code);
        Assert.NotNull(await _f.Suppressions.GetAsync(AddressKind.Phone, $"+346{digits}", cancellationToken: _ct));
        Assert.Equal("unknownCountry", (await ImportAsync("x", AddressKind.Phone, "Spain")).Error?.Code);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n \n", "empty")]
    [InlineData("a\u0001b\u0002c\u0003,d\u0004\n", "notText")]
    [InlineData("PK\u0003\u0004xxxx", "workbook")]
    public async Task RunAsync_NoList_IsRefused(string content, string code)
    {
        Assert.Equal(code, (await ImportAsync(content)).Error?.Code);
        Assert.Empty(await _f.Audit.ListAsync(new AuditFilter { Actor = _tag }, cancellationToken: _ct));
    }

    [Fact]
    public async Task RunAsync_FileBreaksOff_KeepsWhatItCountedAndSaysSo()
    {
        var list = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i}.{_tag}@example.com\n"));
        await using var content = new BrokenStream(Encoding.UTF8.GetBytes(list));

        var result = await ImportAsync(content, AddressKind.Email, null);

        Assert.Equal("unreadable", result.Error?.Code);
        Assert.InRange(result.Added, 500, 20_000);
        Assert.Equal(result.Added, (await _f.Suppressions.ListAsync(new SuppressionFilter { Search = _tag }, null, 30_000, _ct)).Items.Count);
        Assert.Contains(", broken off;", (await _f.Audit.ListAsync(new AuditFilter { Actor = _tag }, cancellationToken: _ct))[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_OwnExport_ComesBackAndOtherKindsAreSaid()
    {
        var digits = Random.Shared.Next(10_000_000, 99_999_999).ToString(CultureInfo.InvariantCulture);
        await _f.Suppressions.AddAsync(AddressKind.Phone, "+346" + digits, SuppressionReason.Bounced, "test", cancellationToken: _ct);
        await _f.Suppressions.AddAsync(AddressKind.Telegram, "-1" + digits, SuppressionReason.Bounced, "test", cancellationToken: _ct);
        using var output = new StringWriter();
        await new SuppressionExport(_f.Suppressions, _f.Audit).WriteAsync(new SuppressionFilter { Search = digits }, "test", output, _ct);
        await _f.Suppressions.RemoveAsync(AddressKind.Telegram, "-1" + digits, "test", cancellationToken: _ct);

        var result = await ImportAsync(output.ToString(), AddressKind.Telegram);

        AssertCounts(result, 1, 0, 1);
        Assert.Equal("otherAddressKind", Assert.Single(result.Errors).Code);
        Assert.NotNull(await _f.Suppressions.GetAsync(AddressKind.Telegram, "-1" + digits, cancellationToken: _ct));
    }

    private Task<SuppressionListResult> ImportAsync(string list, AddressKind kind = AddressKind.Email, string? country = null) => ImportAsync(new MemoryStream(Encoding.UTF8.GetBytes(list)), kind, country);

    private Task<SuppressionListResult> ImportAsync(byte[] list) => ImportAsync(new MemoryStream(list), AddressKind.Email, null);

    private Task<SuppressionListResult> ImportAsync(Stream list, AddressKind kind, string? country) => new SuppressionImport(_f.Database, _f.Suppressions, _f.Audit).RunAsync(
        list, new SuppressionListOptions { Name = _tag + ".csv", Actor = _tag, Kind = kind, Country = country }, _ct);

    private static void AssertCounts(SuppressionListResult result, long added, long already, long invalid)
    {
        Assert.Null(result.Error);
        Assert.Equal((added, already, invalid), (result.Added, result.Already, result.Invalid));
    }

    /// <summary>A connection that ends before its file.</summary>
    private sealed class BrokenStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position > Length / 2 ? throw new IOException("The connection was closed.") : base.ReadAsync(buffer, cancellationToken);
    }
}

public sealed class SqliteSuppressionImportTests(SqliteContactsFixture fixture) : SuppressionImportTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresSuppressionImportTests(PostgresContactsFixture fixture) : SuppressionImportTests(fixture), IClassFixture<PostgresContactsFixture>;
