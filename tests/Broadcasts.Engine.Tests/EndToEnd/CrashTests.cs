using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>The promise of the ledger, with processes that are really killed.</summary>
public sealed class CrashTests
{
    private const int Audience = 900;
    private const int PerSecond = 200;

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Kill_WhileSending_NobodyIsLostAndNobodyGetsItTwice(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        var postgres = database?.ConnectionString;
        SimulatedChannel channel;
        long id;
        await using (var engine = await EngineUnderTest.StartAsync(folder.Path, postgres))
        {
            channel = await engine.AddSimulatorAsync("\"latencyMs\":40", new SendRate(PerSecond, 1000));
            id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(Audience));
            await engine.StartBroadcastAsync(id);
        }

        var taken = 0;
        foreach (var atLeast in new[] { 150, 400 })
        {
            await using var process = ProcessUnderTest.Start(postgres is null ? ["engine", folder.Path] : ["engine", folder.Path, postgres], executable: Environment.ProcessPath);
            await process.WaitForLineAsync("ready", TimeSpan.FromSeconds(60));
            await Until.TrueAsync(() => channel.Taken.Count >= atLeast, $"{atLeast} are taken", 60);
            process.Kill();
            await process.ExitCodeAsync(TimeSpan.FromSeconds(10));
            Assert.InRange(channel.Taken.Count, taken, Audience - 1);
            taken = channel.Taken.Count;
        }

        await using (var engine = await EngineUnderTest.StartAsync(folder.Path, postgres))
        {
            var done = await engine.CompletedAsync(id, seconds: 60);

            var rows = await engine.RowsAsync(id);
            var unknown = rows.Where(r => r.State == DeliveryStatus.Unknown).Select(r => r.Id).ToHashSet();
            Assert.Equal((Audience, Audience), (rows.Length, rows.Select(r => r.ContactId).Distinct().Count()));
            Assert.Equal(Audience, done.Counts.Sent + done.Counts.Unknown);
            Assert.Equal(channel.Taken.Distinct().Count(), channel.Taken.Count);
            // Whoever is called sent was taken, and whoever was taken is sent or listed.
            Assert.Equal(rows.Where(r => r.State == DeliveryStatus.Sent).Select(r => r.Id), channel.Taken.Where(i => !unknown.Contains(i)).Order());
            // In doubt per kill: what 200 ms of answers, one lease and one commit can hold.
            Assert.InRange(unknown.Count, 0, 2 * PerSecond * 4 / 10);
            await LedgerCheck.AssertCountsAsync(engine.Database, id);
        }
    }

    [Fact]
    public async Task Kill_WhileCancelling_TheRestIsStillSkipped()
    {
        using var folder = new TempFolder();
        long id;
        await using (var engine = await EngineUnderTest.StartAsync(folder.Path))
        {
            var channel = await engine.AddSimulatorAsync(rate: new SendRate(5, 1000));
            id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(50));
            await engine.StartBroadcastAsync(id);
            await engine.WaitAsync(id, p => p.Counts.Sent > 0, "some are sent");
            EngineUnderTest.Require(await engine.Grain(id).PauseAsync("test"));
            await engine.WaitAsync(id, p => p.Counts.Sending == 0, "nothing is in flight");
        }

        // What a kill right after the cancel's commit leaves: the status alone.
        await using (var engine = await EngineUnderTest.StartAsync(folder.Path))
        {
            await engine.ExecuteAsync("UPDATE broadcasts SET status = @cancelled WHERE id = @id", new { id, cancelled = (int)BroadcastStatus.Cancelled });

            var end = await engine.WaitAsync(id, p => p.Counts.Pending == 0, "the rest is skipped");

            Assert.Equal([("cancelled", end.Counts.Skipped)], end.Reasons.Select(r => (r.Reason, r.Rows)));
            await LedgerCheck.AssertCountsAsync(engine.Database, id);
        }
    }
}
