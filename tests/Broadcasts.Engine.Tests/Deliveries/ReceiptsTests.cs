using Broadcasts.Broadcasting;
using Broadcasts.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class ReceiptsTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_LateDoubledAndReordered_OnlyForward(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, id, receipts) = await SentAsync(kit, "p1");

        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("p1", ReceiptStatus.Read)]);
        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("p1", ReceiptStatus.Delivered), Of("p1", ReceiptStatus.Delivered), Of("p1", ReceiptStatus.Sent), Of("p1", ReceiptStatus.Failed, FailureReason.Unreachable)]);

        Assert.Equal(DeliveryStatus.Read, (await kit.RowAsync(id)).State);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_ByOurOwnId_IsFoundEvenWithoutAnAnswer(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, id, receipts) = await SentAsync(kit, null);
        var ids = await IdsAsync(kit);

        await ApplyAsync(kit, receipts, kit.Channel.Id, [new Receipt { Key = "1", At = kit.Time.GetUtcNow(), MessageId = ids.Of(id), Status = ReceiptStatus.Delivered }]);

        Assert.Equal(DeliveryStatus.Delivered, (await kit.RowAsync(id)).State);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_BeforeTheAnswer_IsKeptAndAppliedLater(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(1);
        var (broadcast, slices) = await kit.StartFrozenAsync();
        var claim = await kit.ClaimAsync(slices[0], 1);
        var receipts = new Receipts(kit.Database, await IdsAsync(kit), new ReceiptLag(kit.Time), kit.Time, NullLogger<Receipts>.Instance);

        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("early", ReceiptStatus.Delivered)]);
        await kit.RecordAsync(kit.Record(claim.Rows[0].Id, DeliveryEvent.Accept, claim.ClaimId) with { ProviderId = "early", IsFoundByProviderId = true });
        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("stranger", ReceiptStatus.Delivered)]);
        await receipts.ApplyKeptAsync(default);

        Assert.Equal(DeliveryStatus.Delivered, (await kit.RowAsync(claim.Rows[0].Id)).State);
        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM early_receipts"));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory]
    [InlineData("sqlite", true), InlineData("sqlite", false), InlineData("postgres", true), InlineData("postgres", false)]
    public async Task ApplyAsync_DeliveredAfterATemporaryFailure_IsDeliveredWhateverThePage(string provider, bool onePage)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, id, receipts) = await SentAsync(kit, "p1");
        Receipt[] news = [Of("p1", ReceiptStatus.Failed, FailureReason.Unreachable, temporary: true), Of("p1", ReceiptStatus.Delivered)];

        foreach (var page in onePage ? [news] : news.Select(n => new[] { n })) await ApplyAsync(kit, receipts, kit.Channel.Id, page);

        Assert.Equal((DeliveryStatus.Delivered, null), ((await kit.RowAsync(id)).State, (await kit.RowAsync(id)).Reason));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_DeliveredAfterAPermanentFailure_StaysFailed(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (_, id, receipts) = await SentAsync(kit, "p1");

        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("p1", ReceiptStatus.Failed, FailureReason.InvalidAddress)]);
        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("p1", ReceiptStatus.Delivered)]);

        Assert.Equal(DeliveryStatus.Failed, (await kit.RowAsync(id)).State);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_DeliveredWithWords_IsNoRefusalInTheReport(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (_, _, receipts) = await SentAsync(kit, "p1");

        await ApplyAsync(kit, receipts, kit.Channel.Id, [new Receipt { Key = "k", At = kit.Time.GetUtcNow(), ProviderId = "p1", Status = ReceiptStatus.Delivered, Code = "250", Detail = "queued" }]);

        Assert.Equal(0, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM attempts WHERE outcome = @rejected", new { rejected = (int)SendOutcomeKind.RecipientRejected }));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_OtherChannelsIdOrForeignMessage_ChangesNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (_, id, receipts) = await SentAsync(kit, "p1");

        await ApplyAsync(kit, receipts, kit.Channel.Id + 1, [Of("p1", ReceiptStatus.Delivered)]);
        await ApplyAsync(kit, receipts, kit.Channel.Id, [new Receipt { Key = "x", At = kit.Time.GetUtcNow(), MessageId = $"12345678-{id}", Status = ReceiptStatus.Read }]);

        Assert.Equal(DeliveryStatus.Sent, (await kit.RowAsync(id)).State);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ApplyAsync_IdThatTheProviderGaveTwice_ChangesNeitherAndOurIdDecides(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var (broadcast, rows, receipts) = await SentEachAsync(kit, "same", "same");

        await ApplyAsync(kit, receipts, kit.Channel.Id, [Of("same", ReceiptStatus.Failed, FailureReason.InvalidAddress)]);
        Assert.All(await StatesAsync(kit, rows), s => Assert.Equal(DeliveryStatus.Sent, s));
        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM early_receipts"));

        await ApplyAsync(kit, receipts, kit.Channel.Id, [new Receipt { Key = "ours", At = kit.Time.GetUtcNow(), MessageId = (await IdsAsync(kit)).Of(rows[1]), ProviderId = "same", Status = ReceiptStatus.Delivered }]);
        Assert.Equal([DeliveryStatus.Sent, DeliveryStatus.Delivered], await StatesAsync(kit, rows));
        await receipts.ApplyKeptAsync(default);
        Assert.Equal([DeliveryStatus.Sent, DeliveryStatus.Delivered], await StatesAsync(kit, rows));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    private static async Task<DeliveryStatus[]> StatesAsync(LedgerKit kit, long[] rows)
    {
        var states = new List<DeliveryStatus>();
        foreach (var row in rows) states.Add((await kit.RowAsync(row)).State);
        return [.. states];
    }

    private static Task ApplyAsync(LedgerKit kit, Receipts receipts, long channel, Receipt[] told) => kit.Database.WriteAsync(t => receipts.ApplyAsync(t, channel, told));

    private static Receipt Of(string providerId, ReceiptStatus status, FailureReason? reason = null, bool temporary = false) =>
        new() { Key = $"{providerId}-{status}", At = DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_500), ProviderId = providerId, Status = status, Reason = reason, IsTemporary = temporary };

    private static async Task<(Broadcast Broadcast, long Id, Receipts Receipts)> SentAsync(LedgerKit kit, string? providerId)
    {
        var (broadcast, rows, receipts) = await SentEachAsync(kit, providerId);
        return (broadcast, rows[0], receipts);
    }

    private static async Task<(Broadcast Broadcast, long[] Rows, Receipts Receipts)> SentEachAsync(LedgerKit kit, params string?[] providerIds)
    {
        await kit.AddPeopleAsync(providerIds.Length);
        var (broadcast, slices) = await kit.StartFrozenAsync();
        var claim = await kit.ClaimAsync(slices[0], providerIds.Length);
        foreach (var (row, provider) in claim.Rows.Zip(providerIds))
        {
            if (provider is not null) await kit.RecordAsync(kit.Record(row.Id, DeliveryEvent.Accept, claim.ClaimId) with { ProviderId = provider, IsFoundByProviderId = true });
        }

        return (broadcast, [.. claim.Rows.Select(r => r.Id)], new Receipts(kit.Database, await IdsAsync(kit), new ReceiptLag(kit.Time), kit.Time, NullLogger<Receipts>.Instance));
    }

    private static async Task<MessageIds> IdsAsync(LedgerKit kit)
    {
        var ids = new MessageIds(kit.Database);
        await ids.InitializeAsync();
        return ids;
    }
}
