using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Plugins;

public sealed class PluginHostTests : IAsyncDisposable
{
    private static readonly PluginLimits Short = new()
    {
        Create = TimeSpan.FromSeconds(1.5), TrialDispose = TimeSpan.FromMilliseconds(300), Drain = TimeSpan.FromSeconds(1),
        CancelGrace = TimeSpan.FromMilliseconds(300), Dispose = TimeSpan.FromMilliseconds(500), TrialCollect = TimeSpan.FromSeconds(5),
    };

    private readonly string _data = Directory.CreateTempSubdirectory("plugins-").FullName;
    private readonly CapturedLog _log = new();
    private readonly HostTransportServices _services;
    private readonly PluginFolder _folder;
    private readonly PluginHost _host;

    public PluginHostTests()
    {
        _services = new HostTransportServices(_data, _log, TimeProvider.System, new Broadcasts.Security.OutsideAddresses([]));
        _folder = new PluginFolder(_data);
        _host = new PluginHost(_services, Short, TimeProvider.System, NullLogger<PluginHost>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _services.Dispose();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task SendAsync_LoadedFromAPackage_ReportsTheTransportsOutcomes()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();

        Assert.Null(channel.Problem);
        Assert.Equal(["1.0.0/m0", "1.0.0/m1"], (await SendAsync(channel, 2)).Select(o => o.ProviderIds[0]));
        Assert.Equal(PluginState.Loaded, channel.State);
        Assert.Equal(100, channel.Capabilities.MaxBatchSize);
    }

    [Fact]
    public async Task OpenAsync_SameSettings_KeepsTheTransport_OtherSettingsReplaceIt()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();
        var before = channel.Changed;

        Assert.Same(channel, await OpenAsync());
        Assert.Equal(before, channel.Changed);
        Assert.Same(channel, await OpenAsync("throw"));
        Assert.NotEqual(before, channel.Changed);
        Assert.All(await SendAsync(channel, 1), o => Assert.Equal(SendOutcomeKind.InDoubt, o.Kind));
    }

    [Fact]
    public async Task OpenAsync_NoSuchPlugin_IsAChannelsFaultThatHealsWhenItIsPutIn()
    {
        var channel = await OpenAsync();
        var refused = Assert.Single(await SendAsync(channel, 1));
        Assert.Equal(SendOutcomeKind.ChannelFault, refused.Kind);
        Assert.Contains("'lab' is not installed", refused.Detail, StringComparison.Ordinal);

        await LoadAsync("1.0.0");
        Assert.Null(channel.Problem);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await SendAsync(channel, 1)).Kind);
    }

    [Fact]
    public async Task OpenAsync_SettingsCantWork_SaysWhyAndHealsWithOthers()
    {
        await LoadAsync("1.0.0");
        var channel = await _host.OpenAsync(Settings("""{"token": "secret-1", "broken": "the account is closed"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(FailureReason.Misconfigured, channel.Problem!.Reason);
        Assert.Equal("the account is closed", channel.Problem.Detail);

        await OpenAsync();
        Assert.Null(channel.Problem);
    }

    [Theory]
    [InlineData("throw", FailureReason.TransportFault)]
    [InlineData("silent", FailureReason.TransportFault)]
    [InlineData("hangPolitely", FailureReason.TimedOut)]
    [InlineData("hangForGood", FailureReason.TimedOut)]
    [InlineData("block", FailureReason.TimedOut)]
    public async Task SendAsync_TransportMisbehaves_EveryMessageIsInDoubtAndTheCallEnds(string mode, FailureReason reason)
    {
        await LoadAsync("1.0.0");
        var outcomes = await SendAsync(await OpenAsync(mode), 3).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        Assert.Equal(3, outcomes.Count);
        Assert.All(outcomes, o => Assert.Equal((SendOutcomeKind.InDoubt, reason), (o.Kind, o.Reason!.Value)));
    }

    [Fact]
    public async Task SendAsync_ThreeCallsWereLeftBehind_NoMoreAreBegunUntilAnotherVersionIsInPlace()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync("hangForGood");
        for (var i = 0; i < TransportInstance.MostHanging; i++) Assert.Equal(FailureReason.TimedOut, (await SendAsync(channel, 1))[0].Reason);

        var stuck = (await SendAsync(channel, 2))[0];
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TransportFault), (stuck.Kind, stuck.Reason!.Value));
        Assert.Contains("Restart the service, or put another version in its place", stuck.Detail, StringComparison.Ordinal);
        Assert.Contains("Restart the service", (await channel.TestAsync(TestContext.Current.CancellationToken)).Error, StringComparison.Ordinal);
        Assert.Equal((PluginState.Malfunctioned, 3), (channel.State, _host.FindInfo("lab")!.Pulse!.Hanging));

        await OpenAsync();
        Assert.Equal("1.0.0/m0", (await SendAsync(channel, 1))[0].ProviderIds[0]);
    }

    [Fact]
    public async Task Log_OfATransport_ShowsNoSecret()
    {
        await LoadAsync("1.0.0");
        await OpenAsync();

        Assert.Contains(_log.Lines, l => l.Contains("made with ***", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, l => l.Contains("secret-1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Abilities_AreAskedUnderALimit_AndFailWithText()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();
        Assert.True(channel is { CanReceive: true, CanTest: true, CanPoll: false });

        var (test, error) = await channel.TestAsync(TestContext.Current.CancellationToken);
        Assert.Null(test);
        Assert.Null(error);
        var request = new WebhookRequest { Method = "POST", Url = new Uri("http://localhost/"), Headers = new Dictionary<string, string>(), Body = "x"u8.ToArray() };
        var received = await channel.ReceiveAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(202, received.Value!.Status);
        Assert.Contains("can't be polled", (await channel.PollAsync(null, TestContext.Current.CancellationToken)).Error, StringComparison.Ordinal);
        await OpenAsync("throw");
        Assert.Equal("InvalidOperationException: boom", (await channel.TestAsync(TestContext.Current.CancellationToken)).Error);
    }

    [Fact]
    public async Task ValidateAsync_AsksThePlugin()
    {
        await LoadAsync("1.0.0");
        var problems = await _host.ValidateAsync(Settings("""{"token": "bad"}"""), TestContext.Current.CancellationToken);
        Assert.Equal("token", Assert.Single(problems).Setting);
    }

    [Fact]
    public async Task SwapAsync_UnderSenders_LosesNothingAndOldLoadsLeaveMemory()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync("reflectionJson");
        using var stop = new CancellationTokenSource();
        long sent = 0, accepted = 0;
        var senders = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var outcomes = await SendAsync(channel, 10);
                Interlocked.Add(ref sent, 10);
                Interlocked.Add(ref accepted, outcomes.Count(o => o.Kind == SendOutcomeKind.Accepted));
            }
        }, TestContext.Current.CancellationToken)).ToArray();

        for (var version = 2; version <= 6; version++)
        {
            var swap = await _host.SwapAsync(Candidate($"{version}.0.0"));
            Assert.True(swap.Swapped, swap.Refusal);
            Assert.Equal($"{version}.0.0/m0", Assert.Single(await SendAsync(channel, 1)).ProviderIds[0]);
            await swap.Retired;
        }

        await stop.CancelAsync();
        await Task.WhenAll(senders);
        Assert.Equal(sent, accepted);
        Assert.True(sent > 0);
        await CollectAsync();
        Assert.Equal(0, _host.UnloadingCount("lab"));
        Assert.Equal(PluginState.Loaded, channel.State);
    }

    [Theory]
    [InlineData("throw-in-constructor", "InvalidOperationException: no licence")]
    [InlineData("hang-in-constructor", "did not end within 1.5 s")]
    [InlineData("hang-in-create", "did not end within 1.5 s")]
    [InlineData("throw-in-create", "NotSupportedException: not today")]
    [InlineData("hang-in-dispose", "dispose of a transport did not end within 0.3 s")]
    [InlineData("refuse-settings", "can't serve the channel 'News': v2 wants more")]
    [InlineData("wrong-id", "its code says that it is 'other'")]
    [InlineData("no-batches", "MaxBatchSize must be 1 to 1,000")]
    [InlineData("leave-a-timer", "lab 2.0.0 stays in memory: 5 s after everything of it was disposed of")]
    [InlineData("fail-connection", "fails its self-test on the channel 'News': ChannelFault")]
    [InlineData("send-cancelled", "fails its self-test on the channel 'News': it says that it sent a message whose sending was cancelled")]
    [InlineData("hang-in-plugin-dispose", "lab 2.0.0: dispose of the plugin did not end within 0.5 s")]
    public async Task SwapAsync_NewVersionIsBroken_OldOneServesOnAndItSaysWhy(string behaviour, string why)
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();

        var swap = await _host.SwapAsync(Candidate("2.0.0", behaviour));

        Assert.False(swap.Swapped);
        Assert.Contains(why, swap.Refusal, StringComparison.Ordinal);
        Assert.Equal("1.0.0/m0", Assert.Single(await SendAsync(channel, 1)).ProviderIds[0]);
        Assert.Equal(swap.Refusal, new TransportCatalogue(_host).Find("lab")!.LastRefusal);
        Assert.Equal("1.0.0", channel.Info!.Version);
    }

    [Theory]
    [InlineData("leave-a-timer", "stays in memory")]
    [InlineData("hang-in-create", "did not end within 1.5 s")]
    [InlineData("hang-in-dispose", "dispose of a transport did not end")]
    [InlineData("send-cancelled", "fails its self-test: it says that it sent")]
    public async Task TryAsync_NoChannelYet_IsTriedWithSettingsMadeUp(string behaviour, string why)
    {
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => _host.TryAsync(Candidate("1.0.0", behaviour)));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        await _host.TryAsync(Candidate("1.0.1"));
        await _host.TryAsync(Candidate("1.0.2", "refuse-settings"));
        await _host.TryAsync(Candidate("1.0.3", "fail-connection"));
        Assert.Empty(_host.Infos());
    }

    [Theory]
    [InlineData("fail-connection", "fails its self-test on the channel 'News': ChannelFault")]
    [InlineData("refuse-settings", "can't serve the channel 'News': v2 wants more")]
    public async Task SwapAsync_LivedAWholeLifeBefore_IsStillTriedWithTheChannel(string behaviour, string why)
    {
        var candidate = Candidate("2.0.0", behaviour);
        await _host.TryAsync(candidate);
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();

        var swap = await _host.SwapAsync(candidate);

        Assert.Contains(why, swap.Refusal, StringComparison.Ordinal);
        Assert.Equal("1.0.0/m0", Assert.Single(await SendAsync(channel, 1)).ProviderIds[0]);
    }

    [Fact]
    public async Task TryAcquire_DuringASwap_PinsTheOldVersionUntilReleased()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();
        Assert.True(channel.TryAcquire(out var lease));
        var swap = await _host.SwapAsync(Candidate("2.0.0"));

        Assert.False(swap.Retired.IsCompleted);
        var sink = new Outcomes();
        await lease.SendAsync(Batch(1, sink), TestContext.Current.CancellationToken);
        Assert.Equal("1.0.0/m0", sink.All.Single().ProviderIds[0]);
        Assert.Equal("2.0.0/m0", Assert.Single(await SendAsync(channel, 1)).ProviderIds[0]);
        lease.Dispose();
        await swap.Retired.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task CloseAsync_ChannelThatSent_CanBeOpenedAgain()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync();
        await _host.CloseAsync("7");

        Assert.Equal(SendOutcomeKind.ChannelFault, Assert.Single(await SendAsync(channel, 1)).Kind);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await SendAsync(await OpenAsync(), 1)).Kind);
    }

    [Fact]
    public async Task SendAsync_TakerOfTheOutcomesBreaksDown_HearsOfItAndHoldsNothing()
    {
        await LoadAsync("1.0.0");
        var channel = await OpenAsync("silent");
        var limit = TimeSpan.FromSeconds(10);

        await Assert.ThrowsAsync<InvalidOperationException>(() => channel.SendAsync(Batch(1, new BrokenSink()), TestContext.Current.CancellationToken).AsTask().WaitAsync(limit, TestContext.Current.CancellationToken));

        Assert.Equal(SendOutcomeKind.InDoubt, Assert.Single(await SendAsync(channel, 1)).Kind);
        var swap = await _host.SwapAsync(Candidate("2.0.0"));
        await swap.Retired.WaitAsync(limit, TestContext.Current.CancellationToken);
    }

    private sealed class BrokenSink : IOutcomeSink
    {
        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome) => throw new InvalidOperationException("the taker is broken");
    }

    [Fact]
    public async Task SwapAsync_OldVersionsStayInMemory_AreCountedAndAfterThreeARestartIsAskedFor()
    {
        await using var host = new PluginHost(_services, Short with { Unload = TimeSpan.Zero }, TimeProvider.System, NullLogger<PluginHost>.Instance);
        for (var version = 1; version <= 4; version++)
        {
            var swap = await host.SwapAsync(Candidate($"{version}.0.0", "leave-a-timer-at-work"));
            Assert.True(swap.Swapped, swap.Refusal);
            await SendAsync(await host.OpenAsync(Settings("""{"token": "secret-1"}"""), TestContext.Current.CancellationToken), 1);
            Assert.Equal(version > 2 ? PluginState.Leaked : PluginState.Loaded, host.StateOf("lab"));
            await swap.Retired;
            GC.Collect();
            host.CheckUnloaded();
        }

        var refused = await host.SwapAsync(Candidate("5.0.0"));
        Assert.Contains("3 earlier loads of lab could not be freed. Restart the service", refused.Refusal, StringComparison.Ordinal);
        Assert.Equal("4.0.0", host.FindInfo("lab")!.Version);
    }

    private async Task CollectAsync()
    {
        for (var i = 0; i < 50 && _host.UnloadingCount("lab") > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _host.CheckUnloaded();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private async Task LoadAsync(string version)
    {
        var swap = await _host.SwapAsync(Candidate(version));
        Assert.True(swap.Swapped, swap.Refusal);
    }

    private PluginCandidate Candidate(string version, string? behaviour = null)
    {
        var package = PluginPackage.Read(LabPackages.Of(version, behaviour));
        PluginCandidate? candidate = null;
        var path = _folder.Unpack(package, unpacked => candidate = PluginInspector.Inspect(unpacked, package.Manifest, package.Sha256));
        return candidate! with { Folder = path };
    }

    private Task<ChannelTransport> OpenAsync(string mode = "accept") =>
        _host.OpenAsync(Settings($$"""{"mode": "{{mode}}", "token": "secret-1"}"""), TestContext.Current.CancellationToken);

    private static ChannelTransportSettings Settings(string json) => new() { ChannelId = "7", ChannelName = "News", TransportId = "lab", SettingsJson = json };

    private static async Task<IReadOnlyList<SendOutcome>> SendAsync(ChannelTransport channel, int count)
    {
        var sink = new Outcomes();
        await channel.SendAsync(Batch(count, sink), TestContext.Current.CancellationToken);
        return [.. sink.ByIndex.OrderBy(o => o.Key).Select(o => o.Value)];
    }

    private static MessageBatch Batch(int count, IOutcomeSink sink) =>
        new([.. Enumerable.Range(0, count).Select(i => new OutboundMessage { Id = "m" + i, To = "a@example.org", Content = new TextContent { Text = "hi" } })], sink);

    private sealed class Outcomes : IOutcomeSink
    {
        public ConcurrentDictionary<int, SendOutcome> ByIndex { get; } = new();

        public IEnumerable<SendOutcome> All => ByIndex.Values;

        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome) => Assert.True(ByIndex.TryAdd(index, outcome), "reported twice");
    }

    private sealed class CapturedLog : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
