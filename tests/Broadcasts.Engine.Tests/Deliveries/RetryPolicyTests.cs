using Xunit;

namespace Broadcasts.Deliveries;

public sealed class RetryPolicyTests
{
    private const long Now = 1_800_000_000_000;
    private static readonly RetryLimits Limits = new(MaxAttempts: 3, TimeSpan.FromHours(2));

    [Fact]
    public void Decide_Accepted_IsAccepted() => Assert.Equal(new Decision(DeliveryEvent.Accept), Decide(SendOutcome.Accepted("x")));

    [Fact]
    public void Decide_InDoubt_IsNeverTriedAgain() => Assert.Equal(new Decision(DeliveryEvent.Doubt), Decide(SendOutcome.InDoubt(FailureReason.TimedOut)));

    [Fact]
    public void Decide_Throttled_BurnsNoAttemptAndSlowsDownWhatItCovers()
    {
        // Not even the last one, and not even after the time for retries.
        foreach (var attempt in new[] { 1, 3, 30 })
        {
            Assert.Equal(new Decision(DeliveryEvent.Return, Now + 7000, BurnsAttempt: false, DecisionEffect.SlowDown), Decide(SendOutcome.Throttled(ThrottleScope.Channel, At(7000)), attempt, startedAt: 0));
            Assert.Equal(new Decision(DeliveryEvent.Return, Now + 7000, BurnsAttempt: false, DecisionEffect.SlowDown), Decide(SendOutcome.Throttled(ThrottleScope.Account, At(7000)), attempt, startedAt: 0));
            Assert.Equal(new Decision(DeliveryEvent.Return, Now + 7000, BurnsAttempt: false), Decide(SendOutcome.Throttled(ThrottleScope.Recipient, At(7000)), attempt, startedAt: 0));
        }
    }

    [Fact]
    public void Decide_ThrottledWithoutATime_WaitsASecond() => Assert.Equal(Now + 1000, Decide(SendOutcome.Throttled(ThrottleScope.Channel)).DueAt);

    [Fact]
    public void Decide_ThrottledUntilThePast_IsDueNow() => Assert.Equal(Now, Decide(SendOutcome.Throttled(ThrottleScope.Channel, At(-60_000))).DueAt);

    [Theory]
    [InlineData(FailureReason.ProviderError, 1, 5_000)]
    [InlineData(FailureReason.ProviderError, 2, 10_000)]
    [InlineData(FailureReason.Greylisted, 1, 300_000)]
    [InlineData(FailureReason.Unreachable, 2, 1_200_000)]
    [InlineData(FailureReason.MailboxFull, 1, 3_600_000)]
    public void Decide_RetryLater_WaitsLongerEachTimeByReason(FailureReason reason, int attempt, long wait)
    {
        var least = Decide(SendOutcome.RetryLater(reason), attempt, jitter: 0);
        var most = Decide(SendOutcome.RetryLater(reason), attempt, jitter: 1);

        Assert.Equal((DeliveryEvent.Return, true), (least.Event, least.BurnsAttempt));
        Assert.Equal(Now + wait * 8 / 10, least.DueAt);
        Assert.Equal(Now + wait * 12 / 10, most.DueAt);
    }

    [Fact]
    public void Decide_RetryLaterManyTimes_NeverWaitsBeyondFourHoursAndAFifth()
    {
        var limits = new RetryLimits(50, TimeSpan.FromDays(30));

        for (var attempt = 1; attempt < 50; attempt++)
            Assert.InRange(RetryPolicy.Decide(SendOutcome.RetryLater(FailureReason.MailboxFull), attempt, Now, Now, limits, 1).DueAt!.Value - Now, 1, 4 * 3_600_000 * 12 / 10);
    }

    [Fact]
    public void Decide_RetryLaterNotBefore_ObeysTheProvider() => Assert.Equal(Now + 60_000, Decide(SendOutcome.RetryLater(FailureReason.ProviderError, notBefore: At(60_000))).DueAt);

    [Fact]
    public void Decide_LastAttempt_Fails() => Assert.Equal(DeliveryEvent.Reject, Decide(SendOutcome.RetryLater(FailureReason.ProviderError), attempt: 3).Event);

    [Fact]
    public void Decide_RetryWouldComeTooLate_Fails() => Assert.Equal(DeliveryEvent.Reject, Decide(SendOutcome.RetryLater(FailureReason.ProviderError), startedAt: Now - 7_199_000).Event);

    [Fact]
    public void Decide_ProviderDown_IsToldToTheChannelAlsoAtTheLastAttempt()
    {
        Assert.Equal(DecisionEffect.ProviderDown, Decide(SendOutcome.RetryLater(FailureReason.ProviderDown)).Effect);
        Assert.Equal(DecisionEffect.ProviderDown, Decide(SendOutcome.RetryLater(FailureReason.ProviderDown), attempt: 3).Effect);
    }

    [Fact]
    public void Decide_RecipientRejected_SuppressesOnlyWhenTheAddressIsNamed()
    {
        Assert.Equal(new Decision(DeliveryEvent.Reject, Effect: DecisionEffect.Suppress), Decide(SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true)));
        Assert.Equal(new Decision(DeliveryEvent.Reject), Decide(SendOutcome.RecipientRejected(FailureReason.Blocked, suppress: false)));
    }

    [Fact]
    public void Decide_ContentRejected_NeverBlamesTheAddress() => Assert.Equal(new Decision(DeliveryEvent.Reject), Decide(SendOutcome.ContentRejected(FailureReason.Unclassified)));

    [Fact]
    public void Decide_FaultsThatNeedAPerson_FailNobody()
    {
        Assert.Equal(new Decision(DeliveryEvent.Return, Now, BurnsAttempt: false, DecisionEffect.PauseBroadcast), Decide(SendOutcome.BroadcastBlocked(FailureReason.TemplateRejected), attempt: 30));
        Assert.Equal(new Decision(DeliveryEvent.Return, Now, BurnsAttempt: false, DecisionEffect.PauseChannel), Decide(SendOutcome.ChannelFault(FailureReason.Credentials), attempt: 30));
    }

    [Fact]
    public void Decide_EveryKind_IsDecided() =>
        Assert.All(Enum.GetValues<SendOutcomeKind>(), kind => Assert.Contains(kind, All.Select(o => o.Kind)));

    private static SendOutcome[] All =>
    [
        SendOutcome.Accepted(), SendOutcome.Throttled(ThrottleScope.Channel), SendOutcome.RetryLater(FailureReason.ProviderDown), SendOutcome.InDoubt(FailureReason.TimedOut),
        SendOutcome.RecipientRejected(FailureReason.Blocked, true), SendOutcome.ContentRejected(FailureReason.TooLarge), SendOutcome.BroadcastBlocked(FailureReason.TemplateRejected),
        SendOutcome.ChannelFault(FailureReason.Billing),
    ];

    private static Decision Decide(SendOutcome outcome, int attempt = 1, long startedAt = Now, double jitter = 0.5) => RetryPolicy.Decide(outcome, attempt, Now, startedAt, Limits, jitter);

    private static DateTimeOffset At(long after) => DateTimeOffset.FromUnixTimeMilliseconds(Now + after);
}
