using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Broadcasts.Deliveries;

/// <summary>Two processes claim one contact for two broadcasts at the same moment.</summary>
public sealed class FrequencyCapTests
{
    private const string WaitingSql = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

    [Fact]
    public async Task ClaimAsync_WhileAnotherClaimIsNotCommitted_TheLaterOneWaitsAndIsCapped()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        var rules = new SendingRulesStore(kit.Database, new AuditStore(kit.Database, kit.Time), kit.Time);
        Assert.Empty(await rules.SetAsync(new SendingRules { FrequencyCap = new FrequencyCap(1, 1) }, "test"));
        await kit.AddPeopleAsync(3);
        var (first, second) = ((await kit.StartFrozenAsync()).Slices[0], (await kit.StartFrozenAsync()).Slices[0]);
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);

        Task<Claim> later = null!;
        var earlier = await kit.Database.WriteAsync(async t =>
        {
            await kit.Claims.OrderAsync(t);
            var claim = await kit.Claims.ClaimAsync(t, RequestOf(kit, first));
            later = writer.ClaimAsync(RequestOf(kit, second));
            await Until.TrueAsync(async () => await kit.ScalarAsync<long>(WaitingSql) == 1, () => "the other claim waits");
            Assert.False(later.IsCompleted);
            return claim;
        });

        var taken = await later;
        Assert.True(taken.ClaimId > earlier.ClaimId);
        var loader = new RecipientLoader(kit.Database, new ContactQueries(kit.Database, kit.Time), rules, kit.Time);
        var content = new ClaimContent { Renderer = new PartRenderer(new CompiledContent([]), ContentCompiler.SchemaOf([]), new Dictionary<long, UploadedFile>()), FieldSlugs = [], PartOf = row => row.Part };
        Assert.All(await loader.LoadAsync(earlier.Rows, content, isCapped: true, TestContext.Current.CancellationToken), r => Assert.Null(r.Refusal));
        var capped = await loader.LoadAsync(taken.Rows, content, isCapped: true, TestContext.Current.CancellationToken);
        Assert.Equal(3, capped.Count);
        Assert.All(capped, r => Assert.Equal(SkipReason.FrequencyCapped, r.Refusal));
    }

    [Fact]
    public async Task ClaimAsync_NoCapIsSet_NobodyWaits()
    {
        await using var kit = await LedgerKit.CreateAsync("postgres");
        await kit.AddPeopleAsync(3);
        var (first, second) = ((await kit.StartFrozenAsync()).Slices[0], (await kit.StartFrozenAsync()).Slices[0]);
        await using var writer = new LedgerWriter(kit.Database, TimeProvider.System, NullLogger<LedgerWriter>.Instance);

        await kit.Database.WriteAsync(async t =>
        {
            await kit.Claims.OrderAsync(t);
            await kit.Claims.ClaimAsync(t, RequestOf(kit, first));
            Assert.Equal(3, (await writer.ClaimAsync(RequestOf(kit, second)).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).Rows.Count);
        });
    }

    private static ClaimRequest RequestOf(LedgerKit kit, OwnedSlice slice) => new(slice, "me", 10, slice.From, kit.Now, kit.Now + 10_000, kit.Now + 80_000);
}
