using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Transports.TwilioSms;

/// <summary>
/// <c>X-Twilio-Signature</c> (twilio.com/docs/usage/security): HMAC-SHA1 with the auth token over the address as Twilio called it and the parameters of the form, by name; for other bodies over the address
/// alone, which then carries the body's SHA-256.
/// </summary>
internal static class WebhookSignature
{
    public const string Header = "X-Twilio-Signature";
    private const string BodyDigest = "bodySHA256";

    /// <param name="signature">The header.</param>
    /// <param name="address">The address as it is configured, with the query of the request: what a proxy calls the service is not what Twilio called.</param>
    /// <param name="form">The parameters; null when the body is no form.</param>
    /// <param name="body">The raw body.</param>
    /// <param name="token">The account's token.</param>
    public static bool IsGenuine(string? signature, Uri address, IReadOnlyList<KeyValuePair<string, string>>? form, ReadOnlySpan<byte> body, string token)
    {
        if (string.IsNullOrEmpty(signature)) return false;
        if (form is null && !IsOf(address, body)) return false;
        var given = Encoding.UTF8.GetBytes(signature);
        var parameters = form is null ? "" : Joined(form);
        // With the port of the scheme and without: clients differ, and Twilio has done both.
        return new[] { Written(address, withPort: false), Written(address, withPort: true) }.Any(a => CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(Of(a + parameters, token))));
    }

    public static string Of(string signed, string token)
    {
#pragma warning disable CA5350 // Twilio's choice; an HMAC is not broken by collisions of its hash.
        return Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(signed)));
#pragma warning restore CA5350
    }

    /// <summary>Names and values without anything between them, by name; of a name that is repeated each value once.</summary>
    public static string Joined(IEnumerable<KeyValuePair<string, string>> form) =>
        string.Concat(form.Distinct().OrderBy(p => p.Key, StringComparer.Ordinal).ThenBy(p => p.Value, StringComparer.Ordinal).Select(p => p.Key + p.Value));

    private static string Written(Uri address, bool withPort) =>
        $"{address.Scheme}://{address.Host}{(withPort || !address.IsDefaultPort ? $":{address.Port}" : "")}{address.PathAndQuery}";

    private static bool IsOf(Uri address, ReadOnlySpan<byte> body)
    {
        var digest = FormBody.Read(Encoding.UTF8.GetBytes(address.Query.TrimStart('?'))).FirstOrDefault(p => p.Key == BodyDigest).Value;
        return digest is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(digest.ToLowerInvariant()), Encoding.UTF8.GetBytes(Convert.ToHexStringLower(SHA256.HashData(body))));
    }
}

/// <summary><c>application/x-www-form-urlencoded</c>, out of the raw bytes.</summary>
internal static class FormBody
{
    private const int MostFields = 1000;

    public static IReadOnlyList<KeyValuePair<string, string>> Read(ReadOnlySpan<byte> body)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var field in Encoding.UTF8.GetString(body).Split('&', MostFields, StringSplitOptions.RemoveEmptyEntries))
        {
            var at = field.IndexOf('=', StringComparison.Ordinal);
            fields.Add(new(Decode(at < 0 ? field : field[..at]), at < 0 ? "" : Decode(field[(at + 1)..])));
        }

        return fields;
    }

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
