using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Files of broadcasts at Meta: each is uploaded once and named by its id in every message, until the id grows old or Meta complains.</summary>
internal sealed class MediaStore(WhatsAppCloudSettings settings, GraphClient graph, GraphAnswers answers, TimeProvider time)
{
    private const int MostIds = 64;

    // Weak: an array's digest goes with the array, and hashing a large file again for every recipient is saved.
    private readonly ConditionalWeakTable<byte[], Digest> _digests = [];
    private readonly Dictionary<string, Upload> _uploads = [];
    private readonly Lock _lock = new();

    /// <summary>The id of a file at Meta, or why there is none. A failed upload is never in doubt: the message itself was not sent.</summary>
    public async Task<(string? Id, SendOutcome? Failure)> IdOfAsync(FileContent file, int attempt, CancellationToken cancellationToken)
    {
        var key = $"{DigestOf(file.Bytes)}:{MediaKinds.Plain(file.MediaType)}";
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
        var form = new MultipartFormDataContent("broadcasts-" + Guid.NewGuid().ToString("N"));
        // Some servers take the quotes that .NET puts around the boundary for a part of it.
        form.Headers.ContentType!.Parameters.Single().Value = form.Headers.ContentType.Parameters.Single().Value!.Trim('"');
        form.Add(Field("messaging_product", "whatsapp"));
        form.Add(Field("type", MediaKinds.Plain(file.MediaType)));
        var bytes = new ReadOnlyMemoryContent(file.Bytes);
        bytes.Headers.ContentType = new MediaTypeHeaderValue(MediaKinds.Plain(file.MediaType));
        bytes.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = "\"file\"", FileName = $"\"{Plain(file.FileName)}\"" };
        form.Add(bytes);
        return form;
    }

    private static ByteArrayContent Field(string name, string value)
    {
        var content = new ByteArrayContent(System.Text.Encoding.UTF8.GetBytes(value));
        content.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = $"\"{name}\"" };
        return content;
    }

    // Nobody sees the upload's name, the message has its own; in a header it must be plain.
    private static string Plain(string fileName) => string.Concat(fileName.TakeLast(100).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));

    private string DigestOf(ReadOnlyMemory<byte> bytes)
    {
        if (!MemoryMarshal.TryGetArray(bytes, out var array) || array.Array is null) return Convert.ToHexString(SHA256.HashData(bytes.Span));
        if (_digests.TryGetValue(array.Array, out var known) && known.Offset == array.Offset && known.Length == array.Count) return known.Value;
        var digest = new Digest(array.Offset, array.Count, Convert.ToHexString(SHA256.HashData(bytes.Span)));
        _digests.AddOrUpdate(array.Array, digest);
        return digest.Value;
    }

    private void DropWhere(Func<Upload, bool> isWanted)
    {
        lock (_lock)
        {
            foreach (var key in _uploads.Where(u => isWanted(u.Value)).Select(u => u.Key).ToArray()) _uploads.Remove(key);
        }
    }

    private sealed record Digest(int Offset, int Length, string Value);

    private sealed class Upload(DateTimeOffset at)
    {
        public DateTimeOffset At { get; } = at;

        public string? Id { get; set; }

        public TaskCompletionSource<(string? Id, SendOutcome? Failure)> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
