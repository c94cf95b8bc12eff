using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Host.Hosting;
using Broadcasts.Reporting;

namespace Broadcasts.Host.CommandLine;

/// <summary>Looks at a broadcast until it is over or needs a person.</summary>
internal sealed class SendWatch(IServiceProvider services, Terminal terminal, long channelId)
{
    private readonly HashSet<string?> _said = [];
    private long _done = -1;

    /// <summary>The last numbers. A pause by a fault ends the watch too: whoever runs the command has to act.</summary>
    public async Task<Progress> UntilOverAsync(long id, CancellationToken cancellationToken)
    {
        var channels = services.GetRequiredService<ChannelStore>();
        var queries = services.GetRequiredService<ProgressQueries>();
        try
        {
            await foreach (var progress in services.GetRequiredService<ProgressFeed>().WatchAsync(id, cancellationToken))
            {
                terminal.Move(progress.Counts.Done, progress.Messages, TextOf(progress), isLast: progress.IsOver);
                if (progress.IsOver) return progress;
                await SayTroubleAsync(progress, cancellationToken);
                if (progress.Status == BroadcastStatus.Paused)
                {
                    terminal.Say($"The broadcast is paused: {progress.StatusReason} {progress.StatusDetail}".TrimEnd());
                    return progress;
                }

                if (progress.Counts.Sending == 0 && await channels.GetAsync(channelId) is { Status: ChannelStatus.Paused } channel)
                {
                    terminal.Say($"The channel needs you: {(channel.StatusReason is { } reason ? Reasons.NameOf((int)reason) : "paused")}: {channel.StatusDetail?.TrimEnd('.')}. Mend it and run the same command again: it goes on where it stopped.");
                    return (await queries.GetAsync(id, cancellationToken))!;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.Say("Stopped. The same command goes on where it stopped.");
        }

        return await queries.GetAsync(id, CancellationToken.None) ?? throw new StartException($"Broadcast {id} is gone.");
    }

    /// <summary>Why messages have to be tried again, once per cause: an unreachable provider must not look like a slow one.</summary>
    private async Task SayTroubleAsync(Progress progress, CancellationToken cancellationToken)
    {
        var stands = progress.Counts.Done == _done && progress.Counts.Pending > 0;
        _done = progress.Counts.Done;
        if (!stands || await services.GetRequiredService<BroadcastQueries>().LatestTroubleAsync(progress.BroadcastId, cancellationToken) is not { } trouble || !_said.Add(trouble.Reason)) return;
        terminal.Say($"Waiting to try again: {trouble.Reason}: {$"{trouble.Code} {trouble.Detail}".Trim().TrimEnd('.')}. Ctrl-C stops; the same command goes on later.");
    }

    private static string TextOf(Progress p)
    {
        var sent = p.Counts.Sent + p.Counts.Delivered + p.Counts.Read;
        var text = string.Create(CultureInfo.InvariantCulture, $"{sent:N0} sent, {p.Counts.Failed:N0} failed, {p.Counts.Skipped:N0} skipped");
        if (p.Counts.Unknown > 0) text += string.Create(CultureInfo.InvariantCulture, $", {p.Counts.Unknown:N0} unknown");
        if (p.Rate is { } rate) text += string.Create(CultureInfo.InvariantCulture, $", {rate:N0}/s");
        if (p.Eta is { } eta && !p.IsOver) text += $", {Left(eta - p.At)} left";
        return text;
    }

    private static string Left(TimeSpan left) =>
        left < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(left.TotalSeconds):0} s")
        : left < TimeSpan.FromHours(1) ? string.Create(CultureInfo.InvariantCulture, $"{left.TotalMinutes:0} min")
        : string.Create(CultureInfo.InvariantCulture, $"{left.TotalHours:0.0} h");
}
