using System.Diagnostics.Metrics;

namespace Broadcasts.Deliveries;

/// <summary>What the service sends, for <c>/metrics</c>.</summary>
internal sealed class DispatchMeters : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Broadcasts";

    /// <summary>Name of the counter of channels that were paused by a fault.</summary>
    public const string ChannelFaults = "broadcasts.channel.faults";

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _outcomes;
    private readonly Counter<long> _claims;
    private readonly Counter<long> _faults;

    public DispatchMeters(Reporting.WaitingBroadcasts waiting)
    {
        _meter.CreateObservableGauge("broadcasts.stalled", () => waiting.Stalled, "{broadcast}", "Broadcasts in progress that stand still without a known reason.");
        _outcomes = _meter.CreateCounter<long>("broadcasts.outcomes", "{message}", "Messages by transport and outcome.");
        _claims = _meter.CreateCounter<long>("broadcasts.claimed", "{message}", "Messages claimed for hand-over.");
        _faults = _meter.CreateCounter<long>(ChannelFaults, "{channel}", "Channels that were paused by a fault.");
    }

    public void Count(string transport, SendOutcomeKind outcome) =>
        _outcomes.Add(1, new KeyValuePair<string, object?>("transport", transport), new KeyValuePair<string, object?>("outcome", outcome.ToString()));

    public void Claimed(int rows) => _claims.Add(rows);

    public void ChannelFault(string transport, FailureReason reason) =>
        _faults.Add(1, new KeyValuePair<string, object?>("transport", transport), new KeyValuePair<string, object?>("reason", reason.ToString()));

    public void Dispose() => _meter.Dispose();
}
