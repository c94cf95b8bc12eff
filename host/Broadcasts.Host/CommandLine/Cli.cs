using System.CommandLine;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary>The commands of the one executable.</summary>
internal static class Cli
{
    public static async Task<int> RunAsync(string[] args)
    {
        using var stop = new StopSignal();
        var root = new RootCommand("Sends one message to many contacts, at the pace each provider permits, with one honest record per recipient.");
        foreach (var command in (Command[])[RunCommand.Create(), DemoCommand.Create(), SendCommand.Create(), ImportCommand.Create(), ApiKeyCommand.Create(), UserCommand.Create(), PluginCommand.Create(), SafeHoldCommand.Create(), AuditCommand.Create(), DoctorCommand.Create()]) root.Subcommands.Add(command);
        // Without a command it runs: that is how a service is started.
        if (args.Length == 0 || (args[0].StartsWith('-') && args[0] is not ("-h" or "-?" or "--help" or "--version"))) args = ["run", .. args];

        try
        {
            var parsed = root.Parse(args);
            if (parsed.Errors.Count > 0)
            {
                foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync(error.Message);
                await Console.Error.WriteLineAsync($"See: broadcasts {parsed.CommandResult.Command.Name} --help");
                return ExitCodes.Usage;
            }

            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Nothing but Ctrl-C and SIGTERM cancels a command.
            await Console.Error.WriteLineAsync("Stopped.");
            return ExitCodes.Failed;
        }
        catch (StartException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (InvalidDataException e)
        {
            // The settings file; its inner exception says which line.
            await Console.Error.WriteLineAsync($"{e.Message} {e.InnerException?.Message}".TrimEnd());
            return ExitCodes.Usage;
        }
    }

    /// <summary>The settings; every fault is printed and ends the command.</summary>
    public static (ServiceOptions Options, IConfiguration Configuration) ReadSettings(string? dataDirectory = null, string? urls = null)
    {
        var configuration = ConfigReader.Load();
        var (options, faults) = ConfigReader.Read(configuration, dataDirectory, urls);
        if (faults.Count == 0) return (options, configuration);
        throw new StartException(
            $"The configuration has {faults.Count} {(faults.Count == 1 ? "fault" : "faults")}:\n" + string.Join('\n', faults.Select(f => "  " + f)), ExitCodes.Usage);
    }

    /// <summary>Whom the audit names for what the command line did.</summary>
    public const string Actor = "cli";

    /// <summary>A file that the caller named.</summary>
    public static string ExistingFile(string path) =>
        File.Exists(path) ? Path.GetFullPath(path)
        : throw new StartException(Directory.Exists(path) ? $"'{path}' is a folder, not a file." : $"There is no file '{path}'.", ExitCodes.Usage);

    /// <summary>Ends when the command is asked to stop, and when its host stops because work in the background broke.</summary>
    public static CancellationTokenSource EndingOf(IHost host, CancellationToken cancellationToken) =>
        CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);

    public static Option<bool> JsonOption() => new("--json") { Description = "One JSON object as the last line of standard output." };

    public static Option<string?> DataOption() => new("--data") { Description = "Data directory. Default: Broadcasts:DataDirectory.", HelpName = "DIR" };
}
