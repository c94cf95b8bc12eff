using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Deliveries;

/// <summary>How many different addresses an account may write to, counted where rows are claimed.</summary>
public sealed class RecipientLimitTests
{
    private const long DayMs = 86_400_000;

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_LimitIsUsedUp_TheNextOnesWaitUntilTheFirstIsADayOld(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(5);
        await LimitAsync(kit, kit.Channel, 3);
        var (broadcast, slices) = await kit.StartFrozenAsync();

        var first = await kit.ClaimAsync(slices[0], 2);
        kit.Time.Advance(TimeSpan.FromMinutes(1));
        var second = await kit.ClaimAsync(slices[0], 10);
        var full = await kit.ClaimAsync(slices[0], 10);

        Assert.Equal((2, 1, ClaimGate.Open), (first.Rows.Count, second.Rows.Count, second.Gate));
        // The last moment of a hand-over is ten seconds after the claim.
        Assert.Equal((0, ClaimGate.RecipientsFull, kit.Now - 60_000 + 10_000 + DayMs), (full.Rows.Count, full.Gate, full.NextDue));
        Assert.Equal((3, full.NextDue), (await LookAsync(kit, kit.Channel)) is { } view ? (view.Used, view.FullUntil) : default);

        kit.Time.Advance(TimeSpan.FromMilliseconds(full.NextDue!.Value - kit.Now));
        Assert.Equal(2, (await kit.ClaimAsync(slices[0], 10)).Rows.Count);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
        Assert.Equal(3, await kit.ScalarAsync<long>("SELECT used FROM recipient_limits"));
        Assert.Equal(3, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM reached"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_LimitIsUsedUp_WhoIsCountedOrHasWrittenGoesAllTheSame(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(5);
        await LimitAsync(kit, kit.Channel, 2);
        var (_, first) = await kit.StartFrozenAsync(parts: 2);
        var claimed = await kit.ClaimAsync(first[0], 10);
        await kit.ExecuteAsync("UPDATE addresses SET last_inbound_at = @at WHERE contact_id = @id", new { at = kit.Now - 1000, id = people[4] });
        var openSince = kit.Now - DayMs;

        // The later parts of who was written to.
        await kit.RecordAsync([.. claimed.Rows.Select(r => kit.Record(r.Id, DeliveryEvent.Accept, claimed.ClaimId))]);
        var parts = await kit.ClaimAsync(first[0], 10, openSince: openSince);
        // Another broadcast to the same two, and to one whose own message opened the window.
        var (_, second) = await kit.StartFrozenAsync();
        var again = await kit.ClaimAsync(second[0], 10, openSince: openSince);

        Assert.Equal(2, claimed.Rows.Count);
        Assert.Equal([people[0], people[1], people[4]], parts.Rows.Select(r => r.ContactId).Order());
        Assert.Equal([0, 1, 1], parts.Rows.Select(r => r.Part).Order());
        Assert.Equal([people[0], people[1], people[4]], again.Rows.Select(r => r.ContactId));
        Assert.Equal((ClaimGate.RecipientsFull, 2), (again.Gate, (await LookAsync(kit, kit.Channel))!.Used));
        Assert.Empty((await kit.ClaimAsync(second[0], 10, openSince: openSince)).Rows);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_TwoChannelsOfOneAccount_ShareTheLimit(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(4);
        var other = await kit.AddChannelAsync("second number", AddressKind.Phone);
        await LimitAsync(kit, kit.Channel, 3, "Acme");
        await LimitAsync(kit, other, 3, " ACME ");
        var (_, slices) = await kit.StartFrozenAsync();

        Assert.Equal(3, (await kit.ClaimAsync(slices[0], 10)).Rows.Count);

        Assert.Equal((3, "ACME"), (await LookAsync(kit, other)) is { } view ? (view.Used, view.Limit.Account) : default);
        await LimitAsync(kit, other, 4, "acme");
        Assert.Single((await kit.ClaimAsync(slices[0], 10)).Rows);
        await kit.Database.WriteAsync(t => RecipientLimits.SetAsync(t, kit.Channel.Id, null, kit.Now));
        Assert.Equal(4, (await LookAsync(kit, other))!.Used);
        Assert.Null(await LookAsync(kit, kit.Channel));
        await kit.Database.WriteAsync(t => RecipientLimits.SetAsync(t, other.Id, null, kit.Now));
        Assert.Equal(0, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM recipient_limits") + await kit.ScalarAsync<long>("SELECT COUNT(*) FROM reached"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SetAsync_ChannelHasSentAlready_ItsLedgerIsCounted(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(6);
        var (_, slices) = await kit.StartFrozenAsync();
        var old = await kit.ClaimAsync(slices[0], 2);
        await kit.RecordAsync([.. old.Rows.Select(r => kit.Record(r.Id, DeliveryEvent.Accept, old.ClaimId))]);
        kit.Time.Advance(TimeSpan.FromHours(25));
        var recent = await kit.ClaimAsync(slices[0], 3);
        await kit.RecordAsync([.. recent.Rows.Take(2).Select(r => kit.Record(r.Id, DeliveryEvent.Accept, recent.ClaimId))]);

        await LimitAsync(kit, kit.Channel, 3);

        // Two were sent in the last day, one is on its way.
        Assert.Equal(3, (await LookAsync(kit, kit.Channel))!.Used);

        // An account that had written to the three half a day ago counts from the later time.
        var earlier = kit.Now - (DayMs / 2);
        var other = await kit.AddChannelAsync("second number", AddressKind.Phone);
        await LimitAsync(kit, other, 3, "Acme");
        await kit.ExecuteAsync("INSERT INTO reached (limit_id, address_id, at) SELECT (SELECT id FROM recipient_limits WHERE account = 'Acme'), address_id, @earlier FROM reached", new { earlier });
        await LimitAsync(kit, kit.Channel, 3, "Acme");
        Assert.Equal((3, kit.Now + DayMs), (await LookAsync(kit, kit.Channel)) is { } shared ? (shared.Used, shared.FullUntil) : default);
        Assert.Equal(ClaimGate.RecipientsFull, (await kit.ClaimAsync(slices[0], 10)).Gate);
    }

    [Fact]
    public async Task ClaimAsync_TwoProcessesAtOnce_NeverTakeMoreThanTheLimit()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        await kit.AddPeopleAsync(200);
        await LimitAsync(kit, kit.Channel, 90);
        var (first, second) = ((await kit.StartFrozenAsync()).Slices[0], (await kit.StartFrozenAsync()).Slices[0]);

        // Each goes through the same people from another end, as far as it can.
        var taken = await Task.WhenAll(TakeAllAsync(kit, first, first.From), TakeAllAsync(kit, second, second.From + 100));

        var reached = await kit.ScalarAsync<long>("SELECT COUNT(DISTINCT address_id) FROM deliveries WHERE status = 1");
        Assert.Equal((90, 90), (reached, await kit.ScalarAsync<long>("SELECT used FROM recipient_limits")));
        Assert.All(taken, rows => Assert.True(rows > 0));
    }

    private static async Task<int> TakeAllAsync(LedgerKit kit, OwnedSlice slice, long from)
    {
        var rows = 0;
        for (var fresh = from; ;)
        {
            var claim = await kit.ClaimAsync(slice, 7, freshFrom: fresh);
            if (claim.Rows.Count == 0) return rows;
            rows += claim.Rows.Count;
            fresh = claim.Rows[^1].Id + 1;
        }
    }

    private static Task LimitAsync(LedgerKit kit, Channel channel, int most, string? account = null) =>
        kit.Database.WriteAsync(t => RecipientLimits.SetAsync(t, channel.Id, new RecipientLimit(most, DayMs, account), kit.Now));

    private static Task<RecipientLimitView?> LookAsync(LedgerKit kit, Channel channel) => new RecipientLimits(kit.Database, kit.Time).LookAsync(channel.Id);
}
