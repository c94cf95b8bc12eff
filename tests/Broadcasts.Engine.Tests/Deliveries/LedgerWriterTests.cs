using Broadcasts.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class LedgerWriterTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FlushAsync_ClaimsAndOutcomesOfManyAtOnce_AreAllOnDisk(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(600);
        var (broadcast, slices) = await kit.StartFrozenAsync();
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);

        var seen = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            var claim = await writer.ClaimAsync(new ClaimRequest(slices[i % 2], "me", 50, 0, kit.Now, kit.Now + 1000, kit.Now + 2000));
            foreach (var row in claim.Rows) writer.Record(kit.Record(row.Id, DeliveryEvent.Accept, claim.ClaimId));
            return claim.Rows.Select(r => r.Id).ToArray();
        })));
        await writer.FlushAsync();

        Assert.Equal(0, writer.Unrecorded);
        Assert.Equal(seen.Sum(s => s.Length), seen.SelectMany(s => s).Distinct().Count());
        Assert.Equal(seen.SelectMany(s => s).Order(), (await kit.RowsAsync(broadcast)).Where(r => r.State == DeliveryStatus.Sent).Select(r => r.Id));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Record_OneThatTheDatabaseRefuses_DoesNotHoldUpTheOthers(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        var (broadcast, slices) = await kit.StartFrozenAsync();
        var claim = await kit.ClaimAsync(slices[0], 3);
        // A rule of the test's own stands for whatever a database may refuse.
        await kit.ExecuteAsync(provider == "sqlite"
            ? "CREATE TRIGGER no_poison BEFORE UPDATE ON deliveries WHEN NEW.provider_id = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END"
            : "ALTER TABLE deliveries ADD CONSTRAINT no_poison CHECK (provider_id <> 'poison')");
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);

        foreach (var (i, row) in claim.Rows.Index()) writer.Record(kit.Record(row.Id, DeliveryEvent.Accept, claim.ClaimId) with { ProviderId = i == 1 ? "poison" : "fine" });
        await writer.FlushAsync();

        Assert.Equal([DeliveryStatus.Sent, DeliveryStatus.Sending, DeliveryStatus.Sent], (await kit.RowsAsync(broadcast)).Select(r => r.State));
        Assert.Equal(0, writer.Unrecorded);
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }

    [Fact]
    public async Task Record_WhileTheDatabaseIsAway_IsKeptAndWrittenAfterwards()
    {
        await using var kit = await LedgerKit.CreateAsync("sqlite");
        await kit.AddPeopleAsync(3);
        var (broadcast, slices) = await kit.StartFrozenAsync();
        var claim = await kit.ClaimAsync(slices[0], 3);
        await kit.ExecuteAsync("PRAGMA max_page_count = 1");
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);
        // Details large enough that new pages are needed, which the full database refuses.
        foreach (var row in claim.Rows)
        {
            for (var i = 0; i < 40; i++) writer.Record(kit.Record(row.Id, DeliveryEvent.Accept, claim.ClaimId));
            writer.Record(kit.Record(row.Id, DeliveryEvent.ReceiptFailed, null, 1) with { Detail = new string('x', 500), ProviderId = new string('y', 5000) });
        }

        await Until.TrueAsync(() => writer.Outage is not null, "the outage is seen", 10);
        Assert.True(writer.Unrecorded > 0);
        await kit.ExecuteAsync("PRAGMA max_page_count = 1000000");
        await Until.TrueAsync(() => writer.Unrecorded == 0, "everything is written", 15);

        Assert.Null(writer.Outage);
        Assert.All(await kit.RowsAsync(broadcast), r => Assert.Equal(DeliveryStatus.Failed, r.State));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);
    }
}
