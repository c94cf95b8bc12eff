using System.Globalization;
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

/// <summary>One account's budget: a <see cref="Budget"/> whose granted horizon is durable before it is used.</summary>
internal sealed class BudgetGrain(
    [PersistentState("budget", BudgetGrain.Storage)] IPersistentState<BudgetState> state,
    ChannelStore channels,
    TimeProvider time) : Grain, IBudgetGrain
{
    /// <summary>Name of the grain storage.</summary>
    public const string Storage = "grains";

    /// <summary>The horizon is moved ahead by this much, so that one write serves about a second of permits.</summary>
    private const double AheadMs = 1000;

    private readonly Budget _budget = new();

    // A key must not look like a number: the storage provider would fold "a" and "A" into one row.
    public static string KeyOf(long channelId) => string.Create(CultureInfo.InvariantCulture, $"channel:{channelId}");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var channel = await ChannelAsync();
        _budget.SetLimits(channel?.Rate, channel?.Limits ?? [], Now);
        _budget.Restore(state.State, Now);
    }

    // A planned end gives the unused part of the horizon back.
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (state.State.Horizon <= Now) return;
        try
        {
            await SaveAsync(_budget.Horizon);
        }
        catch (Exception e) when (e is OrleansException or InconsistentStateException)
        {
            // The stored horizon stays a second ahead: the next owner waits that long, no permit is dealt twice.
        }
    }

    public async ValueTask<PermitLease> LeaseAsync(PermitRequest request)
    {
        var lease = _budget.Lease(request, Now);
        if (lease.Count > 0 && lease.Interval > 0 && _budget.IsBeyond(state.State)) await SaveAsync(_budget.Horizon + AheadMs);
        return lease;
    }

    public async Task ReloadAsync()
    {
        if (await ChannelAsync() is { } channel) _budget.SetLimits(channel.Rate, channel.Limits, Now);
    }

    public async Task ThrottledAsync(long until)
    {
        _budget.Throttled(until, Now);
        await SaveAsync(Math.Max(state.State.Horizon, _budget.Horizon));
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

    private Task<Channel?> ChannelAsync() => channels.GetAsync(long.Parse(this.GetPrimaryKeyString().AsSpan("channel:".Length), CultureInfo.InvariantCulture));

    private double Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task SaveAsync(double horizon)
    {
        state.State = _budget.Store(horizon);
        try
        {
            await state.WriteStateAsync();
        }
        catch (Exception)
        {
            // Another activation may have written, or the memory holds what the disk does not: start again from what is stored.
            DeactivateOnIdle();
            throw;
        }
    }
}
