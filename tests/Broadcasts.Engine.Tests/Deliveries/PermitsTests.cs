using Broadcasts.Channels;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class PermitsTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));

    private double Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    [Fact]
    public async Task WaitForAsync_PermitIsGood_MayGo()
    {
        var budget = new ScriptedBudget();
        Assert.True(await Permits(budget, Lease(1, 0)).WaitForAsync(0, 1, Now + 500, default));
        Assert.Equal(0, budget.Asked);
    }

    [Fact]
    public async Task WaitForAsync_PermitIsVoidAndTheNextIsFar_GivesUpAtOnce()
    {
        var budget = new ScriptedBudget(new PermitLease { RetryAt = Now + 60_000, LimitedBy = LimitedBy.ChannelRate });
        var permits = Permits(budget, Lease(1, -200));

        // Nobody moves the clock: whoever waited would wait for ever.
        Assert.False(await permits.WaitForAsync(0, 1, Now + 500, default).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(1, budget.Asked);
    }

    [Fact]
    public async Task WaitForAsync_PermitIsVoidAndTheNextIsNear_WaitsForIt()
    {
        var budget = new ScriptedBudget(new PermitLease { RetryAt = Now + 100, LimitedBy = LimitedBy.ChannelRate }, Lease(1, 100));
        var waiting = Permits(budget, Lease(1, -200)).WaitForAsync(0, 1, Now + 500, default);

        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await waiting.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(2, budget.Asked);
    }

    [Fact]
    public async Task WaitForAsync_OnePermitWasMissed_TheNextOnesAreUsed()
    {
        // 10 ms apart and good for 2 ms: the first two are over, the third one is now, the fourth one comes.
        var budget = new ScriptedBudget(new PermitLease { RetryAt = Now + 60_000, LimitedBy = LimitedBy.ChannelRate });
        var permits = Permits(budget, Lease(4, -20));

        Assert.True(await permits.WaitForAsync(0, 4, Now + 500, default));
        var second = permits.WaitForAsync(1, 4, Now + 500, default);
        Assert.False(second.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.True(await second.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));

        Assert.Equal(0, budget.Asked);
        Assert.False(await permits.WaitForAsync(2, 4, Now + 500, default));
        Assert.Equal(1, budget.Asked);
    }

    private Permits Permits(ScriptedBudget budget, PermitLease lease) => new(budget, new PermitRequest { BroadcastId = 1, Wanted = 1 }, lease, 0, new UnusedPermits(), new ClaimNotice(), _time);

    private PermitLease Lease(int count, double ahead) => new() { Count = count, First = Now + ahead, Interval = 10, UsableMs = 10 };

    private sealed class ScriptedBudget(params PermitLease[] answers) : IBudgetGrain
    {
        public int Asked { get; private set; }

        public ValueTask<PermitLease> LeaseAsync(PermitRequest request) => new(answers[Asked++]);

        public Task ReloadAsync() => throw new NotSupportedException();

        public Task ThrottledAsync(long until) => throw new NotSupportedException();

        public Task UsedAtAsync(long moment) => throw new NotSupportedException();

        public Task WaitAsync(long until) => throw new NotSupportedException();

        public Task<BudgetView> LookAsync() => throw new NotSupportedException();
    }
}
