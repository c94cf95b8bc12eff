using Xunit;

namespace Broadcasts.Deliveries;

public sealed class ClaimNoticeTests
{
    [Fact]
    public void Ms_ClaimsTakeTheSameTime_IsThatAndTheLeastSpare()
    {
        var notice = new ClaimNotice();
        for (var i = 0; i < 100; i++) notice.Took(20);

        Assert.Equal(30, notice.Ms, 1.0);
    }

    [Fact]
    public void Ms_ClaimsVaryMuch_IsLittleMoreThanWhatTheyTakeOnAverage()
    {
        var notice = new ClaimNotice();
        for (var i = 0; i < 200; i++) notice.Took(i % 2 == 0 ? 5 : 95);

        Assert.InRange(notice.Ms, 75, 95);
    }

    [Fact]
    public void Took_FirstOnesWhileCodeIsCompiled_SayLittleAboutTheNext()
    {
        var notice = new ClaimNotice();
        for (var i = 0; i < 5; i++) notice.Took(900, isWarming: true);

        Assert.InRange(notice.Ms, 60, 95);
    }

    [Fact]
    public void Took_OneStoodBehindSomething_IsForgottenSoon()
    {
        var notice = new ClaimNotice();
        for (var i = 0; i < 50; i++) notice.Took(10);
        notice.Took(5000);
        Assert.InRange(notice.Ms, 20, 60);
        for (var i = 0; i < 30; i++) notice.Took(10);

        Assert.Equal(20, notice.Ms, 3.0);
    }
}
