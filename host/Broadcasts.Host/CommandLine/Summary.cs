using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Host.Api;
using Broadcasts.Host.Hosting;
using Broadcasts.Reporting;

namespace Broadcasts.Host.CommandLine;

/// <summary>How a broadcast ended, for people and machines.</summary>
internal static class Summary
{
    /// <summary>Prints it. The exit code is 0 only if everybody was sent to or skipped by rule.</summary>
    public static int Print(Progress progress, Terminal terminal, bool json)
    {
        var c = progress.Counts;
        var sent = c.Sent + c.Delivered + c.Read;
        var reasons = ProgressAnswer.ReasonsOf(progress);
        var isDone = progress.Status == BroadcastStatus.Completed && c.Failed == 0 && c.Unknown == 0 && c.Pending == 0 && c.Sending == 0;
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(
                new { progress.Recipients, sent, failed = c.Failed, skipped = c.Skipped, unknown = c.Unknown, reasons = new { failed = reasons["failed"], skipped = reasons["skipped"] } }, ApiJson.Options));
            return isDone ? ExitCodes.Done : ExitCodes.Failed;
        }

        terminal.Say($"{progress.Status}: {progress.Recipients:N0} recipients, {sent:N0} sent, {c.Failed:N0} failed, {c.Skipped:N0} skipped, {c.Unknown:N0} unknown"
            + (c.Pending + c.Sending > 0 ? $", {c.Pending + c.Sending:N0} still to send" : ""));
        if (progress is { Status: BroadcastStatus.Failed, StatusDetail: { } why }) terminal.Say($"  {why}");
        foreach (var (status, ofStatus) in reasons)
        {
            foreach (var (reason, rows) in ofStatus) terminal.Say($"  {status}: {reason} {rows:N0}");
        }

        return isDone ? ExitCodes.Done : ExitCodes.Failed;
    }
}
