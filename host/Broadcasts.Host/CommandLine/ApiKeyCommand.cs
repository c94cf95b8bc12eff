using System.CommandLine;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts apikey create</c>: prints the key alone, so that a script can take it.</summary>
internal static class ApiKeyCommand
{
    public static Command Create()
    {
        var data = Cli.DataOption();
        var name = new Option<string>("--name") { Description = "What the key is for.", Required = true, HelpName = "NAME" };
        var scope = new Option<string[]>("--scope") { Description = $"What it may do; may be given more than once: {string.Join(", ", Permissions.All.Select(Permissions.NameOf))}. Default: everything.", HelpName = "SCOPE", AllowMultipleArgumentsPerToken = true };
        scope.AcceptOnlyFromAmong([.. Permissions.All.Select(Permissions.NameOf)]);
        var expires = new Option<DateTimeOffset?>("--expires") { Description = "When it ends: 2027-01-31, or with a time. Default: never.", HelpName = "TIME" };
        var create = new Command("create", "Makes a key of the HTTP API and prints it: it can't be read again.") { data, name, scope, expires };
        create.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var given = parsed.GetValue(scope);
            var body = new ApiKeyBody { Name = parsed.GetValue(name)!, Scopes = given is { Length: > 0 } ? given : null, ExpiresAt = parsed.GetValue(expires) };
            Console.Out.WriteLine(await CreateAsync(options, configuration, body, cancellationToken));
            return ExitCodes.Done;
        });
        return new Command("apikey", "Keys of the HTTP API.") { create };
    }

    private static async Task<string> CreateAsync(Configuration.ServiceOptions options, IConfiguration configuration, ApiKeyBody asked, CancellationToken cancellationToken)
    {
        using var service = LocalService.Find(options.Engine.DataDirectory);
        if (service is not null)
        {
            using var body = JsonContent.Create(asked, options: ApiJson.Options);
            return (await service.PostAsync("api-keys", body, cancellationToken)).GetProperty("key").GetString()!;
        }

        await using var offline = await Offline.OpenAsync(options, configuration);
        var scopes = asked.Scopes is not null && PermissionSet.TryParse(asked.Scopes, out var given, out _) ? given : PermissionSet.Everything;
        var (key, secret, refused) = await offline.Services.GetRequiredService<ApiKeyStore>().CreateAsync(asked.Name, scopes, ApiCaller.Local.AsCaller, asked.ExpiresAt, cancellationToken);
        return key is null ? throw new StartException(refused.Message!) : secret;
    }
}
