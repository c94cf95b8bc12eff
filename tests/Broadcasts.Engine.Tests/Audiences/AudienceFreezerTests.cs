using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Merge;
using Broadcasts.Deliveries;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Audiences;

public sealed class AudienceFreezerTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_Everybody_IsOneRowPerPersonAndPart(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(1200);
        var broadcast = await kit.StartAsync(parts: 3);

        var chunks = await kit.FreezeAsync(broadcast, LedgerKit.Everybody(3));

        var rows = await kit.RowsAsync(broadcast);
        Assert.Equal(2, chunks);
        Assert.Equal(people.SelectMany(p => new[] { (p, 0), (p, 1), (p, 2) }), rows.Select(r => (r.ContactId, r.Part)));
        Assert.Equal(Enumerable.Range(1, 3600).Select(i => DeliveryId.Of(broadcast.Id, i)), rows.Select(r => r.Id));
        Assert.All(rows, r => Assert.Equal((DeliveryStatus.Pending, r.Part == 0 ? null : long.MaxValue), (r.State, r.DueAt)));
        Assert.Equal((1200, 1), await FrozenAsync(kit, broadcast));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_InterruptedBetweenChunks_GoesOnAndNobodyIsInTwice(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(700);
        var broadcast = await kit.StartAsync();
        Assert.False(await kit.Freezer.FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel]));
        Assert.Equal((500, 0), await FrozenAsync(kit, broadcast));

        // Another process, later, with newcomers above the mark and one more chunk than is needed.
        await kit.AddPeopleAsync(50);
        var other = new AudienceFreezer(kit.Database, kit.Time);
        Assert.True(await other.FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel]));
        Assert.True(await other.FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel]));

        var rows = await kit.RowsAsync(broadcast);
        Assert.Equal((700, 700), (rows.Count, rows.Select(r => r.ContactId).Distinct().Count()));
        Assert.Equal((700, 1), await FrozenAsync(kit, broadcast));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_TwoAtOnce_NobodyIsInTwice(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(900);
        var broadcast = await kit.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            try
            {
                while (!await new AudienceFreezer(kit.Database, kit.Time).FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel])) { }
            }
            catch (Exception e) when (e is InvalidOperationException or System.Data.Common.DbException)
            {
                // The other one was first; its chunk stands, this one is undone.
            }
        })));
        await kit.FreezeAsync(broadcast, LedgerKit.Everybody());

        Assert.Equal(900, (await kit.RowsAsync(broadcast)).Select(r => r.ContactId).Distinct().Count());
        Assert.Equal((900, 1), await FrozenAsync(kit, broadcast));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_PeopleWhoGetNothing_AreRowsWithTheReason(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var p = await kit.AddPeopleAsync(6);
        var homeless = await kit.AddPeopleAsync(1, addressed: false);
        var other = await kit.AddChannelAsync("other", AddressKind.Phone);
        await kit.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id = @id", new { id = p[0] });
        await SuppressAsync(kit, p[1], 0, SuppressionReason.OptedOut);
        await SuppressAsync(kit, p[2], kit.Channel.Id, SuppressionReason.Bounced);
        await SuppressAsync(kit, p[3], other.Id, SuppressionReason.Bounced);
        await SuppressAsync(kit, p[4], 0, SuppressionReason.OptedOut);
        await kit.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id = @id", new { id = p[4] });
        var broadcast = await kit.StartAsync(parts: 2);

        await kit.FreezeAsync(broadcast, LedgerKit.Everybody(2));

        var rows = (await kit.RowsAsync(broadcast)).Where(r => r.Part == 1).ToDictionary(r => r.ContactId, r => (SkipReason?)r.Reason);
        Assert.Equal(14, (await kit.RowsAsync(broadcast)).Count);
        Assert.Equal(
            [SkipReason.ContactBlocked, SkipReason.OptedOut, SkipReason.DeadAddress, null, SkipReason.ContactBlocked, null, SkipReason.NoAddress],
            [rows[p[0]], rows[p[1]], rows[p[2]], rows[p[3]], rows[p[4]], rows[p[5]], rows[homeless[0]]]);
        Assert.All(await kit.RowsAsync(broadcast), r => Assert.Equal(r.Reason is null ? DeliveryStatus.Pending : DeliveryStatus.Skipped, r.State));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_SegmentsAreTakenOut_LeavesTheirPeopleOutAndCountsEachOnce(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(1200);
        var audience = LedgerKit.Everybody(2).Less([new SqlCondition("c.id % @x0_0 = 0", new Dictionary<string, object?> { ["x0_0"] = 3L }), new SqlCondition("c.id % @x1_0 = 0", new Dictionary<string, object?> { ["x1_0"] = 2L })]);
        var broadcast = await kit.StartAsync(parts: 2, less: [new() { SegmentId = 8, Name = "Thirds" }, new() { SegmentId = 4, Name = "Halves" }]);

        await kit.FreezeAsync(broadcast, audience);

        Assert.Equal(people.Where(p => p % 3 != 0 && p % 2 != 0), (await kit.RowsAsync(broadcast)).Where(r => r.Part == 0).Select(r => r.ContactId));
        Assert.Equal((people.Count(p => p % 3 != 0 && p % 2 != 0), 1), await FrozenAsync(kit, broadcast));
        Assert.Equal([(8L, "Thirds", (long)people.Count(p => p % 3 == 0)), (4L, "Halves", people.Count(p => p % 3 != 0 && p % 2 == 0))], (await new Exclusions(kit.Database).OfAsync(broadcast.Id)).Select(x => (x.SegmentId, x.Name, x.Contacts)));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_NobodyMatches_IsDoneWithoutRows(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        var broadcast = await kit.StartAsync();

        await kit.FreezeAsync(broadcast, new FrozenAudience(new SqlCondition("1 = 0", new Dictionary<string, object?>()), 1, null, null));

        Assert.Empty(await kit.RowsAsync(broadcast));
        Assert.Equal((0, 1), await FrozenAsync(kit, broadcast));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_Import_IsWhoWasInTheFile(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(800);
        var inFile = people.Where((_, i) => i % 3 == 0).ToArray();
        foreach (var id in inFile) await kit.ExecuteAsync("INSERT INTO import_contacts (import_id, contact_id, outcome) VALUES (7, @id, 0)", new { id });
        var broadcast = await kit.StartAsync();
        var condition = new SqlCondition("EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = @import AND ic.contact_id = c.id)", new Dictionary<string, object?> { ["import"] = 7L });

        await kit.FreezeAsync(broadcast, new FrozenAudience(condition, 1, 7, null));

        Assert.Equal(inFile, (await kit.RowsAsync(broadcast)).Select(r => r.ContactId));
        Assert.Equal((inFile.Length, 1), await FrozenAsync(kit, broadcast));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_PickedContacts_AreExactlyThose(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(2_500);
        long[] picked = [people[3], people[2_417], 999_999];
        var broadcast = await kit.StartAsync();
        var condition = new SqlCondition(MergedContacts.Picked(kit.Database.Dialect), new Dictionary<string, object?> { ["picked"] = kit.Database.Dialect.List(picked) });

        // One for them, one that finds no more: those between are not walked through.
        Assert.Equal(2, await kit.FreezeAsync(broadcast, new FrozenAudience(condition, 1, null, null) { IsPicked = true }));
        Assert.Equal(picked.Take(2), (await kit.RowsAsync(broadcast)).Select(r => r.ContactId));
        Assert.Equal((2, 1), await FrozenAsync(kit, broadcast));

        // The last of them is taken out: counted, and no row.
        var less = await kit.StartAsync(less: [new() { SegmentId = 8, Name = "Last" }]);
        await kit.FreezeAsync(less, (new FrozenAudience(condition, 1, null, null) { IsPicked = true }).Less([new SqlCondition("c.id = @last", new Dictionary<string, object?> { ["last"] = people[2_417] })]));
        Assert.Equal(people[3], Assert.Single(await kit.RowsAsync(less)).ContactId);
        Assert.Equal(1, Assert.Single(await new Exclusions(kit.Database).OfAsync(less.Id)).Contacts);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_BroadcastIsOver_WritesNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(600);
        var broadcast = await kit.StartAsync();
        await kit.Freezer.FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel]);

        await kit.Broadcasts.SetStatusAsync(broadcast.Id, BroadcastStatus.InProgress, BroadcastStatus.Cancelled, new BroadcastAct("test", "cancel"));

        Assert.True(await kit.Freezer.FreezeChunkAsync(broadcast, LedgerKit.Everybody(), [kit.Channel]));
        Assert.Equal(500, (await kit.RowsAsync(broadcast)).Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_Retry_GoesOnAtTheFailedPart(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(6);
        var (parent, slices) = await kit.StartFrozenAsync(parts: 3);
        var first = await kit.ClaimAsync(slices[0], 6);
        long Row(int person, int part) => DeliveryId.Of(parent.Id, 1 + person * 3 + part);

        // 0: all sent; 1: failed at part 0 for a while; 2: for good; 3: failed at part 1 for a while; 4: in doubt; 5: fails for a while, is blocked since.
        await kit.RecordAsync(
            kit.Record(Row(0, 0), DeliveryEvent.Accept, first.ClaimId), kit.Record(Row(1, 0), DeliveryEvent.Reject, first.ClaimId, (int)FailureReason.MailboxFull),
            kit.Record(Row(2, 0), DeliveryEvent.Reject, first.ClaimId, (int)FailureReason.InvalidAddress), kit.Record(Row(3, 0), DeliveryEvent.Accept, first.ClaimId),
            kit.Record(Row(4, 0), DeliveryEvent.Doubt, first.ClaimId, (int)FailureReason.TimedOut), kit.Record(Row(5, 0), DeliveryEvent.Reject, first.ClaimId, (int)FailureReason.Unreachable));
        var second = await kit.ClaimAsync(slices[0], 6);
        await kit.RecordAsync(kit.Record(Row(0, 1), DeliveryEvent.Accept, second.ClaimId), kit.Record(Row(3, 1), DeliveryEvent.Reject, second.ClaimId, (int)FailureReason.ProviderError));
        await kit.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id = @id", new { id = people[5] });

        var child = await kit.StartAsync(parts: 3, audience: new BroadcastAudience { RetryOf = parent.Id }, parent: parent.Id);
        await kit.FreezeAsync(child, new FrozenAudience(new SqlCondition("1 = 0", new Dictionary<string, object?>()), 3, null, parent.Id));

        var rows = await kit.RowsAsync(child);
        Assert.Equal(
            [(people[1], 0), (people[1], 1), (people[1], 2), (people[3], 1), (people[3], 2), (people[5], 0), (people[5], 1), (people[5], 2)],
            rows.Select(r => (r.ContactId, r.Part)));
        Assert.Equal([null, long.MaxValue, long.MaxValue, null, long.MaxValue], rows.Take(5).Select(r => r.DueAt));
        Assert.All(rows.Skip(5), r => Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.ContactBlocked), (r.State, r.Reason)));
        Assert.Equal((3, 1), await FrozenAsync(kit, child));
        await LedgerCheck.AssertCountsAsync(kit.Database, child.Id);
    }

    private static async Task<(long Recipients, int Done)> FrozenAsync(LedgerKit kit, Broadcast broadcast)
    {
        var now = (await kit.Broadcasts.GetAsync(broadcast.Id))!;
        return (now.Recipients, now.FreezeDone);
    }

    private static Task<int> SuppressAsync(LedgerKit kit, long contact, long channel, SuppressionReason reason) => kit.ExecuteAsync(
        "INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) SELECT kind, value, @channel, @reason, 'test', 1 FROM addresses WHERE contact_id = @contact",
        new { contact, channel, reason = (int)reason });
}
