namespace Broadcasts;

/// <summary>What a plugin is: identity, capabilities and the settings form.</summary>
/// <remarks>All members are <c>init</c> properties, never constructor parameters: a later minor version can add one without breaking built plugins.</remarks>
public sealed class TransportDescriptor
{
    /// <summary>Stable id of the transport, lower case with dashes: <c>whatsapp-cloud</c>. Stored with every channel; never changes.</summary>
    public required string Id { get; init; }

    /// <summary>Name shown in the console.</summary>
    public required LocalizedText DisplayName { get; init; }

    /// <summary>One sentence shown where a person chooses a transport.</summary>
    public LocalizedText? Description { get; init; }

    /// <summary>
    /// The kind of address that the transport writes to: one of <see cref="AddressKinds"/>. A transport that serves any kind says
    /// <see cref="AddressKinds.ChosenByChannel"/> and offers a choice setting <c>addressKind</c> in its form.
    /// </summary>
    public required string AddressKind { get; init; }

    /// <summary>What the transport can carry, and its limits.</summary>
    public required TransportCapabilities Capabilities { get; init; }

    /// <summary>The settings form; make it with <see cref="SettingsForm.For{T}"/>.</summary>
    public SettingsForm Settings { get; init; } = SettingsForm.Empty;

    /// <summary>Help page for administrators.</summary>
    public string? DocumentationUrl { get; init; }
}

/// <summary>The kinds of address a contact can have. The list is closed within a major version.</summary>
public static class AddressKinds
{
    /// <summary>An e-mail address.</summary>
    public const string Email = "email";

    /// <summary>A telephone number in E.164 form, with the plus sign.</summary>
    public const string Phone = "phone";

    /// <summary>A Telegram chat id.</summary>
    public const string Telegram = "telegram";

    /// <summary>A WhatsApp id: the digits of a number, or a business-scoped user id.</summary>
    public const string WhatsApp = "whatsapp";

    /// <summary>A Messenger page-scoped id.</summary>
    public const string Messenger = "messenger";

    /// <summary>An Instagram-scoped id.</summary>
    public const string Instagram = "instagram";

    /// <summary>A web chat visitor id.</summary>
    public const string WebChat = "webchat";

    /// <summary>Not a kind of its own: each channel names its kind by its setting <c>addressKind</c>.</summary>
    public const string ChosenByChannel = "*";
}

/// <summary>Abilities and limits that the host relies on when it plans, validates and sends.</summary>
public sealed class TransportCapabilities
{
    /// <summary>Kinds of content part that the transport takes.</summary>
    public ContentKinds Content { get; init; } = ContentKinds.Text;

    /// <summary>Longest text in UTF-16 code units; null when there is no limit.</summary>
    public int? MaxTextLength { get; init; }

    /// <summary>Most options of a choices part; more are offered as a numbered text. Null when the transport has no buttons at all.</summary>
    public int? MaxChoices { get; init; }

    /// <summary>Largest file in bytes; null when the transport takes no files or sets no limit.</summary>
    public long? MaxFileBytes { get; init; }

    /// <summary>Media types of files taken, such as <c>image/png</c> or <c>image/*</c>; empty means any.</summary>
    public string[] FileTypes { get; init; } = [];

    /// <summary>The text is billed in SMS segments (GSM 03.38 or UCS-2).</summary>
    public bool CountsSegments { get; init; }

    /// <summary>Time after the contact's last message in which free content is allowed; null when the provider knows no such window.</summary>
    public TimeSpan? MessagingWindow { get; init; }

    /// <summary>Most messages per <see cref="ITransport.SendAsync"/> call, 1 to 1,000. 1 when the provider has no bulk call.</summary>
    public int MaxBatchSize { get; init; } = 1;

    /// <summary>Most messages in flight at once that the transport can use, 1 to 4,096.</summary>
    public int MaxInFlight { get; init; } = 256;

    /// <summary>Rate that a new channel starts with, in messages per second; null for as fast as the provider answers.</summary>
    public double? DefaultRatePerSecond { get; init; }

    /// <summary>How long the provider drops a repeat of the same <see cref="OutboundMessage.Id"/>; null when it does not de-duplicate.</summary>
    public TimeSpan? IdempotencyWindow { get; init; }

    /// <summary>Longest time one message may take from hand-over to its answer. The host cancels then and calls the outcome in doubt. Default 60 s.</summary>
    public TimeSpan SendDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>News that the provider sends after it accepted a message.</summary>
    public ReceiptKinds Receipts { get; init; }
}

/// <summary>Kinds of content part.</summary>
[Flags]
public enum ContentKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Plain text.</summary>
    Text = 1,

    /// <summary>A prompt with options to choose from. A transport without buttons still gets it: as text with numbered options.</summary>
    Choices = 2,

    /// <summary>A file or an image.</summary>
    File = 4,

    /// <summary>A template that the provider holds, with parameters.</summary>
    Template = 8,

    /// <summary>An e-mail: subject, text, HTML.</summary>
    Email = 16,
}

/// <summary>News after a message was accepted.</summary>
[Flags]
public enum ReceiptKinds
{
    /// <summary>The provider sends none.</summary>
    None = 0,

    /// <summary>It reached the device or the mailbox.</summary>
    Delivered = 1,

    /// <summary>It was opened.</summary>
    Read = 2,

    /// <summary>It failed after it had been accepted (a bounce).</summary>
    Failed = 4,
}

/// <summary>A text for people in more than one language.</summary>
public sealed class LocalizedText
{
    /// <summary>English; also used for languages that are not given.</summary>
    public required string English { get; init; }

    /// <summary>Spanish.</summary>
    public string? Spanish { get; init; }

    /// <summary>The text for a two-letter language code.</summary>
    public string For(string language) => language == "es" && Spanish is { Length: > 0 } spanish ? spanish : English;

    /// <summary>English alone.</summary>
    public static implicit operator LocalizedText(string english) => new() { English = english };

    /// <summary>English alone.</summary>
    public static LocalizedText FromString(string english) => new() { English = english };

    /// <inheritdoc/>
    public override string ToString() => English;
}
