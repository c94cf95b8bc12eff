using System.CommandLine;
using System.Text.Json;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;

namespace Broadcasts.Host.CommandLine;

/// <summary><c>broadcasts audit verify</c>: goes through the whole chain itself, also beside a running service; <c>broadcasts audit head</c>: the newest entry, to be written down elsewhere.</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "The record of who did what.") { Verify(), Head() };

    private static Command Verify()
    {
        var (data, json) = (Cli.DataOption(), Cli.JsonOption());
        var expect = new Option<string?>("--expect") { Description = "What 'audit head' or 'audit verify' said before: proves that nothing up to there was cut off or written anew.", HelpName = "N:HASH" };
        expect.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && AuditMark.Parse(text) is null) result.AddError($"'{text}' is not an entry's number and hash, as 'broadcasts audit head' says them: N:HASH.");
        });
        var command = new Command("verify", "Checks every entry and says the first that was changed, taken out, put in or moved. Exit code 0 when all are whole, else 1.") { data, expect, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var isJson = parsed.GetValue(json);
            var expected = parsed.GetValue(expect) is { } text ? AuditMark.Parse(text) : null;
            var terminal = new Terminal(TimeProvider.System, isJson);
            var found = await LookAsync(parsed.GetValue(data), check => check.LookAsync(expected, (done, all) => terminal.Move(done, all, FormattableString.Invariant($"{done} of {all} entries"), isLast: done == all), cancellationToken));
            await Console.Out.WriteLineAsync(isJson ? Json(found) : Words(found, expected));
            return found.Fault is null ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static Command Head()
    {
        var (data, json) = (Cli.DataOption(), Cli.JsonOption());
        var command = new Command("head", "Prints number and hash of the newest entry: written down elsewhere, 'audit verify --expect' proves by it that nothing before was cut off or written anew.") { data, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var head = await LookAsync(parsed.GetValue(data), check => check.HeadAsync(cancellationToken));
            if (parsed.GetValue(json)) await Console.Out.WriteLineAsync(JsonSerializer.Serialize(new { number = head?.Number ?? 0, hash = head?.Hash }, ApiJson.Options));
            else await Console.Out.WriteLineAsync(head?.ToString() ?? "There is no entry yet.");
            return ExitCodes.Done;
        });
        return command;
    }

    // Beside a running service by this process's own eyes: what is checked is the database, not the service's word for it.
    private static async Task<T> LookAsync<T>(string? data, Func<AuditCheck, Task<T>> look)
    {
        var (options, configuration) = Cli.ReadSettings(data);
        if (!DataDirectory.IsHeld(options.Engine.DataDirectory))
        {
            await using var offline = await Offline.OpenAsync(options, configuration);
            return await look(offline.Services.GetRequiredService<AuditCheck>());
        }

        using var host = ServiceHost.BuildHeadless(options, configuration, withSilo: false);
        try
        {
            return await look(host.Services.GetRequiredService<AuditCheck>());
        }
        catch (Exception e) when (e is System.Data.Common.DbException or System.Net.Sockets.SocketException or TimeoutException)
        {
            throw new StartException($"The database can't be read: {e.Message}");
        }    }

    private static string Json(AuditFindings found) => JsonSerializer.Serialize(
        new { whole = found.Fault is null, entries = found.Entries, newest = found.Newest, fault = found.Fault is { } fault ? new { fault.Kind, fault.Number, detail = fault.Said().Message } : null }, ApiJson.Options);

    private static string Words(AuditFindings found, AuditMark? expected) => found switch
    {
        { Fault: { } fault } => $"BROKEN: {fault.Said().Message}{(found.Newest is null ? "" : FormattableString.Invariant($" The {found.Entries} before it are whole."))}",
        { Newest: null } => "There is no entry yet.",
        _ => FormattableString.Invariant($"{found.Entries} entries are whole{(expected is null ? "" : $", and entry {expected.Number} is the one that was written down")}. The newest: {found.Newest}"),
    };
}
