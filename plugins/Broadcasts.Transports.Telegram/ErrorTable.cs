using System.Globalization;

namespace Broadcasts.Transports.Telegram;

/// <summary>
/// What the Bot API's errors mean, as of 2026-11. Telegram has no codes of its own: the HTTP status says what is at fault, its sentence which. The sentences are those of the server's published source; one
/// that is not known refuses the message and never silences an address.
/// </summary>
internal static class ErrorTable
{
    // Words → what they mean for the recipient. Suppressed until the contact writes again or adds the bot.
    private static readonly (string Words, FailureReason Reason, bool Suppress)[] Recipients =
    [
        ("bot was blocked by the user", FailureReason.Blocked, true),
        ("user is deactivated", FailureReason.InvalidAddress, true),
        ("bot was kicked", FailureReason.Blocked, true),
        ("bot is not a member", FailureReason.Blocked, true),
        ("can't initiate conversation", FailureReason.Blocked, true),
        ("can't send messages to bots", FailureReason.InvalidAddress, true),
        ("chat not found", FailureReason.InvalidAddress, true),
        ("user not found", FailureReason.InvalidAddress, true),
        ("peer_id_invalid", FailureReason.InvalidAddress, true),
        ("group chat was deactivated", FailureReason.InvalidAddress, true),
        // Upgraded, and nobody says to what.
        ("group chat was upgraded", FailureReason.InvalidAddress, false),
        ("not enough rights", FailureReason.Blocked, false),
        ("have no rights to send", FailureReason.Blocked, false),
        ("chat_write_forbidden", FailureReason.Blocked, false),
        ("voice_messages_forbidden", FailureReason.Blocked, false),
    ];

    private static readonly (string Words, FailureReason Reason)[] Contents =
    [
        (ErrorWords.CannotParse, FailureReason.ContentRefused),
        ("message is too long", FailureReason.TooLarge),
        ("caption is too long", FailureReason.TooLarge),
        ("file is too big", FailureReason.TooLarge),
        (ErrorWords.WrongFile, FailureReason.MediaRejected),
        ("failed to get http url content", FailureReason.MediaRejected),
        ("wrong type of the web page content", FailureReason.MediaRejected),
        ("photo_invalid_dimensions", FailureReason.MediaRejected),
        ("image_process_failed", FailureReason.MediaRejected),
        ("file must be non-empty", FailureReason.MediaRejected),
        ("button", FailureReason.ContentRefused),
        ("message text is empty", FailureReason.ContentRefused),
    ];

    /// <param name="code">Telegram's <c>error_code</c>, or the HTTP status.</param>
    /// <param name="words">Its sentence, redacted.</param>
    /// <param name="wait">When it may be tried again, if Telegram said so.</param>
    public static SendOutcome Classify(int code, string words, DateTimeOffset? wait)
    {
        var name = code.ToString(CultureInfo.InvariantCulture);
        return code switch
        {
            // Of the whole bot: whoever goes on with other chats makes it longer.
            429 or 420 => SendOutcome.Throttled(ThrottleScope.Channel, wait, words, name),
            401 or 404 => SendOutcome.ChannelFault(FailureReason.Credentials, words, name),
            // Somebody called logOut to move the bot to another server: this one knows it no more.
            400 when words.Equals(ErrorWords.LoggedOut, StringComparison.OrdinalIgnoreCase) => SendOutcome.ChannelFault(FailureReason.Misconfigured, words, name),
            409 => SendOutcome.ChannelFault(FailureReason.Misconfigured, words, name),
            413 => SendOutcome.ContentRejected(FailureReason.TooLarge, words, name),
            >= 500 => SendOutcome.InDoubt(FailureReason.ProviderError, words, name),
            >= 300 and < 400 => SendOutcome.ChannelFault(FailureReason.Misconfigured, $"HTTP {name}: redirects are not followed. Check the API address.", name),
            _ => OfWords(name, words),
        };
    }

    private static SendOutcome OfWords(string code, string words)
    {
        foreach (var (known, reason, suppress) in Recipients)
        {
            if (words.Contains(known, StringComparison.OrdinalIgnoreCase)) return SendOutcome.RecipientRejected(reason, suppress, words, code);
        }

        foreach (var (known, reason) in Contents)
        {
            if (words.Contains(known, StringComparison.OrdinalIgnoreCase)) return SendOutcome.ContentRejected(reason, words, code);
        }

        return SendOutcome.ContentRejected(FailureReason.Unclassified, words, code);
    }
}

/// <summary>Sentences that the transport acts upon itself.</summary>
internal static class ErrorWords
{
    public const string CannotParse = "can't parse entities";
    public const string LoggedOut = "logged out";
    public const string WrongFile = "wrong file identifier";
}
