using static Broadcasts.FailureReason;
using static Broadcasts.SendOutcomeKind;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>What a code of the Cloud API means.</summary>
/// <param name="Kind">Class of the outcome.</param>
/// <param name="Reason">Why.</param>
internal sealed record ErrorRule(SendOutcomeKind Kind, FailureReason Reason)
{
    /// <summary>What a throttle covers.</summary>
    public ThrottleScope Scope { get; init; }

    /// <summary>The address is dead for the channel.</summary>
    public bool Suppress { get; init; }

    /// <summary>How long to wait at least.</summary>
    public Pause Pause { get; init; }

    /// <summary>Attempts after which it is called the content's fault; null for a rule that stays the same.</summary>
    public int? MostAttempts { get; init; }
}

/// <summary>Pauses that Meta's words imply and its answers do not give.</summary>
internal enum Pause
{
    None,

    /// <summary>A pair of sender and recipient gets about one message in 6 s.</summary>
    Pair,

    /// <summary>Too many blocks and reports: hours.</summary>
    Spam,

    /// <summary>The recipient has had enough marketing for now: no repeat within a day.</summary>
    MarketingCap,

    /// <summary>Maintenance, such as the upgrade of the number's throughput, which takes about a minute.</summary>
    Maintenance,
}

/// <summary>The codes of the Cloud API as of 2026-11 (Meta, "Error codes"; Graph API, "Handle errors" and "Rate limits").</summary>
internal static class ErrorTable
{
    /// <summary>Limits of spam, told to those who run the channel wherever they show.</summary>
    public const int SpamLimit = 131048;

    private static readonly ErrorRule Permission = new(ChannelFault, Credentials);
    private static readonly ErrorRule MissingObject = new(ChannelFault, Misconfigured);
    private static readonly ErrorRule NotNow = new(RetryLater, ProviderDown);
    private static readonly ErrorRule Media = new(RetryLater, MediaRejected) { MostAttempts = 2 };

    private static readonly Dictionary<int, ErrorRule> Rules = new()
    {
        // Credentials and permissions.
        [0] = Permission,
        [3] = Permission,
        [10] = Permission,
        [190] = Permission,
        [131005] = Permission,

        // Limits. 4 is the app's, 613 a custom one of the account, 80007 and 80008 the WhatsApp Business Account's; 130429 is the number's throughput.
        [4] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Scope = ThrottleScope.Account },
        [613] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Scope = ThrottleScope.Account },
        [80007] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Scope = ThrottleScope.Account },
        [80008] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Scope = ThrottleScope.Account },
        [130429] = new(SendOutcomeKind.Throttled, FailureReason.Throttled),
        [133016] = new(SendOutcomeKind.Throttled, FailureReason.Throttled),
        [131056] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Scope = ThrottleScope.Recipient, Pause = Pause.Pair },
        [SpamLimit] = new(SendOutcomeKind.Throttled, FailureReason.Throttled) { Pause = Pause.Spam },

        // Recipients. 131026 is said of numbers without WhatsApp, of old apps and of unaccepted terms: it may heal, so the address is kept.
        [131049] = new(RetryLater, Withheld) { Pause = Pause.MarketingCap },
        [130472] = new(RecipientRejected, Withheld),
        [131050] = new(RecipientRejected, OptedOut) { Suppress = true },
        [131026] = new(RecipientRejected, Unreachable),
        [131021] = new(RecipientRejected, InvalidAddress),
        [131030] = new(RecipientRejected, Policy),
        [130497] = new(RecipientRejected, Policy),

        // Content.
        [131047] = new(ContentRejected, WindowClosed),
        [470] = new(ContentRejected, WindowClosed),
        [131051] = new(ContentRejected, UnsupportedContent),
        [100] = new(ContentRejected, ContentRefused),
        [131008] = new(ContentRejected, ContentRefused),
        [131009] = new(ContentRejected, ContentRefused),
        [135000] = new(ContentRejected, ContentRefused),
        [132000] = new(ContentRejected, TemplateRejected),
        [132005] = new(ContentRejected, TooLarge),
        [132007] = new(ContentRejected, ContentRefused),
        [132012] = new(ContentRejected, TemplateRejected),
        [131052] = Media,
        [131053] = Media,

        // Templates: missing, paused, disabled; their flow blocked or throttled.
        [132001] = new(BroadcastBlocked, TemplateRejected),
        [132015] = new(BroadcastBlocked, TemplateRejected),
        [132016] = new(BroadcastBlocked, TemplateRejected),
        [132068] = new(BroadcastBlocked, TemplateRejected),
        [132069] = new(BroadcastBlocked, TemplateRejected),

        // The account or the number.
        [368] = new(ChannelFault, Policy),
        [131031] = new(ChannelFault, Policy),
        [131037] = new(ChannelFault, Policy),
        [131042] = new(ChannelFault, Billing),
        [33] = MissingObject,
        [131045] = MissingObject,
        [133010] = MissingObject,

        // The provider. 2, 131016, 133004 and 131057 are refusals at the door; 1 and 131000 say that nobody knows what happened.
        [2] = NotNow,
        [131016] = NotNow,
        [133004] = NotNow,
        [131057] = NotNow with { Pause = Pause.Maintenance },
        [1] = new(InDoubt, ProviderError),
        [131000] = new(InDoubt, ProviderError),
    };

    /// <summary>The rule of a code; null for one that nobody classified.</summary>
    public static ErrorRule? Find(MetaError error) => error switch
    {
        // Graph answers "object missing or not yours" with 400 and this pair, not with 404.
        { Code: 100, Subcode: 33 } => MissingObject,
        { Code: >= 200 and <= 299 } => Permission,
        _ => Rules.GetValueOrDefault(error.Code),
    };

    /// <summary>True for the codes that say that Meta could not fetch or keep a file.</summary>
    public static bool IsAboutMedia(string? code) => code is "131052" or "131053";
}
