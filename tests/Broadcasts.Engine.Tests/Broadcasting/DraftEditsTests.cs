using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Broadcasting;

/// <summary>Saves that follow each other are one entry, written when the editing ends, whatever ends it.</summary>
public sealed class DraftEditsTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SaveAsync_OneAfterTheOther_IsOneEntryAsSoonAsSomebodyElseSaves(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var id = await MakeAsync(kit);
        await SaveAsync(kit, id, "Tes", "ada");
        kit.Time.Advance(TimeSpan.FromMinutes(1));
        var last = kit.Now;
        await SaveAsync(kit, id, "Test 2", "ada");
        Assert.Equal(["ada broadcast.create"], await EntriesAsync(kit));

        // Another process goes on where this one stopped: all that is kept is in the database.
        var elsewhere = new BroadcastStore(kit.Database, kit.Time);
        kit.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await elsewhere.SaveAsync(id, Draft(kit, "Test 3"), 3, "bea"));

        Assert.Equal(["ada broadcast.create", "ada broadcast.edit"], await EntriesAsync(kit));
        var entry = (await new AuditStore(kit.Database, kit.Time).ListAsync(new AuditFilter()))[0];
        Assert.Equal(new AuditChange("name", "Test", "Test 2"), Assert.Single(entry.Changes));
        Assert.Equal(("savedTimes", "2", last), (entry.Told!.Code, entry.Told.Values[0], entry.At.ToUnixTimeMilliseconds()));

        await kit.Broadcasts.DeleteAsync(id, BroadcastStatus.Draft, new BroadcastAct("cid", "delete"));
        Assert.Equal(["ada broadcast.create", "ada broadcast.edit", "bea broadcast.edit", "cid broadcast.delete"], await EntriesAsync(kit));
        Assert.Null((await new AuditCheck(kit.Database).LookAsync()).Fault);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task DueAsync_TenMinutesAfterTheFirstSave_IsWrittenByWhoeverLooks(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var id = await MakeAsync(kit);
        await SaveAsync(kit, id, "One", "ada");
        kit.Time.Advance(DraftEdits.Longest - TimeSpan.FromSeconds(1));
        await SaveAsync(kit, id, "Two", "ada");
        Assert.Empty(await DraftEdits.DueAsync(kit.Database, kit.Now));

        kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([id], await DraftEdits.DueAsync(kit.Database, kit.Now));
        // Two processes look at the same moment: one of them writes.
        await Task.WhenAll(EndAsync(kit, id), EndAsync(kit, id));
        Assert.Equal(["ada broadcast.create", "ada broadcast.edit"], await EntriesAsync(kit));
        Assert.Empty(await DraftEdits.DueAsync(kit.Database, kit.Now));

        // The same person a while later, and nobody looked meanwhile: a new entry.
        await SaveAsync(kit, id, "Three", "ada");
        kit.Time.Advance(DraftEdits.Longest);
        await SaveAsync(kit, id, "Four", "ada");
        Assert.Equal(["ada broadcast.create", "ada broadcast.edit", "ada broadcast.edit"], await EntriesAsync(kit));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Label_RenamedByAnother_IsNotInTheEntryOfWhoeverEdits(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var id = await MakeAsync(kit);
        var draft = Draft(kit, "Test") with { Labels = ["spring"] };
        Assert.NotNull(await kit.Broadcasts.SaveAsync(id, draft, 1, "ada"));

        Assert.True((await new LabelStore(kit.Database, kit.Time).RenameAsync("spring", "summer", "bea")).IsDone);

        Assert.Equal(["ada broadcast.create", "ada broadcast.edit", "bea label.renamed"], await EntriesAsync(kit));
        Assert.Equal(new AuditChange("labels", null, "spring"), Assert.Single((await new AuditStore(kit.Database, kit.Time).ListAsync(new AuditFilter { Action = "broadcast.edit" }))[0].Changes));
    }

    private static BroadcastDraft Draft(LedgerKit kit, string name) => new() { Name = name, ChannelId = kit.Channel.Id, PartsJson = """[{"type":"text","text":"x"}]""" };

    private static async Task<long> MakeAsync(LedgerKit kit) => (await kit.Broadcasts.CreateAsync(Draft(kit, "Test"), new BroadcastAct("ada", "create"), null, null))!.Id;

    private static async Task SaveAsync(LedgerKit kit, long id, string name, string actor) =>
        Assert.NotNull(await kit.Broadcasts.SaveAsync(id, Draft(kit, name), (await kit.Broadcasts.GetAsync(id))!.Version, actor));

    private static Task EndAsync(LedgerKit kit, long id) => kit.Database.WriteAsync(t => DraftEdits.EndAsync(kit.Database.Dialect, t, id));

    private static async Task<IEnumerable<string>> EntriesAsync(LedgerKit kit) =>
        (await new AuditStore(kit.Database, kit.Time).ListAsync(new AuditFilter())).Where(e => e.Actor != "test").Reverse().Select(e => $"{e.Actor} {e.Action}");
}
