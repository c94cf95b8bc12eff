using Broadcasts.Broadcasting;
using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class LedgerRecordsTests
{
    private const string SuppressedSql = "SELECT COUNT(*) FROM suppressions WHERE value = (SELECT value FROM addresses WHERE id = @address)";

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_Accepted_IsSentWithTheProvidersId(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 2);
        var id = claim.Rows[0].Id;

        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Accept, claim.ClaimId) with { ProviderId = "abc" });

        var row = await kit.RowAsync(id);
        Assert.Equal((DeliveryStatus.Sent, "abc", kit.Now, null), (row.State, row.ProviderId, row.SentAt, row.EndedAt));
        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT open_rows FROM claims WHERE id = @id", new { id = claim.ClaimId }));
        Assert.Equal(0, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM attempts"));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_WholeClaimAnswered_TheClaimIsGone(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (_, claim) = await ClaimedAsync(kit, 3);

        await kit.RecordAsync([.. claim.Rows.Select(r => kit.Record(r.Id, DeliveryEvent.Accept, claim.ClaimId))]);

        Assert.Equal(0, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM claims"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_ReturnedRow_CountsTheTryOnlyWhenItBurnt(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 2);
        var (tried, throttled) = (claim.Rows[0].Id, claim.Rows[1].Id);

        await kit.RecordAsync(
            kit.Record(tried, DeliveryEvent.Return, claim.ClaimId, (int)FailureReason.MailboxFull) with { DueAt = kit.Now + 1000, Attempt = 1, Detail = "452" },
            kit.Record(throttled, DeliveryEvent.Return, claim.ClaimId) with { DueAt = kit.Now + 1000, BurnsAttempt = false, IsQuiet = true });

        Assert.Equal((DeliveryStatus.Pending, 1, kit.Now + 1000, null), await StateAsync(kit, tried));
        Assert.Equal((DeliveryStatus.Pending, 0, kit.Now + 1000, null), await StateAsync(kit, throttled));
        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM attempts"));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_RejectedWithSuppression_EndsLaterPartsAndTheAddress(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 2, parts: 3);
        var id = claim.Rows[0].Id;

        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Reject, claim.ClaimId, (int)FailureReason.InvalidAddress) with { Suppress = true });

        Assert.Equal((DeliveryStatus.Failed, (int?)FailureReason.InvalidAddress), ((await kit.RowAsync(id)).State, (await kit.RowAsync(id)).Reason));
        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, id + 1));
        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, id + 2));
        Assert.Equal(DeliveryStatus.Pending, (await kit.RowAsync(id + 4)).State);
        Assert.Equal(1, await kit.ScalarAsync<long>(SuppressedSql, new { address = (await kit.RowAsync(id)).AddressId }));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_SomebodyIsInTheBroadcastTwice_OnlyTheOwnLaterPartsEnd(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 3, parts: 3);
        await kit.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE deliveries SET contact_id = @contact", new { contact = claim.Rows[0].ContactId }, t));
        var (first, second) = (claim.Rows[0].Id, claim.Rows[1].Id);

        await kit.RecordAsync(kit.Record(first, DeliveryEvent.Reject, claim.ClaimId, (int)FailureReason.InvalidAddress), kit.Record(second, DeliveryEvent.Accept, claim.ClaimId));

        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, first + 1));
        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, first + 2));
        Assert.Equal([second + 1], (await kit.ClaimAsync(SliceOf(broadcast, 9), 10)).Rows.Select(r => r.Id));
        Assert.Equal(DeliveryStatus.Pending, (await kit.RowAsync(second + 2)).State);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_PartIsOut_TheNextOneAndNoOtherCanBeClaimed(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 3, parts: 3);
        Assert.Equal([0, 0, 0], claim.Rows.Select(r => r.Part));
        var slice = SliceOf(broadcast, 9);

        await kit.RecordAsync(kit.Record(claim.Rows[1].Id, DeliveryEvent.Accept, claim.ClaimId));
        var second = await kit.ClaimAsync(slice, 10);
        Assert.Equal([claim.Rows[1].Id + 1], second.Rows.Select(r => r.Id));
        await kit.RecordAsync(kit.Record(second.Rows[0].Id, DeliveryEvent.ReceiptRead));
        var third = await kit.ClaimAsync(slice, 10);

        Assert.Equal([claim.Rows[1].Id + 2], third.Rows.Select(r => r.Id));
        Assert.Empty((await kit.ClaimAsync(slice, 10)).Rows);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_InDoubt_HoldsLaterPartsAndIsSettledByALateAnswer(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 1, parts: 2);
        var id = claim.Rows[0].Id;
        var slice = SliceOf(broadcast, 2);

        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Doubt, null, (int)FailureReason.ProcessEnded));
        Assert.Equal((DeliveryStatus.Unknown, (int?)FailureReason.ProcessEnded), await WhyAsync(kit, id));
        Assert.Empty((await kit.ClaimAsync(slice, 10)).Rows);

        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Accept, claim.ClaimId) with { ProviderId = "late" });

        Assert.Equal((DeliveryStatus.Sent, (int?)null), await WhyAsync(kit, id));
        Assert.Equal([id + 1], (await kit.ClaimAsync(slice, 10)).Rows.Select(r => r.Id));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_AnotherClaimsAnswer_ChangesNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 1);
        var id = claim.Rows[0].Id;
        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Return, claim.ClaimId) with { DueAt = kit.Now });
        var again = await kit.ClaimAsync(SliceOf(broadcast, 1), 1);

        var changed = await kit.RecordAsync(
            kit.Record(id, DeliveryEvent.Accept, claim.ClaimId), kit.Record(id, DeliveryEvent.Reject, claim.ClaimId, 1), kit.Record(id, DeliveryEvent.Doubt, 999_999, 1), kit.Record(id + 77, DeliveryEvent.Accept, again.ClaimId));

        Assert.Equal(0, changed);
        Assert.Equal((DeliveryStatus.Sending, again.ClaimId), ((await kit.RowAsync(id)).State, (await kit.RowAsync(id)).Claim));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_BouncesOfAnEarlierPart_EndLaterPartsThatAreNotOut(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 1, parts: 3);
        var id = claim.Rows[0].Id;
        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Accept, claim.ClaimId));

        await kit.RecordAsync(kit.Record(id, DeliveryEvent.ReceiptFailed, null, (int)FailureReason.InvalidAddress));

        Assert.Equal((DeliveryStatus.Failed, (int?)FailureReason.InvalidAddress), await WhyAsync(kit, id));
        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, id + 1));
        Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.EarlierPartFailed), await WhyAsync(kit, id + 2));
        Assert.Empty((await kit.ClaimAsync(SliceOf(broadcast, 3), 10)).Rows);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_SkippedOneByOne_LaterPartsKeepTheReason(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 1, parts: 3, claimed: 0);
        var id = DeliveryId.Of(broadcast.Id, 1);

        // What a batch border does to a cancelled recipient.
        await kit.RecordAsync(kit.Record(id, DeliveryEvent.Skip, null, (int)SkipReason.Cancelled));
        await kit.RecordAsync(kit.Record(id + 1, DeliveryEvent.Skip, null, (int)SkipReason.Cancelled));

        Assert.All(await kit.RowsAsync(broadcast), r => Assert.Equal((DeliveryStatus.Skipped, (int?)SkipReason.Cancelled), (r.State, r.Reason)));
        Assert.Empty(claim.Rows);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_SeveralEventsOfARowInOneBatch_EndWhereTheLastLegalOneLeads(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, claim) = await ClaimedAsync(kit, 2);
        var (a, b) = (claim.Rows[0].Id, claim.Rows[1].Id);

        await kit.RecordAsync(
            kit.Record(a, DeliveryEvent.ReceiptRead), kit.Record(a, DeliveryEvent.Accept, claim.ClaimId), kit.Record(a, DeliveryEvent.ReceiptDelivered), kit.Record(a, DeliveryEvent.ReceiptFailed, null, 1),
            kit.Record(b, DeliveryEvent.Accept, claim.ClaimId), kit.Record(b, DeliveryEvent.Accept, claim.ClaimId), kit.Record(b, DeliveryEvent.ReceiptFailed, null, (int)FailureReason.Unreachable));

        Assert.Equal((DeliveryStatus.Read, (int?)null), await WhyAsync(kit, a));
        Assert.Equal((DeliveryStatus.Failed, (int?)FailureReason.Unreachable), await WhyAsync(kit, b));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_AnythingInAnyOrder_CountsAreTheRows(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(520);
        var (broadcast, slices) = await kit.StartFrozenAsync(parts: 2);
        Assert.Equal(2, slices.Count);
        var random = new Random(4711);
        var claims = new List<long>();
        long[] rows = [.. (await kit.RowsAsync(broadcast)).Select(r => r.Id)];
        for (var round = 0; round < 40; round++)
        {
            kit.Time.Advance(TimeSpan.FromSeconds(random.Next(4)));
            foreach (var slice in slices) claims.Add((await kit.ClaimAsync(slice, random.Next(1, 60))).ClaimId);
            var before = (await kit.RowsAsync(broadcast)).ToDictionary(r => r.Id);
            await kit.RecordAsync([.. Enumerable.Range(0, random.Next(1, 200)).Select(_ => Any(kit, random, before[rows[random.Next(random.Next(2) == 0 ? 200 : rows.Length)]], claims))]);

            await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
            foreach (var row in await kit.RowsAsync(broadcast))
            {
                // What is out is never back in the queue, and what was read or skipped stays so.
                var was = before[row.Id].State;
                Assert.False(was is DeliveryStatus.Read or DeliveryStatus.Skipped && row.State != was, $"{was} became {row.State}");
                Assert.False(was is DeliveryStatus.Sent or DeliveryStatus.Delivered or DeliveryStatus.Failed && row.State is DeliveryStatus.Pending or DeliveryStatus.Sending or DeliveryStatus.Unknown, $"{was} became {row.State}");
            }
        }

        Assert.Equal(1040, rows.Length);
        Assert.Equal(8, (await kit.RowsAsync(broadcast)).Select(r => r.Status).Distinct().Count());
    }

    private static DeliveryRecord Any(LedgerKit kit, Random random, RowState row, List<long> claims)
    {
        var what = (DeliveryEvent)random.Next(10);
        int? reason = what switch
        {
            DeliveryEvent.Skip => random.Next(100, 111),
            DeliveryEvent.Reject or DeliveryEvent.Doubt or DeliveryEvent.ReceiptFailed => random.Next(0, 30),
            _ => random.Next(3) == 0 ? random.Next(0, 30) : null,
        };
        return kit.Record(row.Id, what, random.Next(3) == 0 ? claims[random.Next(claims.Count)] : row.Claim, reason) with
        {
            DueAt = kit.Now + random.Next(-1000, 3000), BurnsAttempt = random.Next(2) == 0, Suppress = random.Next(10) == 0, ProviderId = random.Next(2) == 0 ? $"p{random.Next()}" : null,
            IsFoundByProviderId = true, Detail = random.Next(2) == 0 ? "said so" : null, Attempt = row.Attempt,
        };
    }

    private static async Task<(Broadcast Broadcast, Claim Claim)> ClaimedAsync(LedgerKit kit, int people, int parts = 1, int? claimed = null)
    {
        await kit.AddPeopleAsync(people);
        var (broadcast, slices) = await kit.StartFrozenAsync(parts);
        return (broadcast, claimed == 0 ? new Claim(0, [], ClaimGate.Open, null) : await kit.ClaimAsync(slices[0], people));
    }

    private static OwnedSlice SliceOf(Broadcast broadcast, int rows) => new(1, broadcast.Id, broadcast.ChannelId!.Value, DeliveryId.Of(broadcast.Id, 1), DeliveryId.Of(broadcast.Id, rows), 1);

    private static async Task<(DeliveryStatus, int, long?, int?)> StateAsync(LedgerKit kit, long id)
    {
        var row = await kit.RowAsync(id);
        return (row.State, row.Attempt, row.DueAt, row.Reason);
    }

    private static async Task<(DeliveryStatus, int?)> WhyAsync(LedgerKit kit, long id)
    {
        var row = await kit.RowAsync(id);
        return (row.State, row.Reason);
    }
}
