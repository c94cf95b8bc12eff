using System.Globalization;
using System.Text;

namespace Broadcasts.Chaos;

/// <summary>One message that the simulated provider took.</summary>
/// <param name="Row">Id of the ledger's row.</param>
/// <param name="Attempt">The try that it was, from 1.</param>
/// <param name="At">Milliseconds of the machine's own clock.</param>
/// <param name="Process">The process that handed it over.</param>
internal readonly record struct Taken(long Row, int Attempt, long At, int Process);

/// <summary>The simulator's own record of what it took, read beside the processes that write it.</summary>
internal sealed class TakenJournal(string path) : IDisposable
{
    private readonly List<Taken> _taken = [];
    private readonly StringBuilder _rest = new();
    private FileStream? _file;

    public string Path => path;

    /// <summary>Now, on the clock of the lines.</summary>
    public static long Now => TimeProvider.System.GetTimestamp() / (TimeProvider.System.TimestampFrequency / 1000);

    /// <summary>Everything taken so far.</summary>
    public IReadOnlyList<Taken> Read()
    {
        if (_file is null && !File.Exists(path)) return _taken;
        _file ??= new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(_file, Encoding.UTF8, leaveOpen: true);
        _rest.Append(reader.ReadToEnd());
        var text = _rest.ToString();
        var end = text.LastIndexOf('\n') + 1;
        _rest.Clear().Append(text, end, text.Length - end);
        foreach (var line in text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Parse(line) is { } taken) _taken.Add(taken);
        }

        return _taken;
    }

    /// <summary>The most that was taken within a second, wherever it begins.</summary>
    public static int MostInASecond(IEnumerable<Taken> taken)
    {
        var moments = taken.Select(t => t.At).Order().ToArray();
        var most = 0;
        for (int first = 0, last = 0; last < moments.Length; last++)
        {
            while (moments[last] - moments[first] >= 1000) first++;
            most = Math.Max(most, last - first + 1);
        }

        return most;
    }

    /// <summary>Whether some process holds the file's lock: frozen now, it would hold up everybody.</summary>
    public bool IsHeld()
    {
        if (OperatingSystem.IsMacOS()) return false;
        using var probe = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            probe.Lock(long.MaxValue - 1, 1);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _file?.Dispose();

    // A line that a kill tore has fewer fields.
    private static Taken? Parse(string line) => line.Split(' ') is { Length: 5 } f
        ? new Taken(long.Parse(f[0].AsSpan(f[0].LastIndexOf('-') + 1), CultureInfo.InvariantCulture), int.Parse(f[1], CultureInfo.InvariantCulture), long.Parse(f[3], CultureInfo.InvariantCulture), int.Parse(f[4], CultureInfo.InvariantCulture))
        : null;
}
