namespace Broadcasts;

/// <summary>One message to one recipient, fully rendered by the host. Immutable; may be read from any thread.</summary>
public sealed class OutboundMessage
{
    /// <summary>The host's id of the delivery: unique and the same over every attempt. Use it as the provider's idempotency key and as its reference.</summary>
    public required string Id { get; init; }

    /// <summary>The recipient's address, normalised for its kind.</summary>
    public required string To { get; init; }

    /// <summary>The recipient's name, when it is known.</summary>
    public string? ToName { get; init; }

    /// <summary>What to send.</summary>
    public required MessageContent Content { get; init; }

    /// <summary>1 for the first attempt.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>The message is worthless after this moment; a provider that takes a validity gets it. Null when it never expires.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>One-click opt-out of this recipient (RFC 8058); null when the host has no public address.</summary>
    public string? UnsubscribeUrl { get; init; }

    /// <summary>Id of the broadcast, for providers that group by one (<c>Feedback-ID</c>, tags); null for a single message.</summary>
    public string? BroadcastId { get; init; }

    /// <summary>A message that the host sends to try the channel; never counted.</summary>
    public bool IsTest { get; init; }
}

/// <summary>Rendered content: exactly one of the five kinds.</summary>
public abstract class MessageContent
{
    private protected MessageContent() { }

    /// <summary>Which kind of content this is.</summary>
    public abstract ContentKinds Kind { get; }
}

/// <summary>Plain text.</summary>
public sealed class TextContent : MessageContent
{
    /// <inheritdoc/>
    public override ContentKinds Kind => ContentKinds.Text;

    /// <summary>The text.</summary>
    public required string Text { get; init; }
}

/// <summary>A prompt and options to choose from.</summary>
public sealed class ChoicesContent : MessageContent
{
    /// <inheritdoc/>
    public override ContentKinds Kind => ContentKinds.Choices;

    /// <summary>The question.</summary>
    public required string Prompt { get; init; }

    /// <summary>The options in order, at least one.</summary>
    public required string[] Options { get; init; }

    /// <summary>The prompt with its options numbered below it, for transports without buttons.</summary>
    public string AsText() => Prompt + string.Concat(Options.Select((option, i) => $"\n{i + 1}. {option}"));
}

/// <summary>A file or an image, with an optional caption.</summary>
public sealed class FileContent : MessageContent
{
    /// <inheritdoc/>
    public override ContentKinds Kind => ContentKinds.File;

    /// <summary>File name shown to the recipient.</summary>
    public required string FileName { get; init; }

    /// <summary>Media type, such as <c>image/png</c>.</summary>
    public required string MediaType { get; init; }

    /// <summary>The bytes. The same memory is shared by all messages of a broadcast.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Text beside the file.</summary>
    public string? Caption { get; init; }
}

/// <summary>A call of a template that the provider holds.</summary>
public sealed class TemplateContent : MessageContent
{
    /// <inheritdoc/>
    public override ContentKinds Kind => ContentKinds.Template;

    /// <summary>The provider's name or id of the template.</summary>
    public required string Name { get; init; }

    /// <summary>Language, BCP 47.</summary>
    public required string Language { get; init; }

    /// <summary>Rendered parameters in order.</summary>
    public TemplateParameter[] Parameters { get; init; } = [];
}

/// <summary>One parameter of a provider template.</summary>
public sealed class TemplateParameter
{
    /// <summary>Where it belongs: <c>header</c>, <c>body</c>, <c>button.0</c>.</summary>
    public required string Component { get; init; }

    /// <summary>Name of the parameter for templates with named ones; null when they are numbered.</summary>
    public string? Name { get; init; }

    /// <summary>Rendered value.</summary>
    public required string Value { get; init; }
}

/// <summary>An e-mail.</summary>
public sealed class EmailContent : MessageContent
{
    /// <inheritdoc/>
    public override ContentKinds Kind => ContentKinds.Email;

    /// <summary>Subject; one line.</summary>
    public required string Subject { get; init; }

    /// <summary>Plain text body; null when only HTML was written.</summary>
    public string? Text { get; init; }

    /// <summary>HTML body, its values already escaped.</summary>
    public string? Html { get; init; }

    /// <summary>Sender for this broadcast, when it is not the channel's own: an address or <c>Name &lt;address&gt;</c>.</summary>
    public string? From { get; init; }

    /// <summary>Address for replies.</summary>
    public string? ReplyTo { get; init; }
}
