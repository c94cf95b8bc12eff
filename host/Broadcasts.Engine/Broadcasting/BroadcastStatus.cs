namespace Broadcasts.Broadcasting;

/// <summary>Where a broadcast is in its life. The numbers are stored.</summary>
public enum BroadcastStatus
{
    Draft = 0,
    Scheduled = 1,
    InProgress = 2,
    Paused = 3,
    Completed = 4,
    Cancelled = 5,
    Failed = 6,
}

/// <summary>What can be asked of a broadcast.</summary>
public enum BroadcastCommand
{
    Edit,
    Schedule,
    Unschedule,
    Start,
    Pause,
    Resume,
    Complete,
    Cancel,
    Fail,
    Fix,
    Delete,
    Archive,
    ChangeRate,
    /// <summary>A child for those who failed for a reason that can pass, or whom a cancel left over.</summary>
    ResendFailed,

    /// <summary>Sends what is left over another channel.</summary>
    MoveRemaining,

    /// <summary>Takes a send back before anything left.</summary>
    Undo,

    /// <summary>A second person agrees.</summary>
    Approve,

    /// <summary>A second person does not agree.</summary>
    Reject,

    /// <summary>Its time passed while nothing ran: a person decides.</summary>
    Hold = 40,
}
