using Broadcasts.Broadcasting;
using Xunit;

namespace Broadcasts.Channels;

/// <summary>What is lost of a rate is made up for, and never at the price of a permit too many.</summary>
public sealed class ChannelPaceTests
{
    public static TheoryData<int> Limits => [1, 5, 30, 100, 101, 300, 1000];

    [Theory, InlineData(101), InlineData(300), InlineData(1000)]
    public void Lease_PermitsWereNotUsedAndAskersComeLate_TheRateIsUsedAllTheSame(int limit)
    {
        var run = new Run(limit, seed: limit);

        run.Go(60_000, lossOf: 0.05, latest: 1.5);

        // The guard costs up to 2 %, what is lost 5 % and more.
        Assert.InRange(run.Written.Count, 0.97 * 60 * limit, 60 * limit + 1);
        Assert.True(BudgetDriver.MostIn(1000, run.Written) <= limit, $"{BudgetDriver.MostIn(1000, run.Written)} in a second at {limit}/s.");
        Assert.InRange(BudgetDriver.MostIn(100, run.Written), 1, 0.2 * limit + 5);
    }

    [Theory, MemberData(nameof(Limits))]
    public void Lease_WhateverIsLostAndWhoeverComesLate_NoSecondHoldsMoreThanTheRate(int limit)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var run = new Run(limit, seed);
            var random = new Random(seed);
            for (var i = 0; i < 12; i++) run.Go(random.Next(50, 2500), lossOf: random.NextDouble(), latest: random.Next(1, 400));

            Assert.True(BudgetDriver.MostIn(1000, run.Written) <= limit, $"Seed {seed}: {BudgetDriver.MostIn(1000, run.Written)} in a second at {limit}/s.");
        }
    }

    [Theory, MemberData(nameof(Limits))]
    public void Restore_KilledWhileItMakesUp_NoSecondHoldsMoreThanTheRate(int limit)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var run = new Run(limit, seed);
            for (var i = 0; i < 8; i++)
            {
                run.Go(700 + 100 * seed, lossOf: 0.2, latest: 20);
                run.Kill();
            }

            Assert.True(BudgetDriver.MostIn(1000, run.Written) <= limit, $"Seed {seed}: {BudgetDriver.MostIn(1000, run.Written)} in a second at {limit}/s.");
        }
    }

    [Theory, InlineData(101), InlineData(1000)]
    public void Horizon_PermitsAreLostForLong_StaysNearTheLastOne(int limit)
    {
        var run = new Run(limit, seed: 2);

        run.Go(120_000, lossOf: 0.1, latest: 1);

        Assert.InRange(run.Driver.Budget.Horizon - run.Driver.Moments[^1], 0, 150);
    }

    [Fact]
    public void SetLimits_WhileItMakesUp_NoSecondHoldsMoreThanTheHigherRate()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var run = new Run(200, seed);
            for (var i = 0; i < 10; i++)
            {
                run.Go(600 + 70 * seed, lossOf: 0.2, latest: 20);
                run.Driver.Budget.SetLimits(new SendRate(i % 2 == 0 ? 120 : 200, 1000), [], run.Driver.Now);
            }

            Assert.True(BudgetDriver.MostIn(1000, run.Written) <= 200, $"Seed {seed}: {BudgetDriver.MostIn(1000, run.Written)} in a second.");
        }
    }

    [Theory, InlineData(101), InlineData(1000)]
    public void Lease_AfterIdleTime_GoesAtTheRateFromTheStart(int limit)
    {
        var run = new Run(limit, seed: 1);
        run.Go(2000, lossOf: 0.2, latest: 1);
        run.Driver.Advance(5000);
        var (begin, before) = (run.Driver.Now, run.Written.Count);

        run.Go(1000, lossOf: 0, latest: 0);

        var first = run.Written.Skip(before).ToArray();
        Assert.True(first.Count(at => at < begin + 500) <= 0.5 * limit + 1);
        // A permit is written up to 20 ms after its moment.
        Assert.InRange(BudgetDriver.MostIn(100, first), 1, 0.12 * limit + 1);
    }

    [Fact]
    public void Lease_ClockIsSetBackWhileItMakesUp_NeitherStallsNorHurries()
    {
        var run = new Run(200, seed: 3);
        run.Go(3000, lossOf: 0.05, latest: 1.5);
        run.Driver.Advance(-3_600_000);
        run.Written.Clear();

        run.Go(10_000, lossOf: 0.05, latest: 1.5);

        Assert.InRange(run.Written.Count, 1920, 2000);
        Assert.True(BudgetDriver.MostIn(1000, run.Written) <= 200);
    }

    /// <summary>One asker that loses permits, says so with its next request, and writes late; its budget's horizon is stored as the grain does.</summary>
    private sealed class Run(int limit, int seed)
    {
        private readonly Random _random = new(seed);
        private double _stored;
        private UnusedLease[]? _unused;

        public BudgetDriver Driver { get; } = new(new Budget { Rate = new SendRate(limit, 1000) });

        public List<double> Written { get; } = [];

        public void Go(double milliseconds, double lossOf, double latest)
        {
            for (var end = Driver.Now + milliseconds; Driver.Now < end;)
            {
                if (_unused is not null) Driver.Budget.GiveBack(_unused);
                _unused = null;
                var lease = Driver.Ask(wanted: _random.Next(1, 100));
                if (lease.Count > 0) Use(lease, lossOf);
                Driver.Advance((lease.Count > 0 ? Math.Max(0, lease.At(lease.Count - 1) - Driver.Now) : Math.Max(1, lease.RetryAt - Driver.Now)) + _random.NextDouble() * latest);
            }
        }

        public void Kill()
        {
            Driver.Budget = new Budget { Rate = new SendRate(limit, 1000) };
            Driver.Budget.Restore(new BudgetState { Horizon = _stored }, Driver.Now);
            _unused = null;
        }

        private void Use(PermitLease lease, double lossOf)
        {
            // The worst case: nothing more of the horizon is stored than was dealt.
            if (Driver.Budget.Horizon > _stored) _stored = Driver.Budget.Horizon;
            var lost = Enumerable.Range(0, lease.Count).Where(_ => _random.NextDouble() < lossOf).ToHashSet();
            for (var n = 0; n < lease.Count; n++)
            {
                if (!lost.Contains(n)) Written.Add(lease.At(n) + _random.NextDouble() * lease.UsableMs);
            }

            if (lost.Count > 0) _unused = [new UnusedLease(lease.First, lost.Count)];
        }
    }
}
