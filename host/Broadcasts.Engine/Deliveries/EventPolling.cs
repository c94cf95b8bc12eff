using Broadcasts.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>Asks the providers that do not call for news, each at its own interval. One grain per channel would do the same; a channel is polled where it is open.</summary>
internal sealed partial class EventPolling(ChannelRuntimes channels, ChannelStore store, ProviderEvents events, TimeProvider time, ILogger<EventPolling> logger) : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    // When each was asked last, on the clock that nobody sets.
    private readonly Dictionary<long, long> _asked = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await OpenAllAsync(stoppingToken);
            using var timer = new PeriodicTimer(Tick, time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                foreach (var channel in channels.All.Where(c => c.Transport.CanPoll))
                {
                    if (_asked.TryGetValue(channel.Id, out var asked) && time.GetElapsedTime(asked) < channel.Transport.PollInterval) continue;
                    await PollAsync(channel, stoppingToken);
                    _asked[channel.Id] = time.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The cursor is stored with the events: the next start goes on behind them.
        }
    }

    private async Task OpenAllAsync(CancellationToken cancellationToken)
    {
        foreach (var channel in await store.ListAsync())
        {
            try
            {
                await channels.OpenAsync(channel.Id, cancellationToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogOpen(e, channel.Name);
            }
        }
    }

    private async Task PollAsync(ChannelRuntime channel, CancellationToken cancellationToken)
    {
        try
        {
            for (var more = true; more && !cancellationToken.IsCancellationRequested;)
            {
                var result = await channel.Transport.PollAsync(await store.GetCursorAsync(channel.Id), cancellationToken);
                if (result.Value is not { } polled)
                {
                    LogPoll(channel.Channel.Name, result.Error ?? "");
                    return;
                }

                if (polled.Events.Length > 0 || polled.Cursor is not null) await events.ApplyAsync(channel.Id, polled.Events, polled.Cursor, hasCursor: true, cancellationToken);
                more = polled.HasMore;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogPoll(channel.Channel.Name, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Channel {Channel} could not be opened")]
    private partial void LogOpen(Exception e, string channel);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Asking channel {Channel} for news failed: {Why}")]
    private partial void LogPoll(string channel, string why);
}
