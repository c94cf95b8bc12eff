using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;

namespace Broadcasts.Reporting;

/// <summary>Which broadcasts: every condition that is given must hold.</summary>
internal sealed record BroadcastFilter
{
    public static BroadcastFilter All { get; } = new();

    public BroadcastStatus? Status { get; init; }

    public BroadcastView View { get; init; }

    public long? ChannelId { get; init; }

    public long? SegmentId { get; init; }

    public string? Label { get; init; }

    /// <summary>The actor as stored: <c>user:3</c>, <c>key:2</c>, <c>cli</c>.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>Broadcast time (of a draft: creation), inclusive.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Broadcast time, exclusive.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>A part of the name or of a label.</summary>
    public string? Search { get; init; }

    /// <summary>What came of its messages.</summary>
    public BroadcastOutcome? Outcome { get; init; }

    /// <summary>Archived ones instead of the others.</summary>
    public bool Archived { get; init; }
}

/// <summary>The saved views of the table.</summary>
internal enum BroadcastView
{
    All,

    /// <summary>Those whose time is still to come.</summary>
    Scheduled,

    /// <summary>Those that are over.</summary>
    History,
}

/// <summary>What came of a broadcast's messages, as far as it has any.</summary>
internal enum BroadcastOutcome
{
    /// <summary>Over, and nothing failed or is in doubt.</summary>
    Clean,

    /// <summary>Some failed.</summary>
    Failed,

    /// <summary>Of some nobody knows whether they went out.</summary>
    Unknown,

    /// <summary>Some were not sent, for a reason.</summary>
    Skipped,
}

/// <summary>Columns that the table can be sorted by.</summary>
internal enum BroadcastSort
{
    /// <summary>When it is or was sent; those without a time come first when descending.</summary>
    Time,
    Name,
    Status,
    Labels,
    Channel,
    Segment,
    Recipients,
    Messages,
    Created,
    CreatedBy,

    /// <summary>How much of it is done.</summary>
    Progress,

    /// <summary>The share of its messages that arrived.</summary>
    Delivered,
    Failed,

    /// <summary>When it was over; those that are not come first when descending.</summary>
    Finish,

    /// <summary>Those that wait for a second person, then those that had one.</summary>
    Approval,
}

/// <summary>One page of a table.</summary>
internal sealed record Page
{
    /// <summary>Most rows of a page.</summary>
    public const int Most = 200;

    public BroadcastSort Sort { get; init; } = BroadcastSort.Time;

    public bool Descending { get; init; } = true;

    public int Offset { get; init; }

    public int Limit { get; init; } = 50;
}

/// <summary>One page, and how many there are in all.</summary>
internal sealed record BroadcastList(IReadOnlyList<BroadcastRow> Items, long Total);

/// <summary>A line of the broadcasts table.</summary>
internal sealed record BroadcastRow
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string[] Labels { get; init; }

    public required BroadcastStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    /// <summary>The detail's code and values when it is a sentence of the engine.</summary>
    public Told? StatusTold { get; init; }

    /// <summary>Paused before anything left, until a second person agrees.</summary>
    public bool IsAwaitingApproval => this is { Status: BroadcastStatus.Paused, StatusReason: Approvals.Reason };

    /// <summary>Who pressed send or schedule, as stored; null before.</summary>
    public string? SentBy { get; init; }

    /// <summary>The second person who agreed; null for nobody.</summary>
    public string? ApprovedBy { get; init; }

    /// <summary>When it was started, else when it is due; null for a draft without a time.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The due time as its author wrote it, in <see cref="TimeZone"/>.</summary>
    public string? ScheduledLocal { get; init; }

    /// <summary>IANA zone of the broadcast.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The instant at which it is due, or its next occurrence.</summary>
    public DateTimeOffset? ScheduledAt { get; init; }

    /// <summary>At its local time in each recipient's own zone.</summary>
    public bool IsRecipientLocal { get; init; }

    /// <summary>When it comes again; null for once.</summary>
    public RepeatRule? Repeat { get; init; }

    /// <summary>It waits for a time of its own that can be another one. A repeated one has a plan instead; one that is sent in some seconds can be undone.</summary>
    public bool IsMovable => Status == BroadcastStatus.Scheduled && ScheduledLocal is not null && Repeat is null;

    public long? ChannelId { get; init; }

    /// <summary>It has several channels: each contact gets it on the one that it wrote on last.</summary>
    public bool IsLastInteracted { get; init; }

    /// <summary>Null when there is none yet, or when it was deleted.</summary>
    public string? ChannelName { get; init; }

    public long? SegmentId { get; init; }

    public string? SegmentName { get; init; }

    /// <summary>What kind of audience it is when there is no saved segment.</summary>
    public required AudienceKind Audience { get; init; }

    /// <summary>Contacts targeted: frozen ones, before that the last forecast's; null when nobody counted yet.</summary>
    public long? Recipients { get; init; }

    /// <summary>Messages to be sent to them: rows of the ledger, before that the last forecast's.</summary>
    public long? Messages { get; init; }

    /// <summary>True when the two numbers above come from a forecast and not from the frozen audience.</summary>
    public bool IsForecast { get; init; }

    public int Parts { get; init; }

    public required DeliveryCounts Counts { get; init; }

    public required string CreatedBy { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public DateTimeOffset? ArchivedAt { get; init; }

    public int Version { get; init; }

    /// <summary>How much later than its time it was started, or how late it is by now; null when it is not late.</summary>
    /// <param name="now">Null: only what is over counts.</param>
    public TimeSpan? LateBy(DateTimeOffset? now)
    {
        var waits = Status is BroadcastStatus.Scheduled || (Status is BroadcastStatus.Paused && StatusReason == "missedSchedule");
        var late = (StartedAt ?? (waits ? now : null)) - ScheduledAt;
        return late > TimeSpan.Zero ? late : null;
    }

    /// <summary>The sub-label of Completed: some messages failed or nobody knows.</summary>
    public bool HasFailures => Counts.Failed + Counts.Unknown > 0;
}

/// <summary>How an audience is named.</summary>
internal enum AudienceKind
{
    None,
    Segment,
    Rule,
    Contacts,
    Import,
    Retry,
}

/// <summary>Rows of the ledger by status: exclusive, they sum up to all.</summary>
internal sealed record DeliveryCounts
{
    public static DeliveryCounts None { get; } = new();

    public long Pending { get; init; }

    public long Sending { get; init; }

    public long Sent { get; init; }

    public long Delivered { get; init; }

    public long Read { get; init; }

    public long Failed { get; init; }

    public long Skipped { get; init; }

    public long Unknown { get; init; }

    public long Total => Pending + Sending + Sent + Delivered + Read + Failed + Skipped + Unknown;

    /// <summary>Rows that the provider called delivered.</summary>
    public long Arrived => Delivered + Read;

    /// <summary>Rows that nothing will happen to by itself any more, receipts apart.</summary>
    public long Done => Total - Pending - Sending;

    public long Of(DeliveryStatus status) => status switch
    {
        DeliveryStatus.Pending => Pending,
        DeliveryStatus.Sending => Sending,
        DeliveryStatus.Sent => Sent,
        DeliveryStatus.Delivered => Delivered,
        DeliveryStatus.Read => Read,
        DeliveryStatus.Failed => Failed,
        DeliveryStatus.Skipped => Skipped,
        DeliveryStatus.Unknown => Unknown,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };
}

/// <summary>A broadcast in the calendar.</summary>
internal sealed record CalendarItem
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required BroadcastStatus Status { get; init; }

    /// <summary>When it was started, else when it is due, else when it was created.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>When it was over; null before that.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>True when it has no time of its own and stands on the day of its creation.</summary>
    public bool IsOnCreation { get; init; }

    /// <summary>True for an occurrence of a repeated broadcast that is not made yet.</summary>
    public bool IsUpcoming { get; init; }

    /// <summary>As <see cref="BroadcastRow.IsMovable"/>.</summary>
    public bool IsMovable { get; init; }

    public string? ChannelName { get; init; }
}
