using System.Runtime.CompilerServices;
using Broadcasts.Broadcasting;

namespace Broadcasts.Reporting;

/// <summary>Progress as it moves. However many pages look at a broadcast, its numbers are read once.</summary>
internal sealed class ProgressFeed(ProgressQueries queries, WaitingBroadcasts waiting, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan KeepPaces = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, Watch> _watches = [];
    private readonly Dictionary<long, Pace> _paces = [];

    /// <summary>The numbers now, with rate and ETA when somebody looked a moment ago too. Null when there is no such broadcast.</summary>
    public async Task<Progress?> GetAsync(long id, CancellationToken cancellationToken = default)
    {
        var progress = await queries.GetAsync(id, cancellationToken);
        if (progress is null) return null;
        lock (_lock)
        {
            // A watch's pace is fed by its own reads; another one is kept for callers who poll.
            var pace = _watches.TryGetValue(id, out var watch) ? watch.Pace : PaceOf(id);
            return Limited(pace.Complete(progress), waiting.Of(id));
        }
    }

    /// <summary>The numbers now and each time they move, at most a second old, until the caller stops. Ends at once when there is no such broadcast.</summary>
    public async IAsyncEnumerable<Progress> WatchAsync(long id, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var watch = Join(id);
        try
        {
            Progress? seen = null;
            while (true)
            {
                var (latest, next, ended) = watch.Look();
                if (latest is not null && !ReferenceEquals(latest, seen))
                {
                    seen = latest;
                    yield return latest;
                    continue;
                }

                if (ended) yield break;
                await next.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Leave(id, watch);
        }
    }

    private Watch Join(long id)
    {
        lock (_lock)
        {
            if (_watches.TryGetValue(id, out var running))
            {
                running.Listeners++;
                return running;
            }

            var watch = new Watch { Listeners = 1 };
            _watches.Add(id, watch);
            _ = Task.Run(() => RunAsync(id, watch));
            return watch;
        }
    }

    private void Leave(long id, Watch watch)
    {
        lock (_lock)
        {
            if (--watch.Listeners > 0) return;
            if (_watches.TryGetValue(id, out var current) && ReferenceEquals(current, watch)) _watches.Remove(id);
            watch.Stop.Cancel();
        }
    }

    private async Task RunAsync(long id, Watch watch)
    {
        try
        {
            while (!watch.Stop.IsCancellationRequested)
            {
                var progress = await queries.GetAsync(id, watch.Stop.Token);
                if (progress is null) break;
                lock (_lock)
                {
                    progress = Limited(watch.Pace.Complete(progress), waiting.Of(id));
                }

                watch.Publish(progress);
                await Task.Delay(Pause, time, watch.Stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody looks any more.
        }
        catch (Exception e)
        {
            watch.Fail(e);
        }
        finally
        {
            lock (_lock)
            {
                if (_watches.TryGetValue(id, out var current) && ReferenceEquals(current, watch)) _watches.Remove(id);
            }

            watch.End();
        }
    }

    // What holds it is found in one place; a used up limit is also what limits its rate.
    private static Progress Limited(Progress progress, Waiting? waiting) => progress.Status == BroadcastStatus.InProgress && waiting is { Code: Waiting.WindowFull or Waiting.RecipientsFull }
        ? progress with { Waiting = waiting, LimitedBy = RateLimit.Window, LimitedUntil = waiting.Until, FullWindow = waiting.Limit }
        : progress with { Waiting = waiting };

    private Pace PaceOf(long id)
    {
        var now = time.GetUtcNow();
        foreach (var old in _paces.Where(p => now - p.Value.Last > KeepPaces).Select(p => p.Key).ToArray()) _paces.Remove(old);
        if (!_paces.TryGetValue(id, out var pace)) _paces.Add(id, pace = new Pace());
        return pace;
    }

    /// <summary>One broadcast that somebody looks at.</summary>
    private sealed class Watch
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Progress? _latest;
        private bool _ended;

        public int Listeners { get; set; }

        public Pace Pace { get; } = new();

        public CancellationTokenSource Stop { get; } = new();

        public (Progress? Latest, Task Next, bool Ended) Look()
        {
            lock (_lock)
            {
                return (_latest, _next.Task, _ended);
            }
        }

        public void Publish(Progress progress)
        {
            // At rest the same numbers again are no news.
            if (_latest is { } last && !HasNews(last, progress)) return;
            Signal(() => _latest = progress);
        }

        public void Fail(Exception error)
        {
            lock (_lock)
            {
                _next.TrySetException(error);
            }
        }

        public void End() => Signal(() => _ended = true);

        private static bool HasNews(Progress last, Progress now) =>
            now.Status == BroadcastStatus.InProgress || now.Status != last.Status || now.Counts != last.Counts || now.Recipients != last.Recipients
            || now.StatusReason != last.StatusReason || now.StatusDetail != last.StatusDetail || now.OwnRate != last.OwnRate || now.ChannelRate != last.ChannelRate;

        private void Signal(Action change)
        {
            TaskCompletionSource waiting;
            lock (_lock)
            {
                change();
                waiting = _next;
                if (!_ended) _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            waiting.TrySetResult();
        }
    }
}
