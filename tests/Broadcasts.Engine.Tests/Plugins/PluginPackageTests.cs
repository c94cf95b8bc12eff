using System.IO.Compression;
using System.Text;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Plugins;

public sealed class PluginPackageTests
{
    private static readonly byte[] Manifest = Encoding.UTF8.GetBytes(LabPackages.Manifest());

    [Fact]
    public void Read_BuiltPackage_HasManifestAndHash()
    {
        var package = PluginPackage.Read(LabPackages.Of("1.2.3"));
        Assert.Equal(("lab", "1.2.3", "Broadcasts.TestPlugins.Lab.dll", "1.0"), (package.Manifest.Id, package.Manifest.Version, package.Manifest.Main, package.Manifest.Contract));
        Assert.Matches("^[0-9a-f]{64}$", package.Sha256);
    }

    [Fact]
    public void ExtractTo_BuiltPackage_GivesThePayloadWithoutTheContract()
    {
        using var folder = new TempFolder();
        var package = PluginPackage.Read(LabPackages.Of("1.0.0", change: a => LabPackages.Replace(a, "transport/Broadcasts.Abstractions.dll", [1, 2, 3])));
        var files = package.ExtractTo(folder.Path);

        Assert.Contains("Broadcasts.TestPlugins.Lab.dll", files.Keys);
        Assert.Contains("Broadcasts.TestPlugins.Lab.deps.json", files.Keys);
        Assert.Contains(PluginManifest.FileName, files.Keys);
        Assert.DoesNotContain("Broadcasts.Abstractions.dll", files.Keys);
    }

    public static TheoryData<string, string> Broken => new()
    {
        { "empty", "not a NuGet package" },
        { "text", "not a NuGet package" },
        { "cut off", "not a NuGet package" },
        { "no manifest", "has no transport.json" },
        { "manifest is no json", "transport.json can't be read" },
        { "manifest lacks id", "transport.json can't be read" },
        { "manifest is large", "transport.json is larger than 64 KB" },
        { "no main", "has no transport/Broadcasts.TestPlugins.Lab.dll" },
        { "climbs out", "leaves its folder" },
        { "absolute", "leaves its folder" },
        { "backslash", "leaves its folder" },
        { "drive", "leaves its folder" },
        { "twice", "twice" },
        { "link", "only plain files" },
        { "bomb", "times its size" },
        { "many files", "2000 are allowed" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Read_BrokenPackage_IsRefusedWithTheReason(string what, string why)
    {
        var refused = Assert.Throws<PluginRefusedException>(() => PluginPackage.Read(Package(what)));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Lab", "1.0.0", "a.dll", "1.0", "net10.0", "the id 'Lab'")]
    [InlineData("../lab", "1.0.0", "a.dll", "1.0", "net10.0", "the id '../lab'")]
    [InlineData("lab", "1", "a.dll", "1.0", "net10.0", "the version '1'")]
    [InlineData("lab", "1.0.0/../..", "a.dll", "1.0", "net10.0", "the version")]
    [InlineData("lab", "1.0.0", "../a.dll", "1.0", "net10.0", "main '../a.dll'")]
    [InlineData("lab", "1.0.0", "a.dll", "one", "net10.0", "contract 'one'")]
    [InlineData("lab", "1.0.0", "a.dll", "1.0", "net48", "framework 'net48'")]
    [InlineData("lab", "1.0.0", "a.dll", "1.0", "net99.0", "is built for net99.0")]
    public void Read_ManifestValue_IsRefused(string id, string version, string main, string contract, string framework, string why)
    {
        var bytes = LabPackages.Zip(("transport.json", Encoding.UTF8.GetBytes(LabPackages.Manifest(id, version, main, contract, framework))));
        Assert.Contains(why, Assert.Throws<PluginRefusedException>(() => PluginPackage.Read(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_EndlessStream_StopsAtTheLimit()
    {
        await using var endless = new ZeroStream();
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => PluginPackage.ReadAsync(endless, TestContext.Current.CancellationToken));
        Assert.Contains("larger than 200 MB", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExtractTo_FlippedByte_IsRefused()
    {
        // Stored, not deflated, so that the archive itself stays whole.
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in new[] { ("transport.json", Manifest), (LabPackages.Main, "payload-payload"u8.ToArray()) })
            {
                using var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(bytes);
            }
        }

        var package = stream.ToArray();
        package[package.AsSpan().IndexOf("payload-payload"u8)]++;
        using var folder = new TempFolder();
        Assert.Contains("is damaged", Assert.Throws<PluginRefusedException>(() => PluginPackage.Read(package).ExtractTo(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static byte[] Package(string what) => what switch
    {
        "empty" => [],
        "text" => "hello"u8.ToArray(),
        "cut off" => LabPackages.Of("1.0.0")[..2000],
        "no manifest" => LabPackages.Zip(("a.txt", [1])),
        "manifest is no json" => LabPackages.Zip(("transport.json", "{"u8.ToArray())),
        "manifest lacks id" => LabPackages.Zip(("transport.json", """{"version": "1.0.0"}"""u8.ToArray())),
        "manifest is large" => LabPackages.Zip(("transport.json", new byte[100_000])),
        "no main" => LabPackages.Zip(("transport.json", Manifest)),
        "climbs out" => LabPackages.Zip(("transport.json", Manifest), ("transport/../../x.dll", [1])),
        "absolute" => LabPackages.Zip(("transport.json", Manifest), ("/etc/x", [1])),
        "backslash" => LabPackages.Zip(("transport.json", Manifest), ("transport\\..\\x.dll", [1])),
        "drive" => LabPackages.Zip(("transport.json", Manifest), ("c:x.dll", [1])),
        "twice" => LabPackages.Zip(("transport.json", Manifest), ("transport/A.dll", [1]), ("transport/a.dll", [2])),
        "link" => Link(),
        "bomb" => LabPackages.Zip(("transport.json", Manifest), ("transport/zeros.bin", new byte[50 << 20])),
        _ => LabPackages.Zip([.. Enumerable.Range(0, 2001).Select(i => ($"transport/{i}", new byte[1]))]),
    };

    private static byte[] Link()
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            var entry = archive.CreateEntry("transport/link");
            entry.ExternalAttributes = unchecked((int)0xA1FF0000);
            using var target = entry.Open();
            target.Write("/etc/passwd"u8);
        }

        return stream.ToArray();
    }

    private sealed class ZeroStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count) => count;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
