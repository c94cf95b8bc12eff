namespace Broadcasts.Transports.TwilioSms;

/// <summary>What one of Twilio's codes means.</summary>
/// <param name="Kind">The class of the outcome.</param>
/// <param name="Reason">Why.</param>
/// <param name="Suppress">The address itself is dead, or its owner wants nothing more.</param>
/// <param name="Scope">What a throttle covers.</param>
/// <param name="IsDaily">A throttle that lasts for the rest of the provider's day: asked again every hour.</param>
internal sealed record ErrorRule(SendOutcomeKind Kind, FailureReason Reason, bool Suppress = false, ThrottleScope Scope = ThrottleScope.Channel, bool IsDaily = false);

/// <summary>Twilio's error codes (twilio.com/docs/api/errors, as of 2026-11), of answers and of status callbacks. A code that is not here is judged by the HTTP status.</summary>
internal static class ErrorTable
{
    private static readonly ErrorRule Credentials = new(SendOutcomeKind.ChannelFault, FailureReason.Credentials);
    private static readonly ErrorRule Suspended = new(SendOutcomeKind.ChannelFault, FailureReason.Billing);
    private static readonly ErrorRule Unregistered = new(SendOutcomeKind.ChannelFault, FailureReason.Policy);
    private static readonly ErrorRule Misconfigured = new(SendOutcomeKind.ChannelFault, FailureReason.Misconfigured);
    private static readonly ErrorRule Throttled = new(SendOutcomeKind.Throttled, FailureReason.Throttled);
    private static readonly ErrorRule AccountThrottled = Throttled with { Scope = ThrottleScope.Account };
    private static readonly ErrorRule DayIsFull = AccountThrottled with { IsDaily = true };
    private static readonly ErrorRule Dead = new(SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, Suppress: true);
    private static readonly ErrorRule NoWay = new(SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress);
    private static readonly ErrorRule OptedOut = new(SendOutcomeKind.RecipientRejected, FailureReason.OptedOut, Suppress: true);
    private static readonly ErrorRule Blocked = new(SendOutcomeKind.RecipientRejected, FailureReason.Blocked, Suppress: true);
    private static readonly ErrorRule Refused = new(SendOutcomeKind.RecipientRejected, FailureReason.Blocked);
    private static readonly ErrorRule Off = new(SendOutcomeKind.RetryLater, FailureReason.Unreachable);
    private static readonly ErrorRule Window = new(SendOutcomeKind.RecipientRejected, FailureReason.WindowClosed);
    private static readonly ErrorRule Policy = new(SendOutcomeKind.ContentRejected, FailureReason.Policy);
    private static readonly ErrorRule Content = new(SendOutcomeKind.ContentRejected, FailureReason.ContentRefused);
    private static readonly ErrorRule TooLarge = new(SendOutcomeKind.ContentRejected, FailureReason.TooLarge);
    private static readonly ErrorRule Media = new(SendOutcomeKind.ContentRejected, FailureReason.MediaRejected);
    private static readonly ErrorRule Parameters = new(SendOutcomeKind.ContentRejected, FailureReason.TemplateRejected);
    private static readonly ErrorRule Template = new(SendOutcomeKind.BroadcastBlocked, FailureReason.TemplateRejected);
    private static readonly ErrorRule Doubt = new(SendOutcomeKind.InDoubt, FailureReason.ProviderError);

    public static ErrorRule? Find(long? code) => code switch
    {
        20003 or 20005 or 20006 => Credentials,
        30002 => Suspended,
        20404 or 21212 or 21603 or 21606 or 21609 or 21659 or 21660 or 21703 or 21705 => Misconfigured,
        30032 or 30034 => Unregistered,
        20429 or 63017 => AccountThrottled,
        21611 or 30001 or 30017 or 30022 or 63018 => Throttled,
        30023 or 30027 or 63038 => DayIsFull,
        21211 or 21214 or 21217 or 21614 or 21265 or 30005 or 30006 or 63003 or 63024 => Dead,
        21612 => NoWay,
        21610 => OptedOut,
        63014 or 63033 => Blocked,
        30004 => Refused,
        30003 => Off,
        63016 => Window,
        21408 or 30007 or 30010 => Policy,
        21602 or 63005 => Content,
        21617 or 30019 => TooLarge,
        21620 or 21623 or 63019 or 63021 => Media,
        21655 or 21656 or 63028 => Parameters,
        63027 or 63040 or 63041 or 63042 => Template,
        20500 or 20503 or 30008 or 63009 or 63010 or 63012 => Doubt,
        _ => null,
    };

    /// <summary>What a status callback's code means for a message that Twilio had taken.</summary>
    public static (FailureReason Reason, bool Suppress, bool IsTemporary) OfCallback(long? code) =>
        Find(code) is { } rule ? (rule.Reason, rule.Suppress, rule.Kind is SendOutcomeKind.RetryLater or SendOutcomeKind.Throttled or SendOutcomeKind.InDoubt) : (FailureReason.Unclassified, false, false);
}
