using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;
using NodaTime;
using Xunit;

namespace Broadcasts.EndToEnd;

public sealed class ScheduleRunTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    private static long Now => TimeProvider.System.Now();

    [Fact]
    public async Task ScheduleAsync_LocalTimeOverInOneZone_SendsThereAtOnceAndKeepsTheOther()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(2);
        await Engine.ExecuteAsync("UPDATE contacts SET time_zone = 'Pacific/Kiritimati' WHERE id = @id", new { id = people[0] });
        await Engine.ExecuteAsync("UPDATE contacts SET time_zone = 'Pacific/Pago_Pago' WHERE id = @id", new { id = people[1] });
        var id = await Engine.AddBroadcastAsync(channel.Id, people);

        // Now, in UTC's clock: over for hours in Kiritimati, hours away in Pago Pago.
        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(Schedule(Now) with { IsLocal = true }, "test"));

        await Engine.WaitAsync(id, p => p.Counts.Sent == 1, "the one in Kiritimati has it");
        var row = (await Engine.RowsAsync(id)).Single(r => r.ContactId == people[1]);
        var due = await Engine.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT due_at FROM deliveries WHERE id = @id", new { id = row.Id }));
        Assert.Equal(DeliveryStatus.Pending, (DeliveryStatus)row.Status);
        Assert.InRange(due - Now, 10.8 * 3_600_000, 11 * 3_600_000);
        await Engine.ExecuteAsync("UPDATE deliveries SET due_at = @now WHERE id = @id", new { id = row.Id, now = Now });
        Assert.Equal(2, (await Engine.CompletedAsync(id)).Counts.Sent);
    }

    [Fact]
    public async Task DueScanner_AMomentAhead_StartsWithinASecondAndNotBefore()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(1));
        var due = (Now / 1000 + 3) * 1000;
        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(Schedule(due), "test"));

        await Engine.CompletedAsync(id);

        var started = await Engine.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT started_at FROM broadcasts WHERE id = @id", new { id }));
        Assert.InRange(started - due, 0, 1000);
    }

    [Fact]
    public async Task DueScanner_TooLate_HoldsForAPersonWhoResumesIt()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(3));
        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(Schedule(Now + 3_600_000), "test"));
        await Engine.ExecuteAsync("UPDATE broadcasts SET scheduled_at = @at WHERE id = @id", new { id, at = Now - 5 * 3_600_000 });

        var held = await Engine.WaitAsync(id, p => p.Status == BroadcastStatus.Paused, "it is held");
        Assert.Equal(("missedSchedule", 0), (held.StatusReason, held.Recipients));
        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("test"));

        Assert.Equal(3, (await Engine.CompletedAsync(id)).Counts.Sent);
    }

    [Fact]
    public async Task DueScanner_LateWithinTheGrace_IsSent()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(1));
        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(Schedule(Now + 3_600_000), "test"));
        await Engine.ExecuteAsync("UPDATE broadcasts SET scheduled_at = @at WHERE id = @id", new { id, at = Now - 20 * 60_000 });

        Assert.Equal(1, (await Engine.CompletedAsync(id)).Counts.Sent);
    }

    [Fact]
    public async Task SendWindow_Closed_ClaimsNothingAndTheExpiryEndsIt()
    {
        var channel = await Engine.AddSimulatorAsync();
        var today = Instant.FromUnixTimeMilliseconds(Now).InUtc();
        var window = $$"""{"from":"{{today.PlusHours(2).TimeOfDay:HH:mm}}","to":"{{today.PlusHours(3).TimeOfDay:HH:mm}}","timeZone":"Etc/UTC"}""";
        var draft = EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(2)) with { SendWindowJson = window, ExpiresAt = Now + 4000 };
        var id = await Engine.AddBroadcastAsync(draft);
        await Engine.StartBroadcastAsync(id);
        await Until.TrueAsync(() => Task.FromResult(Engine.Get<DispatchService>().Dispatchers.Any(d => d.BroadcastId == id && d.LimitedBy == Channels.LimitedBy.SendWindow)), () => "the dispatcher waits for the window", 10);

        var end = await Engine.CompletedAsync(id);

        Assert.Equal((2, 0), (end.Counts.Skipped, end.Counts.Sent));
        Assert.Empty(channel.TakenOf(id));
    }

    [Fact]
    public async Task SendWindow_RecipientsOwnClosedForOne_SendsToTheOtherWithoutAnAttemptBurnt()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(2);
        await Engine.ExecuteAsync("UPDATE contacts SET time_zone = 'Etc/GMT-12' WHERE id = @id", new { id = people[1] });
        var today = Instant.FromUnixTimeMilliseconds(Now).InUtc();
        var window = $$"""{"from":"{{today.PlusHours(-1).TimeOfDay:HH:mm}}","to":"{{today.PlusHours(1).TimeOfDay:HH:mm}}","timeZone":"Etc/UTC","local":true}""";
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, people) with { SendWindowJson = window });
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent == 1, "the open one has it");

        // Its time comes by the ledger, but its window is still closed: it goes back.
        var row = (await Engine.RowsAsync(id)).Single(r => r.ContactId == people[1]);
        await Engine.ExecuteAsync("UPDATE deliveries SET due_at = @now WHERE id = @id", new { id = row.Id, now = Now - 1 });
        await Until.TrueAsync(async () => await Engine.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT COUNT(*) FROM deliveries WHERE id = @id AND status = 0 AND due_at > @now AND attempt = 0 AND claim IS NOT NULL", new { id = row.Id, now = Now + 3_600_000 })) == 1, () => "it went back", 30);

        Assert.Equal(people[0], (await Engine.RowsAsync(id)).Single(r => r.Status == (int)DeliveryStatus.Sent).ContactId);
        EngineUnderTest.Require(await Engine.Grain(id).CancelAsync("test"));
    }

    [Fact]
    public async Task Repeat_Due_IsABroadcastOfItsOwnAndTheTemplateStaysScheduled()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(2));
        var due = (Now / 1000 + 2) * 1000;
        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(Schedule(due) with { RepeatJson = """{"every":"day"}""" }, "test"));

        long? child = null;
        await Until.TrueAsync(async () => (child = await Engine.Database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>("SELECT id FROM broadcasts WHERE parent_id = @id", new { id }))) is not null, () => "the occurrence is there", 20);

        Assert.Equal(2, (await Engine.CompletedAsync(child!.Value)).Counts.Sent);
        var template = (await Engine.Get<BroadcastStore>().GetAsync(id))!;
        Assert.Equal((BroadcastStatus.Scheduled, due + 86_400_000), (template.State, template.ScheduledAt));
    }

    private static BroadcastSchedule Schedule(long at) =>
        new() { LocalTime = RepeatRule.Text(Instant.FromUnixTimeMilliseconds(at).InUtc().LocalDateTime), TimeZone = "Etc/UTC" };
}
