using System.Net;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>What <c>docs/writing-a-transport.md</c> tells an author to do, from an empty folder to a message at the provider.</summary>
public sealed class StrangersPathTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>, IDisposable
{
    private const string Package = "dist/Acme.Pigeon.0.1.0.nupkg";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Template_NewTestPackInstallSend_TheMessageReachesTheProvider()
    {
        await PackSdkAsync();
        await DotnetAsync(_folder.Path, "new", "install", _folder.File("sdk", "Broadcasts.Templates.1.0.0.nupkg"));
        await DotnetAsync(_folder.Path, "new", "broadcasts-transport", "-n", "Acme.Pigeon", "--feed", _folder.File("sdk"));
        var project = _folder.File("Acme.Pigeon");
        var tested = await DotnetAsync(project, "test");
        Assert.Contains(tested, l => l.Contains("failed: 0", StringComparison.OrdinalIgnoreCase));
        await DotnetAsync(project, "pack", "src/Acme.Pigeon", "-o", "dist");

        Assert.Contains("0 failed", await PluginAsync(project, "test", Package), StringComparison.Ordinal);
        Assert.StartsWith("acme-pigeon 0.1.0 is installed and serves.", await PluginAsync(project, "install", Package, "--data", service.Data), StringComparison.Ordinal);

        await using var provider = new Provider();
        var channel = await service.PostAsync("/api/v1/channels", new { name = "Pigeons", transport = "acme-pigeon", settings = new { url = provider.Url, apiKey = "k-1", webhookSecret = "w-1", sender = "ACME" } });
        await service.PostAsync("/api/v1/contacts", new { firstName = "Ana", addresses = new[] { new { kind = "phone", value = "+34600000001" } } });
        var message = await service.PostAsync("/api/v1/messages", new { channelId = channel.GetProperty("id").GetInt64(), address = "+34600000001", part = new { type = "text", text = "Hello" } });
        await service.UntilAsync($"/api/v1/messages/{message.GetProperty("id").GetInt64()}", m => m.GetProperty("status").GetString() == "sent");
        var got = Assert.Single(provider.Got);
        Assert.Equal(("Hello", "+34600000001", "ACME"), (got.GetProperty("text").GetString(), got.GetProperty("to").GetString(), got.GetProperty("from").GetString()));
    }

    /// <summary>The three packages that a published service has in <c>sdk/</c>, of the projects as they were built.</summary>
    private async Task PackSdkAsync()
    {
        foreach (var path in (string[])["plugins/Broadcasts.Abstractions", "plugins/Broadcasts.Transports.TestKit", "templates"])
        {
            await Dotnet.RunAsync(Repository.Root, ["pack", path, "-c", "Release", "--no-restore", "-o", _folder.File("sdk")]);
        }

        // Whatever else a project of the template restores is in this machine's cache, since these tests were built with it: the network is not asked.
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(_folder.File("nuget.config"), $"""
            <configuration><packageSources><clear /><add key="cache" value="{cache}" /></packageSources></configuration>
            """, TestContext.Current.CancellationToken);
    }

    private Task<IReadOnlyList<string>> DotnetAsync(string folder, params string[] arguments) => Dotnet.RunAsync(folder, arguments, new Dictionary<string, string?>
    {
        // Neither this user's templates nor an older build of our packages in the cache.
        ["DOTNET_CLI_HOME"] = _folder.Path, ["NUGET_PACKAGES"] = _folder.File("packages"),
    });

    private static async Task<string> PluginAsync(string folder, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(["plugin", .. arguments], workingDirectory: folder);
        await process.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        return string.Join('\n', process.Lines);
    }

    /// <summary>The template's provider: it takes every message and answers with an id.</summary>
    private sealed class Provider : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _serving;

        public Provider()
        {
            Url = $"http://127.0.0.1:{FreePort.Next()}/v1/";
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _serving = ServeAsync();
        }

        public string Url { get; }

        public List<JsonElement> Got { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _serving;
        }

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                if (context.Request.HttpMethod == "POST") Got.Add((await JsonDocument.ParseAsync(context.Request.InputStream)).RootElement.Clone());
                context.Response.ContentType = "application/json";
                await context.Response.OutputStream.WriteAsync("""{"id": "p-1"}"""u8.ToArray());
                context.Response.Close();
            }
        }
    }
}
