using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>Takes what a transport said of a message: the row is recorded, and what it means for the channel or the broadcast is passed on.</summary>
internal sealed partial class Outcomes(LedgerWriter writer, IGrainFactory grains, ToldByProviders told, DispatchMeters meters, TimeProvider time, ILogger<Outcomes> logger)
{
    private const int DownsBeforePause = 10;
    private static readonly TimeSpan DownBeforePause = TimeSpan.FromSeconds(20);

    public void Handle(ChannelRuntime channel, BroadcastPlan plan, long claim, ClaimedRow row, SendOutcome outcome)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // Where recipients have times of their own, the start says nothing about how long one was tried; the attempts are counted all the same.
        var since = plan.Times is null ? plan.Broadcast.StartedAt ?? now : now;
        var decision = RetryPolicy.Decide(outcome, row.Attempt, now, since, channel.Limits, Random.Shared.NextDouble());
        // What would pause a broadcast for a person's look is a single message's own end: its neighbours say something else.
        if (plan.IsSingle && decision.Effect == DecisionEffect.PauseBroadcast) decision = new Decision(DeliveryEvent.Reject);
        writer.Record(new DeliveryRecord
        {
            Id = row.Id,
            Event = decision.Event,
            Claim = claim,
            At = now,
            Attempt = row.Attempt,
            Reason = (int?)outcome.Reason,
            ProviderId = outcome.ProviderIds.Length > 0 ? outcome.ProviderIds[0] : null,
            IsFoundByProviderId = channel.Transport.Capabilities.Receipts != ReceiptKinds.None,
            DueAt = decision.DueAt,
            BurnsAttempt = decision.BurnsAttempt,
            Outcome = outcome.Kind,
            Code = outcome.Code,
            Detail = outcome.Detail,
            Suppress = decision.Effect == DecisionEffect.Suppress,
            // A throttle or a fault that stops everybody is told once, by the channel; not a line for each row that came back.
            IsQuiet = decision.Event == DeliveryEvent.Return && !decision.BurnsAttempt,
        });
        Watch(plan, outcome, now);
        meters.Count(channel.Channel.Transport, outcome.Kind);
        if (outcome.Kind is SendOutcomeKind.Accepted or SendOutcomeKind.RecipientRejected or SendOutcomeKind.ContentRejected) channel.Answered();
        if (decision.Effect is not (DecisionEffect.None or DecisionEffect.Suppress)) _ = ActAsync(channel, plan, outcome, decision, now);
    }

    private void Watch(BroadcastPlan plan, SendOutcome outcome, long now)
    {
        if (outcome.Kind == SendOutcomeKind.Accepted) plan.Breaker.Accepted();
        else if (outcome.Kind == SendOutcomeKind.ContentRejected && plan.Breaker.Refused(outcome, now) is { } tripped) _ = TripAsync(plan, tripped, Text(outcome));
    }

    /// <summary>The provider named another address for the recipient: the next message goes there.</summary>
    public async Task MoveAsync(ChannelRuntime channel, string address, string elsewhere)
    {
        try
        {
            // Another way of writing the same address, as some providers answer each time, is worth no transaction.
            if (AddressNormalizer.Normal(channel.Channel.AddressKind, elsewhere) != address) await told.MoveAsync(channel.Id, address, elsewhere);
        }
        catch (Exception e)
        {
            LogMove(e, channel.Id);
        }
    }

    private async Task TripAsync(BroadcastPlan plan, Tripped tripped, string? detail)
    {
        try
        {
            await grains.GetGrain<IBroadcastGrain>(plan.Broadcast.Id).TripAsync(tripped, detail);
        }
        catch (Exception e)
        {
            LogTrip(e, plan.Broadcast.Id);
        }
    }

    private async Task ActAsync(ChannelRuntime channel, BroadcastPlan plan, SendOutcome outcome, Decision decision, long now)
    {
        try
        {
            switch (decision.Effect)
            {
                case DecisionEffect.SlowDown:
                    await channel.Budget.ThrottledAsync(decision.DueAt ?? now + 1000);
                    break;
                case DecisionEffect.PauseChannel:
                    await grains.GetGrain<IChannelGrain>(channel.Id).FaultAsync(outcome.Reason ?? FailureReason.Unclassified, Text(outcome));
                    break;
                case DecisionEffect.PauseBroadcast:
                    await grains.GetGrain<IBroadcastGrain>(plan.Broadcast.Id).PauseAsync("system", Reasons.NameOf((int)(outcome.Reason ?? FailureReason.Unclassified)), Text(outcome));
                    break;
                case DecisionEffect.ProviderDown:
                    await BackOffAsync(channel, outcome, now);
                    break;
            }
        }
        catch (Exception e)
        {
            LogEffect(e, decision.Effect, channel.Id);
        }
    }

    // Nobody answers: wait longer each time instead of burning everybody's attempts, and call a person when it lasts.
    private async Task BackOffAsync(ChannelRuntime channel, SendOutcome outcome, long now)
    {
        var (lasting, times) = channel.Down(now);
        if (times >= DownsBeforePause && lasting >= DownBeforePause) await grains.GetGrain<IChannelGrain>(channel.Id).FaultAsync(FailureReason.ProviderDown, Text(outcome));
        else if (times >= 3) await channel.Budget.WaitAsync(now + Math.Min(5000, 500L * times));
    }

    private static string? Text(SendOutcome outcome) => outcome.Code is null ? outcome.Detail : $"{outcome.Code} {outcome.Detail}".TrimEnd();

    [LoggerMessage(Level = LogLevel.Error, Message = "Pausing broadcast {Broadcast} after equal content faults failed")]
    private partial void LogTrip(Exception e, long broadcast);

    [LoggerMessage(Level = LogLevel.Error, Message = "An address that channel {Channel} named could not be kept; the next message brings it again")]
    private partial void LogMove(Exception e, long channel);

    [LoggerMessage(Level = LogLevel.Error, Message = "The effect {Effect} of an outcome on channel {Channel} failed; the next such outcome tries again")]
    private partial void LogEffect(Exception e, DecisionEffect effect, long channel);
}
