using System.Globalization;
using System.Text;

namespace Broadcasts.Transports.Simulator;

/// <summary>What the provider really took: one line per message, in the operating system's hands before the answer is given.</summary>
/// <remarks>A killed process loses nothing of it; a power cut may. One process at a time writes a file.</remarks>
internal sealed class Journal : IDisposable
{
    // Several channels of this process may share a file; each line goes to its end.
    private static readonly Lock Writing = new();
    private readonly FileStream _file;

    public Journal(string path)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 1);
    }

    public static IEnumerable<string> IdsIn(string path)
    {
        if (!File.Exists(path)) yield break;
        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (file.ReadLine() is { } line) yield return line.Split(' ', 2)[0];
    }

    public static void Line(StringBuilder lines, OutboundMessage message, Verdict verdict) =>
        lines.Append(CultureInfo.InvariantCulture, $"{message.Id} {message.Attempt} {verdict}\n");

    public void Write(StringBuilder lines)
    {
        if (lines.Length == 0) return;
        var bytes = Encoding.UTF8.GetBytes(lines.ToString());
        lock (Writing)
        {
            _file.Seek(0, SeekOrigin.End);
            _file.Write(bytes);
            _file.Flush();
        }
    }

    public void Dispose() => _file.Dispose();
}
