using System.CommandLine;
using System.Text.Json;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts doctor</c>: looks at everything that an installation needs and says what to do. Exit code 0 when all is well, else 1.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var (data, json) = (Cli.DataOption(), Cli.JsonOption());
        var all = new Option<bool>("--all") { Description = "The ledgers of finished broadcasts too: each row is read." };
        var mend = new Option<bool>("--mend") { Description = "Sets counts that are not those of their rows to them." };
        var command = new Command("doctor", "Looks at configuration, database, clocks, data directory, keys, safe hold, transports, channels, schedule, queue, the ledger and the audit, and says what to do.") { data, all, mend, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var checks = await LookAsync(parsed.GetValue(data), new DoctorOrder { All = parsed.GetValue(all), Mend = parsed.GetValue(mend) }, cancellationToken);
            var isWell = checks.All(c => c.Well);
            if (parsed.GetValue(json)) await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new { well = isWell, checks }, ApiJson.Options));
            else foreach (var check in checks) await Console.Out.WriteLineAsync($"{(check.Well ? "ok  " : "FAIL")} {check.Name}: {check.Found}{(check.Do is null ? "" : $" {check.Do}")}");
            return isWell ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<IReadOnlyList<DoctorCheck>> LookAsync(string? data, DoctorOrder order, CancellationToken cancellationToken)
    {
        var name = "configuration";
        var well = new List<DoctorCheck>();
        try
        {
            var (options, configuration) = Cli.ReadSettings(data);
            well.Add(new(name, true, "It can be read."));
            name = "service";
            using var service = LocalService.Find(options.Engine.DataDirectory);
            if (service is not null)
            {
                using var content = JsonContent.Create(order, options: ApiJson.Options);
                var answer = await service.PostAsync("local/doctor", content, cancellationToken);
                return [.. well, new(name, true, $"It runs{DataDirectory.OwnerOf(options.Engine.DataDirectory)}."), .. answer.Deserialize<DoctorCheck[]>(ApiJson.Options)!];
            }

            well.Add(new(name, true, "None runs on this data directory."));
            name = "database";
            await using var offline = await Offline.OpenAsync(options, configuration);
            await offline.Services.GetRequiredService<SafeHold>().CheckAsync();
            return [.. well, .. await new Doctor(offline.Services).LookAsync(order, cancellationToken)];
        }
        catch (StartException e)
        {
            // What comes after it can't be looked at.
            return [.. well, new(name, false, e.Message)];
        }
    }
}
