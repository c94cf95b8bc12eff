using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.Deliveries;

public sealed class SingleMessageStoreTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task AddAsync_ManyAtOnce_EachHasARowOfItsOwnAndTheSlicesCountThem(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(4);
        var address = await kit.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT MIN(id) FROM addresses"));
        var store = new SingleMessageStore(kit.Database, kit.Time);

        var ids = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => store.AddAsync(kit.Channel.Id, people[i % 4], address, """{"type":"text","text":"Hi"}""", $"k{i}", "test")));

        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), ids.Select(i => i & 0xFFFFFFFF).Order());
        Assert.Single(ids.Select(DeliveryId.BroadcastOf).Distinct());
        await LedgerCheck.AssertCountsAsync(kit.Database, DeliveryId.BroadcastOf(ids[0]));
        Assert.Equal(ids[7], await store.FindAsync("k7"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task AddAsync_SliceIsFull_OpensTheNext(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var person = (await kit.AddPeopleAsync(1))[0];
        var address = await kit.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT MIN(id) FROM addresses"));
        var store = new SingleMessageStore(kit.Database, kit.Time);
        Task<long> AddAsync() => store.AddAsync(kit.Channel.Id, person, address, "{}", null, "test");
        var first = await AddAsync();
        await kit.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE slices SET sent = id_to - id_from - 1", transaction: t));

        Assert.Equal(first + 65_535, await AddAsync());
        Assert.Equal(first + 65_536, await AddAsync());
        Assert.Equal(2, await kit.Database.ReadAsync(c => c.QuerySingleAsync<int>("SELECT COUNT(*) FROM slices")));
    }
}
