using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Merge;
using Broadcasts.Deliveries;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>People are merged and told apart again while a broadcast to them goes out: each message is sent once, to the address that it was frozen with.</summary>
public sealed class MergeRunTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Merge_WhileTheBroadcastRuns_EveryMessageGoesOutOnceAndSaysWhatItSaid(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, provider == "postgres" ? test.ConnectionString : null);
        var people = await engine.AddPeopleAsync(240);
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(120, 1000));
        var id = await engine.AddBroadcastAsync(channel.Id, people, "Hello {{contact.first_name}}", "And {{contact.first_name}}");
        await engine.StartBroadcastAsync(id);
        await engine.WaitAsync(id, p => p.IsFrozen && p.Counts.Sent >= 10, "some are sent");
        var addressed = (await engine.RowsAsync(id)).Select(r => r.Id).ToHashSet();
        var merges = engine.Get<MergeStore>();

        // Neighbours and people far apart, those in flight and those whose turn is to come.
        var pairs = Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? (people[i], people[i + 1 + 60]) : (people[239 - i], people[100 + i])).DistinctBy(p => p.Item1).DistinctBy(p => p.Item2).ToArray();
        var undone = 0;
        foreach (var (primary, secondary) in pairs)
        {
            var (merge, result) = await merges.MergeAsync(new MergeRequest { PrimaryId = primary, SecondaryId = secondary }, "test", CancellationToken.None);
            if (!result.IsDone || ++undone % 3 != 0) continue;
            EngineUnderTest.Require((await merges.UndoAsync(merge, "test", CancellationToken.None)).Result);
        }

        Assert.InRange(undone, 20, pairs.Length);
        var done = await engine.CompletedAsync(id);
        Assert.Equal((480, 0, 0, 0), (done.Counts.Sent, done.Counts.Skipped, done.Counts.Failed, done.Counts.Unknown));
        Assert.Equal(addressed.Order(), channel.TakenOf(id).Order());
        await LedgerCheck.AssertCountsAsync(engine.Database, id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Merge_SomebodyPickedBeforeTheStart_TheOneWhoStayedGetsIt(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, provider == "postgres" ? test.ConnectionString : null);
        var people = await engine.AddPeopleAsync(4);
        var channel = await engine.AddSimulatorAsync();
        var id = await engine.AddBroadcastAsync(channel.Id, [people[0], people[3]]);
        foreach (var (primary, secondary) in new[] { (people[1], people[0]), (people[2], people[1]) })
            EngineUnderTest.Require((await engine.Get<MergeStore>().MergeAsync(new MergeRequest { PrimaryId = primary, SecondaryId = secondary }, "test", CancellationToken.None)).Result);

        await engine.StartBroadcastAsync(id);
        await engine.CompletedAsync(id);

        Assert.Equal([people[2], people[3]], (await engine.RowsAsync(id)).Select(r => r.ContactId));
    }
}
