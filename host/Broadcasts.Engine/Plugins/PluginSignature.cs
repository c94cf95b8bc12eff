using System.IO.Compression;
using System.Security.Cryptography;
using NuGet.Packaging;
using NuGet.Packaging.Signing;

namespace Broadcasts.Plugins;

/// <summary>Who signed a package.</summary>
/// <param name="Subject">The certificate's subject, as it says of itself.</param>
/// <param name="Fingerprint">SHA-256 of the certificate, lower-case hexadecimal: the only part that proves anything.</param>
internal sealed record PluginSigner(string Subject, string Fingerprint)
{
    public override string ToString() => $"{Subject} sha256:{Fingerprint}";
}

/// <summary>The author's signature of a NuGet package, as <c>dotnet nuget sign</c> makes it.</summary>
/// <remarks>
/// What is trusted are certificates that the administrator named, each by its fingerprint. So no chain is built, and no certificate expires here: it is trusted until it is taken off the list.
/// Format: https://learn.microsoft.com/nuget/reference/signed-packages-reference
/// </remarks>
internal static class PluginSignature
{
    /// <returns>The signer; null for a package without a signature.</returns>
    /// <exception cref="PluginRefusedException">The signature does not fit the contents, or can't be read.</exception>
    public static async Task<PluginSigner?> VerifyAsync(byte[] package, CancellationToken cancellationToken)
    {
        try
        {
            if (!HasSignature(package)) return null;
            using var reader = new PackageArchiveReader(new MemoryStream(package, writable: false));
            var signature = await reader.GetPrimarySignatureAsync(cancellationToken)
                ?? throw new PluginRefusedException("The package's signature can't be read: it is not placed as NuGet places it. Sign the package again.");
            await reader.ValidateIntegrityAsync(signature.SignatureContent, cancellationToken);
            signature.SignedCms.CheckSignature(verifySignatureOnly: true);
            var certificate = signature.SignerInfo.Certificate ?? throw new CryptographicException("it does not hold the signer's certificate.");
            return signature.Type == SignatureType.Author ? new PluginSigner(certificate.Subject, certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()) : null;
        }
        catch (Exception e) when (e is not PluginRefusedException and not OperationCanceledException)
        {
            throw new PluginRefusedException($"The package's signature does not fit its contents: the package was changed after it was signed, or is damaged. ({e.Message})");
        }
    }

    private static bool HasSignature(byte[] package)
    {
        using var archive = new ZipArchive(new MemoryStream(package, writable: false), ZipArchiveMode.Read);
        return archive.GetEntry(SigningSpecifications.V1.SignaturePath) is not null;
    }
}
