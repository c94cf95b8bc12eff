using System.Buffers;
using System.Text;
using Broadcasts.Contacts.Import;
using CsCheck;
using Xunit;

namespace Broadcasts.Contacts;

public sealed class CsvReaderTests
{
    private static readonly SearchValues<char> Special = SearchValues.Create("\"\r\n,;\t|");

    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_LineOf200Megabytes_AllocatesNoMoreThanOneRow()
    {
        // All reads of this stream complete at once, so everything is allocated on this thread.
        var csv = new CsvReader(new EndlessLineStream("a,b\n", 200L << 20, "\nc,d\n"), Encoding.UTF8, ',');
        var before = GC.GetAllocatedBytesForCurrentThread();

        var faults = new List<CsvRowFault>();
        while (await csv.ReadAsync(_ct)) faults.Add(csv.Fault);

        Assert.Equal([CsvRowFault.None, CsvRowFault.TooLong, CsvRowFault.None], faults);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, 8L << 20);
    }

    [Fact]
    public async Task ReadAsync_QuoteOpenOverMoreThanARow_LosesItsLineAlone()
    {
        var text = "a,\"open\n" + string.Concat(Enumerable.Repeat("b,c\n", 100));

        var (rows, faults) = await ReadAsync(text, ',', 64, 7);

        Assert.Equal((100, 1), (rows.Count, faults));
    }

    [Fact]
    public void ReadAsync_WhatWasWrittenByTheRules_ComesBackHoweverItArrives()
    {
        var value = Gen.OneOf("", "a", "ñandú", "🙂", "x,y", "say \"hi\"", "two\nlines", "cr\rlf\r\n", "\"", ",", " pad ", "李小龙", "tab\t;|").Array[1, 5];
        Gen.Select(value.List[1, 8], Gen.OneOf(",", ";", "\t", "|"), Gen.OneOf("\n", "\r\n", "\r"), Gen.Int[1, 40], Gen.Bool, Gen.OneOf("utf-8", "utf-16")).Sample((rows, delimiter, end, chunk, last, encoding) =>
        {
            var lines = rows.Select(r => string.Join(delimiter, r.Select(v => v.AsSpan().ContainsAny(Special) ? "\"" + v.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : v)));
            var text = string.Join(end, lines) + (last ? end : "");
            var read = ReadAsync(text, delimiter[0], 4096, chunk, Encoding.GetEncoding(encoding)).GetAwaiter().GetResult();
            // The last row of one empty value is no row when nothing ends it.
            var expected = rows.Count > 0 && !last && rows[^1] is [""] ? rows.Take(rows.Count - 1).ToList() : rows;
            Assert.Equal(0, read.Faults);
            Assert.Equal(expected.Select(r => string.Join('\u0001', r)), read.Rows.Select(r => string.Join('\u0001', r)));
        }, iter: 3_000);
    }

    [Fact]
    public void ReadAsync_AnyBytesAtAll_EndsAndNeverThrows() => Gen.OneOf((byte)'a', (byte)'"', (byte)',', (byte)'\n', (byte)'\r', (byte)0, (byte)0xC3, (byte)0xFF, (byte)0x80).Array[0, 300].Select(Gen.Int[1, 50]).Sample((bytes, chunk) =>
    {
        var csv = new CsvReader(new ChunkStream(bytes, chunk), MendingUtf8.Instance, ',', 64);
        var rows = 0;
        while (csv.ReadAsync(_ct).AsTask().GetAwaiter().GetResult())
        {
            rows++;
            for (var i = 0; i < csv.FieldCount; i++) Assert.NotNull(csv[i]);
        }

        Assert.InRange(rows, 0, bytes.Length);
        Assert.Equal(rows, csv.RowNumber);
    }, iter: 5_000);

    private async Task<(List<string[]> Rows, int Faults)> ReadAsync(string text, char delimiter, int longest, int chunk, Encoding? encoding = null)
    {
        encoding ??= MendingUtf8.Instance;
        var csv = new CsvReader(new ChunkStream(encoding.GetBytes(text), chunk), encoding, delimiter, longest);
        var rows = new List<string[]>();
        var faults = 0;
        while (await csv.ReadAsync(_ct))
        {
            if (csv.Fault == CsvRowFault.None) rows.Add([.. Enumerable.Range(0, csv.FieldCount).Select(i => csv[i])]);
            else faults++;
        }

        return (rows, faults);
    }

    // Gives a few bytes at a time, as a network does.
    private sealed class ChunkStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer.Length > chunk ? buffer[..chunk] : buffer, cancellationToken);
    }
}
