using System.Security.Cryptography;
using System.Text;
using System.Web;

namespace Broadcasts.Transports;

/// <summary>How Meta proves a webhook, how a webhook address proves itself to Meta, and how a token is tied to its app.</summary>
/// <remarks>Meta, "Graph API webhooks, getting started" and "Secure Graph API calls". Shared by WhatsApp, Messenger and Instagram.</remarks>
internal static class MetaSignature
{
    public const string Header = "X-Hub-Signature-256";

    private const string Scheme = "sha256=";
    private const int LongestChallenge = 500;

    /// <summary>
    /// True when the header is the app secret's HMAC-SHA256 of these very bytes. Meta signs what it sends, with non-ASCII characters as
    /// <c>\uXXXX</c>: a body that was parsed and written again would not fit.
    /// </summary>
    public static bool IsGenuine(string? header, ReadOnlySpan<byte> body, string? appSecret)
    {
        if (string.IsNullOrEmpty(appSecret) || header is null || !header.StartsWith(Scheme, StringComparison.Ordinal)) return false;
        var hex = header.AsSpan(Scheme.Length);
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        if (hex.Length != 2 * given.Length || Convert.FromHexString(hex, given, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        return CryptographicOperations.FixedTimeEquals(given, HMACSHA256.HashData(Encoding.UTF8.GetBytes(appSecret), body));
    }

    /// <summary><c>appsecret_proof</c>: the access token under the app secret. A stolen token is of no use without it, once the app demands it.</summary>
    public static string Proof(string accessToken, string appSecret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(appSecret), Encoding.UTF8.GetBytes(accessToken)));

    /// <summary>Answers the subscription's GET: the challenge when the verify token fits, else 403.</summary>
    public static WebhookResult Handshake(Uri url, string? verifyToken)
    {
        var query = HttpUtility.ParseQueryString(url.Query);
        var challenge = query["hub.challenge"];
        return query["hub.mode"] == "subscribe" && challenge is { Length: > 0 and <= LongestChallenge } && IsSame(query["hub.verify_token"], verifyToken)
            ? new WebhookResult { MediaType = "text/plain", Body = Encoding.UTF8.GetBytes(challenge) }
            : new WebhookResult { Status = 403 };
    }

    // Digests are compared, so that neither length nor content shows in the time.
    private static bool IsSame(string? given, string? wanted) =>
        !string.IsNullOrEmpty(wanted) && given is not null
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(wanted)));
}
