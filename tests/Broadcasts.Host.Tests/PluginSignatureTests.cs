using System.IO.Compression;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broadcasts.Plugins;

namespace Broadcasts.Host.Tests;

/// <summary>Packages signed by <c>dotnet nuget sign</c>, as an author signs them.</summary>
public sealed class PluginSignatureTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Install_OnlyFromTrustedSigners_RefusesTheOthersAndSaysWho()
    {
        var data = _folder.File("data");
        var unsigned = await WriteAsync("unsigned.nupkg", LabPackages.Of("1.0.0"));
        var (acme, trusted) = await SignedAsync("acme", LabPackages.Of("2.0.0"));
        var (other, _) = await SignedAsync("other", LabPackages.Of("3.0.0"));

        Assert.Contains("has no author's signature", await SaysAsync(1, data, trusted, "install", unsigned), StringComparison.Ordinal);
        Assert.Contains("lab 3.0.0 is signed by CN=other sha256:", await SaysAsync(1, data, trusted, "install", other), StringComparison.Ordinal);
        Assert.Contains($"Signed by CN=acme sha256:{trusted}", await SaysAsync(0, data, trusted, "install", acme), StringComparison.Ordinal);
        Assert.Contains($"\"CN=acme sha256:{trusted}\"", await SaysAsync(0, data, trusted, "list", "--json"), StringComparison.Ordinal);
        // Without the list anyone's are taken, but not in the place of another author's; who signed is on record all the same.
        Assert.Contains("lab 3.0.0 is signed by CN=other", await SaysAsync(1, data, null, "install", other), StringComparison.Ordinal);
        Assert.Contains("lab 1.0.0 is not signed; 2.0.0, which serves, is signed by CN=acme", await SaysAsync(1, data, null, "install", unsigned), StringComparison.Ordinal);
        Assert.Contains("Signed by CN=other", await SaysAsync(0, data, null, "install", other, "--replace"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("transport/behaviour.txt")]
    [InlineData("transport.json")]
    [InlineData(".signature.p7s")]
    public async Task ReadAsync_ChangedAfterItWasSigned_IsRefused(string entry)
    {
        var (file, _) = await SignedAsync("acme", LabPackages.Of("1.0.0", "throttle"));
        using (var archive = await ZipFile.OpenAsync(file, ZipArchiveMode.Update, TestContext.Current.CancellationToken))
        {
            var bytes = LabPackages.Bytes(archive, entry);
            bytes[^1] ^= 1;
            LabPackages.Replace(archive, entry, entry == "transport.json" ? [.. LabPackages.Bytes(archive, entry), (byte)' '] : bytes);
        }

        await using var stream = File.OpenRead(file);
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => PluginPackage.ReadAsync(stream, TestContext.Current.CancellationToken));
        Assert.Contains("signature", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_DamagedAnywhere_IsRefusedOrWhole()
    {
        var (file, _) = await SignedAsync("acme", LabPackages.Of("1.0.0"));
        var whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        var refused = 0;
        // The directory of the archive is at its end: there the readers jump to where the bytes say.
        foreach (var at in Enumerable.Range(0, 400).Select(i => whole.Length - 1 - i * 3).Concat(Enumerable.Range(0, 100).Select(i => i * whole.Length / 100)))
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0xFF;
            try
            {
                await PluginPackage.ReadAsync(new MemoryStream(damaged), TestContext.Current.CancellationToken);
            }
            catch (PluginRefusedException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 300, 500);
    }

    [Fact]
    public async Task ReadAsync_GarbageAsSignature_IsRefused()
    {
        var package = LabPackages.Of("1.0.0", change: a => LabPackages.Replace(a, ".signature.p7s", "not a signature"u8.ToArray()));
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => PluginPackage.ReadAsync(new MemoryStream(package), TestContext.Current.CancellationToken));
        Assert.Contains("signature", refused.Message, StringComparison.Ordinal);
    }

    private async Task<(string File, string Fingerprint)> SignedAsync(string name, byte[] package)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3", "code signing")], true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await WriteAsync($"{name}.pfx", certificate.Export(X509ContentType.Pfx));
        var file = await WriteAsync($"{name}.nupkg", package);
        await Dotnet.RunAsync(_folder.Path, ["nuget", "sign", file, "--certificate-path", _folder.File($"{name}.pfx"), "--overwrite"]);
        return (file, certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant());
    }

    private async Task<string> WriteAsync(string name, byte[] bytes)
    {
        await File.WriteAllBytesAsync(_folder.File(name), bytes, TestContext.Current.CancellationToken);
        return _folder.File(name);
    }

    private static async Task<string> SaysAsync(int code, string data, string? trusted, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(["plugin", .. arguments, "--data", data], new Dictionary<string, string?> { ["Broadcasts__Plugins__TrustedSigners"] = trusted });
        await process.AssertExitCodeAsync(code, RunningBroadcasts.Long);
        return string.Join('\n', process.Lines);
    }
}
