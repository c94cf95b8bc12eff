using System.Collections.Concurrent;
using System.CommandLine;
using System.Runtime.Loader;
using System.Text.Json;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Plugins;
using Broadcasts.TestKit;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts plugin test my.nupkg</c>: what a host expects of a transport, tried on a built package. Nothing is installed, and nothing leaves this machine unless the transport goes around the host.</summary>
internal static class PluginTestCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The .nupkg.", HelpName = "FILE" };
        var set = new Option<string[]>("--set") { Description = "A setting of the channel to test with: NAME=VALUE, or NAME=@FILE. Settings that are required and not given get a value made up.", HelpName = "NAME=VALUE" };
        var to = new Option<string?>("--to") { Description = "An address of the transport's kind.", HelpName = "ADDRESS" };
        var webhook = new Option<string?>("--webhook") { Description = "A genuine request of the provider as it came, for the settings given: request line, headers, an empty line, body. It must be taken, and refused with one byte changed.", HelpName = "FILE" };
        var json = Cli.JsonOption();
        var command = new Command("test", "Checks a package as a host and the conformance kit do, and prints a report.") { file, set, to, webhook, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var genuine = parsed.GetValue(webhook) is { } path ? SampleWebhook.Read(path) : null;
            var report = await RunAsync(Cli.ExistingFile(parsed.GetValue(file)!), genuine, new Dictionary<string, string>(SendCommand.ReadSettings(parsed.GetValue(set) ?? []), StringComparer.OrdinalIgnoreCase), parsed.GetValue(to), cancellationToken);
            await Console.Out.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(report, ApiJson.Options) : Words(report));
            return report.Failed == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<PluginReport> RunAsync(string file, WebhookRequest? webhook, Dictionary<string, string> given, string? to, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("broadcasts-plugin-").FullName;
        var checks = new List<PluginCheck>();
        try
        {
            var (candidate, info) = await LoadedAsync(file, folder, checks, cancellationToken);
            if (candidate is not null && info is not null) await CheckAsync(candidate, info, webhook, given, to, checks, cancellationToken);
            return new PluginReport(candidate?.Manifest.Id, candidate?.Manifest.Version, checks);
        }
        finally
        {
            Remove(folder);
        }
    }

    /// <summary>What the host itself does with a package before anything of it serves.</summary>
    private static async Task<(PluginCandidate?, TransportInfo?)> LoadedAsync(string file, string folder, List<PluginCheck> checks, CancellationToken cancellationToken)
    {
        try
        {
            PluginPackage package;
            await using (var stream = ImportCommand.Open(file)) package = await PluginPackage.ReadAsync(stream, cancellationToken);
            checks.Add(new("package", $"the package is whole: {package.Manifest.Id} {package.Manifest.Version}, SHA-256 {package.Sha256}{(package.Signer is null ? "" : $", signed by {package.Signer}")}", CheckEnd.Passed, null));
            PluginCandidate? candidate = null;
            var path = new PluginFolder(folder).Unpack(package, unpacked => candidate = PluginInspector.Inspect(unpacked, package.Manifest, package.Sha256));
            candidate = candidate! with { Folder = path };
            checks.Add(new("references", "its contract, framework and dependencies are what this host has or the package brings", CheckEnd.Passed, null));
            var load = await PluginLoad.LoadAsync(candidate, new PluginLimits(), TimeProvider.System);
            var info = load.Info;
            if (!await load.UnloadAsync()) throw new PluginRefusedException("Dispose of the plugin did not end in time.");
            checks.Add(new("load", "it is loaded, constructed and described as a service does it", CheckEnd.Passed, null));
            return (candidate, info);
        }
        catch (PluginRefusedException e)
        {
            checks.Add(checks.Count switch
            {
                0 => new("package", "the package is whole", CheckEnd.Failed, e.Message),
                1 => new("references", "its contract, framework and dependencies are what this host has or the package brings", CheckEnd.Failed, e.Message),
                _ => new("load", "it is loaded, constructed and described as a service does it", CheckEnd.Failed, e.Message),
            });
            return (null, null);
        }
    }

    private static async Task CheckAsync(PluginCandidate candidate, TransportInfo info, WebhookRequest? webhook, Dictionary<string, string> given, string? to, List<PluginCheck> checks, CancellationToken cancellationToken)
    {
        if (given.Keys.FirstOrDefault(k => !info.Fields.Any(f => f.Name.Equals(k, StringComparison.OrdinalIgnoreCase))) is { } unknown)
            throw new StartException($"--set: {info.Id} has no setting '{unknown}'. It has: {string.Join(", ", info.Fields.Select(f => f.Name))}.", ExitCodes.Usage);
        var settings = SampleSettings.For(info, given);
        if (SettingsValidator.Check(info.Fields, settings) is { IsValid: false } wrong)
            throw new StartException("The settings to test with are not acceptable:\n" + string.Join('\n', wrong.Problems.Select(p => $"  {p.Path}: {p.Message} Give it with --set {p.Path}=…")), ExitCodes.Usage);
        // The provider that takes everything is played too: nothing of a test may reach a real one.
        using var provider = ScriptedProvider.Answering(200, """{"id":"1","ok":true,"sid":"1","result":{"message_id":1,"id":1},"messages":[{"id":"1"}]}""");
        // A collectible context that nobody points to is taken down while its plugin is at work.
        var contexts = new ConcurrentBag<AssemblyLoadContext>();
        var subject = new ConformanceSubject
        {
            CreatePlugin = () =>
            {
                var (plugin, context) = UnloadProbe.Load(candidate.MainFile);
                contexts.Add(context);
                return plugin;
            },
            AssemblyPath = candidate.MainFile,
            SettingsJson = settings,
            CreateContext = (json, http) => new FakeChannelContext(json) { Http = http ?? provider, Webhook = SampleWebhook.Address, RefusesConnections = true },
            GenuineWebhook = _ => webhook,
            Message = number => SampleMessages.For(info, settings, to, number),
        };
        foreach (var check in ConformanceChecks.All)
        {
            var result = await ConformanceChecks.RunAsync(check, subject, cancellationToken);
            checks.Add(new(check.Name, check.Meaning, result.End, result.Why));
        }

        foreach (var context in contexts) context.Unload();
    }

    private static string Words(PluginReport report)
    {
        var lines = report.Checks.Select(c => $"{c.End switch { CheckEnd.Passed => "pass", CheckEnd.Failed => "FAIL", _ => "  – " }}  {c.Name,-20} {c.Meaning}{(c.Why is null ? "" : $"\n      {"",-20} {c.Why}")}");
        return string.Join('\n', lines) + $"\n{report.Passed} passed, {report.Failed} failed, {report.Checks.Count - report.Passed - report.Failed} do not apply";
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Windows keeps files of a load that is still in memory; the temporary folder is nobody's.
        }
    }
}

/// <summary>One line of the report.</summary>
internal sealed record PluginCheck(string Name, string Meaning, CheckEnd End, string? Why);

/// <summary>What a machine reads of a test.</summary>
internal sealed record PluginReport(string? Id, string? Version, IReadOnlyList<PluginCheck> Checks)
{
    public int Passed => Checks.Count(c => c.End == CheckEnd.Passed);

    public int Failed => Checks.Count(c => c.End == CheckEnd.Failed);
}
