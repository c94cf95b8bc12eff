using Broadcasts.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Broadcasts.Plugins;

public sealed class PluginInstallerTests : IAsyncDisposable
{
    private readonly TempFolder _data = new();
    private readonly TempFolder _bundled = new();
    private readonly List<Node> _nodes = [];
    private TestDatabase? _database;

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes) await node.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
        _data.Dispose();
        _bundled.Dispose();
    }

    [Theory]
    [MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task InstallAsync_Package_IsStoredLoadedAndDesired(string provider)
    {
        var node = await NodeAsync(provider);
        var bytes = LabPackages.Of("1.0.0");
        var installed = await node.Installer.InstallAsync(new MemoryStream(bytes), "ana", activate: true, TestContext.Current.CancellationToken);

        Assert.Equal(("lab", "1.0.0", bytes.Length, "ana"), (installed.Id, installed.Version, installed.Size, installed.InstalledBy));
        Assert.Equal("1.0.0", node.Host.FindInfo("lab")!.Version);
        Assert.Equal("1.0.0", (await node.Store.DesiredAsync(TestContext.Current.CancellationToken))["lab"]);
        Assert.Equal(bytes, await node.Store.PackageAsync("lab", "1.0.0", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task InstallAsync_SameAgain_ChangesNothing_SameVersionWithOtherContents_IsRefused()
    {
        var node = await NodeAsync();
        var first = await InstallAsync(node, LabPackages.Of("1.0.0"));
        Assert.Equal(first, await InstallAsync(node, LabPackages.Of("1.0.0", change: null), reuse: true));

        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => InstallAsync(node, LabPackages.Of("1.0.0", "other")));
        Assert.Contains("A version never changes", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task InstallAsync_CodeIsBroken_LeavesNothingAndTheOldVersionServes(bool activate)
    {
        var node = await NodeAsync();
        await InstallAsync(node, LabPackages.Of("1.0.0"));
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => InstallAsync(node, LabPackages.Of("2.0.0", "throw-in-constructor"), activate));

        Assert.Contains("no licence", refused.Message, StringComparison.Ordinal);
        Assert.Equal("1.0.0", Assert.Single(await node.Store.ListAsync(TestContext.Current.CancellationToken)).Version);
        Assert.Equal("1.0.0", node.Host.FindInfo("lab")!.Version);
    }

    [Fact]
    public async Task ActivateAsync_OlderVersion_IsTheWayBack()
    {
        var node = await NodeAsync();
        await InstallAsync(node, LabPackages.Of("1.0.0"));
        await InstallAsync(node, LabPackages.Of("2.0.0"));
        Assert.Equal("2.0.0", node.Host.FindInfo("lab")!.Version);

        Assert.True((await node.Installer.ActivateAsync("lab", "1.0.0", new PluginAct("test", "activate"), TestContext.Current.CancellationToken)).Swapped);
        Assert.Equal("1.0.0", node.Host.FindInfo("lab")!.Version);
        await Assert.ThrowsAsync<PluginRefusedException>(() => node.Installer.ActivateAsync("lab", "9.0.0", new PluginAct("test", "activate"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Bundled_FirstStart_InstallsWhatIsWholeAndNamesWhatIsNot()
    {
        await File.WriteAllBytesAsync(_bundled.File("a-broken.nupkg"), [1, 2, 3], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(_bundled.File("lab.1.0.0.nupkg"), LabPackages.Of("1.0.0"), TestContext.Current.CancellationToken);
        var node = await NodeAsync();
        await node.Bundled.InstallAsync(TestContext.Current.CancellationToken);

        Assert.Equal("bundled", Assert.Single(await node.Store.ListAsync(TestContext.Current.CancellationToken)).InstalledBy);
        Assert.Equal(PluginState.Loaded, node.Host.FindInfo("lab")!.State);
    }

    [Theory]
    [InlineData("as it was")]
    [InlineData("deleted")]
    [InlineData("damaged")]
    public async Task Bundled_LaterStart_LoadsTheDesiredVersion(string folder)
    {
        await File.WriteAllBytesAsync(_bundled.File("lab.1.0.0.nupkg"), LabPackages.Of("1.0.0"), TestContext.Current.CancellationToken);
        var first = await NodeAsync();
        await first.Bundled.InstallAsync(TestContext.Current.CancellationToken);
        var path = first.Folder.PathOf("lab", "1.0.0", first.Host.FindInfo("lab")!.Sha256);
        await first.DisposeAsync();
        if (folder == "deleted") Directory.Delete(path, recursive: true);
        // Another file in its place: the one that was mapped a moment ago is never written to.
        if (folder == "damaged") Replace(Path.Combine(path, "Broadcasts.TestPlugins.Lab.dll"));

        var second = await NodeAsync();
        await second.Bundled.InstallAsync(TestContext.Current.CancellationToken);
        Assert.Equal("1.0.0", second.Host.FindInfo("lab")!.Version);
    }

    [Fact]
    public async Task Bundled_NewerThanDesired_TakesOver_OlderDoesNot()
    {
        var node = await NodeAsync();
        await InstallAsync(node, LabPackages.Of("2.0.0"));
        await File.WriteAllBytesAsync(_bundled.File("lab.1.0.0.nupkg"), LabPackages.Of("1.0.0"), TestContext.Current.CancellationToken);
        await node.Bundled.InstallAsync(TestContext.Current.CancellationToken);
        Assert.Equal("2.0.0", node.Host.FindInfo("lab")!.Version);

        await File.WriteAllBytesAsync(_bundled.File("lab.3.0.0.nupkg"), LabPackages.Of("3.0.0"), TestContext.Current.CancellationToken);
        await node.Bundled.InstallAsync(TestContext.Current.CancellationToken);
        Assert.Equal("3.0.0", node.Host.FindInfo("lab")!.Version);
        Assert.Equal("3.0.0", (await node.Store.DesiredAsync(TestContext.Current.CancellationToken))["lab"]);
    }

    [Fact]
    public async Task Bundled_RebuiltWithTheSameVersion_ReplacesItself()
    {
        var node = await NodeAsync();
        await File.WriteAllBytesAsync(_bundled.File("lab.1.0.0.nupkg"), LabPackages.Of("1.0.0"), TestContext.Current.CancellationToken);
        await node.Bundled.InstallAsync(TestContext.Current.CancellationToken);
        var before = node.Host.FindInfo("lab")!.Sha256;
        await File.WriteAllBytesAsync(_bundled.File("lab.1.0.0.nupkg"), LabPackages.Of("1.0.0", "rebuilt"), TestContext.Current.CancellationToken);
        await node.Bundled.InstallAsync(TestContext.Current.CancellationToken);

        Assert.NotEqual(before, node.Host.FindInfo("lab")!.Sha256);
        Assert.Single(await node.Store.ListAsync(TestContext.Current.CancellationToken));
    }

    private static void Replace(string file)
    {
        File.Delete(file);
        File.WriteAllBytes(file, [1, 2, 3]);
    }

    private static byte[]? _last;

    private static Task<InstalledPlugin> InstallAsync(Node node, byte[] package, bool activate = true, bool reuse = false)
    {
        // A rebuilt archive has other times in it, and so other contents.
        _last = reuse ? _last! : package;
        return node.Installer.InstallAsync(new MemoryStream(_last), "test", activate, TestContext.Current.CancellationToken);
    }

    private async Task<Node> NodeAsync(string provider = "sqlite")
    {
        _database ??= await TestDatabase.CreateAsync(provider);
        var node = new Node(_database, _data.Path, _bundled.Path);
        _nodes.Add(node);
        return node;
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly HostTransportServices _services;

        public Node(TestDatabase database, string data, string bundled)
        {
            _services = new HostTransportServices(data, NullLoggerFactory.Instance, TimeProvider.System, new Broadcasts.Security.OutsideAddresses([]));
            Host = new PluginHost(_services, new PluginLimits(), TimeProvider.System, NullLogger<PluginHost>.Instance);
            Store = new PluginStore(database.Database);
            Folder = new PluginFolder(data);
            var options = new PluginOptions(bundled, "silo-1");
            Installer = new PluginInstaller(Store, Folder, Host, options, TimeProvider.System);
            Bundled = new BundledTransports(Store, Folder, Host, Installer, options, NullLogger<BundledTransports>.Instance);
        }

        public PluginHost Host { get; }

        public PluginStore Store { get; }

        public PluginFolder Folder { get; }

        public PluginInstaller Installer { get; }

        public BundledTransports Bundled { get; }

        public async ValueTask DisposeAsync()
        {
            await Host.DisposeAsync();
            _services.Dispose();
        }
    }
}
