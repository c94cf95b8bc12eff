using Broadcasts.Plugins.Health;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Plugins;

/// <summary>When a version does worse than the one before it, and when that is only chance.</summary>
public sealed class ProbationTests
{
    [Theory]
    [InlineData(1000, 0, 10, 10, true)] // everything fails at once
    [InlineData(20, 0, 10, 10, true)]
    [InlineData(1000, 0, 2, 2, false)] // two may be two bad addresses
    [InlineData(1000, 10, 40, 20, true)]
    [InlineData(1000, 10, 1000, 150, false)] // 15 % where there was 1 %: worse, but not by so much that nobody must look
    [InlineData(1000, 10, 1000, 300, true)]
    [InlineData(1000, 900, 1000, 950, false)] // it was as bad before
    [InlineData(0, 0, 500, 500, false)] // nothing to compare with: credentials, an audience of dead numbers
    [InlineData(5, 0, 10, 10, false)]
    public void Verdict_Errors_AreComparedWithTheVersionBefore(long before, long beforeErrors, long now, long errors, bool isConvicted) =>
        Assert.Equal(isConvicted, Of(new(before, beforeErrors, 0, 0)).Verdict(new(now, errors, 0, 0)) is not null);

    [Theory]
    [InlineData(0, 0, 5, 5, true)] // its own code throws: no comparison is needed
    [InlineData(0, 0, 2, 2, false)]
    [InlineData(0, 0, 1000, 20, false)]
    [InlineData(100, 90, 10, 10, false)] // the version before it threw too
    public void Verdict_ItsOwnCodeFails_NeedsNoComparison(long before, long beforeFaults, long now, long faults, bool isConvicted) =>
        Assert.Equal(isConvicted, Of(new(before, beforeFaults, beforeFaults, 0)).Verdict(new(now, faults, faults, 0)) is not null);

    [Theory]
    [InlineData(100, 0, true)]
    [InlineData(100, 1, false)] // the channel had a fault before
    [InlineData(5, 0, false)] // too little went well to say that it worked
    public void Verdict_OneFaultOfAChannelThatWorked_IsEnough(long before, long beforeFaults, bool isConvicted) =>
        Assert.Equal(isConvicted, Of(new(before, beforeFaults, 0, beforeFaults)).Verdict(new(1, 1, 0, 1)) is not null);

    [Fact]
    public void Over_CountsTheLastHourAndForgetsWhatIsOlder()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 30, TimeSpan.Zero));
        var health = new TransportHealth(clock);
        health.Count(Batch(SendOutcome.Accepted("1"), SendOutcome.Throttled(ThrottleScope.Channel), SendOutcome.InDoubt(FailureReason.TransportFault), SendOutcome.ChannelFault(FailureReason.Misconfigured)));
        Assert.Equal(new OutcomeTally(4, 2, 1, 1), health.Over(60));
        Assert.Equal(default, health.LastMinute());

        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(new OutcomeTally(4, 2, 1, 1), health.LastMinute());
        clock.Advance(TimeSpan.FromMinutes(58));
        health.Count(Batch(SendOutcome.Accepted("2")));
        Assert.Equal(5, health.Over(60).Messages);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, health.Over(60).Messages);
        clock.Advance(TimeSpan.FromHours(5));
        Assert.Equal(default, health.Over(60));
    }

    private static Probation Of(OutcomeTally before) => new("2.0.0", before, DateTimeOffset.UnixEpoch);

    private static MessageBatch Batch(params SendOutcome[] outcomes)
    {
        var batch = new MessageBatch([.. outcomes.Select((_, i) => new OutboundMessage { Id = $"{i}", To = "a@example.org", Content = new TextContent { Text = "x" } })]);
        for (var i = 0; i < outcomes.Length; i++) batch.Report(i, outcomes[i]);
        return batch;
    }
}
