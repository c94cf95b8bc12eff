namespace Broadcasts.Transports.Telegram;

/// <summary>Files that Telegram has: the first message of a broadcast uploads its file, the others name it.</summary>
internal sealed class SentFiles
{
    private const int MostFiles = 64;
    private readonly FileDigests _digests = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Lock _lock = new();
    private long _uses;

    /// <summary>Sends by id, or uploads while others wait for the id.</summary>
    /// <param name="file">The file.</param>
    /// <param name="method">An id is good for one method alone.</param>
    /// <param name="send">Gets the id, or null to upload; answers the outcome and the id that Telegram gave.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<SendOutcome> SendAsync(FileContent file, MediaMethod method, Func<string?, Task<(SendOutcome Outcome, string? Id)>> send, CancellationToken cancellationToken)
    {
        var entry = Of($"{_digests.Of(file.Bytes)}:{method.Method}:{file.FileName}");
        if (entry.Id is { } known) return await ByIdAsync(entry, known, send).ConfigureAwait(false);
        try
        {
            await entry.Uploading.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return SendOutcome.RetryLater(FailureReason.TimedOut, "The file was still being uploaded.");
        }

        try
        {
            if (entry.Id is null)
            {
                (var outcome, entry.Id) = await send(null).ConfigureAwait(false);
                return outcome;
            }
        }
        finally
        {
            entry.Uploading.Release();
        }

        return await ByIdAsync(entry, entry.Id, send).ConfigureAwait(false);
    }

    // Telegram forgets a file now and then: nothing was sent, and it is uploaded once more.
    private static async Task<SendOutcome> ByIdAsync(Entry entry, string id, Func<string?, Task<(SendOutcome Outcome, string? Id)>> send)
    {
        var (outcome, _) = await send(id).ConfigureAwait(false);
        if (outcome is not { Kind: SendOutcomeKind.ContentRejected, Reason: FailureReason.MediaRejected }) return outcome;
        if (entry.Id == id) entry.Id = null;
        (outcome, var next) = await send(null).ConfigureAwait(false);
        if (next is not null) entry.Id = next;
        return outcome;
    }

    private Entry Of(string key)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry))
            {
                if (_entries.Count >= MostFiles) _entries.Remove(_entries.MinBy(e => e.Value.LastUse).Key);
                _entries[key] = entry = new Entry();
            }

            entry.LastUse = ++_uses;
            return entry;
        }
    }

    private sealed class Entry
    {
        private volatile string? _id;

        public string? Id
        {
            get => _id;
            set => _id = value;
        }

        public SemaphoreSlim Uploading { get; } = new(1, 1);

        public long LastUse { get; set; }
    }
}
