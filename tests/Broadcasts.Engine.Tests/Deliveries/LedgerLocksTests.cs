using System.Data.Common;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Broadcasts.Deliveries;

/// <summary>Transactions that change several slices take them in one order: crosswise, they would wait for each other until the database ends one of them.</summary>
public sealed class LedgerLocksTests
{
    private const string WaitingSql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

    [Fact]
    public async Task Writer_OutcomesOfALaterSliceAndAClaimOfAnEarlierOne_WaitsAtTheEarlierOneHoldingNothing()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        var (first, second) = await TwoSlicesAsync(kit);
        var sent = await kit.ClaimAsync(second, 1);
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);

        var work = await HoldingAsync(kit.Database, first, async () =>
        {
            writer.Record(kit.Record(sent.Rows[0].Id, DeliveryEvent.Accept, sent.ClaimId));
            var claim = writer.ClaimAsync(new ClaimRequest(first, "me", 1, 0, kit.Now, kit.Now + 1000, kit.Now + 2000));
            await UntilSomebodyWaitsAsync(kit.Database);
            Assert.True(await IsFreeAsync(kit.Database, second));
            return claim;
        });

        Assert.Single((await work).Rows);
        await writer.FlushAsync();
        await LedgerCheck.AssertCountsAsync(kit.Database, first.BroadcastId);
    }

    [Fact]
    public async Task BeatAsync_AnEarlierSliceIsHeld_WaitsThereHoldingNothing()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        var (first, second) = await TwoSlicesAsync(kit);

        await await HoldingAsync(kit.Database, first, async () =>
        {
            var beat = kit.Slices.BeatAsync("me");
            await UntilSomebodyWaitsAsync(kit.Database);
            Assert.True(await IsFreeAsync(kit.Database, second));
            return beat;
        });
    }

    [Fact]
    public async Task BeatAsync_ALaterSliceIsHeld_HoldsTheEarlierOne()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        var (first, second) = await TwoSlicesAsync(kit);

        await await HoldingAsync(kit.Database, second, async () =>
        {
            var beat = kit.Slices.BeatAsync("me");
            await UntilSomebodyWaitsAsync(kit.Database);
            Assert.False(await IsFreeAsync(kit.Database, first));
            return beat;
        });
    }

    // The earlier one was written last: where nobody sorts, the database finds it last too.
    private static async Task<(OwnedSlice First, OwnedSlice Second)> TwoSlicesAsync(LedgerKit kit)
    {
        await kit.AddPeopleAsync(600);
        var (_, slices) = await kit.StartFrozenAsync();
        var (first, second) = slices[0].Id < slices[1].Id ? (slices[0], slices[1]) : (slices[1], slices[0]);
        await kit.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE slices SET heartbeat_at = heartbeat_at + 1 WHERE id = @id", new { id = first.Id }, t));
        return (first, second);
    }

    private static Task<T> HoldingAsync<T>(Database database, OwnedSlice slice, Func<Task<T>> act) => database.WriteAsync(async t =>
    {
        await LockAsync(t, slice, "");
        return await act();
    });

    private static Task UntilSomebodyWaitsAsync(Database database) =>
        Until.TrueAsync(async () => await database.ReadAsync(c => c.ExecuteScalarAsync<long>(WaitingSql)) > 0, () => "A transaction waits for the lock.", 10);

    private static async Task<bool> IsFreeAsync(Database database, OwnedSlice slice)
    {
        try
        {
            await database.WriteAsync(t => LockAsync(t, slice, "NOWAIT"));
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }
    }

    private static Task<int> LockAsync(DbTransaction transaction, OwnedSlice slice, string how) =>
        transaction.Connection!.ExecuteAsync($"SELECT id FROM slices WHERE id = @id FOR UPDATE {how}", new { id = slice.Id }, transaction);
}
