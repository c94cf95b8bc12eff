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
    public void Refused_HalvesOnceASecond()
    {
        var rate = new AdaptiveRate();
        rate.Refused(100, 0, 1000);
        rate.Refused(100, 0, 1001);
        rate.Refused(100, 0, 1999);
        Assert.Equal(50, rate.Effective(100, 1000));

        rate.Refused(100, 0, 2000);
        Assert.Equal(50 * 1.05 / 2, rate.Effective(100, 2000)!.Value, 6);
    }

    [Fact]
    public void Effective_WithoutRefusals_GrowsBackAndForgets()
    {
        var rate = new AdaptiveRate();
        rate.Refused(100, 0, 0);
        var before = 0.0;
        for (var s = 0; s <= 20; s++)
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

        Assert.Equal(150, rate.Effective(null, 0));
    }

    [Fact]
    public void Refused_ForEver_NeverStops()
    {
        var rate = new AdaptiveRate();
        for (var s = 0; s < 1000; s++) rate.Refused(30, 0, s * 1000.0);

        Assert.InRange(rate.Effective(30, 999_000)!.Value, 0.05, 0.2);
    }
}
