using Broadcasts.Broadcasting;
using Xunit;

namespace Broadcasts.Channels;

public sealed class WindowTests
{
    private static readonly SendRate PerSecond = new(80, 1000);
    private static readonly SendRate[] Longer = [new(1000, 60_000), new(20_000, 3_600_000), new(100_000, 86_400_000)];

    [Fact]
    public void Lease_SeveralWindows_AllHoldAtOnceAndAreUsed()
    {
        var driver = Driver(PerSecond, Longer);
        driver.AddGreedy(1);
        driver.AddGreedy(2, after: 1);

        driver.Run(2 * 3_600_000.0);

        Assert.True(BudgetDriver.MostIn(1000, driver.Moments) <= 80);
        Assert.True(BudgetDriver.MostIn(60_000, driver.Moments) <= 1000);
        Assert.True(BudgetDriver.MostIn(3_600_000, driver.Moments) <= 20_000);
        Assert.InRange(driver.Permits.Count, 0.96 * 40_000, 40_000);
    }

    [Fact]
    public void Lease_WindowIsFull_SaysUntilWhen()
    {
        var driver = Driver(PerSecond, [new(100, 60_000)]);
        var begin = driver.Now;
        driver.AddGreedy(1);
        driver.Run(5000);

        var refused = driver.Ask();

        Assert.Equal((0, LimitedBy.WindowFull, 100), (refused.Count, refused.LimitedBy, driver.Permits.Count));
        Assert.InRange(refused.RetryAt, begin + 60_000, begin + 62_500);
        var view = Assert.Single(driver.Budget.View(driver.Now).Windows);
        Assert.Equal(100, view.Used);
        Assert.InRange(view.FullUntil!.Value, begin + 60_000, begin + 62_500);
    }

    [Fact]
    public void SetLimits_WhileItRuns_ActsOnTheNextLeaseAndKeepsTheCount()
    {
        var driver = Driver(PerSecond, [new(100, 60_000)]);
        driver.AddGreedy(1);
        driver.Run(3000);
        driver.Budget.SetLimits(PerSecond, [new(150, 60_000)], driver.Now);
        driver.Run(3000);
        Assert.Equal(150, driver.Permits.Count);

        driver.Budget.SetLimits(PerSecond, [new(150, 60_000), new(160, 3_600_000)], driver.Now);
        driver.Run(120_000);
        Assert.Equal(160, driver.Permits.Count);

        driver.Budget.SetLimits(PerSecond, [], driver.Now);
        driver.Run(2000);
        Assert.InRange(driver.Permits.Count, 235, 330);
    }

    [Fact]
    public void SetLimits_NoRateBesideThem_TheShortestIsThePace()
    {
        var driver = Driver(null, [new(100_000, 86_400_000), new(1000, 60_000)]);
        driver.AddGreedy(1);

        driver.Run(60_000);

        Assert.Equal(new SendRate(1000, 60_000), driver.Budget.Rate);
        Assert.InRange(driver.Permits.Count, 980, 1000);
        Assert.InRange(BudgetDriver.MostIn(1000, driver.Moments), 15, 18);
    }

    [Fact]
    public void Restore_KilledAgainAndAgain_NoWindowIsExceeded()
    {
        var random = new Random(4711);
        SendRate[] longer = [new(600, 60_000), new(5000, 3_600_000)];
        var driver = Driver(PerSecond, longer);
        var disk = new BudgetState();
        BudgetState? writing = null;
        while (driver.Permits.Count < 4000)
        {
            // As the grain does: on disk before it is given away, and written ahead while more is dealt.
            var lease = driver.Ask(wanted: random.Next(1, 100));
            if (writing is not null && (driver.Budget.IsBeyond(disk) || random.Next(3) == 0)) Written(writing);
            if (lease.Count > 0 && driver.Budget.IsBeyond(disk)) Written(driver.Budget.Store(driver.Budget.Horizon + 1000));
            if (lease.Count > 0 && writing is null && driver.Budget.Horizon > disk.Horizon - 600) writing = driver.Budget.Store(driver.Budget.Horizon + 1000);
            driver.Advance(lease.Count > 0 ? random.NextDouble() * 30 : Math.Min(lease.RetryAt - driver.Now, 1000));
            if (random.Next(300) > 0) continue;
            if (writing is not null && random.Next(2) == 0) disk = writing;
            writing = null;
            driver.Budget = new Budget();
            driver.Budget.SetLimits(PerSecond, longer, driver.Now);
            driver.Budget.Restore(disk, driver.Now);
        }

        Assert.True(BudgetDriver.MostIn(60_000, driver.Moments) <= 600);
        Assert.True(BudgetDriver.MostIn(3_600_000, driver.Moments) <= 5000);

        void Written(BudgetState state)
        {
            (disk, writing) = (state, null);
            driver.Budget.Stored();
        }
    }

    [Theory, InlineData(-3_600_000.0), InlineData(-5000.0)]
    public void Lease_ClockIsSetBack_TheWindowNeitherForgetsNorStalls(double step)
    {
        var driver = Driver(PerSecond, [new(100, 60_000)]);
        driver.AddGreedy(1);
        driver.Run(5000);
        driver.Advance(step);
        var refused = driver.Ask();

        Assert.Equal(0, refused.Count);
        Assert.InRange(refused.RetryAt - driver.Now, 54_000, 58_000);
    }

    [Fact]
    public void Lease_PermitsWereNotUsed_TheWindowGivesThemAgainAndNeverTooMany()
    {
        var random = new Random(5);
        var driver = Driver(PerSecond, [new(300, 60_000)]);
        var used = new List<double>();
        UnusedLease[] unused = [];
        for (var i = 0; i < 20_000; i++)
        {
            driver.Budget.GiveBack(unused);
            var lease = driver.Budget.Lease(new PermitRequest { BroadcastId = 1, Wanted = 50 }, driver.Now);
            var left = random.Next(0, lease.Count + 1);
            unused = left > 0 ? [new UnusedLease(lease.First, left)] : [];
            for (var n = left; n < lease.Count; n++) used.Add(lease.At(n));
            driver.Advance(lease.Count > 0 ? 3 : Math.Clamp(lease.RetryAt - driver.Now, 1, 500));
        }

        Assert.True(BudgetDriver.MostIn(60_000, used) <= 300);
        Assert.InRange(used.Count / ((driver.Now - used[0]) / 60_000), 285, 306);
    }

    [Fact]
    public void Store_AfterADayOfSending_StaysSmall()
    {
        var driver = Driver(new SendRate(10, 1000), Longer);
        driver.AddGreedy(1);
        driver.Run(2 * 3_600_000.0);

        Assert.All(driver.Budget.Store(driver.Now).Windows, w => Assert.InRange(w.Buckets.Length, 1, 110));
    }

    private static BudgetDriver Driver(SendRate? rate, SendRate[] more)
    {
        var driver = new BudgetDriver(new Budget());
        driver.Budget.SetLimits(rate, more, driver.Now);
        return driver;
    }
}
