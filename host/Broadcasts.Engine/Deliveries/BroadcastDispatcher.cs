using System.Collections.Concurrent;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>
/// Drives one broadcast on one channel in this process, over the slices that the process owns: room, permits, claim, hand-over, again.
/// It ends when its slices have nothing left to claim, or when the claim gate closes.
/// </summary>
internal sealed partial class BroadcastDispatcher(
    ChannelRuntime channel,
    BroadcastPlan plan,
    HandOverServices services,
    SliceStore slices,
    DispatchMeters meters,
    string owner,
    ILogger logger) : IDisposable
{
    private const int MostPerClaim = 500;

    /// <summary>Time from a claim to the last moment of its hand-over.</summary>
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SettleMargin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<OwnedSlice> _arriving = new();
    private readonly List<SliceWork> _slices = [];
    private readonly ConcurrentDictionary<HandOver, Task> _running = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ClaimNotice _notice = new();

    /// <summary>What holds it back now.</summary>
    public LimitedBy LimitedBy { get; private set; }

    /// <summary>When it will go on, Unix milliseconds; 0 when it does not wait for a time.</summary>
    public double WaitingUntil { get; private set; }

    /// <summary>The broadcast's own rate; it may change while it runs.</summary>
    public SendRate? Rate { get; set; } = plan.Broadcast.Rate;

    public long BroadcastId => plan.Broadcast.Id;

    public long ChannelId => channel.Id;

    /// <summary>Gives it one more slice.</summary>
    public void Add(OwnedSlice slice)
    {
        _arriving.Enqueue(slice);
        _wake.Release();
    }

    /// <summary>Looks again at once: a rate changed, rows came back.</summary>
    public void Wake() => _wake.Release();

    /// <summary>Runs until there is nothing left to claim.</summary>
    /// <param name="stop">The service stops: no new claim; what is claimed and not handed over goes back.</param>
    /// <param name="stopSending">The grace is over: what is not answered is in doubt.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken stopSending)
    {
        try
        {
            while (!stop.IsCancellationRequested && !IsExpired)
            {
                while (_arriving.TryDequeue(out var slice)) _slices.Add(new SliceWork(slice));
                if (Ready() is { } work)
                {
                    if (!await StepAsync(work, stop, stopSending)) break;
                }
                else if (!await RestAsync(stop))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The claims that run give their rows back.
        }
        finally
        {
            await Task.WhenAll(_running.Values);
        }
    }

    public void Dispose() => _wake.Dispose();

    // Nothing is claimed any more; the broadcast's owner marks what is left.
    private bool IsExpired => plan.Broadcast.ExpiresAt <= Now;

    private SliceWork? Ready()
    {
        var now = Now;
        // No look is planned further ahead than a nap, unless the clock was set back since.
        return _slices.Find(s => s.NextLook <= now || (s.NextLook > now + 2 * LongestNap.TotalMilliseconds && s.NextLook < double.MaxValue));
    }

    // Nothing is ready. Rows may still come back from what is in flight; only when that is over and on disk is a slice done.
    private async Task<bool> RestAsync(CancellationToken stop)
    {
        if (_running.IsEmpty && services.Writer.Unrecorded == 0 && _slices.TrueForAll(s => s.IsDry))
        {
            if (_arriving.IsEmpty) return false;
            return true;
        }

        LimitedBy = _running.IsEmpty ? LimitedBy.WaitingForRetries : LimitedBy.ProviderLatency;
        var next = _slices.Count == 0 ? Now + LongestNap.TotalMilliseconds : _slices.Min(s => s.NextLook);
        await NapAsync(next, stop);
        return true;
    }

    private async Task<bool> StepAsync(SliceWork work, CancellationToken stop, CancellationToken stopSending)
    {
        try
        {
            // A look for retries and later parts costs a read, not a permit: those are for whoever has something to send.
            if (work.IsExhausted && !await HasDueAsync(work)) return true;
            var lease = await LeaseAndClaimAsync(work, stop, stopSending);
            if (lease.RetryAt > 0) await NapAsync(lease.RetryAt, stop);
            return lease.GoOn;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The database or the budget's silo is away for a moment. Nothing was claimed, or it is found later as unknown.
            LogWait(e, BroadcastId);
            await Task.Delay(OutageWait, services.Time, stop);
            return true;
        }
    }

    private async Task<bool> HasDueAsync(SliceWork work)
    {
        var busy = IsBusy;
        var next = await slices.NextDueAsync(work.Slice);
        if (next <= Now) return true;
        work.Empty(next, Now, busy);
        return false;
    }

    // The room is given back before anybody waits for a permit: others on this channel can use it meanwhile.
    private async Task<(bool GoOn, double RetryAt)> LeaseAndClaimAsync(SliceWork work, CancellationToken stop, CancellationToken stopSending)
    {
        var room = await channel.InFlight.TakeAsync(MostPerClaim, stop);
        var used = 0;
        try
        {
            var wish = new PermitRequest { BroadcastId = BroadcastId, Wanted = room, Rate = Rate, NoticeMs = _notice.Ms, IsWarming = channel.InFlight.IsWarming };
            var lease = await channel.Budget.LeaseAsync(wish);
            if (lease.Count == 0)
            {
                (LimitedBy, WaitingUntil) = (lease.LimitedBy, lease.RetryAt);
                return (true, lease.RetryAt);
            }

            (LimitedBy, WaitingUntil) = (lease.Interval > 0 ? LimitedBy.ChannelRate : LimitedBy.ProviderLatency, 0);
            var request = RequestFor(work, lease);
            var busy = IsBusy;
            var claim = await services.Writer.ClaimAsync(request);
            used = claim.Rows.Count;
            if (used > 0) Begin(work, claim, new Permits(channel.Budget, wish, lease, _notice, services.Time), request.HandOverBy, stop, stopSending);
            else work.Empty(claim.NextDue, Now, busy || IsBusy);
            return (GateOf(work, claim), 0);
        }
        finally
        {
            channel.InFlight.Release(room - used);
        }
    }

    // Rows can come back any moment: asked before a look, because what comes back during it may not be seen by it.
    private bool IsBusy => !_running.IsEmpty || services.Writer.Unrecorded > 0;

    private ClaimRequest RequestFor(SliceWork work, PermitLease lease)
    {
        var now = (long)Now;
        var handOverBy = Math.Max(now, (long)lease.At(lease.Count - 1)) + (long)HandOverTime.TotalMilliseconds;
        var settleAfter = handOverBy + (long)(channel.Transport.Capabilities.SendDeadline + SettleMargin).TotalMilliseconds;
        return new ClaimRequest(work.Slice, owner, lease.Count, work.FreshFrom, now, handOverBy, settleAfter);
    }

    private void Begin(SliceWork work, Claim claim, Permits permits, long handOverBy, CancellationToken stop, CancellationToken stopSending)
    {
        meters.Claimed(claim.Rows.Count);
        work.Claimed(claim.Rows);
        var handOver = new HandOver(services, channel, plan, claim, permits, handOverBy, stopSending);
        var task = Task.Run(() => handOver.RunAsync(stop), CancellationToken.None);
        _running[handOver] = task;
        _ = task.ContinueWith(
            _ =>
            {
                _running.TryRemove(handOver, out var _);
                _wake.Release();
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private bool GateOf(SliceWork work, Claim claim)
    {
        if (claim.Gate == ClaimGate.Lost) _slices.Remove(work);
        return claim.Gate is ClaimGate.Open or ClaimGate.Lost;
    }

    private async Task NapAsync(double until, CancellationToken stop)
    {
        var wait = TimeSpan.FromMilliseconds(Math.Clamp(until - Now, 1, LongestNap.TotalMilliseconds));
        using var timer = new CancellationTokenSource(wait, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stop);
        try
        {
            await _wake.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return;
        }

        // One look serves all calls that came together.
        while (_wake.Wait(0, CancellationToken.None)) { }
    }

    private double Now => services.Time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Broadcast {Broadcast} waits a second: claiming failed")]
    private partial void LogWait(Exception e, long broadcast);
}

/// <summary>How far one slice has come.</summary>
internal sealed class SliceWork(OwnedSlice slice)
{
    public OwnedSlice Slice { get; } = slice;

    /// <summary>No never-claimed row lies before it. Starts at the slice's first row in every process, so a lost hint costs a scan, never a row.</summary>
    public long FreshFrom { get; private set; } = slice.From;

    /// <summary>Every row was claimed once; what is left are retries and later parts.</summary>
    public bool IsExhausted => FreshFrom > Slice.To;

    /// <summary>When to look for rows again, Unix milliseconds.</summary>
    public double NextLook { get; private set; }

    /// <summary>The last look found nothing, now or later.</summary>
    public bool IsDry { get; private set; }

    public void Claimed(IReadOnlyList<ClaimedRow> rows)
    {
        IsDry = false;
        var last = rows[^1];
        if (last.Id >= FreshFrom) FreshFrom = last.Id + 1;
    }

    public void Empty(long? nextDue, double now, bool busy)
    {
        FreshFrom = Slice.To + 1;
        IsDry = nextDue is null && !busy;
        // While answers are on their way rows can come back any moment: later parts, retries.
        NextLook = Math.Min(nextDue ?? double.MaxValue, busy || nextDue is not null ? now + (busy ? 20 : 1000) : double.MaxValue);
    }
}
