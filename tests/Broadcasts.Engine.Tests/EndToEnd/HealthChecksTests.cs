using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Health;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What is wrong is seen, and says what to do.</summary>
public sealed class HealthChecksTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task LookAsync_SoundThenEachFault_IsGreenThenItsOwnColour(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var channel = await engine.AddSimulatorAsync();
        var id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(1));
        Assert.All(await engine.Get<HealthChecks>().LookAsync(deep: true), c => Assert.True(c.Level == HealthLevel.Green && c.Do is null, $"{c.Name}: {c.Found.Message}"));

        // Due long ago, and nothing starts it while data is held.
        await engine.ExecuteAsync("INSERT INTO settings (name, value) VALUES ('safeHold', '{\"reason\":\"copied\",\"since\":1}')");
        await engine.ExecuteAsync("UPDATE broadcasts SET status = 1, scheduled_at = 1 WHERE id = @id", new { id });
        await engine.Get<IGrainFactory>().GetGrain<IChannelGrain>(channel.Id).FaultAsync(FailureReason.Credentials, "wrong");
        await engine.Get<AuditStore>().AppendAsync("system", "broadcast.ledger", $"broadcast:{id}");
        await engine.Database.WriteAsync(async t =>
        {
            await AuditChainTests.DropAsync(t);
            await Dapper.SqlMapper.ExecuteAsync(t.Connection!, "UPDATE audit SET actor = 'x' WHERE position = 1", transaction: t);
        });

        // Somebody died without a word, and what providers say comes two hours late.
        var now = TimeProvider.System.GetUtcNow();
        await engine.ExecuteAsync("INSERT INTO processes (name, version, seen_at) VALUES ('dead', @version, @at)", new { version = ProcessBeat.Version, at = now.AddMinutes(-5).ToUnixTimeMilliseconds() });
        engine.Get<ReceiptLag>().Hear(now.AddHours(-2));

        var ill = (await engine.Get<HealthChecks>().LookAsync(deep: true)).Where(c => c.Level != HealthLevel.Green).ToDictionary(c => c.Name);
        Assert.Equal(["audit", "channels", "ledger", "processes", "receipts", "safe hold", "schedule"], ill.Keys.Order(StringComparer.Ordinal));
        Assert.All(ill.Values, c => Assert.NotNull(c.Do));
        Assert.Equal((HealthLevel.Red, "auditChanged"), (ill["audit"].Level, ill["audit"].Found.Code));
        Assert.Equal(HealthLevel.Red, ill["safe hold"].Level);
        Assert.Equal(HealthLevel.Red, ill["schedule"].Level);
        Assert.Equal(HealthLevel.Yellow, ill["channels"].Level);
        Assert.Equal(HealthLevel.Yellow, ill["ledger"].Level);
        Assert.Equal((HealthLevel.Yellow, "healthProcessesGone", "dead"), (ill["processes"].Level, ill["processes"].Found.Code, ill["processes"].Found.Arguments[0]));
        Assert.Equal((HealthLevel.Red, "healthReceiptsLag"), (ill["receipts"].Level, ill["receipts"].Found.Code));

        await engine.ExecuteAsync("UPDATE processes SET version = '0.0.1', seen_at = @at WHERE name = 'dead'", new { at = now.ToUnixTimeMilliseconds() });
        Assert.Equal("healthVersions", (await engine.Get<HealthChecks>().LookAsync(deep: false)).Single(c => c.Name == "processes").Found.Code);

        // Of the service's own look it is told once.
        var watch = engine.Get<AuditWatch>();
        Assert.Equal(new AuditFault(AuditFaultKind.Changed, 1), (await watch.LookAsync()).Fault);
        Assert.Equal(new AuditFault(AuditFaultKind.Changed, 1), (await watch.LookAsync()).Fault);
        Assert.Single(await engine.Get<AuditStore>().ListAsync(new AuditFilter { Action = "audit.broken" }));
        Assert.Single(engine.Log, l => l.Contains("The audit was changed behind the program's back", StringComparison.Ordinal));
        Assert.Equal(HealthLevel.Red, (await engine.Get<HealthChecks>().LookAsync(deep: false)).Single(c => c.Name == "audit").Level);
    }

    // What was whole at the last look must be there at the next, also when the rest fits together.
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task WatchLookAsync_EndCutOffSinceTheLastLook_IsFound(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        for (var i = 0; i < 3; i++) await engine.Get<AuditStore>().AppendAsync("test", "test.act", $"thing:{i}");
        var whole = (await engine.Get<AuditWatch>().LookAsync()).Whole;

        await engine.Database.WriteAsync(async t =>
        {
            await AuditChainTests.DropAsync(t);
            await Dapper.SqlMapper.ExecuteAsync(t.Connection!, "DELETE FROM audit WHERE position = @number", new { number = whole!.Number }, t);
            await Dapper.SqlMapper.ExecuteAsync(t.Connection!, "UPDATE audit_head SET position = position - 1, hash = (SELECT hash FROM audit ORDER BY position DESC LIMIT 1)", transaction: t);
        });

        var state = await engine.Get<AuditWatch>().LookAsync();
        Assert.Equal(new AuditFault(AuditFaultKind.Missing, whole!.Number), state.Fault);
        Assert.Equal(whole, state.Whole);
    }
}
