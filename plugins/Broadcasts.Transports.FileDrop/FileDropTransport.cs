using System.Globalization;
using System.Text;

namespace Broadcasts.Transports.FileDrop;

/// <summary>Writes the files of one channel.</summary>
internal sealed class FileDropTransport(string folder, FileDropSettings settings, TimeProvider time) : SingleMessageTransport, IDeliveryLookup, IConnectionTest
{
    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        var name = FileName(message.Id);
        try
        {
            await WriteAsync(name, FileBody.Of(message, settings.Format, time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
            return SendOutcome.Accepted(name);
        }
        catch (OperationCanceledException)
        {
            // Only the temporary file can exist: the rename is the hand-over.
            return SendOutcome.RetryLater(FailureReason.TimedOut, "Stopped before the file was complete.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return FileFault.Classify(e, folder);
        }
    }

    /// <summary>A file that is there was surely written; one that is not may have been taken by its reader, so that proves nothing.</summary>
    public ValueTask<LookupResult?> LookupAsync(LookupRequest request, CancellationToken cancellationToken)
    {
        var name = FileName(request.MessageId);
        return new(File.Exists(Path.Combine(folder, name)) ? new LookupResult { Found = true, ProviderId = name } : null);
    }

    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        var probe = ".probe-" + Guid.NewGuid().ToString("N");
        try
        {
            await WriteAsync(probe, "probe"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            File.Delete(Path.Combine(folder, probe));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return FileFault.Classify(e, folder);
        }
    }

    /// <summary>The name is the message's id, so that a repeat replaces its own file and never adds one.</summary>
    internal string FileName(string messageId)
    {
        var name = new StringBuilder(messageId.Length + 5);
        foreach (var c in messageId)
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_') name.Append(c);
            else name.Append('%').Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
        }

        return name.Append(settings.Format switch { FileFormat.Json => ".json", FileFormat.Eml => ".eml", _ => ".txt" }).ToString();
    }

    private async Task WriteAsync(string name, byte[] body, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        // A leading dot and another ending: a program that watches the folder never sees half a file.
        var temp = Path.Combine(folder, $".{name}.{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = new FileStream(temp, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous))
            {
                await file.WriteAsync(body, cancellationToken).ConfigureAwait(false);
                if (settings.Flush) file.Flush(flushToDisk: true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            File.Move(temp, Path.Combine(folder, name), overwrite: true);
        }
        catch
        {
            File.Delete(temp);
            throw;
        }
    }
}
