using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;
using Orleans.Storage;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>Two activations of one budget, as a fail-over can leave them for a moment, over the real grain storage.</summary>
public sealed class BudgetFencingTests
{
    private static readonly PermitRequest Wish = new() { BroadcastId = 1, Wanted = 500 };

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task LeaseAsync_AnotherActivationHasWritten_NothingIsGrantedBeyondWhatItKnowsAndThenItGivesWay(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, database?.ConnectionString);
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(100, 1000));
        EngineUnderTest.Require(await engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(new(100, 1000), [new(400, 60_000)], 0), "test"));
        var grain = engine.Get<IGrainFactory>().GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel.Id));
        var granted = new List<double>();
        await TakeAsync(grain, granted);

        var other = await ReadAsync(engine, grain);
        var stored = other.State!;
        var covered = stored.Horizon;
        other.State = new BudgetState { Horizon = covered + 700, Windows = stored.Windows };
        await StorageOf(engine).WriteStateAsync("budget", grain.GetGrainId(), other);

        // What is stored counts as used for the other one: up to there the old one may go on, and not a permit further. Then it gives way.
        while (granted[^1] <= covered) await TakeAsync(grain, granted);

        var next = granted.First(g => g > covered);
        Assert.InRange(next, covered + 700, covered + 3500);
        Assert.True(BudgetDriver.MostIn(1000, [.. granted.Order()]) <= 100);
    }

    [Fact]
    public async Task LeaseAsync_ActivationIsToEndWhileOthersWait_AllAreAnsweredAndTheNextOneGoesOn()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, null);
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(50, 1000));
        var grain = engine.Get<IGrainFactory>().GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel.Id));
        using var enough = new CancellationTokenSource();
        var granted = 0;
        var askers = Enumerable.Range(1, 8).Select(n => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                var lease = await grain.LeaseAsync(new PermitRequest { BroadcastId = n, Wanted = 1 }).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
                Interlocked.Add(ref granted, lease.Count);
            }
        })).ToArray();

        // What a cluster does to an activation whose place in the directory died with another process.
        for (var round = 1; round <= 5; round++)
        {
            var before = Volatile.Read(ref granted);
            await Until.TrueAsync(() => Volatile.Read(ref granted) >= before + 20 || askers.Any(a => a.IsFaulted), "more permits were granted");
            if (askers.Any(a => a.IsFaulted)) break;
            await grain.Cast<IGrainManagementExtension>().DeactivateOnIdle();
        }

        await enough.CancelAsync();
        await Task.WhenAll(askers);
    }

    private static async Task<PermitLease> TakeAsync(IBudgetGrain grain, List<double> granted)
    {
        while (true)
        {
            var lease = await AskAsync(grain);
            for (var i = 0; i < lease.Count; i++) granted.Add(lease.At(i));
            if (lease.Count > 0) return lease;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    // Whoever waits for the write that fails hears of it, and comes back as a dispatcher does.
    private static async Task<PermitLease> AskAsync(IBudgetGrain grain)
    {
        try
        {
            return await grain.LeaseAsync(Wish);
        }
        catch (InconsistentStateException)
        {
            return default;
        }
    }

    private static async Task<GrainState<BudgetState>> ReadAsync(EngineUnderTest engine, IBudgetGrain grain)
    {
        var state = new GrainState<BudgetState>();
        await StorageOf(engine).ReadStateAsync("budget", grain.GetGrainId(), state);
        Assert.True(state.RecordExists);
        return state;
    }

    private static IGrainStorage StorageOf(EngineUnderTest engine) => engine.Get<IServiceProvider>().GetRequiredKeyedService<IGrainStorage>(BudgetGrain.Storage);
}
