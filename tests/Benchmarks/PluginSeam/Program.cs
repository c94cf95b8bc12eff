using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Broadcasts.PluginSeam;
using Broadcasts.Plugins;
using Broadcasts.Testing;
using Microsoft.Extensions.Logging.Abstractions;

BenchmarkRunner.Run<Seam>(DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)), args);

namespace Broadcasts.PluginSeam
{
    /// <summary>What it costs that a transport is a plugin: lease, call and result through the host, against the same class called directly.</summary>
    [MemoryDiagnoser]
    public class Seam
    {
        // A host has hundreds of calls in flight; one after the other would measure how long a sleeping thread takes to wake up.
        private const int AtOnce = 256;
        private readonly ValueTask[] _calls = new ValueTask[AtOnce];
        private readonly TempFolder _folder = new();
        private readonly Direct _direct = new();
        private PluginHost _host = null!;
        private ChannelTransport _channel = null!;
        private OutboundMessage[] _messages = [];

        /// <summary>Messages per call; the figures are per call.</summary>
        [Params(1, 100)]
        public int Messages { get; set; }

        [GlobalSetup]
        public async Task SetupAsync()
        {
            var services = new HostTransportServices(_folder.Path, NullLoggerFactory.Instance, TimeProvider.System, new Broadcasts.Security.OutsideAddresses([]));
            _host = new PluginHost(services, new PluginLimits(), TimeProvider.System, NullLogger<PluginHost>.Instance);
            var package = PluginPackage.Read(LabPackages.Of("1.0.0"));
            PluginCandidate? candidate = null;
            var path = new PluginFolder(_folder.Path).Unpack(package, f => candidate = PluginInspector.Inspect(f, package.Manifest, package.Sha256));
            var swap = await _host.SwapAsync(candidate! with { Folder = path });
            if (!swap.Swapped) throw new InvalidOperationException(swap.Refusal);
            _channel = await _host.OpenAsync(new ChannelTransportSettings { ChannelId = "1", ChannelName = "Bench", TransportId = "lab", SettingsJson = """{"token":"t","mode":"instant"}""" }, default);
            _messages = [.. Enumerable.Range(0, Messages).Select(i => new OutboundMessage { Id = $"m{i}", To = "someone", Content = new TextContent { Text = "x" } })];
        }

        [GlobalCleanup]
        public async Task CleanupAsync()
        {
            await _host.DisposeAsync();
            _folder.Dispose();
        }

        [Benchmark(Baseline = true, OperationsPerInvoke = AtOnce)]
        public async Task DirectAsync()
        {
            for (var i = 0; i < AtOnce; i++) _calls[i] = new ValueTask(_direct.SendAsync(new MessageBatch(_messages), default));
            foreach (var call in _calls) await call;
        }

        [Benchmark(OperationsPerInvoke = AtOnce)]
        public async Task ThroughTheHostAsync()
        {
            for (var i = 0; i < AtOnce; i++) _calls[i] = _channel.SendAsync(new MessageBatch(_messages), default);
            foreach (var call in _calls) await call;
        }

        private sealed class Direct : ITransport
        {
            private static readonly SendOutcome Taken = SendOutcome.Accepted("1");

            public Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
            {
                for (var i = 0; i < batch.Count; i++) batch.Report(i, Taken);
                return Task.CompletedTask;
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
