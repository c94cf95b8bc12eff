using System.Runtime.CompilerServices;
using Broadcasts.Plugins.Health;

namespace Broadcasts.Plugins;

/// <summary>One transport of one load, and the count of leases on it.</summary>
internal sealed class TransportInstance
{
    /// <summary>Calls left behind and still running after which no more are begun: each holds a thread or memory that only a restart gives back.</summary>
    public const int MostHanging = 3;

    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping;
    private readonly CancellationToken _stopped;
    private readonly TimeProvider _time;
    private readonly PluginLimits _limits;
    private readonly Action<string> _onHang;
    private ITransport? _transport;
    private int _hanging;
    private int _leases = 1; // one is the slot's own, given back when the transport is retired

    public TransportInstance(TransportInfo info, ITransport transport, CancellationTokenSource stopping, PluginLimits limits, TimeProvider time, Action<string> onHang)
    {
        (Info, _transport, _stopping, _stopped, _limits, _time, _onHang) = (info, transport, stopping, stopping.Token, limits, time, onHang);
        Abilities = (transport is IWebhookReceiver ? TransportAbilities.Receive : 0)
            | (transport is IEventPoller ? TransportAbilities.Poll : 0)
            | (transport is IDeliveryLookup ? TransportAbilities.Lookup : 0)
            | (transport is ITemplateCatalogue ? TransportAbilities.Templates : 0)
            | (transport is IConnectionTest ? TransportAbilities.Test : 0);
    }

    public TransportInfo Info { get; }

    public TransportAbilities Abilities { get; }

    public TimeSpan PollInterval { get; init; }

    public required TransportHealth Health { get; init; }

    /// <summary>Takes a lease unless the transport is drained already. 13 ns, nothing allocated.</summary>
    public bool TryLease()
    {
        var leases = Volatile.Read(ref _leases);
        while (leases > 0)
        {
            var seen = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
            if (seen == leases) return true;
            leases = seen;
        }

        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _leases) == 0) _drained.TrySetResult();
    }

    /// <summary>Sends a batch under a lease of the caller's. Never throws; on return every message was reported once.</summary>
    /// <param name="batch">The messages.</param>
    /// <param name="releases">The lease is given back at the end.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public ValueTask SendAsync(MessageBatch batch, bool releases, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _hanging) >= MostHanging) return RefuseStuck(batch, releases);
        if (_transport is { } transport) return SendCall.Start(new SendCallWork(this, transport, batch, releases, cancellationToken), Info.Capabilities.SendDeadline, _time, _stopped);
        batch.ReportRest(SendOutcome.RetryLater(FailureReason.TransportFault, "The transport was retired before the batch began."));
        if (releases) Release();
        return ValueTask.CompletedTask;
    }

    private ValueTask RefuseStuck(MessageBatch batch, bool releases)
    {
        batch.ReportRest(SendOutcome.ChannelFault(FailureReason.TransportFault, Stuck));
        if (releases) Release();
        return ValueTask.CompletedTask;
    }

    private string Stuck => $"{MostHanging} calls of {Info.DisplayName.English} {Info.Version} did not end after they were cancelled, and still run. Restart the service, or put another version in its place, and resume the channel.";

    /// <summary>A call has ended, or is given up: what is not reported is in doubt.</summary>
    internal void Finish(in SendCallWork work, Task ended, bool isCancelled)
    {
        try
        {
            if (!ended.IsCompletedSuccessfully || !IsWhole(work.Batch)) work.Batch.ReportRest(RestOf(ended, isCancelled, work.Caller));
        }
        finally
        {
            Health.Count(work.Batch);
            if (work.HoldsLease) Release();
        }
    }

    /// <summary>Waits for a cancelled call, and leaves it behind when it does not end.</summary>
    internal async Task GraceAsync(Task whole)
    {
        if (!await WithinAsync(whole, _limits.CancelGrace)) LeaveBehind(whole);
    }

    private static bool IsWhole(MessageBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (!batch.IsReported(i)) return false;
        }

        return true;
    }

    private SendOutcome RestOf(Task ended, bool isCancelled, CancellationToken caller) =>
        isCancelled
            ? caller.IsCancellationRequested || _stopped.IsCancellationRequested
                ? SendOutcome.InDoubt(FailureReason.ProcessEnded, "The service stopped before the answer.")
                : SendOutcome.InDoubt(FailureReason.TimedOut, $"No answer within {Info.Capabilities.SendDeadline.TotalSeconds:0.#} s.")
        : ended.Exception is { } threw ? SendOutcome.InDoubt(FailureReason.TransportFault, PluginCalls.Describe(threw.InnerExceptions.Count == 1 ? threw.InnerException! : threw))
        : ended.IsCanceled ? SendOutcome.InDoubt(FailureReason.TransportFault, "The transport cancelled its own call.")
        : SendOutcome.InDoubt(FailureReason.TransportFault, "The transport ended the batch without an outcome for this message.");

    /// <summary>Asks an optional ability under a lease of the caller's.</summary>
    public async Task<AbilityResult<TResult>> AskAsync<TAbility, TResult>(string what, TimeSpan limit, Func<TAbility, CancellationToken, Task<TResult?>> ask, CancellationToken cancellationToken)
        where TAbility : class where TResult : class
    {
        if (_transport is not TAbility) return new(null, $"{Info.DisplayName.English} can't {what}.");
        if (Volatile.Read(ref _hanging) >= MostHanging) return new(null, Stuck);
        using var deadline = new CancellationTokenSource(limit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _stopped);
        var token = linked.Token;
        TResult? result = null;
        var call = Task.Run(async () => { result = await ask((TAbility)_transport!, token); }, CancellationToken.None);
        return await EndAsync(call, token) switch
        {
            CallEnd.Threw threw => new(null, threw.Error),
            CallEnd.Hung => new(null, $"No answer within {limit.TotalSeconds:0.#} s."),
            _ => new(result, null),
        };
    }

    /// <summary>Drains, cancels late work, disposes with a limit. Never throws, never hangs. False when plugin code was left behind.</summary>
    public async Task<bool> RetireAsync()
    {
        Release();
        if (!await WithinAsync(_drained.Task, _limits.Drain))
        {
            await _stopping.CancelAsync();
            await WithinAsync(_drained.Task, _limits.CancelGrace);
        }

        await _stopping.CancelAsync();
        var disposed = await WithinAsync(Task.Run(DisposeTransportAsync), _limits.Dispose);
        _stopping.Dispose();
        _transport = null;
        return disposed && _drained.Task.IsCompleted;
    }

    /// <summary>Waits for a plugin's call, and for the grace after its cancellation. A call that hangs keeps a lease of its own until it ends.</summary>
    private async Task<CallEnd> EndAsync(Task call, CancellationToken token)
    {
        try
        {
            await call.WaitAsync(token);
            return CallEnd.Done;
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            if (await WithinAsync(call, _limits.CancelGrace)) return CallEnd.Done;
            LeaveBehind(call);
            return CallEnd.Left;
        }
        catch (Exception e)
        {
            return new CallEnd.Threw(PluginCalls.Describe(e));
        }
    }

    private void LeaveBehind(Task call)
    {
        Interlocked.Increment(ref _leases);
        Interlocked.Increment(ref _hanging);
        Health.LeftBehind();
        _ = call.ContinueWith(static (t, self) =>
        {
            _ = t.Exception;
            ((TransportInstance)self!).EndedLate();
        }, this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _onHang("A call did not end after it was cancelled.");
    }

    private void EndedLate()
    {
        Interlocked.Decrement(ref _hanging);
        Health.EndedLate();
        Release();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task DisposeTransportAsync()
    {
        if (_transport is { } transport) await transport.DisposeAsync();
    }

    private async Task<bool> WithinAsync(Task task, TimeSpan limit)
    {
        try
        {
            await task.WaitAsync(limit, _time);
            return true;
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            PluginCalls.Observe(task);
            return false;
        }
        catch (Exception)
        {
            return true; // it ended; how is not asked any more
        }
    }

    private abstract record CallEnd
    {
        public static CallEnd Done { get; } = new Ended();

        public static CallEnd Left { get; } = new Hung();

        public sealed record Ended : CallEnd;

        public sealed record Hung : CallEnd;

        public sealed record Threw(string Error) : CallEnd;
    }
}

/// <summary>Optional interfaces that a transport has.</summary>
[Flags]
internal enum TransportAbilities
{
    Receive = 1,
    Poll = 2,
    Lookup = 4,
    Templates = 8,
    Test = 16,
}

/// <summary>The answer of an optional ability. With an <see cref="Error"/> the plugin has no such ability, threw, or did not answer.</summary>
internal readonly record struct AbilityResult<T>(T? Value, string? Error) where T : class;
