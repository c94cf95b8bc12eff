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
    private const int FewestPerClaim = 16;

    /// <summary>Time from a claim to the last moment of its hand-over.</summary>
    private static readonly TimeSpan HandOverTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SettleMargin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestNap = TimeSpan.FromSeconds(1);

    /// <summary>A dispatcher of single messages stays this long without any: the next one finds it awake.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(30);

    /// <summary>So often it looks for messages that other processes took in.</summary>
    private static readonly TimeSpan LookForSingles = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentQueue<OwnedSlice> _arriving = new();
    private readonly List<SliceWork> _slices = [];
    private readonly ConcurrentDictionary<HandOver, Task> _running = new();
    private readonly SemaphoreSlim _wake = new(0);
    private double _lastClaim = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
    private int _wanted = FewestPerClaim;
    private volatile bool _lookNow;

    /// <summary>What holds it back now.</summary>
    public LimitedBy LimitedBy { get; private set; }

    /// <summary>When it will go on, Unix milliseconds; 0 when it does not wait for a time.</summary>
    public double WaitingUntil { get; private set; }

    /// <summary>The broadcast's own rate; it may change while it runs.</summary>
    public SendRate? Rate { get; set; } = plan.Broadcast.Rate;

    public long BroadcastId => plan.Broadcast.Id;

    public long ChannelId => channel.Id;

    /// <summary>It sends a channel's single messages.</summary>
    public bool IsSingle => plan.IsSingle;

    /// <summary>Gives it one more slice.</summary>
    public void Add(OwnedSlice slice)
    {
        _arriving.Enqueue(slice);
        _wake.Release();
    }

    /// <summary>Looks again at once: a rate changed, rows came back.</summary>
    public void Wake()
    {
        _lookNow = plan.IsSingle || LimitedBy == LimitedBy.RecipientsFull;
        _wake.Release();
    }

    /// <summary>Runs until there is nothing left to claim.</summary>
    /// <param name="stop">The service stops: no new claim; what is claimed and not handed over goes back.</param>
    /// <param name="stopSending">The grace is over: what is not answered is in doubt.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken stopSending)
    {
        try
        {
            while (!stop.IsCancellationRequested && !IsExpired)
            {
                while (_arriving.TryDequeue(out var slice)) _slices.Add(new SliceWork(slice, plan.IsSingle));
                if (_lookNow)
                {
                    _lookNow = false;
                    _slices.ForEach(s => s.LookNow());
                }

                if (plan.Times?.ClosedUntil((long)Now) is { } opening)
                {
                    (LimitedBy, WaitingUntil) = (LimitedBy.SendWindow, opening);
                    await NapAsync(opening, stop);
                }
                else if (Ready() is { } work)
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
        return _slices.Find(s => s.IsReady(now));
    }

    // Nothing is ready. Rows may still come back from what is in flight; only when that is over and on disk is a slice done.
    private async Task<bool> RestAsync(CancellationToken stop)
    {
        if (_running.IsEmpty && services.Writer.Unrecorded == 0 && _slices.TrueForAll(s => s.IsDry))
        {
            if (_arriving.IsEmpty && !IsLingering) return false;
            if (!_arriving.IsEmpty) return true;
        }

        var due = _slices.Count == 0 ? null : _slices.Min(s => s.NextDue);
        LimitedBy = WaitsFor(due);
        WaitingUntil = _running.IsEmpty ? due ?? 0 : 0;
        var next = _slices.Count == 0 ? Now + LongestNap.TotalMilliseconds : _slices.Min(s => s.NextLook);
        if (plan.IsSingle && next > Now + LookForSingles.TotalMilliseconds && !_slices.Exists(s => s.IsFull))
        {
            next = Now + LookForSingles.TotalMilliseconds;
            _lookNow = true;
        }

        await NapAsync(next, stop);
        return true;
    }

    private bool IsLingering => plan.IsSingle && Now - _lastClaim < Linger.TotalMilliseconds;

    private LimitedBy WaitsFor(long? due) =>
        !_running.IsEmpty ? LimitedBy.ProviderLatency
        : _slices.Exists(s => s.IsFull) ? LimitedBy.RecipientsFull
        : due - Now <= channel.Channel.RecipientSpacingMs ? LimitedBy.RecipientSpacing
        : plan.Times is { IsPerRecipient: true } ? LimitedBy.RecipientTimes : LimitedBy.WaitingForRetries;

    private async Task<bool> StepAsync(SliceWork work, CancellationToken stop, CancellationToken stopSending)
    {
        try
        {
            if (work.MustPostpone) await PostponeAsync(work);
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

    // A window closed: what still waits behind it gets its next opening at once, so that no permit is spent on finding out row by row.
    private async Task PostponeAsync(SliceWork work)
    {
        work.MustPostpone = false;
        await slices.PostponeAsync(work.Slice, plan.Times!);
    }

    private async Task<bool> HasDueAsync(SliceWork work)
    {
        var busy = IsBusy;
        var next = await slices.NextDueAsync(work.Slice);
        if (next <= Now) return true;
        work.Empty(next, Now, busy);
        return false;
    }

    // No more room than permits can be had for, and that is given back before a longer wait: others on this channel can use it meanwhile.
    private async Task<(bool GoOn, double RetryAt)> LeaseAndClaimAsync(SliceWork work, CancellationToken stop, CancellationToken stopSending)
    {
        var room = await channel.InFlight.TakeAsync(_wanted, stop, isUrgent: plan.IsSingle);
        var used = 0;
        try
        {
            var wish = new PermitRequest { BroadcastId = plan.IsSingle ? 0 : BroadcastId, Wanted = room, Rate = Rate, NoticeMs = channel.Notice.Ms, IsWarming = channel.InFlight.IsWarming };
            var lease = await channel.Budget.LeaseAsync(wish with { Unused = channel.Unused.Take() });
            if (lease.Count == 0)
            {
                (LimitedBy, WaitingUntil) = (lease.LimitedBy, lease.RetryAt);
                return (true, lease.RetryAt);
            }

            (LimitedBy, WaitingUntil) = (lease.Interval > 0 ? LimitedBy.ChannelRate : LimitedBy.ProviderLatency, 0);
            _wanted = Math.Clamp(2 * lease.Count, FewestPerClaim, MostPerClaim);
            await UntilNearAsync(lease, stop);
            var begunAt = services.Time.GetTimestamp();
            var request = RequestFor(work, lease);
            var busy = IsBusy;
            var claim = await services.Writer.ClaimAsync(request);
            used = claim.Rows.Count;
            if (used > 0) Begin(work, claim, new Permits(channel.Budget, wish, lease, begunAt, channel.Unused, channel.Notice, services.Time), request.HandOverBy, stop, stopSending);
            else if (claim.Gate != ClaimGate.RecipientsFull) work.Empty(claim.NextDue, Now, busy || IsBusy, claim.Gate == ClaimGate.Held);
            if (claim.Gate == ClaimGate.RecipientsFull) work.Full(claim, Now);
            if (used == 0) channel.Unused.Add(lease, 0);
            return (GateOf(work, claim), 0);
        }
        finally
        {
            channel.InFlight.Release(room - used);
        }
    }

    // Permits are dealt as early as the slowest process needs them. Rows that are claimed long before they can go are in doubt after a kill.
    private async Task UntilNearAsync(PermitLease lease, CancellationToken stop)
    {
        var wait = lease.First - channel.Notice.Ms - Now;
        if (lease.Interval > 0 && wait >= 1) await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(wait, LongestNap.TotalMilliseconds)), services.Time, stop);
    }

    // Rows can come back any moment: asked before a look, because what comes back during it may not be seen by it.
    private bool IsBusy => !_running.IsEmpty || services.Writer.Unrecorded > 0;

    private ClaimRequest RequestFor(SliceWork work, PermitLease lease)
    {
        var now = (long)Now;
        var handOverBy = Math.Max(now, (long)lease.At(lease.Count - 1)) + (long)HandOverTime.TotalMilliseconds;
        var settleAfter = handOverBy + (long)(channel.Transport.Capabilities.SendDeadline + SettleMargin).TotalMilliseconds;
        return new ClaimRequest(work.Slice, owner, lease.Count, work.FreshFrom, now, handOverBy, settleAfter)
        {
            FreeFrom = work.FreeFrom,
            FreeTo = work.FreeTo,
            OpenSince = channel.Transport.Capabilities.MessagingWindow is { } window ? now - (long)window.TotalMilliseconds : long.MaxValue,
        };
    }

    private void Begin(SliceWork work, Claim claim, Permits permits, long handOverBy, CancellationToken stop, CancellationToken stopSending)
    {
        meters.Claimed(claim.Rows.Count);
        _lastClaim = Now;
        work.Claimed(claim);
        var handOver = new HandOver(services, channel, plan, claim, permits, handOverBy, stopSending);
        var task = Task.Run(() => handOver.RunAsync(stop), CancellationToken.None);
        _running[handOver] = task;
        _ = task.ContinueWith(
            _ =>
            {
                work.MustPostpone |= handOver.FoundWindowClosed;
                _running.TryRemove(handOver, out var _);
                _wake.Release();
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private bool GateOf(SliceWork work, Claim claim)
    {
        if (claim.Gate == ClaimGate.Lost) _slices.Remove(work);
        return claim.Gate is ClaimGate.Open or ClaimGate.Held or ClaimGate.RecipientsFull or ClaimGate.Lost;
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
internal sealed class SliceWork(OwnedSlice slice, bool isSingle = false)
{
    private const int FreePiece = 5000;

    /// <summary>A clock that is slewed goes back by less; one that was set goes back by more.</summary>
    private const double StepMs = 500;

    private double _plannedAt;

    public OwnedSlice Slice { get; } = slice;

    /// <summary>No never-claimed row lies before it. Starts at the slice's first row in every process, so a lost hint costs a scan, never a row.</summary>
    public long FreshFrom { get; private set; } = isSingle ? slice.To + 1 : slice.From;

    /// <summary>Every row was claimed once; what is left are retries and later parts.</summary>
    public bool IsExhausted => FreshFrom > Slice.To;

    /// <summary>When to look for rows again, Unix milliseconds.</summary>
    public double NextLook { get; private set; }

    /// <summary>It is time to look for rows. A look that was planned before the clock was set back may be an hour away: it is due.</summary>
    public bool IsReady(double now) => NextLook <= now || (NextLook < double.MaxValue && now < _plannedAt - StepMs);

    /// <summary>The last look found nothing, now or later.</summary>
    public bool IsDry { get; private set; }

    /// <summary>When the next row is due, Unix milliseconds; null when none waits for a time.</summary>
    public long? NextDue { get; private set; }

    /// <summary>Rows of it were found outside of their window.</summary>
    public bool MustPostpone { get; set; }

    /// <summary>Something new may be there.</summary>
    public void LookNow() => NextLook = 0;

    /// <summary>The account may write to nobody new: its rows wait.</summary>
    public bool IsFull { get; private set; }

    /// <summary>While it is so, where to look for rows that may go all the same: in one piece of the slice after the other.</summary>
    public long FreeFrom { get; private set; } = slice.From;

    /// <summary>The last row of that piece.</summary>
    public long FreeTo => IsExhausted ? Slice.To : Math.Min(FreeFrom + FreePiece - 1, Slice.To);

    public void Claimed(Claim claim)
    {
        IsDry = false;
        if (claim.Gate == ClaimGate.RecipientsFull) return;
        IsFull = false;
        var last = claim.Rows[^1];
        if (last.Id >= FreshFrom) FreshFrom = last.Id + 1;
    }

    /// <summary>Nobody new may be written to until <see cref="Claim.NextDue"/>.</summary>
    public void Full(Claim claim, double now)
    {
        (IsFull, IsDry, NextDue, _plannedAt) = (true, false, claim.NextDue, now);
        // The same piece again while it gives something; after the last one a rest.
        if (claim.Rows.Count > 0) return;
        var isLast = FreeTo == Slice.To;
        FreeFrom = isLast ? Slice.From : FreeTo + 1;
        NextLook = now + (isLast ? Math.Clamp(((claim.NextDue ?? now) - now) / 4, 1000, 15_000) : 20);
    }

    /// <param name="nextDue">When a row is due again.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="busy">Answers are on their way.</param>
    /// <param name="isHeld">Rows that were never claimed are left behind a gate.</param>
    public void Empty(long? nextDue, double now, bool busy, bool isHeld = false)
    {
        (IsFull, _plannedAt) = (false, now);
        if (!isHeld) FreshFrom = Slice.To + 1;
        IsDry = nextDue is null && !busy;
        NextDue = nextDue;
        // While answers are on their way rows can come back any moment: later parts, retries. Else only a distant event brings one before its time.
        var rest = busy ? 20 : isHeld ? 1000 : nextDue is { } due ? Math.Clamp((due - now) / 4, 1000, 15_000) : double.MaxValue;
        NextLook = Math.Min(nextDue ?? double.MaxValue, now + rest);
    }
}
