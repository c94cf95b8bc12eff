using System.IO.Compression;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Contacts.Jobs;

/// <summary>The files that jobs made. They lie in the database, in compressed pieces of some thousand lines: every process of a cluster has them, and one piece is in memory at a time.</summary>
internal sealed class JobFile(JobStore jobs, AuditStore audit, TimeProvider time)
{
    /// <summary>A piece as it is stored.</summary>
    internal static byte[] Pack(byte[] lines)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(lines);
        return packed.ToArray();
    }

    /// <summary>Why the file can't be had; null when it can.</summary>
    public Problem? Refusal(Job job) => job switch
    {
        { Act: var act } when !act.IsExport() => new Problem("", "jobWithoutFile", $"Job {job.Id} makes no file.", $"{job.Id}"),
        { Status: not JobStatus.Done } => new Problem("", "jobFileNotReady", $"The file of job {job.Id} is not whole: it is there when the job is done.", $"{job.Id}"),
        _ when !job.HasFile(time.Now()) => new Problem("", "jobFileGone", $"The file of job {job.Id} was kept for its time and is gone: export again.", $"{job.Id}"),
        _ => null,
    };

    /// <summary>Writes the file; who takes it out is in the audit before its first byte.</summary>
    /// <exception cref="InvalidDataException">Its time was over in the middle of it.</exception>
    public async Task WriteAsync(Job job, string actor, Stream output, CancellationToken cancellationToken)
    {
        await audit.AppendAsync(actor, "job.downloaded", FormattableString.Invariant($"job:{job.Id}"), FormattableString.Invariant($"{job.Counts.Written} lines"), cancellationToken);
        var left = job.Bytes;
        for (var number = 1; left > 0; number++)
        {
            var piece = await jobs.ChunkAsync(job.Id, number, cancellationToken) ?? throw new InvalidDataException($"The file of job {job.Id} ended {left} bytes before its end.");
            await using var gzip = new GZipStream(new MemoryStream(piece), CompressionMode.Decompress);
            using var lines = new MemoryStream();
            await gzip.CopyToAsync(lines, cancellationToken);
            await output.WriteAsync(lines.GetBuffer().AsMemory(0, (int)lines.Length), cancellationToken);
            left -= lines.Length;
        }
    }
}
