using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Transports.Webhook;

/// <summary><c>t=UNIXSECONDS,v1=HEX</c> where HEX is HMAC-SHA256 of <c>t.body</c> over the raw bytes.</summary>
internal static class Signature
{
    public const string Header = "X-Broadcasts-Signature";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    public static string Of(ReadOnlySpan<byte> body, string secret, DateTimeOffset at)
    {
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(Compute(body, secret, time))}";
    }

    /// <summary>True for a signature of these bytes that is not older than five minutes, so that a recorded request can't be played again for ever.</summary>
    public static bool IsGenuine(string? signature, ReadOnlySpan<byte> body, string secret, DateTimeOffset now)
    {
        string? time = null;
        var matches = new List<byte[]>();
        foreach (var part in (signature ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.StartsWith("t=", StringComparison.Ordinal)) time = part[2..];
            else if (part.StartsWith("v1=", StringComparison.Ordinal) && part.Length == 3 + 64 && part[3..].All(char.IsAsciiHexDigit)) matches.Add(Convert.FromHexString(part[3..]));
        }

        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > 253_402_300_799) return false;
        if ((now - DateTimeOffset.FromUnixTimeSeconds(seconds)).Duration() > Tolerance) return false;
        var expected = Compute(body, secret, time);
        // More than one v1 while a sender changes its secret.
        return matches.Any(m => CryptographicOperations.FixedTimeEquals(m, expected));
    }

    private static byte[] Compute(ReadOnlySpan<byte> body, string secret, string time)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.ASCII.GetBytes(time + "."));
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }
}
