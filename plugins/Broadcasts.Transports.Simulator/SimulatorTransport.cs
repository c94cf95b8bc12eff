using System.Text;

namespace Broadcasts.Transports.Simulator;

/// <summary>The simulated provider and the client of it, for one channel.</summary>
internal class SimulatorTransport : ITransport, IEventPoller, IConnectionTest
{
    private const int Remembered = 1_000_000;
    private readonly SimulatorSettings _settings;
    private readonly TimeProvider _time;
    private readonly Fate _fate;
    private readonly SlidingLimit? _limit;
    private readonly ReceiptQueue? _receipts;
    private readonly TakenIds? _taken;
    private readonly Journal? _journal;
    private long _calls;

    public SimulatorTransport(SimulatorSettings settings, TimeProvider time)
    {
        (_settings, _time, _fate) = (settings, time, new Fate(settings));
        if (settings.LimitPerSecond > 0) _limit = new SlidingLimit(settings.LimitPerSecond, time);
        if (settings.Receipts) _receipts = new ReceiptQueue(_fate, TimeSpan.FromMilliseconds(settings.ReceiptDelayMs), time);
        if (settings.Idempotent || settings.Lookup) _taken = new TakenIds(Remembered);
        // A provider that drops repeats still knows them after this process was killed, and knows those of other processes.
        if (!string.IsNullOrWhiteSpace(settings.JournalFile)) _journal = new Journal(settings.JournalFile, _taken is { } taken ? id => taken.Add(id) : null);
    }

    public TimeSpan PollInterval => TimeSpan.FromMilliseconds(Math.Clamp(_settings.ReceiptDelayMs / 2, 100, 1000));

    public async Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        var latency = Latency(batch[0].Id);
        try
        {
            await WaitAsync(latency / 2, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            batch.ReportRest(SendOutcome.RetryLater(FailureReason.TimedOut, "Simulated: cancelled before the provider had it."));
            return;
        }

        var answers = Take(batch);
        // From here on the provider has it: cancelled while the answer travels, the rest is in doubt by saying nothing.
        await WaitAsync(latency - latency / 2, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested) return;
        for (var i = 0; i < answers.Length; i++) batch.Report(i, answers[i]);
    }

    public ValueTask<PollResult> PollAsync(string? cursor, CancellationToken cancellationToken) => new(_receipts?.Poll(cursor) ?? new PollResult { Cursor = cursor });

    /// <summary>What the provider knows of a message by our id.</summary>
    protected LookupResult Look(string messageId)
    {
        _journal?.Use(static _ => { });
        var found = _taken!.Contains(messageId);
        return new LookupResult { Found = found, ProviderId = found ? _fate.ProviderId(messageId) : null };
    }

    public ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken) => new((SendOutcome?)null);

    public ValueTask DisposeAsync()
    {
        _journal?.Dispose();
        return default;
    }

    /// <summary>The provider's side: decides, writes down what it takes, and answers.</summary>
    private SendOutcome[] Take(MessageBatch batch)
    {
        var answers = new SendOutcome[batch.Count];
        if (_journal is null) TakeAll(new StringBuilder());
        else _journal.Use(TakeAll);
        return answers;

        void TakeAll(StringBuilder lines)
        {
            for (var i = 0; i < answers.Length; i++) answers[i] = Take(batch[i], lines);
        }
    }

    private SendOutcome Take(OutboundMessage message, StringBuilder lines)
    {
        if (_limit is not null && !_limit.TryTake(out var wait)) return SendOutcome.Throttled(ThrottleScope.Channel, _time.GetUtcNow() + wait, "Simulated: over the limit per second.", "sim-429");
        var verdict = _fate.Of(message);
        var isTaken = verdict is Verdict.Accept or Verdict.ErrorTaken or Verdict.LostAnswer;
        var isRepeat = isTaken && _taken is not null && !_taken.Add(message.Id);
        if (isTaken && !(isRepeat && _settings.Idempotent))
        {
            if (_journal is not null) Journal.Line(lines, message, verdict, _time);
            if (!message.IsTest) _receipts?.Add(message.Id);
        }

        return isRepeat && _settings.Idempotent ? SendOutcome.Accepted(_fate.ProviderId(message.Id)) : Answer(verdict, message);
    }

    private SendOutcome Answer(Verdict verdict, OutboundMessage message) => verdict switch
    {
        Verdict.InvalidAddress => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, "Simulated: there is no such address.", "sim-404"),
        Verdict.Blocked => SendOutcome.RecipientRejected(FailureReason.Blocked, suppress: true, "Simulated: the recipient blocked the sender.", "sim-403"),
        Verdict.MailboxFull => SendOutcome.RetryLater(FailureReason.MailboxFull, "Simulated: the mailbox is full.", "sim-452"),
        Verdict.ContentRefused => SendOutcome.ContentRejected(FailureReason.ContentRefused, "Simulated: the content was refused.", "sim-554"),
        Verdict.ErrorTaken or Verdict.ErrorNotTaken => SendOutcome.InDoubt(FailureReason.ProviderError, "Simulated: the provider failed while it had the message.", "sim-500"),
        Verdict.LostAnswer => SendOutcome.InDoubt(FailureReason.TimedOut, "Simulated: the answer was lost."),
        _ => SendOutcome.Accepted(_fate.ProviderId(message.Id)),
    };

    private TimeSpan Latency(string id)
    {
        var jitter = _settings.JitterMs == 0 ? 0 : _settings.JitterMs * _fate.Share(30 + (int)(Interlocked.Increment(ref _calls) & 0xffff), id);
        return TimeSpan.FromMilliseconds(_settings.LatencyMs + jitter);
    }

    private Task WaitAsync(TimeSpan time, CancellationToken cancellationToken) =>
        time < TimeSpan.FromMilliseconds(1) ? Task.CompletedTask : Task.Delay(time, _time, cancellationToken);
}

/// <summary>A provider that answers lookups. One that does not must not offer them: the host would wait for an answer before it calls a broadcast complete.</summary>
internal sealed class SimulatorTransportWithLookup(SimulatorSettings settings, TimeProvider time) : SimulatorTransport(settings, time), IDeliveryLookup
{
    public ValueTask<LookupResult?> LookupAsync(LookupRequest request, CancellationToken cancellationToken) => new(Look(request.MessageId));
}
