using System.Runtime.InteropServices;

namespace Broadcasts.Host.CommandLine;

/// <summary>
/// Ctrl-C and SIGTERM from the first moment of a command, also before a host is there to hear them: the first one asks the command to stop,
/// another one ends the process.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    // Some callers send it to the process and to its group: two at once are one wish.
    private static readonly TimeSpan OneWish = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _signals;
    private long _first;

    public StopSignal() => _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];

    public CancellationToken Token => _stop.Token;

    // The source stays: a signal may arrive in this very moment.
    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        var first = Interlocked.CompareExchange(ref _first, TimeProvider.System.GetTimestamp(), 0);
        context.Cancel = first == 0 || TimeProvider.System.GetElapsedTime(first) < OneWish;
        if (first == 0) _stop.Cancel();
    }
}
