namespace Broadcasts.Deliveries;

/// <summary>Where one part for one recipient is. The numbers are stored.</summary>
public enum DeliveryStatus
{
    Pending = 0,
    Sending = 1,
    Sent = 2,
    Delivered = 3,
    Read = 4,
    Failed = 5,
    Skipped = 6,
    Unknown = 7,
}

/// <summary>Statuses as the ledger keeps them.</summary>
public static class DeliveryStatuses
{
    /// <summary>What a stored number means. One that no version writes is somebody's own doing: what became of the message is not known.</summary>
    public static DeliveryStatus Read(int stored) => Enum.IsDefined((DeliveryStatus)stored) ? (DeliveryStatus)stored : DeliveryStatus.Unknown;
}

/// <summary>Why a row was never handed over. Stored in the same column as <see cref="FailureReason"/>, above its numbers.</summary>
public enum SkipReason
{
    /// <summary>The person opted out.</summary>
    OptedOut = 100,

    /// <summary>The address is on the suppression list.</summary>
    Suppressed = 101,

    /// <summary>The contact is blocked by a user.</summary>
    ContactBlocked = 102,

    /// <summary>The contact has no address of the channel's kind.</summary>
    NoAddress = 103,

    /// <summary>The template prints a value that the contact does not have, without a fallback.</summary>
    MissingValue = 104,

    /// <summary>The template could not be rendered for this contact.</summary>
    TemplateFault = 105,

    /// <summary>An earlier part failed for good.</summary>
    EarlierPartFailed = 106,

    /// <summary>An earlier part's fate is not known.</summary>
    EarlierPartUnknown = 107,

    /// <summary>The broadcast was cancelled first.</summary>
    Cancelled = 108,

    /// <summary>The broadcast expired first.</summary>
    Expired = 109,

    /// <summary>The contact was deleted after the audience had been frozen.</summary>
    ContactDeleted = 110,

    /// <summary>The contact got as many broadcasts as the workspace allows in a time.</summary>
    FrequencyCapped = 140,

    /// <summary>The provider allows free content only for a time after the contact's last message, and that time is over.</summary>
    WindowClosed = 141,

    /// <summary>The broadcast is for those who wrote on its channel before, and the contact never did.</summary>
    NeverInteracted = 142,

    /// <summary>The provider said before that the address does not exist or takes nothing any more.</summary>
    DeadAddress = 143,
}

/// <summary>Names of the reason column, as the API writes them.</summary>
public static class Reasons
{
    /// <summary>camelCase name of a stored reason.</summary>
    public static string NameOf(int reason)
    {
        var name = reason >= 100 ? ((SkipReason)reason).ToString() : ((FailureReason)reason).ToString();
        return System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
    }

    /// <summary>The stored number of a name; null when there is none.</summary>
    public static int? Parse(string name) =>
        Enum.TryParse<SkipReason>(name, ignoreCase: true, out var skip) && Enum.IsDefined(skip) ? (int)skip
        : Enum.TryParse<FailureReason>(name, ignoreCase: true, out var failure) && Enum.IsDefined(failure) ? (int)failure
        : null;
}

/// <summary>Where a row stands in its broadcast: id = broadcast * 2^32 + position, position from 1.</summary>
public static class DeliveryId
{
    public static long Of(long broadcastId, long position) => (broadcastId << 32) | position;

    public static long BroadcastOf(long id) => id >> 32;

    public static long First(long broadcastId) => broadcastId << 32;

    public static long Last(long broadcastId) => (broadcastId << 32) | 0xFFFFFFFF;
}
