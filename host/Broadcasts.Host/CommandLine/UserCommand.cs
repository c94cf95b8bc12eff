using System.CommandLine;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts user add</c>: a person for the console, who gets in by a one-time link.</summary>
internal static class UserCommand
{
    public static Command Create()
    {
        var data = Cli.DataOption();
        var email = new Option<string>("--email") { Description = "The person's e-mail address.", Required = true, HelpName = "ADDRESS" };
        var name = new Option<string?>("--name") { Description = "The person's name. Default: the address.", HelpName = "NAME" };
        var role = new Option<string>("--role") { Description = "Owner, Manager, Sender, Editor, Analyst, Viewer or the name of a role of your own. Default: Viewer.", HelpName = "ROLE", DefaultValueFactory = _ => nameof(UserRole.Viewer) };
        var add = new Command("add", "Adds a person and prints a link that signs in once. For somebody who is known already it makes a new link.") { email, name, role, data };
        add.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var body = new UserBody { Email = parsed.GetValue(email)!, Name = parsed.GetValue(name), Role = parsed.GetValue(role)! };
            using var service = LocalService.Find(options.Engine.DataDirectory);
            string path;
            if (service is not null)
            {
                using var content = JsonContent.Create(body, options: ApiJson.Options);
                path = (await service.PostAsync("local/users", content, cancellationToken)).GetProperty("path").GetString()!;
            }
            else
            {
                await using var offline = await Offline.OpenAsync(options, configuration);
                var (made, refused) = await UsersApi.AddAsync(body, offline.Services, ApiCaller.Local.AsCaller, cancellationToken);
                path = made ?? throw new StartException(refused.Message!);
            }

            Console.Out.WriteLine((options.Engine.PublicUrl ?? options.Urls[0]).ToString().TrimEnd('/') + path);
            return ExitCodes.Done;
        });
        return new Command("user", "People of the console.") { add };
    }
}
