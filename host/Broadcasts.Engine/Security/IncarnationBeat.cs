using Microsoft.Extensions.Logging;

namespace Broadcasts.Security;

/// <summary>Moves the incarnation on while the service runs, so that a backup is older than its machine a minute later.</summary>
internal sealed partial class IncarnationBeat(SafeHold hold, TimeProvider time, ILogger<IncarnationBeat> logger) : PeriodicWork(TimeSpan.FromMinutes(1), time, logger)
{
    protected override string Purpose => "Writing this machine's count";

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (hold.FileProblem is { } problem) LogNoFile(problem);
        return base.StartAsync(cancellationToken);
    }

    protected override Task DoAsync(CancellationToken cancellationToken) => hold.BeatAsync();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Broadcasts:HostDirectory can't be written: {Problem} Data put back from a backup in the same place will not be noticed.")]
    private partial void LogNoFile(string problem);
}
