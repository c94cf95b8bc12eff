using Broadcasts.Broadcasting;
using Xunit;

namespace Broadcasts.Channels;

public sealed class PermitQueueTests
{
    private const double Start = 1_800_000_000_000;
    private readonly Budget _budget = new() { Rate = new SendRate(100, 1000) };
    private readonly PermitQueue _queue;

    public PermitQueueTests() => _queue = new PermitQueue(_budget);

    [Fact]
    public void Deal_NobodyWaits_NothingIsDueAnyTime()
    {
        Assert.Empty(_queue.Deal(Start));
        Assert.Null(_queue.NextAt);
    }

    [Fact]
    public void Deal_PlacesAreTaken_WhoAsksWaitsForTheNextAndIsToldWhen()
    {
        Fill();
        var answer = Ask(1, Start);

        Assert.Empty(_queue.Deal(Start));
        Assert.InRange(_queue.NextAt!.Value, Start + 1, Start + 50);
        var dealt = Assert.Single(_queue.Deal(_queue.NextAt.Value));
        Assert.Same(answer, dealt.Answer);
        Assert.InRange(dealt.Lease.Count, 1, 2);
    }

    [Fact]
    public void Deal_SeveralWait_SingleMessagesGoFirstThenWhoWasServedLongestAgo()
    {
        Fill(2);
        Fill(3);
        var late = Ask(3, Start);
        var early = Ask(2, Start + 1);
        var single = Ask(0, Start + 2);
        var order = new List<TaskCompletionSource<PermitLease>>();
        for (var now = Start + 2; order.Count < 3 && now < Start + 5000; now = _queue.NextAt ?? now) order.AddRange(_queue.Deal(now).Select(d => d.Answer));

        Assert.Equal([single, early, late], order);
    }

    [Fact]
    public void Deal_OneNeedsMuchNotice_NobodyTakesItsPlacesAndNoneIsLost()
    {
        var moments = new List<double>();
        Ask(1, Start, notice: 25);
        Ask(2, Start, notice: 5);
        for (var now = Start; now < Start + 5000;)
        {
            foreach (var (answer, lease) in _queue.Deal(now))
            {
                for (var i = 0; i < lease.Count; i++) moments.Add(lease.At(i));
                var isFirst = answer.Task.AsyncState is 1L;
                Assert.True(lease.Count == 0 || lease.First - now >= (isFirst ? 25 : 5) - 0.01);
                Ask(isFirst ? 1 : 2, now, isFirst ? 25 : 5);
            }

            now = Math.Max(now + 1, _queue.NextAt ?? 0);
        }

        Assert.InRange(moments.Count, 485, 515);
    }

    [Fact]
    public void Deal_PermitsAreFarAway_SaysSoAtOnceAndHowLong()
    {
        _budget.Throttled(Start + 5000, Start);
        var answer = Ask(1, Start);

        var (asked, lease) = Assert.Single(_queue.Deal(Start));
        Assert.Same(answer, asked);
        Assert.Equal((0, LimitedBy.ProviderThrottle), (lease.Count, lease.LimitedBy));
        Assert.InRange(lease.RetryAt, Start + 4900, Start + 5000);
    }

    [Fact]
    public void Deal_OthersTookEverythingForAWhile_SaysThat()
    {
        Fill();
        Ask(5, Start);
        var lease = default(PermitLease);
        for (var now = Start; lease.LimitedBy == LimitedBy.Nothing && now < Start + 5000; now += 10)
        {
            Ask(0, now);
            foreach (var (answer, dealt) in _queue.Deal(now))
            {
                if (answer.Task.AsyncState is 5L) lease = dealt;
            }
        }

        Assert.Equal((0, LimitedBy.OtherBroadcasts), (lease.Count, lease.LimitedBy));
    }

    [Fact]
    public void Deal_ClockIsSetBack_NobodyIsKept()
    {
        Fill();
        Ask(1, Start);
        Assert.Empty(_queue.Deal(Start));

        Assert.Single(_queue.Deal(Start - 3_600_000));
    }

    private void Fill(long broadcast = 9)
    {
        Ask(broadcast, Start);
        for (var now = Start; _queue.Deal(now).Count == 0; now++) Assert.True(now < Start + 5000, "Nothing was dealt.");
    }

    private TaskCompletionSource<PermitLease> Ask(long broadcast, double now, double notice = 0)
    {
        var answer = new TaskCompletionSource<PermitLease>(broadcast);
        _queue.Add(new PermitRequest { BroadcastId = broadcast, Wanted = 500, NoticeMs = notice }, answer, now);
        return answer;
    }
}
