using System.CommandLine;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts run</c>: the service.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var data = Cli.DataOption();
        var urls = new Option<string?>("--urls") { Description = "Addresses to listen on, separated by semicolons. Default: Broadcasts:Urls.", HelpName = "URL" };
        var command = new Command("run", "Runs the service with console and API (default).") { data, urls };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data), parsed.GetValue(urls));
            return await RunningService.RunAsync(options, configuration, cancellationToken);
        });
        return command;
    }
}
