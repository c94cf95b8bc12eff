using Xunit;

namespace Broadcasts.Channels;

public sealed class AdaptiveRateTests
{
    [Fact]
    public void Effective_NothingLearned_IsTheConfiguredRate()
    {
        Assert.Equal(100, new AdaptiveRate().Effective(100, 0, 0));
        Assert.Null(new AdaptiveRate().Effective(null, 0, 0));
    }

    [Fact]
    public void Refused_CutsToWhatWasAcceptedOnceASecond()
    {
        var rate = new AdaptiveRate();
        rate.Refused(100, 80, 0, 1000);
        rate.Refused(100, 10, 0, 1001);
        rate.Refused(100, 10, 0, 1999);

        Assert.Equal(78.4, rate.Effective(100, 80, 1000)!.Value, 6);
    }

    [Theory]
    [InlineData(100, 100, 95)]
    [InlineData(100, 140, 95)]
    [InlineData(100, 30, 29.4)]
    [InlineData(100, 5, 4.9)]
    [InlineData(100, 2, 50)]
    [InlineData(100, 0, 50)]
    public void Refused_TrustsWhatWasAcceptedUnlessItIsNextToNothing(double configured, double accepted, double expected)
    {
        var rate = new AdaptiveRate();
        rate.Refused(configured, accepted, 1000, 0);

        Assert.Equal(expected, rate.Effective(configured, accepted, 0)!.Value, 6);
    }

    [Fact]
    public void Refused_OnceThoughThePersonsRateIsUsed_CutsNothingAndTheSecondTimeDoes()
    {
        var rate = new AdaptiveRate();
        rate.Restore(null, 0);
        rate.Refused(100, 99, 1000, 1500);
        Assert.Null(rate.Ceiling);

        rate.Refused(100, 99, 1000, 3500);
        Assert.Equal(95, rate.Ceiling!.Value, 6);
    }

    [Theory]
    [InlineData(5_000, 76)]
    [InlineData(25_000, 80)]
    public void Refused_ALearnedRate_IsCutUnlessItHasHeldForLong(double at, double expected)
    {
        var rate = new AdaptiveRate();
        rate.Restore(80, 0);
        rate.Refused(100, 79, 1000, at);

        Assert.Equal(expected, rate.Ceiling!.Value, 6);
    }

    [Fact]
    public void Refused_ThoughLittleWasAccepted_CutsAtOnce()
    {
        var rate = new AdaptiveRate();
        rate.Restore(null, 0);
        rate.Refused(100, 50, 1000, 25_000);

        Assert.Equal(49, rate.Ceiling!.Value, 6);
    }

    [Fact]
    public void Effective_NothingIsRefusedAnyMore_GrowsByStepsThatDoubleAndForgets()
    {
        var rate = new AdaptiveRate();
        rate.Refused(1000, 100, 1000, 0);
        var seen = new List<double>();
        for (var now = 0.0; now < 60_000 && rate.Ceiling is { } ceiling; now += 100)
        {
            if (seen.Count == 0 || seen[^1] != ceiling) seen.Add(ceiling);
            rate.Effective(1000, ceiling, now);
        }

        Assert.Null(rate.Ceiling);
        Assert.Equal(98, seen[0], 6);
        var steps = seen.Zip(seen.Skip(1), (a, b) => b - a).ToArray();
        Assert.Equal(5, steps[0], 6);
        Assert.All(steps.Zip(steps.Skip(1)), s => Assert.Equal(2, s.Second / s.First, 6));
    }

    [Fact]
    public void Refused_DuringATry_GoesBackToWhatWasProven()
    {
        var rate = new AdaptiveRate();
        rate.Refused(1000, 100, 1000, 0);
        var now = 0.0;
        while (rate.Effective(1000, 100, now) == 98) now += 100;
        Assert.InRange(now, 5000, 30_000);
        Assert.Equal(98, rate.Proven);

        rate.Refused(1000, 100, 1000, now);

        Assert.Equal(98, rate.Ceiling!.Value, 6);
    }

    [Fact]
    public void Effective_NobodySends_ProvesNothing()
    {
        var rate = new AdaptiveRate();
        rate.Refused(1000, 100, 1000, 0);

        for (var now = 0.0; now < 3_600_000; now += 500) Assert.Equal(98, rate.Effective(1000, 0, now));
    }

    [Fact]
    public void Refused_ForEver_NeverStops()
    {
        var rate = new AdaptiveRate();
        for (var s = 0; s < 1000; s++) rate.Refused(30, 0, 1000, s * 1000.0);

        Assert.InRange(rate.Effective(30, 0, 999_000)!.Value, 0.05, 0.2);
    }

    [Fact]
    public void Restore_AfterARestart_GoesOnWithWhatWasProven()
    {
        var rate = new AdaptiveRate();
        rate.Restore(42, 5000);

        Assert.Equal(42, rate.Effective(100, 42, 5001));
    }
}
