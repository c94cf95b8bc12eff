using Broadcasts.Broadcasting;
using Xunit;

namespace Broadcasts.EndToEnd;

public sealed class ForecastRunsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const int People = 100_000;

    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task LookAsync_MoreContactsThanAPageWaitsFor_GoesOnForWhoeverWaits()
    {
        var runs = fixture.Engine.Get<ForecastRuns>();
        var channel = await fixture.Engine.AddSimulatorAsync();
        var few = await fixture.Engine.AddBroadcastAsync(channel.Id, await fixture.Engine.AddPeopleAsync(3), "Hello {{contact.first_name}}");
        Assert.Equal(3, (await runs.LookAsync(few, 1))?.Sendable);

        await fixture.Engine.AddPeopleAsync(People);
        var many = await fixture.Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, [1], "Hello {{contact.first_name}}") with { AudienceJson = """{"segment":{"all":[]}}""" });
        Assert.Null(await runs.LookAsync(many, 1));
        var waited = await Task.WhenAll(runs.WaitAsync(many, 1, Ct), runs.WaitAsync(many, 1, Ct));

        Assert.Equal(People + 3, waited[0].Sendable);
        Assert.Same(waited[0], waited[1]);
        Assert.Same(waited[0], await runs.WaitAsync(many, 1, Ct));
        // It was saved since: what ran before is no answer.
        Assert.NotSame(waited[0], await runs.WaitAsync(many, 2, Ct));
    }
}
