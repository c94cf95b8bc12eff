using Xunit;

namespace Broadcasts.Deliveries;

/// <summary>When a dispatcher looks at a slice again.</summary>
public sealed class SliceWorkTests
{
    private const double Now = 1_800_000_000_000;

    [Theory]
    [InlineData(2_000, 1_000)]
    [InlineData(20_000, 5_000)]
    [InlineData(3_600_000, 15_000)]
    public void Empty_TheNextRowIsDueLater_NobodyLooksBefore(long dueIn, double ready)
    {
        var work = new SliceWork(new OwnedSlice(1, 1, 1, 100, 200, 1));
        work.Empty((long)Now + dueIn, Now, busy: false);

        Assert.All([0, ready / 2, ready - 1], after => Assert.False(work.IsReady(Now + after)));
        Assert.True(work.IsReady(Now + ready));
    }

    [Fact]
    public void Full_LastPieceGaveNothing_RestsAndLooksAtOnceWhenTheClockWasSetBack()
    {
        var work = new SliceWork(new OwnedSlice(1, 1, 1, 100, 200, 1));
        work.Full(new Claim(0, [], ClaimGate.RecipientsFull, (long)Now + 86_400_000), Now);

        Assert.True(work.IsFull);
        Assert.All([0.0, 5_000, 14_999, -100], after => Assert.False(work.IsReady(Now + after)));
        Assert.True(work.IsReady(Now + 15_000));
        Assert.True(work.IsReady(Now - 3_600_000));
    }

    [Fact]
    public void Full_MorePiecesAreLeft_TheyAreLookedAtOneAfterTheOther()
    {
        var work = new SliceWork(new OwnedSlice(1, 1, 1, 1, 12_000, 1));
        var pieces = new List<(long From, long To)>();
        for (var i = 0; i < 4; i++)
        {
            pieces.Add((work.FreeFrom, work.FreeTo));
            work.Full(new Claim(0, [], ClaimGate.RecipientsFull, null), Now);
        }

        Assert.Equal([(1, 5_000), (5_001, 10_000), (10_001, 12_000), (1, 5_000)], pieces);
    }
}
