using System.Data.Common;

namespace Broadcasts.Contacts.Jobs;

/// <summary>What is done next of a job.</summary>
internal sealed record JobPiece
{
    /// <summary>Where the job is behind it.</summary>
    public required string Position { get; init; }

    /// <summary>What it comes to when there is nothing to apply.</summary>
    public JobCounts Counts { get; init; } = new();

    /// <summary>Changes contacts in the transaction that counts them, and adds those with whom it can't be done; null when nothing is changed.</summary>
    public Func<DbTransaction, ICollection<JobRefusal>, CancellationToken, Task<JobCounts>>? Apply { get; init; }

    /// <summary>The contacts that are changed.</summary>
    public IReadOnlyList<long> Contacts { get; init; } = [];

    /// <summary>The next lines of the file.</summary>
    public byte[]? Lines { get; init; }
}

/// <summary>One kind of job.</summary>
internal interface IJobWork
{
    /// <summary>The next piece, at most so large; null when there is none. Read outside of the transaction, so that nobody waits for it.</summary>
    Task<JobPiece?> NextAsync(Job job, long[]? contacts, int most, CancellationToken cancellationToken);
}
