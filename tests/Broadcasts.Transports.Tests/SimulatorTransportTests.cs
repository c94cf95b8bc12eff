using Broadcasts.TestKit;
using Broadcasts.Transports.Simulator;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

public sealed class SimulatorTransportTests : IDisposable
{
    private const string Rates = """ "latencyMs": 0, "jitterMs": 0, "invalidPercent": 5, "blockedPercent": 5, "mailboxFullPercent": 5, "contentRefusedPercent": 5, "errorPercent": 5, "lostAnswerPercent": 5 """;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly string _folder = Directory.CreateTempSubdirectory("simulator-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SendAsync_SameSeed_GivesEverybodyTheSameFate_AnotherSeedNot()
    {
        var first = await FatesAsync(7);
        Assert.Equal(first, await FatesAsync(7));
        Assert.NotEqual(first, await FatesAsync(8));
        foreach (var kind in new[] { SendOutcomeKind.RecipientRejected, SendOutcomeKind.RetryLater, SendOutcomeKind.ContentRejected, SendOutcomeKind.InDoubt })
        {
            Assert.InRange(first.Count(f => f.Kind == kind), 20, 300);
        }
    }

    [Fact]
    public async Task SendAsync_Limit_HoldsInEverySlidingSecond()
    {
        await using var transport = await OpenAsync("""{"latencyMs": 0, "jitterMs": 0, "limitPerSecond": 50}""");
        Assert.Equal(50, await AcceptedAsync(transport, 0, 80));
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, await AcceptedAsync(transport, 100, 10));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(50, await AcceptedAsync(transport, 200, 60));
    }

    [Fact]
    public async Task SendAsync_OverTheLimit_SaysWhenAgain()
    {
        await using var transport = await OpenAsync("""{"latencyMs": 0, "jitterMs": 0, "limitPerSecond": 1}""");
        await SendAsync(transport, 1);
        _time.Advance(TimeSpan.FromMilliseconds(400));
        var outcome = await SendAsync(transport, 2);
        Assert.Equal((SendOutcomeKind.Throttled, _time.GetUtcNow().AddMilliseconds(600)), (outcome.Kind, outcome.Until!.Value));
    }

    [Fact]
    public async Task SendAsync_Journal_HasWhatWasReallyTaken()
    {
        var journal = Path.Combine(_folder, "journal.txt");
        await using var transport = await OpenAsync($$"""{"journalFile": "{{journal}}", {{Rates}} }""");
        var outcomes = new List<SendOutcome>();
        for (var i = 0; i < 10; i++) outcomes.AddRange(await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, [.. Enumerable.Range(i * 100, 100).Select(n => Message(n))]));

        var lines = await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken);
        var accepted = outcomes.Count(o => o.Kind == SendOutcomeKind.Accepted);
        var inDoubt = outcomes.Count(o => o.Kind == SendOutcomeKind.InDoubt);
        Assert.Equal(accepted, lines.Count(l => l.Contains(" 1 Accept ", StringComparison.Ordinal)));
        Assert.InRange(lines.Length, accepted + 1, accepted + inDoubt - 1);
        Assert.Distinct(lines.Select(l => l.Split(' ')[0]));
    }

    [Fact]
    public async Task SendAsync_Idempotent_DropsRepeatsAlsoAfterARestart()
    {
        var journal = Path.Combine(_folder, "journal.txt");
        var settings = $$"""{"latencyMs": 0, "jitterMs": 0, "idempotent": true, "lookup": true, "journalFile": "{{journal}}"}""";
        string providerId;
        await using (var transport = await OpenAsync(settings)) providerId = (await SendAsync(transport, 1)).ProviderIds[0];
        await using var again = await OpenAsync(settings);

        Assert.Equal(providerId, (await SendAsync(again, 1, attempt: 2)).ProviderIds[0]);
        Assert.Single(await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken));
        Assert.True((await ((IDeliveryLookup)again).LookupAsync(Asked("m1"), TestContext.Current.CancellationToken))!.Found);
        Assert.False((await ((IDeliveryLookup)again).LookupAsync(Asked("m2"), TestContext.Current.CancellationToken))!.Found);
    }

    [Fact]
    public async Task SendAsync_FileThatAnotherWritesToo_KnowsTheOthersMessagesAndSurvivesATornLine()
    {
        var journal = Path.Combine(_folder, "journal.txt");
        var settings = $$"""{"latencyMs": 0, "jitterMs": 0, "idempotent": true, "lookup": true, "journalFile": "{{journal}}"}""";
        await using var one = await OpenAsync(settings);
        await using var two = await OpenAsync(settings);
        await SendAsync(one, 1);
        await File.AppendAllTextAsync(journal, "m7 1 Acc", TestContext.Current.CancellationToken);

        Assert.True((await ((IDeliveryLookup)two).LookupAsync(Asked("m1"), TestContext.Current.CancellationToken))!.Found);
        await SendAsync(two, 1, attempt: 2);
        await SendAsync(two, 2);
        Assert.False((await ((IDeliveryLookup)one).LookupAsync(Asked("m7"), TestContext.Current.CancellationToken))!.Found);
        Assert.Equal(["m1", "m7", "m2"], (await File.ReadAllLinesAsync(journal, TestContext.Current.CancellationToken)).Select(l => l.Split(' ')[0]));
    }

    [Fact]
    public async Task SendAsync_MailboxFull_TakesItAtALaterTry()
    {
        await using var transport = await OpenAsync("""{"latencyMs": 0, "jitterMs": 0, "mailboxFullPercent": 100}""");
        Assert.Equal(FailureReason.MailboxFull, (await SendAsync(transport, 1)).Reason);
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(transport, 1, attempt: 4)).Kind);
    }

    [Fact]
    public async Task PollAsync_Receipts_ComeLateDoubledAndAgainForTheSameCursor()
    {
        await using var transport = await OpenAsync("""{"latencyMs": 0, "jitterMs": 0, "receiptDelayMs": 1000, "readPercent": 50, "lateFailurePercent": 10}""");
        for (var i = 0; i < 5; i++) await AcceptedAsync(transport, i * 100, 100);
        var poller = (IEventPoller)transport;
        Assert.Empty((await poller.PollAsync(null, TestContext.Current.CancellationToken)).Events);
        _time.Advance(TimeSpan.FromSeconds(30));

        var first = await poller.PollAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(first.Events.Select(e => e.Key), (await poller.PollAsync(null, TestContext.Current.CancellationToken)).Events.Select(e => e.Key));
        var receipts = first.Events.Cast<Receipt>().ToList();
        for (var (cursor, more) = (first.Cursor, first.HasMore); more;)
        {
            var next = await poller.PollAsync(cursor, TestContext.Current.CancellationToken);
            receipts.AddRange(next.Events.Cast<Receipt>());
            (cursor, more) = (next.Cursor, next.HasMore);
        }

        Assert.Equal(500, receipts.Where(r => r.Status != ReceiptStatus.Read).Select(r => r.MessageId).Distinct().Count());
        Assert.InRange(receipts.Count(r => r.Status == ReceiptStatus.Failed), 20, 90);
        Assert.NotEqual(receipts.Count, receipts.Select(r => r.Key).Distinct().Count());
        Assert.Contains(receipts.Where(r => r.Status == ReceiptStatus.Read), r => receipts.FindIndex(x => x.MessageId == r.MessageId) == receipts.IndexOf(r));
    }

    private async Task<List<(SendOutcomeKind Kind, FailureReason? Reason)>> FatesAsync(int seed)
    {
        await using var transport = await OpenAsync($$"""{"seed": {{seed}}, {{Rates}} }""");
        var fates = new List<(SendOutcomeKind, FailureReason?)>();
        for (var i = 0; i < 10; i++)
        {
            var outcomes = await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, [.. Enumerable.Range(i * 100, 100).Select(n => Message(n))]);
            fates.AddRange(outcomes.Select(o => (o.Kind, o.Reason)));
        }

        return fates;
    }

    private static async Task<int> AcceptedAsync(ITransport transport, int from, int count) =>
        (await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, [.. Enumerable.Range(from, count).Select(n => Message(n))])).Count(o => o.Kind == SendOutcomeKind.Accepted);

    private static async Task<SendOutcome> SendAsync(ITransport transport, int number, int attempt = 1) =>
        Assert.Single(await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(number, attempt)));

    private async Task<ITransport> OpenAsync(string settings)
    {
        using var context = new FakeChannelContext(settings, _time);
        return await new SimulatorPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
    }

    private static OutboundMessage Message(int number, int attempt = 1) =>
        new() { Id = $"m{number}", To = $"+346{number:00000000}", Attempt = attempt, Content = new TextContent { Text = "hi" } };

    private static LookupRequest Asked(string id) => new() { MessageId = id, To = "someone", DoubtfulSince = TimeProvider.System.GetUtcNow() };
}
