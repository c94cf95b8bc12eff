using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class LedgerClaimsTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_FreshRows_AreSendingOnDiskInOrderAndOnceOnly(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(10);
        var (broadcast, slices) = await kit.StartFrozenAsync();

        var first = await kit.ClaimAsync(slices[0], 4);
        var second = await kit.ClaimAsync(slices[0], 100);
        var third = await kit.ClaimAsync(slices[0], 100);

        var rows = await kit.RowsAsync(broadcast);
        Assert.Equal(rows.Take(4).Select(r => r.Id), first.Rows.Select(r => r.Id));
        Assert.Equal(rows.Skip(4).Select(r => r.Id), second.Rows.Select(r => r.Id));
        Assert.Empty(third.Rows);
        Assert.Null(third.NextDue);
        Assert.All(rows, r => Assert.Equal((DeliveryStatus.Sending, 1), (r.State, r.Attempt)));
        Assert.Equal([first.ClaimId, second.ClaimId], rows.Select(r => r.Claim!.Value).Distinct());
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_AfterATakeover_TheOldOwnerGetsNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        var (_, mine) = await kit.StartFrozenAsync();

        var theirs = await kit.TakeAsync("other");

        Assert.Equal(ClaimGate.Lost, (await kit.ClaimAsync(mine[0], 5)).Gate);
        Assert.Equal(ClaimGate.Lost, (await kit.ClaimAsync(theirs[0], 5, owner: "me")).Gate);
        Assert.Equal(5, (await kit.ClaimAsync(theirs[0], 5, owner: "other")).Rows.Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_BroadcastPausedOrOver_ClaimsNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        var (broadcast, slices) = await kit.StartFrozenAsync();

        foreach (var status in new[] { BroadcastStatus.Paused, BroadcastStatus.Cancelled, BroadcastStatus.Completed, BroadcastStatus.Failed })
        {
            await kit.Broadcasts.SetStatusAsync(broadcast.Id, BroadcastStatus.InProgress, status, new BroadcastAct("test", "pause"));
            var claim = await kit.ClaimAsync(slices[0], 5);
            Assert.Equal((ClaimGate.BroadcastClosed, 0), (claim.Gate, claim.Rows.Count));
            await kit.Broadcasts.SetStatusAsync(broadcast.Id, status, BroadcastStatus.InProgress, new BroadcastAct("test", "resume"));
        }

        Assert.Equal(5, (await kit.ClaimAsync(slices[0], 5)).Rows.Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_ChannelPaused_ClaimsNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        var (_, slices) = await kit.StartFrozenAsync();

        await kit.Channels.SetStatusAsync(kit.Channel.Id, ChannelStatus.Active, ChannelStatus.Paused, FailureReason.Credentials, "535", new ChannelAct("test", "fault"));

        Assert.Equal(ClaimGate.ChannelPaused, (await kit.ClaimAsync(slices[0], 5)).Gate);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_BroadcastExpired_ClaimsNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        var (_, slices) = await kit.StartFrozenAsync(expiresAt: kit.Now + 1000);
        Assert.Equal(2, (await kit.ClaimAsync(slices[0], 2)).Rows.Count);

        kit.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ClaimGate.BroadcastClosed, (await kit.ClaimAsync(slices[0], 5)).Gate);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_RetryWhoseTimeHasNotCome_IsLeftAndItsTimeNamed(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        var (_, slices) = await kit.StartFrozenAsync();
        var claim = await kit.ClaimAsync(slices[0], 3);
        await kit.RecordAsync(claim.Rows.Select(r => kit.Record(r.Id, DeliveryEvent.Return, claim.ClaimId) with { DueAt = kit.Now + 5000 + r.Id % 10 }).ToArray());

        var early = await kit.ClaimAsync(slices[0], 3);
        kit.Time.Advance(TimeSpan.FromSeconds(6));
        var due = await kit.ClaimAsync(slices[0], 3);

        Assert.Empty(early.Rows);
        Assert.Equal(claim.Rows.Min(r => kit.Now - 6000 + 5000 + r.Id % 10), early.NextDue);
        Assert.Equal([2, 2, 2], due.Rows.Select(r => r.Attempt));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task OpenAsync_OwnersOfOthers_AreTakenOnlyWhenTheyAreSilent(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        await kit.StartFrozenAsync();
        await kit.Slices.BeatAsync("me");

        Assert.Empty(await kit.Slices.OpenAsync("other", aloneInTheWorld: false));
        kit.Time.Advance(TimeSpan.FromSeconds(2.5));
        await kit.Slices.BeatAsync("me");
        kit.Time.Advance(TimeSpan.FromSeconds(2.5));
        Assert.Empty(await kit.Slices.OpenAsync("other", aloneInTheWorld: false));

        kit.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(await kit.TakeAsync("other", alone: false));
        Assert.Empty(await kit.Slices.OpenAsync("me", aloneInTheWorld: false));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task TakeAsync_TwoAtOnce_OneGetsIt(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        await kit.FreezeAsync(await kit.StartAsync(), LedgerKit.Everybody());
        var open = await kit.Slices.OpenAsync("a", aloneInTheWorld: true);

        var a = await kit.Slices.TakeAsync("a", open);
        var b = await kit.Slices.TakeAsync("b", open);

        Assert.Equal((1, 0), (a.Count, b.Count));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ReleaseAsync_PlannedEnd_OthersGoOnAtOnce(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        await kit.StartFrozenAsync();
        await kit.Slices.BeatAsync("me");

        await kit.Slices.ReleaseAsync("me");

        Assert.Single(await kit.TakeAsync("other", alone: false));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task StaleAsync_OwnerDiedBetweenClaimAndAnswer_IsFoundOnceItCantHandOverAnyMore(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        var (_, mine) = await kit.StartFrozenAsync();
        await kit.Slices.BeatAsync("me");
        var claim = await kit.ClaimAsync(mine[0], 3);
        await kit.RecordAsync(kit.Record(claim.Rows[0].Id, DeliveryEvent.Accept, claim.ClaimId));

        // The takeover comes before the hand-over deadline: nothing is known yet.
        kit.Time.Advance(TimeSpan.FromSeconds(6));
        var theirs = Assert.Single(await kit.TakeAsync("other", alone: false));
        Assert.Empty(await kit.Slices.StaleAsync("other", aloneInTheWorld: false));
        Assert.Empty(await kit.Slices.AbandonedAsync(theirs, 0, aloneInTheWorld: false));
        Assert.Equal(2, (await kit.Slices.AbandonedAsync(theirs, 0, aloneInTheWorld: true)).Count);

        kit.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(theirs, Assert.Single(await kit.Slices.StaleAsync("other", aloneInTheWorld: false)));
        var abandoned = await kit.Slices.AbandonedAsync(theirs, 0, aloneInTheWorld: false);
        Assert.Equal(claim.Rows.Skip(1).Select(r => (r.Id, (long?)claim.ClaimId)), abandoned.Select(r => (r.Id, r.Claim)));
        await kit.RecordAsync([.. abandoned.Select(r => kit.Record(r.Id, DeliveryEvent.Doubt, r.Claim, (int)FailureReason.ProcessEnded))]);

        Assert.Empty(await kit.Slices.StaleAsync("other", aloneInTheWorld: false));
        Assert.Equal(2, (await kit.ClaimAsync(theirs, 10, owner: "other")).Rows.Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task StaleAsync_OwnClaimWhoseAnswerWasLost_IsFoundWhenNoneCanComeAnyMore(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(2);
        var (_, mine) = await kit.StartFrozenAsync();
        await kit.ClaimAsync(mine[0], 2);

        kit.Time.Advance(TimeSpan.FromSeconds(79));
        Assert.Empty(await kit.Slices.StaleAsync("me", aloneInTheWorld: true));
        kit.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(mine[0], Assert.Single(await kit.Slices.StaleAsync("me", aloneInTheWorld: true)));
        Assert.Equal(2, (await kit.Slices.AbandonedAsync(mine[0], 0, aloneInTheWorld: true)).Count);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task HeldAsync_EarlierPartInDoubt_NamesOnlyThatRecipientsParts(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        var (broadcast, slices) = await kit.StartFrozenAsync(parts: 3);
        var claim = await kit.ClaimAsync(slices[0], 2);
        await kit.RecordAsync(kit.Record(claim.Rows[0].Id, DeliveryEvent.Doubt, claim.ClaimId, 1), kit.Record(claim.Rows[1].Id, DeliveryEvent.Return, claim.ClaimId) with { DueAt = kit.Now + 60_000 });

        var held = await kit.Slices.HeldAsync(DeliveryId.First(broadcast.Id), DeliveryId.Last(broadcast.Id));

        Assert.Equal([claim.Rows[0].Id + 1, claim.Rows[0].Id + 2], held);
    }
}
