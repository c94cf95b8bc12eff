using System.Text.RegularExpressions;
using MimeKit.Cryptography;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace Broadcasts.Transports.Smtp;

/// <summary>A private key for DKIM, as an administrator pastes it: PEM, with or without its line breaks.</summary>
internal sealed partial class DkimKey
{
    // RFC 8301, 3.2: signers use at least 1024 bits.
    private const int ShortestRsa = 1024;

    private DkimKey(AsymmetricKeyParameter key) => Key = key;

    public AsymmetricKeyParameter Key { get; }

    public DkimSignatureAlgorithm Algorithm => Key is Ed25519PrivateKeyParameters ? DkimSignatureAlgorithm.Ed25519Sha256 : DkimSignatureAlgorithm.RsaSha256;

    /// <summary>What is wrong with a key; null when it can sign. Never repeats any of it.</summary>
    public static SettingProblem? Problem(string? pem) => TryRead(pem) switch
    {
        null => new SettingProblem("dkimPrivateKey", "This is not a private key in PEM (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY), RSA or Ed25519, without a password.")
        {
            MessageEs = "Esto no es una clave privada PEM (BEGIN PRIVATE KEY o BEGIN RSA PRIVATE KEY), RSA o Ed25519, sin contraseña.",
        },
        { Key: RsaKeyParameters { Modulus.BitLength: < ShortestRsa } } => new SettingProblem("dkimPrivateKey", "The RSA key is shorter than 1024 bits. Make one of 2048.")
        {
            MessageEs = "La clave RSA tiene menos de 1024 bits. Haz una de 2048.",
        },
        _ => null,
    };

    /// <summary>Null when it is no such key.</summary>
    public static DkimKey? TryRead(string? pem)
    {
        if (Block().Match((pem ?? "").Replace("\\n", "\n", StringComparison.Ordinal)) is not { Success: true } block) return null;
        try
        {
            var bytes = Convert.FromBase64String(string.Concat(block.Groups["body"].Value.Where(c => !char.IsWhiteSpace(c))));
            AsymmetricKeyParameter key = block.Groups["kind"].Value.Length > 0 ? Pkcs1(bytes) : PrivateKeyFactory.CreateKey(bytes);
            return key is RsaPrivateCrtKeyParameters or Ed25519PrivateKeyParameters ? new DkimKey(key) : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IOException or InvalidCastException or GeneralSecurityException or InvalidOperationException)
        {
            return null;
        }
    }

    private static RsaPrivateCrtKeyParameters Pkcs1(byte[] bytes)
    {
        var rsa = RsaPrivateKeyStructure.GetInstance(bytes);
        return new RsaPrivateCrtKeyParameters(rsa.Modulus, rsa.PublicExponent, rsa.PrivateExponent, rsa.Prime1, rsa.Prime2, rsa.Exponent1, rsa.Exponent2, rsa.Coefficient);
    }

    [GeneratedRegex("-----BEGIN (?<kind>RSA )?PRIVATE KEY-----(?<body>[A-Za-z0-9+/=\\s]+)-----END (RSA )?PRIVATE KEY-----")]
    private static partial Regex Block();
}
