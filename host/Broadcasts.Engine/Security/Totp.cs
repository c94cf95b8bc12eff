using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Security;

/// <summary>Codes of authenticator programs after RFC 6238: six digits of HMAC-SHA-1, a new one every 30 seconds.</summary>
internal static class Totp
{
    private const int SecretBytes = 20;
    private const int Digits = 6;

    /// <summary>How long a code is shown.</summary>
    public const long StepMs = 30_000;

    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new secret in Base32, as people type it and authenticators take it.</summary>
    public static string NewSecret()
    {
        var bits = new StringBuilder();
        foreach (var value in RandomNumberGenerator.GetBytes(SecretBytes)) bits.Append(Convert.ToString(value, 2).PadLeft(8, '0'));
        return string.Concat(Enumerable.Range(0, bits.Length / 5).Select(i => Alphabet[Convert.ToInt32(bits.ToString(i * 5, 5), 2)]));
    }

    /// <summary>What the picture says to an authenticator.</summary>
    public static string AddressOf(string secret, string email) => $"otpauth://totp/Broadcasts:{Uri.EscapeDataString(email)}?secret={secret}&issuer=Broadcasts&digits={Digits}";

    /// <summary>The step of time that a code is of: the present one, or one beside it for clocks that differ. Null when it is of none.</summary>
    public static long? StepOf(string secret, string code, DateTimeOffset now)
    {
        var given = Encoding.ASCII.GetBytes(string.Concat(code.Where(char.IsAsciiDigit)));
        var present = now.ToUnixTimeMilliseconds() / StepMs;
        long? found = null;
        // All are compared, whichever fits: the time tells nothing.
        for (var step = present - 1; step <= present + 1; step++)
            if (CryptographicOperations.FixedTimeEquals(given, Encoding.ASCII.GetBytes(CodeOf(secret, step)))) found = step;
        return found;
    }

    /// <summary>The code of a step.</summary>
    public static string CodeOf(string secret, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // RFC 6238's default, and the only one that every authenticator knows. HMAC does not lean on what SHA-1 lost.
        var hash = HMACSHA1.HashData(Decode(secret), counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 0xf)) & 0x7fffffff;
        return (number % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string secret)
    {
        var bytes = new List<byte>();
        var (buffer, bits) = (0, 0);
        foreach (var letter in secret)
        {
            buffer = ((buffer << 5) | Alphabet.IndexOf(letter, StringComparison.Ordinal)) & 0xfff;
            bits += 5;
            if (bits < 8) continue;
            bits -= 8;
            bytes.Add((byte)(buffer >> bits));
        }

        return [.. bytes];
    }
}
