using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Plugins;

public sealed class PluginInspectorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Inspect_WholePlugin_FindsTheEntryPoint()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin, main", "1.0"));
        var candidate = Inspect();
        Assert.Equal("Some.Plugin", candidate.EntryType);
        Assert.Equal(_folder.File("main.dll"), candidate.MainFile);
    }

    [Fact]
    public void Inspect_PackageBuiltHere_IsStampedWithTheHostsContract() =>
        Assert.Equal(PluginInspector.HostContract.ToString(), PluginPackage.Read(LabPackages.Built).Manifest.Contract);

    [Fact]
    public void Inspect_NewerContract_SaysBothVersions()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", "1.7"));
        Refused("lab 1.0.0 needs contract 1.7; this host has 1.0. Update the host, or install a version of the plugin that was built for 1.0 or older.");
    }

    [Theory]
    [InlineData("2.0", "needs contract 2.0; this host has 1.0")]
    [InlineData(null, "does not say which contract it was built for")]
    public void Inspect_OtherContract_IsNotSupported(string? stamp, string why)
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", stamp));
        Assert.Equal(PluginState.NotSupported, Refused(why).State);
    }

    [Theory]
    [InlineData("runtimes/other-x64/native/libx.so", 0x3E, "it has native libraries for other-x64, and none for ")]
    [InlineData("libx.so", 0xF3, "libx.so is a library for linux-other; this machine is ")]
    [InlineData("runtimes/any/native/libx.so.1", 0xF3, "is a library for linux-other; this machine is ")]
    public void Inspect_NativeLibraryForAnotherMachine_IsNotSupported(string file, byte machine, string why)
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin, main", "1.0"));
        WriteNative(file, machine);
        Assert.Equal(PluginState.NotSupported, Refused(why).State);
    }

    [Fact]
    public void Inspect_NativeLibraryForThisMachineAmongOthers_IsTaken()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin, main", "1.0"));
        WriteNative("runtimes/other-x64/native/libx.so", 0xF3);
        WriteNative("runtimes/any/native/data.bin", null);
        Assert.Equal("Some.Plugin", Inspect().EntryType);
    }

    [Fact]
    public void Inspect_NoEntryPoint_IsRefused()
    {
        Write("main.dll", TinyAssembly.Make("main", null, "1.0"));
        Refused("no assembly carries [assembly: TransportPlugin(typeof(…))]");
    }

    [Fact]
    public void Inspect_TwoEntryPoints_NamesBoth()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", "1.0"));
        Write("other.dll", TinyAssembly.Make("other", "Other.Plugin", "1.0"));
        var refused = Refused("both carry [assembly: TransportPlugin]");
        Assert.Contains("main.dll", refused.Message, StringComparison.Ordinal);
        Assert.Contains("other.dll", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_EntryPointElsewhere_IsRefused()
    {
        Write("main.dll", TinyAssembly.Make("main", null, "1.0"));
        Write("other.dll", TinyAssembly.Make("other", "Other.Plugin", "1.0"));
        Refused("other.dll carries [assembly: TransportPlugin], but transport.json names main.dll");
    }

    [Fact]
    public void Inspect_MissingDependency_NamesIt()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", "1.0", true, ("Acme.Client", new Version(3, 1, 0, 0))));
        Refused("main.dll needs Acme.Client 3.1.0.0, which is not in the package.");
    }

    [Fact]
    public void Inspect_OlderDependencyThanNeeded_NamesBothVersions()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", "1.0", true, ("Acme.Client", new Version(3, 1, 0, 0))));
        Write("Acme.Client.dll", TinyAssembly.Make("Acme.Client", contract: false));
        Refused("main.dll needs Acme.Client 3.1.0.0; the package has 1.0.0.0.");
    }

    [Fact]
    public void Inspect_NewerFrameworkThanTheHosts_IsRefused()
    {
        Write("main.dll", TinyAssembly.Make("main", "Some.Plugin", "1.0", true, ("System.Text.Json", new Version(99, 0, 0, 0))));
        Refused("main.dll needs System.Text.Json 99.0.0.0, which is not in the package; this host has");
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[0])]
    public void Inspect_NotDotNet_IsRefused(byte[] bytes)
    {
        Write("main.dll", bytes);
        Refused("main.dll is not a .NET assembly, or it is damaged.");
    }

    [Fact]
    public void Inspect_CutOffAssembly_IsRefused()
    {
        var whole = TinyAssembly.Make("main", "Some.Plugin", "1.0");
        Write("main.dll", whole[..(whole.Length / 2)]);
        Assert.Throws<PluginRefusedException>(() => Inspect());
    }

    private PluginRefusedException Refused(string why)
    {
        var refused = Assert.Throws<PluginRefusedException>(() => Inspect());
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        return refused;
    }

    private PluginCandidate Inspect() =>
        PluginInspector.Inspect(_folder.Path, new PluginManifest { Id = "lab", Version = "1.0.0", Main = "main.dll", Contract = "1.0", Framework = "net10.0" }, new string('a', 64));

    private void WriteNative(string name, byte? machine)
    {
        var head = new byte[128];
        if (machine is { } processor)
        {
            "\u007fELF"u8.CopyTo(head);
            head[18] = processor;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        File.WriteAllBytes(_folder.File(name), head);
    }

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(_folder.File(name), bytes);
}
