using System.CommandLine;
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
        var scope = new Option<string[]>("--scope") { Description = $"What it may do; may be given more than once: {string.Join(", ", ApiScopes.All)}. Default: admin.", HelpName = "SCOPE", AllowMultipleArgumentsPerToken = true };
        scope.AcceptOnlyFromAmong([.. ApiScopes.All]);
        var create = new Command("create", "Makes a key of the HTTP API and prints it: it can't be read again.") { data, name, scope };
        create.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var given = parsed.GetValue(scope);
            string[] scopes = given is { Length: > 0 } ? given : [ApiScopes.Admin];
            Console.Out.WriteLine(await CreateAsync(options, configuration, parsed.GetValue(name)!, scopes, cancellationToken));
            return ExitCodes.Done;
        });
        return new Command("apikey", "Keys of the HTTP API.") { create };
    }

    private static async Task<string> CreateAsync(Configuration.ServiceOptions options, IConfiguration configuration, string name, string[] scopes, CancellationToken cancellationToken)
    {
        using var service = LocalService.Find(options.Engine.DataDirectory);
        if (service is not null)
        {
            using var body = JsonContent.Create(new { name, scopes });
            return (await service.PostAsync("api-keys", body, cancellationToken)).GetProperty("key").GetString()!;
        }

        await using var offline = await Offline.OpenAsync(options, configuration);
        var (key, secret) = await offline.Services.GetRequiredService<ApiKeyStore>().CreateAsync(name, scopes, Cli.Actor, cancellationToken: cancellationToken);
        await offline.Services.GetRequiredService<AuditStore>().AppendAsync(Cli.Actor, "key.create", $"key:{key.Id}", key.Name, AuditDiff.Between(null, new { key.Name, key.Scopes, key.ExpiresAt }), cancellationToken);
        return secret;
    }
}
