using System.Globalization;
using Orleans.Concurrency;
using Orleans.Storage;

namespace Broadcasts.Channels;

/// <summary>What a budget must not forget.</summary>
[GenerateSerializer, Alias("Broadcasts.BudgetState")]
public sealed class BudgetState
{
    /// <summary>No permit beyond this moment was dealt, Unix milliseconds. Written before it is passed.</summary>
    [Id(0)] public double Horizon { get; set; }

    [Id(1)] public double ThrottledUntil { get; set; }

    [Id(2)] public double? Learned { get; set; }

    /// <summary>What the windows have counted, with what may have been dealt since it was written.</summary>
    [Id(3)] public List<WindowState> Windows { get; set; } = [];
}

/// <summary>What one window has counted.</summary>
[GenerateSerializer, Alias("Broadcasts.WindowState")]
public sealed class WindowState
{
    [Id(0)] public long PerMs { get; set; }

    [Id(1)] public WindowBucket[] Buckets { get; set; } = [];
}

/// <summary>One account's budget: a <see cref="Budget"/> whose granted horizon is durable before it is used, and the queue of those who ask.</summary>
/// <remarks>Calls interleave, since those for permits wait here. Permits are dealt by one loop, which gives nothing away before it is on disk.</remarks>
[Reentrant]
internal sealed class BudgetGrain : Grain, IBudgetGrain, IDisposable
{
    /// <summary>Name of the grain storage.</summary>
    public const string Storage = "grains";

    /// <summary>The horizon is moved ahead by this much, so that one write serves many permits.</summary>
    private const double AheadMs = 1000;

    /// <summary>With less than this left it is moved on while permits are dealt: nobody waits for the write.</summary>
    private const double LeftMs = 600;

    private readonly IPersistentState<BudgetState> _state;
    private readonly ChannelStore _channels;
    private readonly TimeProvider _time;
    private readonly Budget _budget = new();
    private readonly PermitQueue _queue;
    private readonly SemaphoreSlim _saving = new(1);
    private BudgetState _durable = new();
    private double _wakeAt = double.MaxValue;
    private bool _isDealing;

    public BudgetGrain([PersistentState("budget", Storage)] IPersistentState<BudgetState> state, ChannelStore channels, TimeProvider time)
    {
        (_state, _channels, _time) = (state, channels, time);
        _queue = new PermitQueue(_budget);
    }

    // A key must not look like a number: the storage provider would fold "a" and "A" into one row.
    public static string KeyOf(long channelId) => string.Create(CultureInfo.InvariantCulture, $"channel:{channelId}");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var channel = await ChannelAsync();
        _durable = _state.State;
        _budget.SetLimits(channel?.Rate, channel?.Limits ?? [], Now);
        _budget.Restore(_durable, Now);
    }

    // A planned end gives the unused part of the horizon back.
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        foreach (var answer in _queue.Clear()) answer.TrySetResult(new PermitLease { RetryAt = Now + 1, LimitedBy = LimitedBy.ChannelRate });
        if (_durable.Horizon <= Now) return;
        try
        {
            await SaveAsync(() => _budget.Horizon);
        }
        catch (Exception e) when (e is OrleansException or InconsistentStateException)
        {
            // The stored horizon stays a second ahead: the next owner waits that long, no permit is dealt twice.
        }
    }

    public void Dispose() => _saving.Dispose();

    public async ValueTask<PermitLease> LeaseAsync(PermitRequest request)
    {
        var answer = new TaskCompletionSource<PermitLease>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queue.Add(request, answer, Now);
        await DealAsync();
        return await answer.Task;
    }

    public async Task ReloadAsync()
    {
        if (await ChannelAsync() is { } channel) _budget.SetLimits(channel.Rate, channel.Limits, Now);
        await DealAsync();
    }

    public async Task ThrottledAsync(long until)
    {
        _budget.Throttled(until, Now);
        await SaveAsync(() => Math.Max(_durable.Horizon, _budget.Horizon));
    }

    public Task UsedAtAsync(long moment)
    {
        _budget.UsedAt(moment, Now);
        return Task.CompletedTask;
    }

    public Task WaitAsync(long until)
    {
        _budget.Wait(until, Now);
        return Task.CompletedTask;
    }

    public Task<BudgetView> LookAsync() => Task.FromResult(_budget.View(Now));

    private Task<Channel?> ChannelAsync() => _channels.GetAsync(long.Parse(this.GetPrimaryKeyString().AsSpan("channel:".Length), CultureInfo.InvariantCulture));

    private double Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    // Who asks while another call deals is served by that one's next round.
    private async Task DealAsync()
    {
        if (_isDealing) return;
        _isDealing = true;
        try
        {
            while (_queue.Deal(Now) is { Count: > 0 } dealt) await GiveAsync(dealt);
            WakeAt(_queue.NextAt);
        }
        finally
        {
            _isDealing = false;
        }
    }

    private async Task GiveAsync(IReadOnlyList<(TaskCompletionSource<PermitLease> Answer, PermitLease Lease)> dealt)
    {
        try
        {
            if (dealt.Any(d => d.Lease.Count > 0 && d.Lease.Interval > 0) && _budget.IsBeyond(_durable)) await SaveAsync(() => _budget.Horizon + AheadMs);
            foreach (var (answer, lease) in dealt) answer.TrySetResult(lease);
            if (dealt.Any(d => d.Lease.Interval > 0) && _budget.Horizon > _durable.Horizon - LeftMs) _ = SaveAheadAsync();
        }
        catch (Exception e)
        {
            // Nobody may use what is not on disk.
            foreach (var answer in dealt.Select(d => d.Answer).Concat(_queue.Clear())) answer.TrySetException(e);
        }
    }

    // No grain timer: its tick is a message, and an activation that is to end takes no message behind a call that it does not take any more. Those who wait here
    // would wait for ever, and the activation for them.
    private void WakeAt(double? moment)
    {
        if (moment is not { } at || at >= _wakeAt) return;
        _wakeAt = at;
        _ = WakeAsync(at);
    }

    private async Task WakeAsync(double at)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, at - Now)), _time);
        if (_wakeAt >= at) _wakeAt = double.MaxValue;
        await DealAsync();
    }

    private async Task SaveAheadAsync()
    {
        if (_saving.CurrentCount == 0) return;
        try
        {
            await SaveAsync(() => _budget.Horizon + AheadMs);
        }
        catch (Exception)
        {
            // This activation ends. Whoever asks next waits for a write, and hears of its fault.
        }
    }

    // One write at a time. Its horizon is asked for when it is its turn: another write may have covered more meanwhile, and that was given away.
    private async Task SaveAsync(Func<double> horizon)
    {
        await _saving.WaitAsync();
        try
        {
            var next = _budget.Store(horizon());
            _state.State = next;
            await _state.WriteStateAsync();
            _durable = next;
            _budget.Stored();
        }
        catch (Exception)
        {
            // Another activation may have written, or the memory holds what the disk does not: start again from what is stored.
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            _saving.Release();
        }
    }
}
