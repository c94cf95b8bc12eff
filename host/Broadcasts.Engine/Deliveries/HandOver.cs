using System.Globalization;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Templates;

namespace Broadcasts.Deliveries;

/// <summary>One claim's way: load, render, wait for each permit, hand over, record. Everything claimed is answered for, whatever happens.</summary>
internal sealed class HandOver : IOutcomeSink
{
    /// <summary>How long claimed rows wait for another permit when theirs is void.</summary>
    private const double PermitWaitMs = 500;

    private readonly HandOverServices _services;
    private readonly ChannelRuntime _channel;
    private readonly BroadcastPlan _plan;
    private readonly Claim _claim;
    private readonly Permits _permits;
    private readonly long _handOverBy;
    private readonly CancellationToken _stopSending;
    private readonly Dictionary<string, ClaimedRow> _sent = [];
    private readonly List<Task> _batches = [];

    // Rows that nobody has answered for yet. Touched by the claim's own task alone.
    private readonly Dictionary<long, ClaimedRow> _open;

    public HandOver(HandOverServices services, ChannelRuntime channel, BroadcastPlan plan, Claim claim, Permits permits, long handOverBy, CancellationToken stopSending)
    {
        (_services, _channel, _plan, _claim, _permits, _handOverBy, _stopSending) = (services, channel, plan, claim, permits, handOverBy, stopSending);
        _open = claim.Rows.ToDictionary(r => r.Id);
    }

    /// <summary>A row came after its window had closed: others that wait with it will too.</summary>
    public bool FoundWindowClosed { get; private set; }

    /// <summary>Ends when every message of the claim was answered or given up.</summary>
    /// <param name="stopClaimed">Fires when the service stops: what is claimed but not handed over goes back.</param>
    public async Task RunAsync(CancellationToken stopClaimed)
    {
        try
        {
            foreach (var (row, dueAt) in await _services.Spacing.FindAsync(_claim, stopClaimed)) GiveBack(_open[row], dueAt);
            var content = await _plan.ContentAsync(_claim.Rows, stopClaimed);
            var recipients = await _services.Loader.LoadAsync([.. _open.Values], content, _plan.IsCapped, stopClaimed);
            var messages = Render(recipients, content);
            _permits.Ready();
            await SendAsync(messages, stopClaimed);
        }
        catch (OperationCanceledException) when (stopClaimed.IsCancellationRequested)
        {
            // What is left goes back below.
        }
        catch (Exception e)
        {
            _services.LogFault(e, _plan.Broadcast.Id, _claim.ClaimId);
        }

        foreach (var row in _open.Values.ToArray()) GiveBack(row, (long)Now);
        _permits.End();
        await Task.WhenAll(_batches);
    }

    public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome)
    {
        if (!_sent.TryGetValue(batch[index].Id, out var row)) return;
        if (_channel.InFlight.IsCold) _ = WarmAsync();
        else _channel.InFlight.Answered();
        _services.Outcomes.Handle(_channel, _plan, _claim.ClaimId, row, outcome);
        if (outcome.NewAddress is { } elsewhere) _ = _services.Outcomes.MoveAsync(_channel, batch[index].To, elsewhere);
    }

    // The room is given back after the budget knows: no permit may be dealt before.
    private async Task WarmAsync()
    {
        try
        {
            await _channel.Budget.UsedAtAsync((long)Now);
        }
        catch (Exception e)
        {
            _services.LogFault(e, _plan.Broadcast.Id, _claim.ClaimId);
        }
        finally
        {
            _channel.InFlight.Answered();
        }
    }

    private List<(ClaimedRow Row, OutboundMessage Message)> Render(IReadOnlyList<Recipient> recipients, ClaimContent content)
    {
        var messages = new List<(ClaimedRow, OutboundMessage)>(recipients.Count);
        var renderer = content.Renderer;
        renderer.Values.Now = _services.Time.GetUtcNow();
        renderer.Values.Set(TemplateSchema.BroadcastName, _plan.IsSingle ? null : _plan.Broadcast.Name);
        renderer.Values.Set(TemplateSchema.ChannelName, _channel.Channel.Name);
        foreach (var recipient in recipients)
        {
            if (TryMake(recipient, content) is not { } message) continue;
            messages.Add((recipient.Row, message));
            _sent[message.Id] = recipient.Row;
        }

        return messages;
    }

    // One row's fault is one row's end: given back, it would be claimed again at once, and with it all that were claimed together.
    private OutboundMessage? TryMake(Recipient recipient, ClaimContent content)
    {
        try
        {
            return Make(recipient, content);
        }
        catch (Exception e)
        {
            _services.LogRender(e, recipient.Row.Id);
            Skip(recipient.Row, SkipReason.TemplateFault, $"{e.GetType().Name}: {e.Message}");
            return null;
        }
    }

    private OutboundMessage? Make(Recipient recipient, ClaimContent content)
    {
        if (recipient.Refusal is { } refusal)
        {
            Skip(recipient.Row, refusal, null);
            return null;
        }

        if (_plan.Times?.ClosedUntil(recipient.TimeZone, recipient.Country, (long)Now) is { } opens)
        {
            GiveBack(recipient.Row, opens);
            FoundWindowClosed = true;
            return null;
        }

        if (content.Faults.TryGetValue(recipient.Row.Id, out var fault))
        {
            Skip(recipient.Row, SkipReason.TemplateFault, fault);
            return null;
        }

        var contact = recipient.Contact!;
        var optOut = _services.Links.OptOut(recipient.Row.Id);
        content.Renderer.Fill(contact);
        content.Renderer.Values.SetLinks(optOut, content.AsksToConfirm is null ? null : _services.Links.Confirm(recipient.Row.Id));
        var rendered = content.Renderer.Render(content.PartOf(recipient.Row));
        if (rendered.Content is null)
        {
            Skip(recipient.Row, rendered.Reason, rendered.Detail);
            return null;
        }

        if (IsWindowClosed(recipient, rendered.Content))
        {
            Skip(recipient.Row, SkipReason.WindowClosed, null);
            return null;
        }

        return new OutboundMessage
        {
            Id = _services.Ids.Of(recipient.Row.Id),
            To = recipient.Address!,
            ToName = contact.Name,
            Content = rendered.Content,
            Attempt = recipient.Row.Attempt,
            ExpiresAt = _plan.Broadcast.ExpiresAt is { } expires ? DateTimeOffset.FromUnixTimeMilliseconds(expires) : null,
            BroadcastId = _plan.Broadcast.Id.ToString(CultureInfo.InvariantCulture),
            UnsubscribeUrl = optOut,
        };
    }

    // A template that the provider holds is what may be sent outside the window.
    private bool IsWindowClosed(Recipient recipient, MessageContent content) =>
        _channel.Transport.Capabilities.MessagingWindow is { } window && content is not TemplateContent
        && (recipient.LastInboundAt is not { } heard || heard + window.TotalMilliseconds <= Now);

    private async Task SendAsync(List<(ClaimedRow Row, OutboundMessage Message)> messages, CancellationToken stopClaimed)
    {
        var next = 0;
        while (next < messages.Count)
        {
            var mayGo = await _permits.WaitForAsync(next, messages.Count, Math.Min(_handOverBy, Now + PermitWaitMs), stopClaimed);
            stopClaimed.ThrowIfCancellationRequested();

            // No permit soon: the rows go back, so that a pause is heard. Overdue: whoever took over may have called them unknown already.
            if (!mayGo || Now > _handOverBy) return;
            if (!_channel.Transport.TryAcquire(out var transport)) { Fault(); return; }

            var count = Due(next, messages.Count, transport.Capabilities.MaxBatchSize);
            var due = messages.GetRange(next, count);
            foreach (var (row, _) in due) _open.Remove(row.Id);
            var batch = new MessageBatch([.. due.Select(d => d.Message)], this);
            next += count;
            _permits.Used(count);
            _batches.Add(SendBatchAsync(transport, batch));
        }
    }

    private int Due(int next, int count, int most)
    {
        var due = 1;
        while (due < most && next + due < count && _permits.IsDue(next + due)) due++;
        return due;
    }

    private async Task SendBatchAsync(TransportLease transport, MessageBatch batch)
    {
        using (transport) await transport.SendAsync(batch, _stopSending);
    }

    private void Fault()
    {
        var problem = _channel.Transport.Problem ?? SendOutcome.ChannelFault(FailureReason.TransportFault, "The transport is not loaded.");
        foreach (var row in _open.Values)
        {
            _channel.InFlight.Release();
            _services.Outcomes.Handle(_channel, _plan, _claim.ClaimId, row, problem);
        }

        _open.Clear();
    }

    private void Skip(ClaimedRow row, SkipReason reason, string? detail)
    {
        _open.Remove(row.Id);
        _channel.InFlight.Release();
        _services.Writer.Record(new DeliveryRecord { Id = row.Id, Event = DeliveryEvent.Skip, Claim = _claim.ClaimId, At = (long)Now, Attempt = row.Attempt, Reason = (int)reason, Detail = detail });
    }

    private void GiveBack(ClaimedRow row, long dueAt)
    {
        _open.Remove(row.Id);
        _channel.InFlight.Release();
        _services.Writer.Record(new DeliveryRecord { Id = row.Id, Event = DeliveryEvent.Return, Claim = _claim.ClaimId, At = (long)Now, Attempt = row.Attempt, DueAt = dueAt, BurnsAttempt = false, IsQuiet = true });
    }

    private double Now => _services.Time.GetUtcNow().ToUnixTimeMilliseconds();
}
