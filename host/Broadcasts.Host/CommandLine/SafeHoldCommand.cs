using System.CommandLine;
using System.Text.Json;
using Broadcasts.Host.Api;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts safe-hold</c>: whether this data may send; <c>broadcasts safe-hold release</c>: from here on it does.</summary>
internal static class SafeHoldCommand
{
    public static Command Create()
    {
        var command = With(new Command("safe-hold", "Says whether this data is held: what was copied or put back from a backup sends nothing before somebody agrees."), release: false);
        command.Subcommands.Add(With(new Command("release", "Agrees: from here on this data is the one that sends."), release: true));
        return command;
    }

    private static Command With(Command command, bool release)
    {
        var (data, json) = (Cli.DataOption(), Cli.JsonOption());
        command.Options.Add(data);
        command.Options.Add(json);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (options, configuration) = Cli.ReadSettings(parsed.GetValue(data));
            var answer = await AskAsync(options, configuration, release, cancellationToken);
            await Console.Out.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(answer, ApiJson.Options) : Words(answer, release));
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<SafeHoldAnswer> AskAsync(ServiceOptions options, IConfiguration configuration, bool release, CancellationToken cancellationToken)
    {
        using var service = LocalService.Find(options.Engine.DataDirectory);
        if (service is not null)
            return (release ? await service.PostAsync("safe-hold/release", null, cancellationToken) : await service.GetAsync("safe-hold", cancellationToken)).Deserialize<SafeHoldAnswer>(ApiJson.Options)!;
        await using var offline = await Offline.OpenAsync(options, configuration);
        var hold = offline.Services.GetRequiredService<SafeHold>();
        await hold.CheckAsync();
        if (release) await hold.ReleaseAsync(Cli.Actor);
        return SafeHoldAnswer.Of(await hold.GetAsync());
    }

    private static string Words(SafeHoldAnswer answer, bool release) => answer switch
    {
        { Held: true } => $"Held since {answer.Since:yyyy-MM-dd HH:mm} UTC: this data was {(answer.Reason == "copied" ? "copied" : "put back from a backup")}. Nothing is sent. If it is the one that is to send: broadcasts safe-hold release",
        _ when release => "Released: this data sends.",
        _ => "Not held: this data sends.",
    };
}
