namespace Broadcasts.Abstractions.Tests;

public sealed class MessageBatchTests
{
    private readonly Sink _sink = new();

    [Fact]
    public void Report_FirstTime_ReachesTheSink()
    {
        var batch = Batch(2);

        Assert.True(batch.Report(1, SendOutcome.Accepted("p-1")));

        Assert.True(batch.IsReported(1));
        Assert.False(batch.IsReported(0));
        Assert.Equal((1, SendOutcomeKind.Accepted), Assert.Single(_sink.Seen));
    }

    [Fact]
    public void Report_SecondTime_IsRefusedAndTheFirstCounts()
    {
        var batch = Batch(1);
        batch.Report(0, SendOutcome.Accepted("p-1"));

        Assert.False(batch.Report(0, SendOutcome.InDoubt(FailureReason.TimedOut)));

        Assert.Equal((0, SendOutcomeKind.Accepted), Assert.Single(_sink.Seen));
    }

    [Fact]
    public void ReportRest_AfterSome_ReportsTheOthersOnly()
    {
        var batch = Batch(3);
        batch.Report(1, SendOutcome.Accepted("p-1"));

        batch.ReportRest(SendOutcome.ChannelFault(FailureReason.Credentials));

        Assert.Equal([(1, SendOutcomeKind.Accepted), (0, SendOutcomeKind.ChannelFault), (2, SendOutcomeKind.ChannelFault)], _sink.Seen);
    }

    [Fact]
    public void Report_FromManyThreads_ReachesTheSinkOncePerMessage()
    {
        var batch = Batch(1_000);
        var accepted = 0;

        Parallel.For(0, 4_000, i =>
        {
            if (batch.Report(i % 1_000, SendOutcome.Accepted())) Interlocked.Increment(ref accepted);
        });

        Assert.Equal(1_000, accepted);
        Assert.Equal(1_000, _sink.Seen.Select(s => s.Index).Distinct().Count());
        Assert.Equal(1_000, _sink.Seen.Count);
    }

    [Fact]
    public void Report_WithoutASink_IsRemembered()
    {
        var batch = new MessageBatch([Message(0)]);

        batch.Report(0, SendOutcome.Accepted());

        Assert.True(batch.IsReported(0));
    }

    [Fact]
    public void Report_OutsideTheBatch_Throws() => Assert.Throws<IndexOutOfRangeException>(() => Batch(1).Report(1, SendOutcome.Accepted()));

    [Fact]
    public async Task SendAsync_SingleMessageTransport_ReportsEachInOrder()
    {
        await using var transport = new Echo(stopAfter: null);

        await transport.SendAsync(Batch(3), TestContext.Current.CancellationToken);

        Assert.Equal([0, 1, 2], _sink.Seen.Select(s => s.Index));
    }

    [Fact]
    public async Task SendAsync_SingleMessageTransportCancelled_StartsNoNewMessage()
    {
        using var stop = new CancellationTokenSource();
        await using var transport = new Echo(stopAfter: stop);
        var batch = Batch(3);

        await transport.SendAsync(batch, stop.Token);

        Assert.Equal(0, Assert.Single(_sink.Seen).Index);
        Assert.False(batch.IsReported(1));
    }

    private MessageBatch Batch(int count) => new([.. Enumerable.Range(0, count).Select(Message)], _sink);

    private static OutboundMessage Message(int i) => new() { Id = $"m-{i}", To = "+34600000000", Content = new TextContent { Text = "Hello" } };

    private sealed class Sink : IOutcomeSink
    {
        private readonly Lock _lock = new();

        public List<(int Index, SendOutcomeKind Kind)> Seen { get; } = [];

        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome)
        {
            lock (_lock) Seen.Add((index, outcome.Kind));
        }
    }

    private sealed class Echo(CancellationTokenSource? stopAfter) : SingleMessageTransport
    {
        protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
        {
            if (stopAfter is not null) await stopAfter.CancelAsync();
            return SendOutcome.Accepted(message.Id);
        }
    }
}
