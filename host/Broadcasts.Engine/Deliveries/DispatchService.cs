using System.Collections.Concurrent;
using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>Wakes this process's dispatch at once instead of at its next sweep.</summary>
internal sealed class DispatchSignal : IDisposable
{
    private readonly SemaphoreSlim _signal = new(0);

    public void Set()
    {
        if (_signal.CurrentCount == 0) _signal.Release();
    }

    public void Dispose() => _signal.Dispose();

    public Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellationToken) => _signal.WaitAsync(most, cancellationToken);
}

/// <summary>
/// Sweeps for slices without a live owner, takes them and keeps a dispatcher running for each broadcast and channel that has rows to send.
/// What a dead owner left in flight is called unknown.
/// </summary>
internal sealed partial class DispatchService(
    SliceStore slices,
    BroadcastStore broadcasts,
    BroadcastPlans plans,
    ChannelRuntimes channels,
    HandOverServices services,
    DispatchMeters meters,
    DispatchSignal signal,
    IGrainFactory grains,
    SafeHold hold,
    LedgerAudit ledger,
    PluginStore plugins,
    PluginOptions pluginOptions,
    EngineOptions options,
    TimeProvider time,
    ILogger<DispatchService> logger) : BackgroundService
{
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    /// <summary>Channels whose plugin is missing here are left to others for so long, then looked at again.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    /// <summary>Processes say every 10 s what they run.</summary>
    private static readonly TimeSpan Spoken = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(long Broadcast, long Channel), Running> _running = new();
    private readonly ConcurrentDictionary<long, long> _restSince = new();
    private readonly Dictionary<long, long> _cannotSince = [];
    private readonly CancellationTokenSource _stopSending = new();
    private readonly string _me = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}:{Guid.NewGuid():N}");

    /// <summary>On SQLite the data directory is locked: no other process can be alive.</summary>
    private bool Alone => !options.Database.IsPostgres;

    /// <summary>This process, as slices name their owner.</summary>
    public string Me => _me;

    /// <summary>The dispatchers that run now, for people who ask what holds a broadcast back.</summary>
    public IEnumerable<BroadcastDispatcher> Dispatchers => _running.Values.Select(r => r.Dispatcher);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(SweepsAsync(stoppingToken), ChecksAsync(stoppingToken), Alone ? Task.CompletedTask : BeatsAsync(stoppingToken));

    private async Task SweepsAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var called = false;
            try
            {
                await SweepAsync(stoppingToken);
                called = await signal.WaitAsync(Sweep, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogSweep(e);
                await Task.Delay(Beat, time, CancellationToken.None);
            }

            if (!called) continue;
            _restSince.Clear();
            foreach (var running in _running.Values) running.Dispatcher.Wake();
        }
    }

    /// <summary>Nothing new starts; what is in flight gets its grace, then it is in doubt; everything is on disk when this returns.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        var all = Task.WhenAll(_running.Values.Select(r => r.Task));
        _stopSending.CancelAfter(options.StopGrace);
        await Task.WhenAny(all, Task.Delay(options.StopGrace + TimeSpan.FromSeconds(1), time, CancellationToken.None));
        try
        {
            await services.Writer.FlushAsync().WaitAsync(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            await slices.ReleaseAsync(_me);
        }
        catch (Exception e)
        {
            LogStop(e);
        }
    }

    public override void Dispose()
    {
        _stopSending.Dispose();
        base.Dispose();
    }

    private async Task SweepAsync(CancellationToken stop)
    {
        // Who changes a channel opens it again in the own process alone.
        if (!Alone) await channels.RefreshAsync(stop);
        var open = await slices.OpenAsync(_me, Alone);
        foreach (var (channel, since) in _cannotSince) if (time.GetElapsedTime(since) > Retry) _cannotSince.Remove(channel);
        var strangers = open.Where(s => s.Owner != _me && !_cannotSince.ContainsKey(s.ChannelId)).ToList();
        var owned = open.Where(s => s.Owner == _me).Select(s => new OwnedSlice(s.Id, s.BroadcastId, s.ChannelId, s.IdFrom, s.IdTo, s.Epoch)).ToList();
        if (strangers.Count > 0)
        {
            var taken = await slices.TakeAsync(_me, strangers);
            foreach (var slice in taken.Where(t => strangers.Exists(s => s.Id == t.Id && s.Sending > 0)))
            {
                await SettleAsync(slice);
                await ledger.MendSliceAsync(slice.Id);
            }

            owned.AddRange(taken);
        }

        // In a cluster a takeover can come before the hand-over time of the dead owner's claims is over: they are looked for at each sweep.
        foreach (var slice in await slices.StaleAsync(_me, Alone)) await SettleAsync(slice);
        // Held data: slices are owned and what was in flight is settled, but nothing new leaves.
        if (await hold.GetAsync() is not null) return;
        foreach (var group in owned.Where(s => !_restSince.TryGetValue(s.Id, out var since) || time.GetElapsedTime(since) >= Rest).GroupBy(s => (s.BroadcastId, s.ChannelId)))
        {
            if (!stop.IsCancellationRequested) await AssignAsync(group.Key, [.. group], stop);
        }

        foreach (var running in _running.Values)
        {
            if (await broadcasts.GetAsync(running.Dispatcher.BroadcastId) is { } broadcast) running.Dispatcher.Rate = broadcast.Rate;
        }
    }

    // Beside the sweeps: the grain of a broadcast can be in a process that stands still, and nobody takes over while everybody waits for its answer.
    private async Task ChecksAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Sweep, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                try
                {
                    await CheckAsync().WaitAsync(stop);
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    LogCheck(e);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The next start looks again.
        }
    }

    private async Task CheckAsync()
    {
        // A broadcast that nobody works on here is complete, or its freeze was interrupted.
        foreach (var (id, isHeld) in await broadcasts.RunningAsync())
        {
            if (isHeld || !_running.Keys.Any(k => k.Broadcast == id)) await grains.GetGrain<IBroadcastGrain>(id).CheckAsync();
        }

        foreach (var id in await broadcasts.LeftoversAsync()) await grains.GetGrain<IBroadcastGrain>(id).CheckAsync();
    }

    // Beside the sweeps: one that takes long (a plugin is loaded, thousands of rows are settled) must not look like a death.
    private async Task BeatsAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            do
            {
                try
                {
                    await slices.BeatAsync(_me);
                }
                catch (Exception e) when (!stop.IsCancellationRequested)
                {
                    LogBeat(e);
                }
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Slices are released when everything in flight is on disk.
        }
    }

    private async Task SettleAsync(OwnedSlice slice)
    {
        var after = 0L;
        while (await slices.AbandonedAsync(slice, after, Alone) is { Count: > 0 } rows)
        {
            after = rows[^1].Id;
            LogAbandoned(rows.Count, slice.BroadcastId);
            foreach (var row in rows)
            {
                services.Writer.Record(new DeliveryRecord
                {
                    Id = row.Id, Event = DeliveryEvent.Doubt, Claim = row.Claim, At = time.Now(), Attempt = row.Attempt, Reason = (int)FailureReason.ProcessEnded,
                    Outcome = SendOutcomeKind.InDoubt, Detail = "The process ended between hand-over and answer.",
                });
            }

            await services.Writer.FlushAsync();
        }
    }

    private async Task AssignAsync((long Broadcast, long Channel) key, IReadOnlyList<OwnedSlice> group, CancellationToken stop)
    {
        if (_running.TryGetValue(key, out var running))
        {
            foreach (var slice in group.Where(s => running.Slices.TryAdd(s.Id, 0))) running.Dispatcher.Add(slice);
            return;
        }

        if (await broadcasts.GetAsync(key.Broadcast, orHome: true) is not { State: BroadcastStatus.InProgress }) return;
        if (await channels.OpenAsync(key.Channel, stop) is not { } channel || channel.Channel.Status != ChannelStatus.Active) return;
        if (channel.Transport is { IsMissing: true } missing && !Alone && await plugins.IsServedElsewhereAsync(missing.Settings.TransportId, pluginOptions.SiloName, time.GetUtcNow() - Spoken))
        {
            // Installed a moment ago on another process, or nothing for this machine: who has it sends.
            if (_cannotSince.TryAdd(key.Channel, time.GetTimestamp())) LogMissing(key.Channel, missing.Settings.TransportId);
            await slices.GiveUpAsync(_me, key.Channel);
            return;
        }

        if (channel.Transport.Problem is { } problem)
        {
            await grains.GetGrain<IChannelGrain>(key.Channel).FaultAsync(problem.Reason ?? FailureReason.TransportFault, problem.Detail);
            return;
        }

        var (plan, problems) = await plans.MakeAsync(key.Broadcast, stop);
        if (plan is null)
        {
            await grains.GetGrain<IBroadcastGrain>(key.Broadcast).PauseAsync("system", "templateFault", problems[0].Message);
            return;
        }

        Start(key, group, channel, plan, stop);
    }

    private void Start((long Broadcast, long Channel) key, IReadOnlyList<OwnedSlice> group, ChannelRuntime channel, BroadcastPlan plan, CancellationToken stop)
    {
        var dispatcher = new BroadcastDispatcher(channel, plan, services, slices, meters, _me, logger);
        var running = new Running(dispatcher);
        foreach (var slice in group)
        {
            running.Slices[slice.Id] = 0;
            dispatcher.Add(slice);
        }

        _running[key] = running;
        running.Task = Task.Run(() => RunAsync(key, running, stop), CancellationToken.None);
    }

    private async Task RunAsync((long Broadcast, long Channel) key, Running running, CancellationToken stop)
    {
        try
        {
            await running.Dispatcher.RunAsync(stop, _stopSending.Token);
            if (!stop.IsCancellationRequested && !running.Dispatcher.IsSingle) await grains.GetGrain<IBroadcastGrain>(key.Broadcast).CheckAsync();
        }
        catch (Exception e)
        {
            LogDispatcher(e, key.Broadcast, key.Channel);
        }
        finally
        {
            // Rows that wait for something beyond this process (an earlier part in doubt) are looked at now and then.
            var now = time.GetTimestamp();
            if (!running.Dispatcher.IsSingle) foreach (var slice in running.Slices.Keys) _restSince[slice] = now;
            _running.TryRemove(key, out _);
        }
    }

    private sealed class Running(BroadcastDispatcher dispatcher)
    {
        public BroadcastDispatcher Dispatcher { get; } = dispatcher;

        public ConcurrentDictionary<long, byte> Slices { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for work failed; the next look is in a second")]
    private partial void LogSweep(Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for broadcasts that are complete failed; the next look is in a moment")]
    private partial void LogCheck(Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sign of life could not be written; after some seconds of silence another process takes over")]
    private partial void LogBeat(Exception e);

    [LoggerMessage(Level = LogLevel.Error, Message = "The dispatcher of broadcast {Broadcast} on channel {Channel} ended with a fault; it is started again")]
    private partial void LogDispatcher(Exception e, long broadcast, long channel);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} messages of broadcast {Broadcast} were in flight when their process ended: listed as unknown")]
    private partial void LogAbandoned(int count, long broadcast);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Channel}: the transport {Transport} is not loaded in this process; others that have it send")]
    private partial void LogMissing(long channel, string transport);

    [LoggerMessage(Level = LogLevel.Error, Message = "Not everything could be written while stopping; rows that stay Sending are listed as unknown at the next start")]
    private partial void LogStop(Exception e);
}
