namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Files of broadcasts at Meta: each is uploaded once and named by its id in every message, until the id grows old or Meta complains.</summary>
internal sealed class MediaStore(WhatsAppCloudSettings settings, GraphClient graph, GraphAnswers answers, TimeProvider time)
{
    private const int MostIds = 64;

    private readonly FileDigests _digests = new();
    private readonly Dictionary<string, Upload> _uploads = [];
    private readonly Lock _lock = new();

    /// <summary>The id of a file at Meta, or why there is none. A failed upload is never in doubt: the message itself was not sent.</summary>
    public async Task<(string? Id, SendOutcome? Failure)> IdOfAsync(FileContent file, int attempt, CancellationToken cancellationToken)
    {
        var key = $"{_digests.Of(file.Bytes)}:{MediaKinds.Plain(file.MediaType)}";
        var (upload, isMine) = Reserve(key);
        if (isMine) await RunAsync(upload, file, attempt, cancellationToken).ConfigureAwait(false);
        try
        {
            return await upload.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return (null, SendOutcome.RetryLater(FailureReason.TimedOut, "The file was still being uploaded."));
        }
    }

    /// <summary>Forgets an id that Meta can't use.</summary>
    public void Drop(string id) => DropWhere(u => u.Id == id);

    /// <summary>Forgets ids that are older than a length of time: a failure that came later does not say whose file it was, and a fresh upload is not tried again for each.</summary>
    public void DropOlderThan(TimeSpan age)
    {
        var oldest = time.GetUtcNow() - age;
        DropWhere(u => u.At < oldest);
    }

    private (Upload Upload, bool IsMine) Reserve(string key)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_uploads.TryGetValue(key, out var known) && now - known.At < TimeSpan.FromDays(settings.MediaDays)) return (known, false);
            _uploads.Remove(key);
            if (_uploads.Count >= MostIds) _uploads.Remove(_uploads.MinBy(u => u.Value.At).Key);
            return (_uploads[key] = new Upload(now), true);
        }
    }

    private async Task RunAsync(Upload upload, FileContent file, int attempt, CancellationToken cancellationToken)
    {
        (string? Id, SendOutcome? Failure) result = (null, SendOutcome.RetryLater(FailureReason.TransportFault, "The upload of the file failed."));
        try
        {
            result = await UploadAsync(file, attempt, cancellationToken).ConfigureAwait(false);
            upload.Id = result.Id;
        }
        finally
        {
            // Whoever waits hears of the failure; whoever comes next tries again.
            if (result.Id is null) DropWhere(u => u == upload);
            upload.Done.TrySetResult(result);
        }
    }

    private async Task<(string? Id, SendOutcome? Failure)> UploadAsync(FileContent file, int attempt, CancellationToken cancellationToken)
    {
        using var form = Form(file);
        var (answer, failure) = await graph.UploadAsync($"{settings.PhoneNumberId}/media", form, cancellationToken).ConfigureAwait(false);
        if (answer is null) return (null, NotSent(failure!));

        var (document, problem) = answers.OfCall(answer, attempt);
        using (document)
        {
            return document?.RootElement.Text("id") is { } id
                ? (id, null)
                : (null, NotSent(problem ?? SendOutcome.InDoubt(FailureReason.UnreadableAnswer, "The upload of the file was answered without an id.")));
        }
    }

    private static SendOutcome NotSent(SendOutcome outcome) => outcome.Kind switch
    {
        SendOutcomeKind.InDoubt => SendOutcome.RetryLater(outcome.Reason!.Value, $"The file could not be uploaded. {outcome.Detail}", outcome.Code),
        SendOutcomeKind.ContentRejected when outcome.Reason != FailureReason.TooLarge => SendOutcome.ContentRejected(FailureReason.MediaRejected, outcome.Detail, outcome.Code),
        _ => outcome,
    };

    private static MultipartFormDataContent Form(FileContent file)
    {
        var form = UploadForm.New();
        UploadForm.Add(form, "messaging_product", "whatsapp");
        UploadForm.Add(form, "type", MediaKinds.Plain(file.MediaType));
        // The message has the name; nobody sees that of the upload.
        UploadForm.Add(form, "file", file, MediaKinds.Plain(file.MediaType), hidesName: true);
        return form;
    }

    private void DropWhere(Func<Upload, bool> isWanted)
    {
        lock (_lock)
        {
            foreach (var key in _uploads.Where(u => isWanted(u.Value)).Select(u => u.Key).ToArray()) _uploads.Remove(key);
        }
    }

    private sealed class Upload(DateTimeOffset at)
    {
        public DateTimeOffset At { get; } = at;

        public string? Id { get; set; }

        public TaskCompletionSource<(string? Id, SendOutcome? Failure)> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
