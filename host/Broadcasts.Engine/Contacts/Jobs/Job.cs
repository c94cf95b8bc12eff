using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Export;
using Broadcasts.Security;

namespace Broadcasts.Contacts.Jobs;

/// <summary>What a job does. The numbers are stored.</summary>
internal enum JobAct
{
    AddTag = 1,
    RemoveTag = 2,
    SetField = 3,
    Block = 4,
    Unblock = 5,

    /// <summary>Erases the people; the counts stay.</summary>
    Delete = 6,

    ExportContacts = 7,

    /// <summary>What people said about being written to, as proof.</summary>
    ExportConsents = 8,

    ExportSuppressions = 9,
}

/// <summary>Where a job is. The numbers are stored.</summary>
internal enum JobStatus
{
    Queued = 0,
    Running = 1,
    Done = 2,
    Failed = 3,
    Cancelled = 4,

    /// <summary>Its process was stopped in the middle of it: the next one goes on.</summary>
    Interrupted = 5,
}

/// <summary>Which of the lists of words a status or an act is in.</summary>
internal static class JobWords
{
    /// <summary>It makes a file and changes nobody.</summary>
    public static bool IsExport(this JobAct act) => act >= JobAct.ExportContacts;

    /// <summary>What asking for it needs, and ending it.</summary>
    public static Permission Needs(this JobAct act) => act.IsExport() ? Permission.ExportContacts : act == JobAct.Delete ? Permission.EraseContacts : Permission.EditContacts;

    /// <summary>It will go on by itself.</summary>
    public static bool IsOpen(this JobStatus status) => status is JobStatus.Queued or JobStatus.Running or JobStatus.Interrupted;
}

/// <summary>What somebody asks for.</summary>
internal sealed record JobRequest
{
    public required JobAct Act { get; init; }

    /// <summary>The tag that is put on or taken off.</summary>
    public string? Tag { get; init; }

    /// <summary>The field that is set: <c>firstName</c>, <c>lastName</c>, <c>language</c>, <c>country</c>, <c>timeZone</c> or <c>fields.</c> and the slug of a custom field.</summary>
    public string? Field { get; init; }

    /// <summary>Its value; blank clears it.</summary>
    public string? Value { get; init; }

    /// <summary>The contacts one by one; null for those of the filters.</summary>
    public IReadOnlyList<long>? Contacts { get; init; }

    public string? Search { get; init; }

    /// <summary>Those who have this tag.</summary>
    public string? WithTag { get; init; }

    public long? SegmentId { get; init; }

    public SegmentRule? Rule { get; init; }

    /// <summary>Which entries of the suppression list are exported.</summary>
    public SuppressionFilter Suppressions { get; init; } = new();

    /// <summary>How many the person who asks believes that it is: another number is refused. Null for any.</summary>
    public long? Expected { get; init; }

    /// <summary>A text that no other request has: the same again is the same job. Null for none.</summary>
    public string? Once { get; init; }
}

/// <summary>A job as it is stored beside its progress.</summary>
internal sealed record JobSpec
{
    public string? Tag { get; init; }

    public string? Field { get; init; }

    public string? Value { get; init; }

    /// <summary>Which contacts; null when they were named one by one, and for the suppression list.</summary>
    public JobAudience? Audience { get; init; }

    public SuppressionFilter? Suppressions { get; init; }

    /// <summary>The columns of the file of contacts: the same in its last line as in its first, also when another process goes on with it.</summary>
    public ExportColumns? Columns { get; init; }
}

/// <summary>A job.</summary>
internal sealed record Job
{
    public long Id { get; init; }

    public JobAct Act { get; init; }

    public JobStatus Status { get; init; }

    public JobSpec Spec { get; init; } = new();

    /// <summary>It is about contacts that were named one by one.</summary>
    public bool IsPicked { get; init; }

    public long Mark { get; init; }

    public string Position { get; init; } = "";

    /// <summary>How many there were when it was asked for.</summary>
    public long Total { get; init; }

    public JobCounts Counts { get; init; } = new();

    public long Bytes { get; init; }

    public string? Error { get; init; }

    /// <summary>Code and values of the error.</summary>
    public Told? Told { get; init; }

    public string CreatedBy { get; init; } = "";

    public long CreatedAt { get; init; }

    public long? StartedAt { get; init; }

    public long? FinishedAt { get; init; }

    public string? CancelledBy { get; init; }

    /// <summary>When its file goes; null when it has none.</summary>
    public long? ExpiresAt { get; init; }

    /// <summary>True while its file can be downloaded.</summary>
    public bool HasFile(long now) => Status == JobStatus.Done && ExpiresAt > now;
}

/// <summary>How far a job is: done = changed + unchanged + refused for acts; an export changes nobody and counts its lines.</summary>
internal sealed record JobCounts
{
    public long Done { get; init; }

    public long Changed { get; init; }

    public long Unchanged { get; init; }

    public long Refused { get; init; }

    public long Written { get; init; }

    public JobCounts Plus(JobCounts more) => new()
    {
        Done = Done + more.Done,
        Changed = Changed + more.Changed,
        Unchanged = Unchanged + more.Unchanged,
        Refused = Refused + more.Refused,
        Written = Written + more.Written,
    };
}

/// <summary>With whom it could not be done, and why.</summary>
internal sealed record JobRefusal(long ContactId, string Code, string Reason);
