using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Testing;
using NodaTime;
using Xunit;

namespace Broadcasts.Audiences;

public sealed class DueTimesTests
{
    // The kit's clock stands at 2027-01-15T08:00:00Z.
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_RecipientsOwnZones_EachRowIsDueAtItsLocalTime(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var p = await kit.AddPeopleAsync(7);
        await SetAsync(kit, p[0], "Asia/Tokyo", null);
        await SetAsync(kit, p[1], "America/New_York", null);
        await SetAsync(kit, p[2], "Mars/Olympus", null);
        await SetAsync(kit, p[3], null, "JP");
        await SetAsync(kit, p[4], null, "US");
        await SetAsync(kit, p[5], "europe/madrid", "JP");
        var broadcast = await StartAsync(kit, "2027-01-15T18:00", "Europe/London");

        await kit.FreezeAsync(broadcast, LedgerKit.Everybody(2));

        var rows = await kit.RowsAsync(broadcast);
        Assert.Equal(14, rows.Count);
        var due = rows.Where(r => r.Part == 0).Select(r => r.DueAt).ToArray();
        Assert.Equal([At("Asia/Tokyo"), At("America/New_York"), At("Europe/London"), At("Asia/Tokyo"), At("Europe/London"), At("Europe/Madrid"), At("Europe/London")], due);
        Assert.All(rows.Where(r => r.Part == 1), r => Assert.Equal(long.MaxValue, r.DueAt));
        Assert.Equal(3, await kit.ScalarAsync<long>("SELECT fallback_recipients FROM broadcasts WHERE id = @id", new { id = broadcast.Id }));
        await LedgerCheck.AssertCountsAsync(kit.Database, broadcast.Id);

        static long At(string zone) => ScheduleTime.At(new LocalDateTime(2027, 1, 15, 18, 0), DateTimeZoneProviders.Tzdb[zone]);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FreezeChunkAsync_LocalTimeIsOver_IsDueAtOnceAndOthersAreClaimedLater(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var p = await kit.AddPeopleAsync(2);
        await SetAsync(kit, p[0], "Asia/Tokyo", null);
        await SetAsync(kit, p[1], "America/New_York", null);
        var broadcast = await StartAsync(kit, "2027-01-15T09:00", "Etc/UTC");
        await kit.FreezeAsync(broadcast, LedgerKit.Everybody());
        var slice = Assert.Single(await kit.TakeAsync("me"));

        Assert.Equal([p[0]], (await kit.ClaimAsync(slice, 10)).Rows.Select(r => r.ContactId));
        var later = await kit.ClaimAsync(slice, 10);
        Assert.Empty(later.Rows);
        Assert.Equal(kit.Now + 6 * 3_600_000, later.NextDue);
        kit.Time.Advance(TimeSpan.FromHours(6));
        Assert.Equal([p[1]], (await kit.ClaimAsync(slice, 10)).Rows.Select(r => r.ContactId));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task PostponeAsync_WindowClosed_WhatWaitsIsDueAtTheNextOpeningAndTheRestStays(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var p = await kit.AddPeopleAsync(3);
        await SetAsync(kit, p[0], "America/New_York", null);
        await SetAsync(kit, p[1], "Europe/London", null);
        var broadcast = await StartAsync(kit, null, "Etc/UTC");
        await kit.FreezeAsync(broadcast, LedgerKit.Everybody());
        var slice = Assert.Single(await kit.TakeAsync("me"));
        await kit.ExecuteAsync("UPDATE broadcasts SET send_window = @window", new { window = """{"from":"08:00","to":"22:00","timeZone":"Etc/UTC","local":true}""" });

        await kit.Slices.PostponeAsync(slice, SendTimes.Of((await kit.Broadcasts.GetAsync(broadcast.Id))!)!);

        // 08:00 in London and UTC, three in the morning in New York.
        Assert.Equal([kit.Now + 5 * 3_600_000, null, null], (await kit.RowsAsync(broadcast)).Select(r => r.DueAt));
    }

    private static Task<int> SetAsync(LedgerKit kit, long id, string? zone, string? country) =>
        kit.ExecuteAsync("UPDATE contacts SET time_zone = @zone, country = @country WHERE id = @id", new { id, zone, country });

    private static async Task<Broadcast> StartAsync(LedgerKit kit, string? local, string zone)
    {
        var broadcast = await kit.StartAsync(2);
        await kit.ExecuteAsync("UPDATE broadcasts SET scheduled_local = @local, time_zone = @zone, recipient_local = @isLocal WHERE id = @id", new { id = broadcast.Id, local, zone, isLocal = local is null ? 0 : 1 });
        return (await kit.Broadcasts.GetAsync(broadcast.Id))!;
    }
}
