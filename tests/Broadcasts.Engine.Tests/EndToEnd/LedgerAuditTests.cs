using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A ledger that somebody changed behind the program's back: named, counted anew, and the broadcast ends.</summary>
public sealed class LedgerAuditTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ChangedWhileItRuns_EverythingIsNamedAndItEnds(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, database?.ConnectionString);
        engine.ExpectsChangedLedger = true;
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(20, 1000));
        var id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(80));
        await engine.StartBroadcastAsync(id);
        await engine.WaitAsync(id, p => p.Counts.Sent >= 5, "it is on its way");

        var last = (await engine.RowsAsync(id))[^5..].Select(r => r.Id).ToArray();
        await engine.ExecuteAsync("DELETE FROM deliveries WHERE id = @id", new { id = last[0] });
        await engine.ExecuteAsync("UPDATE deliveries SET status = 99 WHERE id = @id", new { id = last[1] });
        await engine.ExecuteAsync("UPDATE deliveries SET status = 1 WHERE id = @id", new { id = last[2] });
        await engine.ExecuteAsync("UPDATE deliveries SET status = 2 WHERE id = @id", new { id = last[3] });
        await engine.ExecuteAsync("UPDATE slices SET sent = sent + 7, unknown = unknown + 1 WHERE broadcast_id = @id", new { id });

        var done = await engine.CompletedAsync(id, 60);
        await LedgerCheck.AssertCountsAsync(engine.Database, id);
        Assert.Equal((77, 1, 0), (done.Counts.Sent, done.Counts.Unknown, done.Counts.Pending + done.Counts.Sending));
        Assert.Equal(76, channel.TakenOf(id).Count());
        Assert.Empty(channel.TakenOf(id).Intersect(last[..4]));
        Assert.Equal(99, (await engine.RowsAsync(id)).Single(r => r.Id == last[1]).Status);

        var told = await ToldAsync(engine, id);
        Assert.Contains(told, t => t.Code == "ledgerCounts" && t.Values[1].Contains("pending ", StringComparison.Ordinal));
        Assert.Contains(told, t => t.Code == "ledgerRows" && t.Values[0].Contains($"{last[1]} (99)", StringComparison.Ordinal) && t.Values[0].Contains($"{last[3]} (2)", StringComparison.Ordinal));
        Assert.Contains(told, t => t.Code == "ledgerMissing" && t.Values[0] == "1");
        Assert.Contains(engine.Log, l => l.StartsWith("Warning: Broadcast", StringComparison.Ordinal) && l.Contains("Somebody changed the ledger by hand", StringComparison.Ordinal));
        Assert.Equal(79, (await engine.Get<BroadcastQueries>().RecipientsAsync(id, new RecipientFilter(), null, 200)).Items.Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ChangedBeforeTheEnd_IsNotCalledCompleteBeforeItAddsUp(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, database?.ConnectionString);
        engine.ExpectsChangedLedger = true;
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(20, 1000));
        var id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(40));
        await engine.StartBroadcastAsync(id);
        await engine.WaitAsync(id, p => p.Counts.Sent >= 5, "it is on its way");

        // Somebody wants the first one to go out again, and somebody made the numbers nicer; both leave the counts of what is open as they are.
        var first = (await engine.RowsAsync(id)).First(r => r.State == DeliveryStatus.Sent).Id;
        await engine.ExecuteAsync("UPDATE deliveries SET status = 0, sent_at = NULL WHERE id = @first", new { first });
        await engine.ExecuteAsync("UPDATE slices SET failed = failed + 3 WHERE broadcast_id = @id", new { id });

        var done = await engine.CompletedAsync(id, 60);
        await LedgerCheck.AssertCountsAsync(engine.Database, id);
        Assert.Equal((40, 0), (done.Counts.Sent, done.Counts.Failed));
        Assert.Equal(2, channel.TakenOf(id).Count(i => i == first));
        Assert.Contains(await ToldAsync(engine, id), t => t.Code == "ledgerCounts" && t.Values[1].Contains("failed 3 → 0", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task MendAsync_Twice_TellsEachThingOnce(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, database?.ConnectionString);
        engine.ExpectsChangedLedger = true;
        var channel = await engine.AddSimulatorAsync();
        var id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(30));
        await engine.StartBroadcastAsync(id);
        await engine.CompletedAsync(id);
        var (ledger, broadcast) = (engine.Get<LedgerAudit>(), (await engine.Get<BroadcastStore>().GetAsync(id))!);
        Assert.True((await ledger.MendAsync(broadcast)).IsSound);
        Assert.Empty(await ToldAsync(engine, id));

        var row = (await engine.RowsAsync(id))[3].Id;
        await engine.ExecuteAsync("UPDATE deliveries SET status = 42 WHERE id = @row", new { row });
        await engine.ExecuteAsync("INSERT INTO deliveries (id, contact_id, contact_revision, channel_id, part, status, attempt) SELECT id + 100, contact_id, contact_revision, channel_id, part, 6, 0 FROM deliveries WHERE id = @row", new { row });
        Assert.False((await ledger.LookAsync(broadcast)).IsSound);
        Assert.Empty(await ToldAsync(engine, id));
        var found = await ledger.MendAsync(broadcast);

        Assert.Equal((row, 42, -1), (Assert.Single(found.Rows).Id, found.Rows[0].Status, found.Missing));
        Assert.Equal("sent 30 → 29", Assert.Single(found.Slices).Difference);
        await ledger.MendAsync(broadcast);
        Assert.Equal(["ledgerCounts", "ledgerExtra", "ledgerRows"], (await ToldAsync(engine, id)).Select(t => t.Code).Order());
        Assert.Equal(29, (await engine.ProgressAsync(id)).Counts.Sent);
    }

    private static async Task<IReadOnlyList<Told>> ToldAsync(EngineUnderTest engine, long id) =>
        [.. (await engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = $"broadcast:{id}", Action = "broadcast.ledger" })).Select(e => e.Told!)];
}
