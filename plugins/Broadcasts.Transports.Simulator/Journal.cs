using System.Globalization;
using System.Text;

namespace Broadcasts.Transports.Simulator;

/// <summary>What the provider really took: one line per message, in the operating system's hands before the answer is given.</summary>
/// <remarks>A killed process loses nothing of it; a power cut may. Several processes may share a file: it is the memory of one provider.</remarks>
internal sealed class Journal : IDisposable
{
    // Far behind the end of any file: nobody who reads is kept out.
    private const long LockAt = long.MaxValue - 1;

    // Several channels of this process may share a file, and the system's own lock is between processes alone.
    private static readonly Lock Writing = new();
    private readonly FileStream _file;
    private readonly Action<string>? _known;
    private readonly StringBuilder _lines = new();
    private long _readTo;
    private bool _isTorn;

    /// <param name="path">Full path.</param>
    /// <param name="known">Told each id that is in the file or comes into it by another process; null when nobody asks.</param>
    public Journal(string path, Action<string>? known)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
        _known = known;
        lock (Writing) _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, 1);
        Use(static _ => { });
    }

    /// <summary>Id, attempt, what became of it, milliseconds of the machine's own clock (never set, the same for all its processes), process.</summary>
    public static void Line(StringBuilder lines, OutboundMessage message, Verdict verdict, TimeProvider time) =>
        lines.Append(CultureInfo.InvariantCulture, $"{message.Id} {message.Attempt} {verdict} {time.GetTimestamp() / (time.TimestampFrequency / 1000)} {Environment.ProcessId}\n");

    /// <summary>Decides with everything known that any process wrote before, and writes before anybody else decides.</summary>
    public void Use(Action<StringBuilder> decide)
    {
        lock (Writing)
        {
            Take();
            try
            {
                CatchUp();
                _lines.Clear();
                decide(_lines);
                if (_lines.Length > 0) Append();
            }
            finally
            {
                Free();
            }
        }
    }

    public void Dispose()
    {
        // Closing a file frees the locks that this process holds on it, whoever took them.
        lock (Writing) _file.Dispose();
    }

    private void Append()
    {
        // Half a line is what a process left that was killed in the middle: its message was never taken.
        if (_isTorn) _lines.Insert(0, '\n');
        var bytes = Encoding.UTF8.GetBytes(_lines.ToString());
        _file.Seek(0, SeekOrigin.End);
        _file.Write(bytes);
        _file.Flush();
        _readTo = _file.Position;
        _isTorn = false;
    }

    private void CatchUp()
    {
        var length = _file.Length;
        if (length == _readTo) return;
        var bytes = new byte[length - _readTo];
        _file.Seek(_readTo, SeekOrigin.Begin);
        _file.ReadExactly(bytes);
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        _isTorn = end < bytes.Length;
        _readTo += end;
        if (_known is null) return;
        foreach (var line in Encoding.UTF8.GetString(bytes, 0, end).Split('\n'))
        {
            if (line.Split(' ') is { Length: 5 } fields) _known(fields[0]);
        }
    }

    private void Take()
    {
        if (OperatingSystem.IsMacOS() || OperatingSystem.IsIOS() || OperatingSystem.IsTvOS() || OperatingSystem.IsFreeBSD()) return;
        for (var spin = new SpinWait(); ; spin.SpinOnce())
        {
            try
            {
                _file.Lock(LockAt, 1);
                return;
            }
            catch (IOException)
            {
                // Another process has it for some microseconds.
            }
        }
    }

    private void Free()
    {
        if (OperatingSystem.IsMacOS() || OperatingSystem.IsIOS() || OperatingSystem.IsTvOS() || OperatingSystem.IsFreeBSD()) return;
        _file.Unlock(LockAt, 1);
    }
}
