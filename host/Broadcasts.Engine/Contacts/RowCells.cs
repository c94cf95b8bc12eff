using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Broadcasts.Contacts;

/// <summary>The cells of a batch's rows as they were in the file, in one array: only those of rows that are not taken become texts.</summary>
/// <param name="expected">Characters that there will probably be: as many as in the batch before.</param>
internal sealed class RowCells(int expected = 0) : IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private char[] _chars = ArrayPool<char>.Shared.Rent(Math.Max(1 << 17, expected));

    public int Length { get; private set; }

    /// <summary>Adds a cell behind its length.</summary>
    public void Add(ReadOnlySpan<char> cell)
    {
        if (_chars.Length - Length < cell.Length + 2) Grow(cell.Length + 2);
        _chars[Length] = (char)(cell.Length >> 16);
        _chars[Length + 1] = (char)(cell.Length & 0xFFFF);
        cell.CopyTo(_chars.AsSpan(Length + 2));
        Length += cell.Length + 2;
    }

    /// <summary>A row's cells as a JSON array. U+0000 becomes U+FFFD: no database keeps it.</summary>
    public string Write((int Start, int Count) range)
    {
        var cells = new string[range.Count];
        var at = range.Start;
        for (var i = 0; i < cells.Length; i++)
        {
            var length = (_chars[at] << 16) | _chars[at + 1];
            cells[i] = new string(_chars, at + 2, length).Replace('\0', '\uFFFD');
            at += length + 2;
        }

        return JsonSerializer.Serialize(cells, Json);
    }

    public static string[] Read(string json) => JsonSerializer.Deserialize<string[]>(json) ?? [];

    public static string Write(IReadOnlyList<string> cells) => JsonSerializer.Serialize(cells, Json);

    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(_chars);
        _chars = [];
    }

    private void Grow(int more)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(_chars.Length * 2, Length + more));
        _chars.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<char>.Shared.Return(_chars);
        _chars = larger;
    }
}
