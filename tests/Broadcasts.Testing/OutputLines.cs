namespace Broadcasts.Testing;

/// <summary>Lines of a running process and those who wait for one.</summary>
internal sealed class OutputLines
{
    private readonly Lock _lock = new();
    private readonly List<(string Text, bool IsError)> _lines = [];
    private readonly List<(Func<string, bool> IsIt, TaskCompletionSource<string?> Found)> _waiting = [];
    private int _openStreams = 2;

    /// <summary>Takes a line; null is the end of a stream.</summary>
    public void Add(string? line, bool isError)
    {
        lock (_lock)
        {
            if (line is null)
            {
                if (--_openStreams > 0) return;
                _waiting.ForEach(waiting => waiting.Found.TrySetResult(null));
                _waiting.Clear();
                return;
            }

            _lines.Add((line, isError));
            _waiting.RemoveAll(waiting => waiting.IsIt(line) && waiting.Found.TrySetResult(line));
        }
    }

    /// <summary>The first line that fits, seen already or to come; null when the output ended without it.</summary>
    public Task<string?> FirstAsync(Func<string, bool> isIt)
    {
        lock (_lock)
        {
            if (_lines.Find(line => isIt(line.Text)).Text is { } seen) return Task.FromResult<string?>(seen);
            if (_openStreams == 0) return Task.FromResult<string?>(null);

            // Continuations on the pool: they must not run inside the lock.
            var found = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((isIt, found));
            return found.Task;
        }
    }

    public IReadOnlyList<string> Snapshot(bool standardOnly = false)
    {
        lock (_lock)
        {
            return [.. _lines.Where(line => !standardOnly || !line.IsError).Select(line => line.Text)];
        }
    }
}
