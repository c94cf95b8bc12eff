using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Testing;
using Microsoft.Extensions.DependencyInjection;
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

        // What is stored counts as used for the other one: up to there the old one may go on, and not a permit further.
        var fault = await Record.ExceptionAsync(async () =>
        {
            while (true) await TakeAsync(grain, granted);
        });
        Assert.NotNull(fault);
        Assert.InRange(granted[^1], granted[0], covered);

        var next = await TakeAsync(grain, granted);
        Assert.InRange(next.First, covered + 700, covered + 3500);
        Assert.True(BudgetDriver.MostIn(1000, [.. granted.Order()]) <= 100);
    }

    private static async Task<PermitLease> TakeAsync(IBudgetGrain grain, List<double> granted)
    {
        while (true)
        {
            var lease = await grain.LeaseAsync(Wish);
            for (var i = 0; i < lease.Count; i++) granted.Add(lease.At(i));
            if (lease.Count > 0) return lease;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
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
