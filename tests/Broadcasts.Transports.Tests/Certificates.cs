using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broadcasts.Transports;

/// <summary>Certificates of loopback that nobody vouches for.</summary>
internal static class Certificates
{
    /// <param name="until">The year in which it expires.</param>
    public static X509Certificate2 SelfSigned(int until = 2099)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(until, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
