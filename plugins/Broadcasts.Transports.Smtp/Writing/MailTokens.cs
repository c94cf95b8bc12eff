using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Transports.Smtp;

/// <summary>One of our messages, as a token names it.</summary>
/// <param name="Id">The host's id of the message.</param>
/// <param name="AddressTag">Proves whom it was written to; null when the token does not tell.</param>
internal sealed record NamedMessage(string Id, string? AddressTag);

/// <summary>What a token is for. Each has signatures of its own, so that none can be made from another.</summary>
internal enum TokenUse
{
    /// <summary>Envelope sender: where bounces come back to.</summary>
    Bounce = 'b',

    /// <summary>Message-ID: what replies and returned messages name.</summary>
    MessageId = 'm',

    /// <summary>Address for opting out by mail.</summary>
    Unsubscribe = 'u',
}

/// <summary>
/// Message ids with a signature, for addresses and headers that come back to us. Whoever can't sign can't invent one, so that a forged bounce
/// names nothing. <c>ID-SIGNATURE[TAG]</c> in lower-case letters, digits and <c>- _</c> alone: mail systems may change the case of a local part.
/// </summary>
internal sealed class MailTokens(string key)
{
    private const int SignatureBytes = 10;
    private const int SignatureLength = 16;
    private const int TagBytes = 5;
    private const int TagLength = 8;
    private const string Base32 = "abcdefghijklmnopqrstuvwxyz234567";
    // Never part of an id that is written as it is.
    private const string EncodedMark = "x_";
    private readonly byte[] _key = Encoding.UTF8.GetBytes(key);

    public string ForBounce(string id) => $"{Text(id)}-{Sign(TokenUse.Bounce, id)}";

    public string ForMessageId(string id, string to) => $"{Text(id)}-{Sign(TokenUse.MessageId, id)}{Tag(id, to)}";

    public string ForUnsubscribe(string id, string to) => $"{Text(id)}-{Sign(TokenUse.Unsubscribe, id)}{Tag(id, to)}";

    /// <summary>The message that a token names; null for one that we did not make for this use.</summary>
    public NamedMessage? Read(TokenUse use, string token)
    {
        token = token.ToLowerInvariant();
        var dash = token.LastIndexOf('-');
        if (dash <= 0 || Id(token[..dash]) is not { Length: > 0 } id) return null;
        var rest = token[(dash + 1)..];
        if (rest.Length != SignatureLength + (use == TokenUse.Bounce ? 0 : TagLength)) return null;
        return Same(rest[..SignatureLength], Sign(use, id)) ? new NamedMessage(id, rest.Length > SignatureLength ? rest[SignatureLength..] : null) : null;
    }

    /// <summary>True when the message was written to this address.</summary>
    public bool WasSentTo(NamedMessage message, string address) => message.AddressTag is { } tag && Same(tag, Tag(message.Id, address));

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));

    private string Sign(TokenUse use, string id) => Encode(Hash($"{(char)use}\n{id}").AsSpan(0, SignatureBytes));

    private string Tag(string id, string address) => Encode(Hash($"a\n{id}\n{address.Trim().ToLowerInvariant()}").AsSpan(0, TagBytes));

    private byte[] Hash(string text) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text));

    private static string Text(string id) => id.Length > 0 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') ? id : EncodedMark + Encode(Encoding.UTF8.GetBytes(id));

    private static string? Id(string text) =>
        text.StartsWith(EncodedMark, StringComparison.Ordinal) ? Decode(text.AsSpan(EncodedMark.Length)) is { } bytes ? Encoding.UTF8.GetString(bytes) : null : text;

    /// <summary>RFC 4648, section 6, in lower case and without padding.</summary>
    private static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder((bytes.Length * 8 / 5) + 1);
        var (bits, count) = (0, 0);
        foreach (var b in bytes)
        {
            (bits, count) = ((bits << 8) | b, count + 8);
            for (; count >= 5; count -= 5) text.Append(Base32[(bits >> (count - 5)) & 31]);
            bits &= (1 << count) - 1;
        }

        if (count > 0) text.Append(Base32[(bits << (5 - count)) & 31]);
        return text.ToString();
    }

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        var bytes = new List<byte>(text.Length * 5 / 8);
        var (bits, count) = (0, 0);
        foreach (var c in text)
        {
            if (Base32.IndexOf(c) is not (var value and >= 0)) return null;
            (bits, count) = ((bits << 5) | value, count + 5);
            if (count < 8) continue;
            bytes.Add((byte)(bits >> (count - 8)));
            count -= 8;
            bits &= (1 << count) - 1;
        }

        return [.. bytes];
    }
}
