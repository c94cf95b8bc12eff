using System.Globalization;

namespace Broadcasts.Host.CommandLine;

/// <summary>What commands say while they work: one line that moves on a terminal, plain lines now and then in a pipe. Results go to standard output.</summary>
internal sealed class Terminal(TimeProvider time, bool json)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan InPipe = TimeSpan.FromSeconds(5);

    private const int BarWidth = 24;

    // With --json standard output holds the one object and nothing else.
    private readonly TextWriter _talk = json ? Console.Error : Console.Out;
    private readonly bool _canMove = !(json ? Console.IsErrorRedirected : Console.IsOutputRedirected);
    private DateTimeOffset _next;
    private int _width;

    public bool IsInteractive => !Console.IsInputRedirected && _canMove;

    /// <summary>A line that stays.</summary>
    public void Say(string line)
    {
        Clear();
        _talk.WriteLine(line);
    }

    /// <summary>The line that moves. Cheap to call often.</summary>
    /// <param name="done">How much of the whole is done.</param>
    /// <param name="whole">The whole; null when nobody knows it.</param>
    /// <param name="text">What to say beside the bar.</param>
    /// <param name="isLast">The line stays.</param>
    public void Move(long done, long? whole, string text, bool isLast = false)
    {
        var now = time.GetUtcNow();
        // Nothing is done yet: in a pipe that is not worth a line.
        if ((now < _next || (done == 0 && !_canMove)) && !isLast) return;
        _next = now + (_canMove ? OnTerminal : InPipe);
        var share = whole is > 0 ? Math.Clamp((double)done / whole.Value, 0, 1) : (double?)null;
        var percent = share is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known * 100,3:0}% ") : "";
        if (!_canMove)
        {
            _talk.WriteLine(percent + text);
            return;
        }

        var bar = share is { } filled ? $"[{new string('#', (int)(filled * BarWidth)).PadRight(BarWidth, '.')}] " : "";
        var line = bar + percent + text;
        _talk.Write("\r" + line.PadRight(_width));
        _width = line.Length;
        if (isLast) Clear(keep: true);
    }

    /// <summary>Asks a question; only "y" and "yes" agree.</summary>
    public bool Ask(string question)
    {
        Clear();
        _talk.Write(question + " [y/N] ");
        return Console.ReadLine()?.Trim().ToUpperInvariant() is "Y" or "YES" or "S" or "SI" or "SÍ";
    }

    private void Clear(bool keep = false)
    {
        if (_width == 0) return;
        if (keep) _talk.WriteLine();
        else _talk.Write("\r" + new string(' ', _width) + "\r");
        _width = 0;
    }
}
