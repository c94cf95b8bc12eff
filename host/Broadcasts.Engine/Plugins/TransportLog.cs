using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>A channel's log: the values of its secrets never get into it.</summary>
internal sealed partial class TransportLog(ILogger log, string channelId, IReadOnlyCollection<string> secrets) : ITransportLog
{
    // A shorter secret would blank out half of every line.
    private const int ShortestSecret = 4;
    private readonly string[] _secrets = [.. secrets.Where(s => s.Length >= ShortestSecret).OrderByDescending(s => s.Length)];

    public bool IsEnabled(TransportLogLevel level) => log.IsEnabled(LevelOf(level));

    public void Write(TransportLogLevel level, string message, string? error = null)
    {
        if (!IsEnabled(level)) return;
        if (error is null) Line(log, LevelOf(level), channelId, Redact(message));
        else LineWithError(log, LevelOf(level), channelId, Redact(message), Redact(error));
    }

    private string Redact(string text) => _secrets.Aggregate(text, (t, secret) => t.Replace(secret, "***", StringComparison.Ordinal));

    private static LogLevel LevelOf(TransportLogLevel level) => level switch
    {
        TransportLogLevel.Debug => LogLevel.Debug,
        TransportLogLevel.Information => LogLevel.Information,
        TransportLogLevel.Warning => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    [LoggerMessage(EventId = 1, Message = "Channel {ChannelId}: {Text}")]
    private static partial void Line(ILogger logger, LogLevel level, string channelId, string text);

    [LoggerMessage(EventId = 2, Message = "Channel {ChannelId}: {Text} ({Error})")]
    private static partial void LineWithError(ILogger logger, LogLevel level, string channelId, string text, string error);
}
