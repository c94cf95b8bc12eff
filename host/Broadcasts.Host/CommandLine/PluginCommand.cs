using System.CommandLine;
using System.Text.Json;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Plugins;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts plugin …</c>: transports, in a running service over its local socket, otherwise in its database.</summary>
internal static class PluginCommand
{
    public static Command Create() => new("plugin", "Transport plugins: install, list, activate, go back, remove, test.")
    {
        Install(), List(), Activate(), RollBack(), Remove(), PluginTestCommand.Create(),
    };

    private static Command Install()
    {
        var file = new Argument<string>("file") { Description = "The .nupkg.", HelpName = "FILE" };
        var keep = new Option<bool>("--no-activate") { Description = "Keeps the version that serves; activate the new one later." };
        var replace = new Option<bool>("--replace") { Description = "Takes it although another plugin, or another author's, has its id." };
        return Acting(new Command("install", "Installs a package; it takes the place of the version that serves.") { file, keep, replace }, (parsed, plugins, token) =>
            plugins.InstallAsync(Cli.ExistingFile(parsed.GetValue(file)!), !parsed.GetValue(keep), parsed.GetValue(replace), token));
    }

    private static Command Activate()
    {
        var (id, version) = (Id(), new Argument<string>("version") { Description = "An installed version." });
        return Acting(new Command("activate", "Puts an installed version in the place of the one that serves.") { id, version }, (parsed, plugins, token) =>
            plugins.ActivateAsync(parsed.GetValue(id)!, parsed.GetValue(version)!, token));
    }

    private static Command RollBack()
    {
        var (id, why) = (Id(), new Option<string?>("--why") { Description = "What speaks against the version that serves; shown with it.", HelpName = "TEXT" });
        return Acting(new Command("rollback", "Puts the version that served before in the place of the one that serves.") { id, why }, (parsed, plugins, token) =>
            plugins.RollBackAsync(parsed.GetValue(id)!, parsed.GetValue(why), token));
    }

    private static Command Remove()
    {
        var (id, version) = (Id(), new Argument<string>("version") { Description = "An installed version." });
        return Acting(new Command("remove", "Removes a version; the one that serves only when no channel uses the transport.") { id, version }, (parsed, plugins, token) =>
            plugins.RemoveAsync(parsed.GetValue(id)!, parsed.GetValue(version)!, token));
    }

    private static Command List()
    {
        var (data, json) = (Cli.DataOption(), Cli.JsonOption());
        var command = new Command("list", "The installed plugins and their versions; a star marks the one that serves.") { data, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var plugins = await PluginDoor.OpenAsync(parsed.GetValue(data));
            var all = await plugins.ListAsync(cancellationToken);
            if (parsed.GetValue(json)) await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new ListAnswer<PluginAnswer>(all, null), ApiJson.Options));
            else foreach (var plugin in all) await Console.Out.WriteLineAsync(Line(plugin));
            return ExitCodes.Done;
        });
        return command;
    }

    private static string Line(PluginAnswer plugin)
    {
        var versions = string.Join("  ", plugin.Versions.Select(v => v.Version + (v.Version == plugin.Desired ? "*" : "") + (v.TakenBack is { } why ? $" (taken back: {why})" : "")));
        return $"{plugin.Id,-20} {versions}{(plugin.LastRefusal is { } refusal ? $"\n{"",-20} last refused: {refusal}" : "")}";
    }

    private static Argument<string> Id() => new("id") { Description = "The transport's id, such as smtp." };

    private static Command Acting(Command command, Func<ParseResult, PluginDoor, CancellationToken, Task<string>> act)
    {
        var data = Cli.DataOption();
        command.Options.Add(data);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var plugins = await PluginDoor.OpenAsync(parsed.GetValue(data));
            try
            {
                await Console.Out.WriteLineAsync(await act(parsed, plugins, cancellationToken));
                return ExitCodes.Done;
            }
            catch (PluginRefusedException e)
            {
                throw new StartException(e.Message);
            }
        });
        return command;
    }
}

/// <summary>The plugins of a data directory: through the service that holds it, or directly while none does.</summary>
internal sealed class PluginDoor : IAsyncDisposable
{
    private readonly LocalService? _service;
    private readonly Offline? _offline;

    private PluginDoor(LocalService? service, Offline? offline) => (_service, _offline) = (service, offline);

    private PluginVersions Versions => _offline!.Services.GetRequiredService<PluginVersions>();

    public static async Task<PluginDoor> OpenAsync(string? dataDirectory)
    {
        var (options, configuration) = Cli.ReadSettings(dataDirectory);
        return LocalService.Find(options.Engine.DataDirectory) is { } service ? new PluginDoor(service, null) : new PluginDoor(null, await Offline.OpenAsync(options, configuration, withPlugins: true));
    }

    public async Task<IReadOnlyList<PluginAnswer>> ListAsync(CancellationToken cancellationToken) => _service is not null
        ? (await _service.GetAsync("plugins", cancellationToken)).GetProperty("items").Deserialize<PluginAnswer[]>(ApiJson.Options)!
        : [.. (await Versions.ListAsync(cancellationToken)).Select(PluginAnswer.Of)];

    public async Task<string> InstallAsync(string file, bool activate, bool replace, CancellationToken cancellationToken)
    {
        await using var package = ImportCommand.Open(file);
        if (_service is not null)
        {
            using var body = new StreamContent(package);
            var answer = await _service.PostAsync($"plugins?activate={(activate ? "true" : "false")}&replace={(replace ? "true" : "false")}", body, cancellationToken);
            return Installed(answer.GetProperty("id").GetString()!, answer.GetProperty("version").GetString()!, answer.GetProperty("sha256").GetString()!, answer.TryGetProperty("signer", out var signer) ? signer.GetString() : null, activate);
        }

        var installed = await Versions.InstallAsync(package, Cli.Actor, activate, cancellationToken, replace);
        return Installed(installed.Id, installed.Version, installed.Sha256, installed.Signer, activate);
    }

    public async Task<string> ActivateAsync(string id, string version, CancellationToken cancellationToken)
    {
        if (_service is null) await Versions.ActivateAsync(id, version, Cli.Actor, cancellationToken);
        else await PostAsync($"plugins/{Uri.EscapeDataString(id)}/activate", new { version }, cancellationToken);
        return Serves(id, version);
    }

    public async Task<string> RollBackAsync(string id, string? why, CancellationToken cancellationToken) => Serves(id, _service is null
        ? await Versions.RollBackAsync(id, why, Cli.Actor, cancellationToken)
        : (await PostAsync($"plugins/{Uri.EscapeDataString(id)}/rollback", new { why }, cancellationToken)).GetProperty("version").GetString()!);

    public async Task<string> RemoveAsync(string id, string version, CancellationToken cancellationToken)
    {
        if (_service is null) await Versions.RemoveAsync(id, version, Cli.Actor, cancellationToken);
        else await _service.DeleteAsync($"plugins/{Uri.EscapeDataString(id)}/versions/{Uri.EscapeDataString(version)}", cancellationToken);
        return $"{id} {version} is removed.";
    }

    public async ValueTask DisposeAsync()
    {
        _service?.Dispose();
        if (_offline is not null) await _offline.DisposeAsync();
    }

    private async Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(body);
        return await _service!.PostAsync(path, content, cancellationToken);
    }

    private static string Installed(string id, string version, string sha256, string? signer, bool activate) =>
        $"{id} {version} is installed{(activate ? " and serves" : "")}. SHA-256 {sha256}{(signer is null ? "" : $"\nSigned by {signer}")}";

    private static string Serves(string id, string version) => $"{id} {version} serves.";
}
