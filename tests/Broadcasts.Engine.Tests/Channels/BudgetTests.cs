using Broadcasts.Broadcasting;
using Xunit;

namespace Broadcasts.Channels;

public sealed class BudgetTests
{
    public static TheoryData<int> Limits => [1, 30, 80, 100, 1000];

    [Theory, MemberData(nameof(Limits))]
    public void Lease_WheneverAndHoweverMuchIsAsked_NoSecondHoldsMoreThanTheRate(int limit)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed * 7919 + limit);
            var driver = Driver(limit);
            for (var i = 0; i < 1500; i++)
            {
                var lease = driver.Ask(random.Next(0, 4), random.Next(1, 600), random.Next(5) == 0 ? new SendRate(random.Next(1, limit + 1), 1000) : null);
                driver.Advance(random.Next(6) switch
                {
                    0 => 0,
                    1 => random.NextDouble() * 5,
                    2 => lease.Count > 0 ? lease.At(lease.Count - 1) - driver.Now : lease.RetryAt - driver.Now,
                    3 => random.NextDouble() * 3000 / limit,
                    4 => random.NextDouble() * 40,
                    _ => random.Next(50) == 0 ? random.NextDouble() * 5000 : 0,
                });
            }

            Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit, $"Seed {seed}: {BudgetDriver.MostIn(1000, driver.Moments)} in a second at {limit}/s.");
        }
    }

    [Theory, MemberData(nameof(Limits))]
    public void Lease_OneGreedyBroadcast_UsesTheRate(int limit)
    {
        var driver = Driver(limit);
        driver.AddGreedy(1);

        driver.Run(30_000);

        // What the guard against late writes costs: 1.4 % of slow rates, 2 % of fast ones.
        Assert.InRange(driver.Permits.Count, (limit <= 100 ? 0.985 : 0.975) * 30 * limit, 30 * limit + Math.Max(1, limit / 25));
        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit);
    }

    [Theory, MemberData(nameof(Limits))]
    public void Lease_PermitsUsedAsLateAsTheyMayBe_NoSecondHoldsMoreThanTheRate(int limit)
    {
        var random = new Random(limit);
        var driver = Driver(limit);
        var written = new List<double>();
        for (var i = 0; i < 3000; i++)
        {
            var lease = driver.Ask();
            for (var n = 0; n < lease.Count; n++) written.Add(lease.At(n) + random.NextDouble() * lease.UsableMs);
            driver.Advance(lease.Count > 0 ? 3 : lease.RetryAt - driver.Now);
        }

        written.Sort();
        Assert.True(BudgetDriver.MostIn(1000, written) <= limit, $"{BudgetDriver.MostIn(1000, written)} written in a second at {limit}/s.");
    }

    [Theory, InlineData(30, 25), InlineData(1000, 25), InlineData(1000, 10)]
    public void Lease_AskerNeedsNotice_PermitsBeginWhenItIsReadyAndNoneIsLost(int limit, double notice)
    {
        var driver = Driver(limit);
        driver.Run(1);
        var asked = new List<double>();
        var moments = new List<double>();
        for (var end = driver.Now + 10_000; driver.Now < end;)
        {
            var lease = driver.Budget.Lease(new PermitRequest { BroadcastId = 1, Wanted = 500, NoticeMs = notice }, driver.Now);
            if (lease.Count > 0) asked.Add(lease.First - driver.Now);
            for (var n = 0; n < lease.Count; n++) moments.Add(lease.At(n));
            driver.Advance(lease.Count > 0 ? 1 : Math.Max(1, lease.RetryAt - driver.Now));
        }

        Assert.All(asked, ahead => Assert.InRange(ahead, notice - 0.01, notice + 31));
        Assert.InRange(moments.Count, 0.97 * 10 * limit, 10.2 * limit);
    }

    [Theory]
    [InlineData(30, 2)]
    [InlineData(80, 3)]
    [InlineData(1000, 2)]
    [InlineData(1000, 3)]
    [InlineData(1, 3)]
    public void Lease_SeveralGreedyBroadcasts_ShareFairlyAndUseTheRate(int limit, int broadcasts)
    {
        var driver = Driver(limit);
        for (var b = 1; b <= broadcasts; b++) driver.AddGreedy(b, after: b * 0.7);

        driver.Run(60_000);

        Assert.InRange(driver.Permits.Count, 0.97 * 60 * limit, 60 * limit + Math.Max(1, limit / 25));
        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit);
        var shares = driver.Permits.CountBy(p => p.Broadcast).Select(s => (double)s.Value).ToArray();
        Assert.Equal(broadcasts, shares.Length);
        Assert.All(shares, share => Assert.InRange(share / driver.Permits.Count, 0.95 / broadcasts, 1.05 / broadcasts));
    }

    [Theory]
    [InlineData(1000, 10)]
    [InlineData(1000, 100)]
    [InlineData(1000, 333)]
    [InlineData(80, 50)]
    [InlineData(30, 3)]
    public void Lease_ABroadcastsOwnRate_HoldsBelowTheChannels(int limit, int own)
    {
        var driver = Driver(limit);
        driver.AddGreedy(1, new SendRate(own, 1000));
        driver.AddGreedy(2, after: 0.5);

        driver.Run(30_000);

        var mine = driver.Permits.Where(p => p.Broadcast == 1).Select(p => p.At).Order().ToArray();
        Assert.InRange(mine.Length, 0.95 * 30 * Math.Min(own, limit / 2.0), 30 * own + own / 14 + 2);
        // Its own pace may be dealt in lots and may catch up a little; the channel's never.
        Assert.InRange(BudgetDriver.MostIn(1000, mine), 1, own + own / 14 + 1);
        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit);
        Assert.InRange(driver.Permits.Count, 0.97 * 30 * limit, 30 * limit + limit / 25 + 1);
    }

    [Fact]
    public void Lease_OwnRateOnAChannelWithoutOne_Holds()
    {
        var driver = new BudgetDriver(new Budget());
        driver.AddGreedy(1, new SendRate(200, 1000));

        driver.Run(10_000);

        Assert.InRange(driver.Permits.Count, 1980, 2010);
        Assert.InRange(BudgetDriver.MostIn(1000, driver.Moments), 195, 200);
    }

    [Fact]
    public void Lease_NoRate_GivesWhatIsAskedAtOnce()
    {
        var lease = new BudgetDriver(new Budget()).Ask(wanted: 300);

        Assert.Equal((300, 0.0), (lease.Count, lease.Interval));
    }

    [Theory, InlineData(30), InlineData(100), InlineData(1000)]
    public void Lease_SingleMessageBehindGreedyBroadcasts_WaitsLittle(int limit)
    {
        var driver = Driver(limit);
        driver.AddGreedy(1);
        driver.AddGreedy(2, after: 1);
        for (var i = 0; i < 20; i++)
        {
            driver.Run(500);
            var asked = driver.Now;

            Assert.InRange(driver.Take(broadcast: 0).First - asked, 0, 250);
        }
    }

    [Theory, InlineData(30), InlineData(80), InlineData(1000)]
    public void Lease_ThreeBroadcastsAndSingleMessages_ShareWhatTheSingleOnesLeave(int limit)
    {
        var driver = Driver(limit);
        for (var b = 1; b <= 3; b++) driver.AddGreedy(b, after: b * 0.9);
        var waits = new List<double>();
        for (var i = 0; i < 300; i++)
        {
            driver.Run(200);
            var asked = driver.Now;
            waits.Add(driver.Take(broadcast: 0).First - asked);
        }

        Assert.InRange(waits.Max(), 0, 250);
        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit);
        var shares = driver.Permits.Where(p => p.Broadcast > 0).CountBy(p => p.Broadcast).Select(s => (double)s.Value).ToArray();
        Assert.All(shares, share => Assert.InRange(share / shares.Sum(), 0.95 / 3, 1.05 / 3));
    }

    [Fact]
    public void Lease_SlowRates_HoldTheirWholeInterval()
    {
        var driver = new BudgetDriver(new Budget { Rate = new SendRate(1, 3_600_000) });
        driver.AddGreedy(1);
        driver.AddGreedy(2, after: 10);

        driver.Run(5 * 3_600_000.0 + 10_000);

        Assert.Equal(6, driver.Permits.Count);
        Assert.Equal(1, BudgetDriver.MostIn(3_600_000, driver.Moments));
    }

    [Theory, InlineData(1, 1000L), InlineData(30, 1000L), InlineData(1, 60_000L), InlineData(1000, 1000L)]
    public void SetRate_AgainAndAgain_EarnsNothing(int count, long per)
    {
        var driver = new BudgetDriver(new Budget { Rate = new SendRate(count, per) });
        for (var i = 0; i < 400; i++)
        {
            driver.Ask();
            driver.Advance(2.5);
            driver.Budget.SetLimits(new SendRate(count, per), [], driver.Now);
        }

        Assert.True(BudgetDriver.MostIn(per, driver.Moments) <= count, $"{BudgetDriver.MostIn(per, driver.Moments)} of {count} per {per} ms.");
    }

    [Fact]
    public void SetRate_UpAndDown_ActsOnTheNextLease()
    {
        var driver = Driver(1);
        driver.Ask();
        driver.Budget.SetLimits(new SendRate(1000, 1000), [], driver.Now);
        driver.Advance(2);
        Assert.Equal(20, driver.Ask().Count);

        driver.Budget.SetLimits(new SendRate(1, 1000), [], driver.Now);
        driver.Advance(50);
        Assert.Equal(0, driver.Ask().Count);
    }

    [Fact]
    public void Throttled_Until_NothingBeforeThatAndSlowerAfterwards()
    {
        var driver = Driver(100);
        driver.AddGreedy(1);
        driver.Run(2000);
        var until = driver.Now + 3000;
        var before = driver.Permits.Count;
        driver.Budget.Throttled(until, driver.Now);

        var refused = driver.Ask();
        Assert.Equal((0, LimitedBy.ProviderThrottle), (refused.Count, refused.LimitedBy));
        driver.Run(4000);

        Assert.All(driver.Permits.Skip(before), p => Assert.True(p.At >= until));
        Assert.InRange(driver.Permits.Count - before, 85, 97);
        Assert.InRange(driver.Budget.View(driver.Now).EffectivePerSecond!.Value, 88, 99);
        driver.Run(90_000);
        Assert.Equal(100, driver.Budget.View(driver.Now).EffectivePerSecond);
    }

    [Fact]
    public void Throttled_ProviderWhoseLimitMoves_IsFollowed()
    {
        var driver = new BudgetDriver(new Budget { Rate = new SendRate(50, 1000) });
        var taken = new Queue<double>();
        var (asked, refused, possible) = (0, 0, 0.0);
        for (var begin = driver.Now; driver.Now < begin + 300_000;)
        {
            var elapsed = driver.Now - begin;
            var limit = elapsed < 100_000 ? 5 : elapsed < 200_000 ? 50 : 20;
            var lease = driver.Ask();
            for (var n = 0; n < lease.Count; n++)
            {
                var at = lease.At(n);
                while (taken.TryPeek(out var first) && at - first >= 1000) taken.Dequeue();
                asked++;
                if (taken.Count < limit)
                {
                    taken.Enqueue(at);
                    continue;
                }

                refused++;
                driver.Budget.Throttled(at + 1000, driver.Now);
            }

            var step = lease.Count > 0 ? 5 : Math.Max(1, lease.RetryAt - driver.Now);
            possible += limit * step / 1000;
            driver.Advance(step);
        }

        Assert.True(refused < 0.01 * asked, $"{refused} of {asked} were refused.");
        Assert.True(asked - refused > 0.9 * possible, $"{asked - refused} of {possible:0} were used.");
    }

    [Theory, MemberData(nameof(Limits))]
    public void Restore_AfterACrashAtAnyMoment_NothingIsDealtTwice(int limit)
    {
        var random = new Random(limit);
        var driver = Driver(limit);
        var stored = 0.0;
        for (var i = 0; i < 3000; i++)
        {
            // As the grain does: on disk before it is passed.
            var lease = driver.Ask(wanted: random.Next(1, 100));
            if (driver.Budget.Horizon > stored) stored = driver.Budget.Horizon + 1000;
            driver.Advance(lease.Count > 0 ? random.NextDouble() * 10 : Math.Min(lease.RetryAt - driver.Now, 400));
            if (random.Next(100) > 0) continue;
            driver.Budget = new Budget { Rate = new SendRate(limit, 1000) };
            driver.Budget.Restore(new BudgetState { Horizon = stored }, driver.Now);
        }

        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= limit);
    }

    [Fact]
    public void Restore_SlowRate_StillHoldsItsInterval()
    {
        var driver = new BudgetDriver(new Budget { Rate = new SendRate(1, 600_000) });
        driver.Ask();
        var stored = driver.Budget.Horizon + 1000;
        driver.Advance(5000);
        driver.Budget = new Budget { Rate = new SendRate(1, 600_000) };
        driver.Budget.Restore(new BudgetState { Horizon = stored }, driver.Now);
        driver.AddGreedy(1);

        driver.Run(610_000);

        Assert.Equal(1, BudgetDriver.MostIn(600_000, driver.Moments));
        Assert.Equal(2, driver.Permits.Count);
    }

    [Fact]
    public void Restore_StoredByAClockAnHourAhead_StallsTwoSecondsAtMost()
    {
        var driver = Driver(30);
        driver.Budget.Restore(new BudgetState { Horizon = driver.Now + 3_600_000 }, driver.Now);
        driver.AddGreedy(1);

        driver.Run(2500);

        Assert.NotEmpty(driver.Permits);
        Assert.True(driver.Permits.Count <= 30);
    }

    [Theory]
    [InlineData(1, -3_600_000.0)]
    [InlineData(30, -3_600_000.0)]
    [InlineData(1000, -3_600_000.0)]
    [InlineData(30, 3_600_000.0)]
    [InlineData(1000, 3_600_000.0)]
    [InlineData(30, -5_000.0)]
    public void Lease_ClockIsStepped_NeitherStallsNorBursts(int limit, double step)
    {
        var driver = Driver(limit);
        for (var i = 0; i < 20 * Math.Min(limit, 50); i++)
        {
            Greedy(driver, 1);
            Greedy(driver, 2, new SendRate(limit, 1000));
        }

        var before = driver.Permits.Count;
        driver.Advance(step);
        var stepped = driver.Now;
        while (driver.Now < stepped + 4000)
        {
            Greedy(driver, 1);
            Greedy(driver, 2, new SendRate(limit, 1000));
        }

        var after = driver.Permits.Skip(before).Select(p => p.At).Order().ToArray();
        Assert.InRange(after[0], stepped, stepped + 2000);
        Assert.InRange(after.Length, 2 * limit, 5 * limit);
        Assert.True(BudgetDriver.MostIn(1000, after) <= limit);
    }

    [Fact]
    public void Throttled_ClockStepsBack_TheWaitStaysAsLongAsItWas()
    {
        var driver = Driver(100);
        driver.Budget.Throttled(driver.Now + 3000, driver.Now);
        driver.Ask();
        driver.Advance(-3_600_000);
        driver.AddGreedy(1);

        driver.Run(5000);

        Assert.NotEmpty(driver.Permits);
    }

    private static void Greedy(BudgetDriver driver, long broadcast, SendRate? rate = null)
    {
        var lease = driver.Ask(broadcast, 500, rate);
        driver.Advance(lease.Count > 0 ? 2 : Math.Clamp(lease.RetryAt - driver.Now, 1, 1000));
    }

    private static BudgetDriver Driver(int limit) => new(new Budget { Rate = new SendRate(limit, 1000) });
}
