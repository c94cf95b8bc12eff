using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>The addresses of one channel that come back with a message's name in them: <c>bounce+TOKEN@example.org</c> (VERP).</summary>
internal sealed class ReturnAddresses
{
    // RFC 5321, 4.5.3.1.1.
    private const int LongestLocalPart = 64;
    private readonly string? _local;
    private readonly string? _domain;
    private readonly bool _takesMail;

    public ReturnAddresses(SmtpSettings settings)
    {
        Tokens = string.IsNullOrEmpty(settings.BounceKey) ? null : new MailTokens(settings.BounceKey);
        _takesMail = settings.MailboxProtocol != MailboxProtocol.None;
        if (Tokens is null || string.IsNullOrWhiteSpace(settings.BounceAddress)) return;
        var address = MailboxAddress.Parse(settings.BounceAddress).Address;
        var at = address.LastIndexOf('@');
        (_local, _domain) = (address[..at], address[(at + 1)..]);
    }

    /// <summary>Null without a key: nothing is signed then, and nothing that comes back is believed.</summary>
    public MailTokens? Tokens { get; }

    /// <summary>The envelope sender of a message; null when there is no address for bounces.</summary>
    public string? BounceOf(string id) => _local is null ? null : Address(Tokens!.ForBounce(id)) ?? $"{_local}@{_domain}";

    /// <summary>The address by which one recipient opts out by mail; null when nobody reads it, or it would be too long.</summary>
    public string? UnsubscribeOf(string id, string to) => _local is null || !_takesMail ? null : Address(Tokens!.ForUnsubscribe(id, to));

    /// <summary>The message that an address of ours names.</summary>
    public NamedMessage? Read(TokenUse use, string address)
    {
        var at = address.LastIndexOf('@');
        if (_local is null || at <= _local.Length || !address.AsSpan(at + 1).Equals(_domain, StringComparison.OrdinalIgnoreCase)) return null;
        return address.StartsWith(_local + "+", StringComparison.OrdinalIgnoreCase) ? Tokens!.Read(use, address[(_local.Length + 1)..at]) : null;
    }

    /// <summary>The message that a Message-ID of ours names, with or without its angle brackets.</summary>
    public NamedMessage? ReadMessageId(string messageId)
    {
        var id = messageId.Trim().Trim('<', '>');
        return id.IndexOf('@') is var at and > 0 ? Tokens?.Read(TokenUse.MessageId, id[..at]) : null;
    }

    private string? Address(string token) => _local!.Length + 1 + token.Length <= LongestLocalPart ? $"{_local}+{token}@{_domain}" : null;
}
