using Broadcasts.Deliveries;
using Broadcasts.Testing;
using NodaTime;
using Xunit;

namespace Broadcasts.Broadcasting;

public sealed class OccurrencesTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task MakeAsync_ThreeAtOnce_IsOneBroadcastAndTheTemplateMovesOnce(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var template = await ScheduleAsync(kit, """{"every":"day"}""", kit.Now);

        var made = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Of(kit).MakeAsync(template))));

        var child = Assert.Single(made, m => m is not null)!.Value;
        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM broadcasts WHERE parent_id = @id", new { id = template.Id }));
        var (occurrence, after) = ((await kit.Broadcasts.GetAsync(child))!, (await kit.Broadcasts.GetAsync(template.Id))!);
        Assert.Equal((BroadcastStatus.Scheduled, template.ScheduledAt, template.Id, template.Parts, (string?)null), (occurrence.State, occurrence.ScheduledAt, occurrence.ParentId, occurrence.Parts, occurrence.RepeatRule));
        Assert.Equal((BroadcastStatus.Scheduled, template.ScheduledAt + 86_400_000, 1), (after.State, after.ScheduledAt, after.RepeatDone));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task MakeAsync_SeveralMissedAndTheLastOne_IsTheLatestAndTheTemplateIsADraft(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var template = await ScheduleAsync(kit, """{"every":"day","count":3}""", kit.Now);
        kit.Time.Advance(TimeSpan.FromDays(5));

        var child = await Of(kit).MakeAsync(template);

        Assert.Equal(template.ScheduledAt + 2 * 86_400_000, (await kit.Broadcasts.GetAsync(child!.Value))!.ScheduledAt);
        var after = (await kit.Broadcasts.GetAsync(template.Id))!;
        Assert.Equal((BroadcastStatus.Draft, null, 3), (after.State, after.ScheduledAt, after.RepeatDone));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SkipAsync_NextOccurrence_IsLeftOut(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var template = await ScheduleAsync(kit, """{"every":"day"}""", kit.Now + 1000);

        await Of(kit).SkipAsync(template, "test");

        Assert.Equal(0, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM broadcasts WHERE parent_id = @id", new { id = template.Id }));
        Assert.Equal(template.ScheduledAt + 86_400_000, (await kit.Broadcasts.GetAsync(template.Id))!.ScheduledAt);
    }

    private static Occurrences Of(LedgerKit kit) => new(kit.Broadcasts, kit.Time);

    private static async Task<Broadcast> ScheduleAsync(LedgerKit kit, string rule, long at)
    {
        var made = (await kit.Broadcasts.CreateAsync(new BroadcastDraft { Name = "Daily", ChannelId = kit.Channel.Id, PartsJson = """[{"type":"text","text":"x"}]""" }, new BroadcastAct("test", "create"), null, null))!;
        var local = Instant.FromUnixTimeMilliseconds(at).InUtc().LocalDateTime;
        return (await kit.Broadcasts.ScheduleAsync(made.Id, BroadcastStatus.Draft, at, new BroadcastSchedule { LocalTime = RepeatRule.Text(local), TimeZone = "Etc/UTC", RepeatJson = rule }, new BroadcastAct("test", "schedule")))!;
    }
}
