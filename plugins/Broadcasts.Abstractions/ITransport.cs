namespace Broadcasts;

/// <summary>Sends over one configured channel. One instance per channel; disposed on reload.</summary>
/// <remarks>
/// Thread-safe: the host calls <see cref="SendAsync"/> from several workers at once. Optional abilities are further interfaces on the
/// same object: <see cref="IWebhookReceiver"/>, <see cref="IEventPoller"/>, <see cref="IDeliveryLookup"/>, <see cref="ITemplateCatalogue"/>,
/// <see cref="IConnectionTest"/>. After <c>DisposeAsync</c> returns nothing of the plugin may still run: no timer, no task, no
/// subscription. The host waits 10 s for dispose, then abandons the load and asks for a restart.
/// </remarks>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Hands a batch to the provider and reports each message as soon as its fate is known.</summary>
    /// <remarks>
    /// Report an outcome for every answer; throw only for bugs. What is not reported counts as in doubt.
    /// The host owns retries, deadlines and rate limits: do not loop, sleep or queue here.
    /// </remarks>
    /// <param name="batch">1 to <see cref="TransportCapabilities.MaxBatchSize"/> messages; valid only until the returned task ends.</param>
    /// <param name="cancellationToken">Cancelled at the deadline or when the host stops. Start no new request then; let one that is already written finish if it can.</param>
    Task SendAsync(MessageBatch batch, CancellationToken cancellationToken);
}

/// <summary>Base of a transport whose provider takes one message per call.</summary>
public abstract class SingleMessageTransport : ITransport
{
    /// <summary>Sends one message and says what became of it.</summary>
    protected abstract Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public async Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Count && !cancellationToken.IsCancellationRequested; i++)
        {
            batch.Report(i, await SendAsync(batch[i], cancellationToken).ConfigureAwait(false));
        }
    }

    /// <inheritdoc/>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}

/// <summary>Receives outcomes while a batch runs; implemented by the host and by tests.</summary>
public interface IOutcomeSink
{
    /// <summary>Called once per message, from any thread.</summary>
    void OnOutcome(MessageBatch batch, int index, SendOutcome outcome);
}

/// <summary>Messages to hand over in one call, and the outcomes reported so far.</summary>
public sealed class MessageBatch
{
    private readonly OutboundMessage[] _messages;
    private readonly SendOutcome?[] _outcomes;
    private readonly IOutcomeSink? _sink;

    /// <summary>Made by the host, or by a test.</summary>
    public MessageBatch(OutboundMessage[] messages, IOutcomeSink? sink = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        _messages = messages;
        _outcomes = new SendOutcome?[messages.Length];
        _sink = sink;
    }

    /// <summary>Messages in the batch.</summary>
    public int Count => _messages.Length;

    /// <summary>One message.</summary>
    public OutboundMessage this[int index] => _messages[index];

    /// <summary>True once the message's outcome was reported.</summary>
    public bool IsReported(int index) => OutcomeOf(index) is not null;

    /// <summary>What was reported of one message; null when nothing was yet.</summary>
    public SendOutcome? OutcomeOf(int index) => Volatile.Read(ref _outcomes[index]);

    /// <summary>Says what became of one message. The first report counts; a later one is refused.</summary>
    /// <returns>False when the message was already reported.</returns>
    public bool Report(int index, SendOutcome outcome)
    {
        ArgumentNullException.ThrowIfNull(outcome);
        if (Interlocked.CompareExchange(ref _outcomes[index], outcome, null) is not null) return false;
        _sink?.OnOutcome(this, index, outcome);
        return true;
    }

    /// <summary>The same outcome for every message not yet reported: a refused bulk call, a lost connection, bad credentials.</summary>
    public void ReportRest(SendOutcome outcome)
    {
        for (var i = 0; i < _messages.Length; i++)
        {
            if (!IsReported(i)) Report(i, outcome);
        }
    }
}
