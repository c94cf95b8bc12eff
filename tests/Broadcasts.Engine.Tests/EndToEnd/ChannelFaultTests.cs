using System.Diagnostics.Metrics;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A fault of a channel is one alert, however many messages meet it, and costs nobody their message.</summary>
public sealed class ChannelFaultTests
{
    // No other test pauses a channel for it: the meter is the whole process'.
    private const FailureReason Fault = FailureReason.TooLarge;

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FaultAsync_ManyAtOnceInEveryProcess_IsToldOnceAndResumeLosesNothing(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("a"), database?.ConnectionString);
        await using var second = database is null ? null : await EngineUnderTest.StartAsync(folder.File("b"), database.ConnectionString);
        EngineUnderTest[] engines = second is null ? [engine] : [engine, second];
        var told = 0L;
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == DispatchMeters.ChannelFaults) l.EnableMeasurementEvents(i); } };
        listener.SetMeasurementEventCallback<long>((_, n, tags, _) =>
        {
            foreach (var tag in tags)
            {
                if (tag.Key == "reason" && (string?)tag.Value == Fault.ToString()) Interlocked.Add(ref told, n);
            }
        });
        listener.Start();
        var channel = await engine.AddSimulatorAsync(rate: new SendRate(40, 1000));
        var id = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(120));
        await engine.StartBroadcastAsync(id);
        await engine.WaitAsync(id, p => p.Counts.Sent >= 5, "it is on its way");

        await Task.WhenAll(Enumerable.Range(0, 60).Select(n => engines[n % engines.Length].Get<IGrainFactory>().GetGrain<IChannelGrain>(channel.Id).FaultAsync(Fault, $"fault {n}")));

        var paused = await engine.WaitAsync(id, p => p.Counts.Sending == 0, "what was in flight is answered");
        Assert.Equal(ChannelStatus.Paused, (await engine.Get<ChannelStore>().GetAsync(channel.Id))!.Status);
        Assert.Equal((120, 0), (paused.Counts.Sent + paused.Counts.Pending, paused.Counts.Failed));
        Assert.InRange(paused.Counts.Pending, 1, 115);
        Assert.Equal(1, Interlocked.Read(ref told));
        Assert.Single(engines.SelectMany(e => e.Log), l => l.StartsWith($"Error: Channel {channel.Id} is paused: {Fault} fault ", StringComparison.Ordinal));
        Assert.Single(await engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = $"channel:{channel.Id}", Action = "channel.fault" }));

        EngineUnderTest.Require(await engine.Get<ChannelService>().ResumeAsync(channel.Id, "test"));
        Assert.Equal(120, (await engine.CompletedAsync(id, 60)).Counts.Sent);
        Assert.Equal((await engine.RowsAsync(id)).Select(r => r.Id), channel.TakenOf(id).Order());
    }

    [Fact]
    public async Task UpdateAsync_AtOneProcess_TheOthersUseTheNewSettings()
    {
        using var folder = new TempFolder();
        await using var database = await TestDatabase.CreateAsync("postgres");
        await using var first = await EngineUnderTest.StartAsync(folder.File("a"), database.ConnectionString);
        await using var second = await EngineUnderTest.StartAsync(folder.File("b"), database.ConnectionString);
        var channel = await first.AddSimulatorAsync();
        var there = await second.Get<ChannelRuntimes>().OpenAsync(channel.Id, TestContext.Current.CancellationToken);

        var edit = channel.Edit with { SettingsJson = EngineUnderTest.SimulatorJson(channel.Journal, "\"seed\":4711") };
        EngineUnderTest.Require(await first.Get<ChannelService>().UpdateAsync(channel.Id, edit, 1, "test"));

        await Until.TrueAsync(() => Task.FromResult(there!.Channel.Version == 2), () => "the other process has opened it again", 20);
        Assert.Contains("4711", there!.Transport.Settings.SettingsJson, StringComparison.Ordinal);
    }
}
