using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

internal sealed partial class PluginHost
{
    [LoggerMessage(1, LogLevel.Information, "Transport {Id} {Version} is loaded.")]
    private static partial void LogLoaded(ILogger logger, string id, string version);

    [LoggerMessage(2, LogLevel.Warning, "Transport {Id}: {Why} The version that served before serves on.")]
    private static partial void LogSwapRefused(ILogger logger, string id, string why);

    [LoggerMessage(3, LogLevel.Error, "Transport {Id} can't be used: {Why}")]
    private static partial void LogRefused(ILogger logger, string id, string why);

    [LoggerMessage(8, LogLevel.Warning, "A package of transport {Id} was refused: {Why}")]
    private static partial void LogPackageRefused(ILogger logger, string id, string why);

    [LoggerMessage(4, LogLevel.Error, "Channel {ChannelId} can't send: {Why}")]
    private static partial void LogChannelProblem(ILogger logger, string channelId, string why);

    [LoggerMessage(5, LogLevel.Warning, "Transport {Id}, channel {ChannelId}: {What}")]
    private static partial void LogHang(ILogger logger, string id, string channelId, string what);

    [LoggerMessage(6, LogLevel.Warning, "Transport {Id} {Version} was retired and stays in memory: something of it still runs or is pointed to. Restart the service to free it.")]
    private static partial void LogLeaked(ILogger logger, string id, string version);

    [LoggerMessage(7, LogLevel.Warning, "Transports were still busy {Seconds} s after the service was told to stop, and were left behind.")]
    private static partial void LogLeftBehind(ILogger logger, double seconds);
}
