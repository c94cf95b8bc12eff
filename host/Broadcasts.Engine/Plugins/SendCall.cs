using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;

namespace Broadcasts.Plugins;

/// <summary>
/// One call of a transport's <see cref="ITransport.SendAsync"/> on a thread of its own, with the token that ends it. Ends when the transport has ended, or a grace after the token was cancelled:
/// whoever waits never hangs with it, and every message is reported by then. Used again and again, so that a message costs next to nothing here (docs/performance.md).
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Return disposes what is not used again.")]
internal sealed class SendCall : IThreadPoolWorkItem, IValueTaskSource
{
    private const int MostKept = 4096;
    private static readonly ConcurrentQueue<SendCall> Pool = new();

    private readonly Action _onEnd;
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenSource _cancel = new();
    private CancellationTokenRegistration _byCaller, _byStop, _byToken;
    private SendCallWork _work;
    private Task? _running, _ended;
    private TaskCompletionSource? _whole;
    private bool _isSystemTime;
    private int _settled;

    private SendCall() => _onEnd = () => End(_running!);

    /// <summary>Hands the batch over.</summary>
    /// <param name="work">What to do.</param>
    /// <param name="deadline">After it the token is cancelled.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="stop">Cancelled when the transport is retired.</param>
    /// <returns>To be awaited once. Throws only what the taker of the outcomes throws.</returns>
    public static ValueTask Start(in SendCallWork work, TimeSpan deadline, TimeProvider time, CancellationToken stop)
    {
        if (!Pool.TryDequeue(out var call)) call = new SendCall();
        return call.Begin(work, deadline, time, stop);
    }

    void IThreadPoolWorkItem.Execute()
    {
        Task running;
        var health = _work.Instance.Health;
        var allocated = health.Samples() ? GC.GetAllocatedBytesForCurrentThread() : -1;
        try
        {
            running = _work.Transport.SendAsync(_work.Batch, _cancel.Token) ?? Task.FromException(new InvalidOperationException("SendAsync returned no task."));
        }
        catch (Exception e)
        {
            running = Task.FromException(e);
        }

        if (allocated >= 0) health.Allocated(GC.GetAllocatedBytesForCurrentThread() - allocated, _work.Batch.Count);
        _running = running;
        if (running.IsCompleted) End(running);
        else running.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_onEnd);
    }

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            Return();
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);

    private ValueTask Begin(in SendCallWork work, TimeSpan deadline, TimeProvider time, CancellationToken stop)
    {
        (_work, _settled, _isSystemTime) = (work, 0, time == TimeProvider.System);
        if (_isSystemTime) _cancel.CancelAfter(deadline);
        else _cancel = new CancellationTokenSource(deadline, time);
        _byCaller = work.Caller.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _cancel);
        _byStop = stop.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _cancel);
        // Elsewhere: what goes on then must not run inside of whoever cancels.
        _byToken = _cancel.Token.UnsafeRegister(static s => ThreadPool.UnsafeQueueUserWorkItem(static c => c.Settle(), (SendCall)s!, preferLocal: false), this);
        var version = _core.Version;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return new ValueTask(this, version);
    }

    // In these three nothing is touched after the last call: the result may bring the call back into use on the spot.
    private void End(Task ended)
    {
        TaskCompletionSource? whole;
        lock (_lock)
        {
            _ended = ended;
            whole = _whole;
        }

        whole?.TrySetResult();
        Settle();
    }

    private void Settle()
    {
        if (Interlocked.Exchange(ref _settled, 1) != 0) return;
        if (Volatile.Read(ref _ended) is { } ended) Finish(ended);
        else _ = GiveUpAsync();
    }

    private void Finish(Task ended)
    {
        try
        {
            _work.Instance.Finish(_work, ended, _cancel.IsCancellationRequested);
        }
        catch (Exception e)
        {
            // Whoever takes the outcomes broke down: its own fault, and its own to hear of. Here it would end the process.
            _core.SetException(e);
            return;
        }

        _core.SetResult(true);
    }

    // Cancelled, and the transport has not ended: it gets a moment, and is left behind after that.
    private async Task GiveUpAsync()
    {
        Task whole;
        lock (_lock) whole = _ended is not null ? Task.CompletedTask : (_whole ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        await _work.Instance.GraceAsync(whole);
        Finish(Volatile.Read(ref _ended) ?? Task.CompletedTask);
    }

    private void Return()
    {
        // In this order: behind a registration's dispose its callback does not run any more.
        _byCaller.Dispose();
        _byStop.Dispose();
        _byToken.Dispose();
        // A transport that was left behind holds the token.
        if (_ended is null) return;
        if (!_isSystemTime || !_cancel.TryReset() || Pool.Count >= MostKept)
        {
            _cancel.Dispose();
            return;
        }

        // Nothing of the plugin, nor of whoever waited, is kept in the pool.
        (_work, _running, _ended, _whole) = (default, null, null, null);
        _core.Reset();
        Pool.Enqueue(this);
    }
}

/// <summary>What a <see cref="SendCall"/> does, and for whom.</summary>
/// <param name="Instance">Judges how it ended.</param>
/// <param name="Transport">Called.</param>
/// <param name="Batch">Handed over.</param>
/// <param name="HoldsLease">True when a lease is to be given back at the end.</param>
/// <param name="Caller">The caller's token.</param>
internal readonly record struct SendCallWork(TransportInstance Instance, ITransport Transport, MessageBatch Batch, bool HoldsLease, CancellationToken Caller);
