using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>An act and its entry are there together or not at all: what can't be written down does not happen.</summary>
public sealed class AuditTogetherTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const string RefuseSql = "CREATE TRIGGER no_entry BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the entry is refused'); END";

    private const string AllowSql = "DROP TRIGGER no_entry";

    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Broadcast_EntryIsRefused_NoActChangesAnything()
    {
        var (channel, other) = ((await Engine.AddSimulatorAsync()).Id, (await Engine.AddSimulatorAsync()).Id);
        var people = await Engine.AddPeopleAsync(3);
        // Nothing goes out and nothing ends by itself.
        EngineUnderTest.Require(await Engine.Get<ChannelService>().PauseAsync(channel, "test"));
        EngineUnderTest.Require(await Engine.Get<ChannelService>().PauseAsync(other, "test"));
        var draft = EngineUnderTest.DraftOf(channel, people) with { SpreadOverMs = 60_000 };
        await TogetherAsync("broadcasts", () => Engine.AddBroadcastAsync(draft));
        var id = await Engine.AddBroadcastAsync(draft);
        var grain = Engine.Grain(id);

        await TogetherAsync("edit", id, () => grain.EditAsync(draft with { Name = "Other" }, 1, "ada"));
        await TogetherAsync("rename", id, () => grain.RenameAsync("Third", ["spring"], "ada"));
        await TogetherAsync("rename", id, () => grain.LabelAsync("summer", true, "ada"));
        await TogetherAsync("schedule", id, () => grain.ScheduleAsync(new BroadcastSchedule { LocalTime = "2099-01-02T10:00", TimeZone = "Europe/Madrid", RepeatJson = """{"every":"day"}""" }, "ada"));
        await TogetherAsync("skipNext", id, () => grain.SkipNextAsync("ada"));
        await TogetherAsync("unschedule", id, () => grain.UnscheduleAsync("ada"));
        await TogetherAsync("send", id, () => grain.SendAsync("ada", 3600));
        await TogetherAsync("undo", id, () => grain.UndoAsync("ada"));
        await TogetherAsync("broadcasts", () => Engine.Get<BroadcastFactory>().DuplicateAsync(id, "ada"));
        await Engine.Get<SendingRulesStore>().SetAsync(new SendingRules { ApprovalAbove = 1 }, "test");
        await TogetherAsync("ask", id, () => grain.StartAsync("ada"));
        await TogetherAsync("approve", id, () => grain.ApproveAsync("bea"));
        await Engine.Get<SendingRulesStore>().SetAsync(new SendingRules(), "test");
        await Engine.WaitAsync(id, p => p.IsFrozen, "its audience is there");
        await TogetherAsync("pause", id, () => grain.PauseAsync("ada"));
        await TogetherAsync("rate", id, () => grain.SetRateAsync(new SendRate(2, 1000), "ada"));
        await TogetherAsync("move", id, () => grain.MoveRemainingAsync(other, "ada"));
        await TogetherAsync("resume", id, () => grain.ResumeAsync("ada"));
        await TogetherAsync("cancel", id, () => grain.CancelAsync("ada"));
        await TogetherAsync("archive", id, () => grain.ArchiveAsync("ada"));

        var gone = await Engine.AddBroadcastAsync(draft);
        await TogetherAsync("delete", gone, () => Engine.Grain(gone).DeleteAsync("ada"));
        Assert.Null((await Engine.Get<AuditCheck>().LookAsync()).Fault);
    }

    [Fact]
    public async Task Channel_EntryIsRefused_NoActChangesAnything()
    {
        var (channels, edit) = (Engine.Get<ChannelService>(), new ChannelEdit("Hook", "webhook", """{"url":"https://a.example/","secret":"a-secret-of-16-characters","addressKind":"email"}""", null));
        await TogetherAsync("channels", () => channels.CreateAsync(edit, "ada"));
        var (id, made) = await channels.CreateAsync(edit, "ada");
        EngineUnderTest.Require(made);

        await TogetherAsync("channel.edit", $"channel:{id}", ChannelAsync, () => channels.UpdateAsync(id, edit with { Name = "Hook 2" }, 1, "ada"));
        await TogetherAsync("channel.limits", $"channel:{id}", ChannelAsync, () => channels.SetLimitsAsync(id, new ChannelLimits(new SendRate(5, 1000), [], 0) { Recipients = new RecipientLimit(10, 60_000, "one") }, "ada"));
        await TogetherAsync("channel.pause", $"channel:{id}", ChannelAsync, () => channels.PauseAsync(id, "ada"));
        await TogetherAsync("channel.resume", $"channel:{id}", ChannelAsync, () => channels.ResumeAsync(id, "ada"));
        await TogetherAsync("channel.delete", $"channel:{id}", ChannelAsync, () => channels.DeleteAsync(id, "ada"));

        Task<string> ChannelAsync() => TextAsync("SELECT name || status || version || settings || COALESCE(rate_count, 0) || COALESCE(recipient_limit_id, 0) FROM channels WHERE id = @id", id);
    }

    [Fact]
    public async Task Plugin_EntryIsRefused_NothingIsStoredChosenOrRemoved()
    {
        var (versions, cancellation) = (Engine.Get<PluginVersions>(), TestContext.Current.CancellationToken);
        await RefusedAsync(PluginsAsync, () => InstallAsync("1.0.0"));
        await InstallAsync("1.0.0");
        await InstallAsync("2.0.0");
        await RefusedAsync(PluginsAsync, () => versions.ActivateAsync("lab", "1.0.0", "ada", cancellation));
        Assert.Equal("2.0.0", Engine.Get<PluginHost>().FindInfo("lab")!.Version);
        await RefusedAsync(PluginsAsync, () => versions.RemoveAsync("lab", "1.0.0", "ada", cancellation));

        Task InstallAsync(string version) => versions.InstallAsync(new MemoryStream(LabPackages.Of(version)), "ada", activate: true, cancellation);
        Task<string> PluginsAsync() => TextAsync("SELECT (SELECT COALESCE(GROUP_CONCAT(version), '') FROM plugins WHERE id = 'lab') || (SELECT COALESCE(GROUP_CONCAT(version), '') FROM plugin_desired WHERE id = 'lab')", 0);
    }

    // What adds a row: not there without its entry.
    private Task TogetherAsync(string table, Func<Task> act) => RefusedAsync(() => TextAsync($"SELECT COUNT(*) FROM {table}", 0), act);

    private Task TogetherAsync(string verb, long id, Func<Task<CommandResult>> act) => TogetherAsync($"broadcast.{verb}", $"broadcast:{id}",
        () => TextAsync("SELECT name || labels || status || version || COALESCE(channel_id, 0) || parts || COALESCE(scheduled_at, 0) || COALESCE(rate_count, 0) || COALESCE(approved_by, '') || COALESCE(archived_at, 0) FROM broadcasts WHERE id = @id", id), act);

    private async Task TogetherAsync(string action, string subject, Func<Task<string>> state, Func<Task<CommandResult>> act)
    {
        await RefusedAsync(state, act);
        var before = await EntriesAsync();
        EngineUnderTest.Require(await act());
        Assert.Equal(before + 1, await EntriesAsync());

        async Task<int> EntriesAsync() => (await Engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = subject, Action = action })).Count;
    }

    private async Task RefusedAsync(Func<Task<string>> state, Func<Task> act)
    {
        var before = await state();
        await Engine.ExecuteAsync(RefuseSql);
        try
        {
            Assert.Contains("the entry is refused", (await Assert.ThrowsAnyAsync<Exception>(act)).ToString(), StringComparison.Ordinal);
        }
        finally
        {
            await Engine.ExecuteAsync(AllowSql);
        }

        Assert.Equal(before, await state());
    }

    private Task<string> TextAsync(string sql, long id) => Engine.Database.ReadAsync(async c => await c.QuerySingleOrDefaultAsync<string>(sql, new { id }) ?? "");
}
