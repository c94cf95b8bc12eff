using System.CommandLine;
using Broadcasts.Broadcasting;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts demo</c>: the whole thing with sample contacts and simulated providers, in a directory of its own.</summary>
internal static class DemoCommand
{
    private const string Marker = "this-is-a-demo";

    public static Command Create()
    {
        var headless = new Option<bool>("--headless") { Description = "Runs the broadcast to its end without console and API, prints the summary, and exits." };
        var data = new Option<string?>("--data") { Description = "Directory of the demo; an earlier demo in it is replaced. Default: broadcasts-demo in the working directory.", HelpName = "DIR" };
        var rate = new Option<string>("--rate") { Description = "Rate of the broadcast in progress.", DefaultValueFactory = _ => "200/s", HelpName = "N/s" };
        var contacts = new Option<int>("--contacts") { Description = "Number of sample contacts.", DefaultValueFactory = _ => 20_000, HelpName = "N" };
        var urls = new Option<string?>("--urls") { Description = "Addresses to listen on. Default: Broadcasts:Urls.", HelpName = "URL" };
        var json = Cli.JsonOption();
        var command = new Command("demo", "Shows everything at work: sample contacts, simulated providers, a broadcast in progress.") { headless, data, rate, contacts, urls, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data) ?? "broadcasts-demo", parsed.GetValue(urls));
            var people = parsed.GetValue(contacts);
            if (people is < 1 or > 1_000_000) throw new StartException("--contacts: from 1 to 1000000.", ExitCodes.Usage);
            // A demo never touches the operator's own database.
            options.Engine.Database.Provider = "sqlite";
            options.Engine.Database.ConnectionString = null;
            MakeRoom(options.Engine.DataDirectory);
            var plan = new DemoPlan(people, SendCommand.ReadRate(parsed.GetValue(rate))!);
            return parsed.GetValue(headless)
                ? await RunHeadlessAsync(options, configuration, plan, parsed.GetValue(json), cancellationToken)
                : await RunningService.RunAsync(options, configuration, cancellationToken, app => ShowAsync(app, plan));
        });
        return command;
    }

    private static async Task ShowAsync(WebApplication app, DemoPlan plan)
    {
        var terminal = new Terminal(TimeProvider.System, json: false);
        await new DemoData(app.Services, plan).CreateAsync(terminal, app.Lifetime.ApplicationStopping);
        terminal.Say($"Sign in: {RunningService.AddressOf(app)}{await LinkAsync(app.Services)}");
        terminal.Say("Ctrl-C ends the demo.");
    }

    private static Task<int> RunHeadlessAsync(ServiceOptions options, IConfiguration configuration, DemoPlan plan, bool json, CancellationToken cancellationToken) =>
        OwnHost.RunAsync(options, configuration, async (services, ending) =>
        {
            var terminal = new Terminal(TimeProvider.System, json);
            var ids = await new DemoData(services, plan).CreateAsync(terminal, ending);
            var progress = await new SendWatch(services, terminal, ids.ChannelId).UntilOverAsync(ids.BroadcastId, ending);
            Summary.Print(progress, terminal, json);
            // The simulator refuses some on purpose: done means that everybody is accounted for.
            return progress.Status == BroadcastStatus.Completed ? ExitCodes.Done : ExitCodes.Failed;
        }, cancellationToken);

    private static async Task<string> LinkAsync(IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var users = services.GetRequiredService<UserStore>();
        var user = new User { Email = "demo@example.com", Name = "Demo", Role = (int)UserRole.Owner, SecurityStamp = Guid.NewGuid().ToString("N"), CreatedAt = time.Now() };
        await users.CreateAsync(user);
        var known = await users.FindByEmailAsync(user.Email) ?? throw new InvalidOperationException("The demo's user is gone.");
        return "/link/" + await services.GetRequiredService<SignInLinkStore>().CreateAsync(SignInLinkPurpose.SignIn, known.Id);
    }

    /// <summary>An earlier demo goes; anything else stays and the demo is refused.</summary>
    private static void MakeRoom(string path)
    {
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            if (!File.Exists(Path.Combine(path, Marker)))
                throw new StartException($"{path} holds something that is no demo. Give the demo another directory with --data.", ExitCodes.Usage);
            if (DataDirectory.IsHeld(path))
                throw new StartException($"A demo{DataDirectory.OwnerOf(path)} runs in {path} already. Stop it first, or give this one another directory with --data.");
            Directory.Delete(path, recursive: true);
        }

        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.WriteAllText(Path.Combine(path, Marker), "Broadcasts made this directory for its demo and deletes it at the next one.\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{path} can't be written: {e.Message}", ExitCodes.Usage);
        }
    }
}

/// <summary>What a demo shows.</summary>
internal sealed record DemoPlan(int Contacts, SendRate Rate);
