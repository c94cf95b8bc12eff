using Xunit;

namespace Broadcasts.Channels;

public sealed class AdaptiveRateTests
{
    [Fact]
    public void Effective_NothingLearned_IsTheConfiguredRate()
    {
        Assert.Equal(100, new AdaptiveRate().Effective(100, 0));
        Assert.Null(new AdaptiveRate().Effective(null, 0));
    }

    [Fact]
    public void Refused_CutsBelowWhatWasAcceptedOnceASecond()
    {
        var rate = new AdaptiveRate();
        rate.Refused(100, 80, 1000);
        rate.Refused(100, 10, 1001);
        rate.Refused(100, 10, 1999);

        Assert.Equal(76, rate.Effective(100, 1000)!.Value, 6);
    }

    [Theory]
    [InlineData(100, 100, 95)]
    [InlineData(100, 140, 95)]
    [InlineData(100, 0, 50)]
    [InlineData(100, 30, 50)]
    public void Refused_CutsAtLeastALittleAndAtMostByHalf(double configured, double accepted, double expected)
    {
        var rate = new AdaptiveRate();
        rate.Refused(configured, accepted, 0);

        Assert.Equal(expected, rate.Effective(configured, 0)!.Value, 6);
    }

    [Fact]
    public void Effective_AfterACut_ComesBackStaysAndThenGrowsEverFaster()
    {
        var rate = new AdaptiveRate();
        rate.Refused(10_000, 100, 0);
        rate.Refused(10_000, 100, 1000);
        rate.Refused(10_000, 100, 2000);
        rate.Refused(10_000, 100, 3000);
        for (var s = 4; s < 10; s++) rate.Refused(10_000, 100, s * 1000);
        double At(double seconds) => rate.Effective(10_000, 9000 + seconds * 1000)!.Value;

        Assert.InRange(At(0), 80, 118);
        Assert.InRange(At(12) / At(0), 1.05, 1.06);
        Assert.InRange(At(18) / At(12), 1.0, 1.01);
        Assert.InRange(At(54) / At(24), 9, 11);
    }

    [Fact]
    public void Effective_WithoutRefusals_GrowsBackAndForgets()
    {
        var rate = new AdaptiveRate();
        rate.Refused(100, 0, 0);
        var before = 0.0;
        for (var s = 0; s <= 40; s++)
        {
            var now = rate.Effective(100, s * 1000.0)!.Value;
            Assert.True(now >= before && now <= 100);
            before = now;
        }

        Assert.Equal(100, before);
        Assert.Null(rate.Ceiling);
    }

    [Fact]
    public void Refused_WithoutAConfiguredRate_StartsFromWhatWasUsed()
    {
        var rate = new AdaptiveRate();
        rate.Refused(null, 300, 0);

        Assert.Equal(285, rate.Effective(null, 0));
    }

    [Fact]
    public void Refused_ForEver_NeverStops()
    {
        var rate = new AdaptiveRate();
        for (var s = 0; s < 1000; s++) rate.Refused(30, 0, s * 1000.0);

        Assert.InRange(rate.Effective(30, 999_000)!.Value, 0.05, 0.2);
    }
}
