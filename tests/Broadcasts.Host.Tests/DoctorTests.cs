using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Host.Tests;

/// <summary>What an operator asks first.</summary>
public sealed class DoctorTests
{
    [Fact]
    public async Task Doctor_OfASoundInstallation_Exits0WithALineForEachCheck()
    {
        using var folder = new TempFolder();
        await using var doctor = ProcessUnderTest.Start(["doctor", "--data", folder.File("data")]);
        await doctor.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        Assert.Equal(["configuration", "service", "database", "clock", "data directory", "keys", "safe hold", "transports", "channels", "processes", "schedule", "queue", "receipts", "ledger", "audit"], doctor.StandardOutput.Select(l => l[5..l.IndexOf(':', StringComparison.Ordinal)]));
        Assert.All(doctor.StandardOutput, l => Assert.StartsWith("ok   ", l, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_WithALedgerThatWasChanged_NamesItAndMendsIt()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("people.csv"), "email\nann@example.com\nben@example.com\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("t.txt"), "Hello", TestContext.Current.CancellationToken);
        await using var send = ProcessUnderTest.Start(["send", "--contacts", folder.File("people.csv"), "--channel", "filedrop", "--set", $"folder={folder.File("out")}", "--from", "a@example.com", "--subject", "Hi", "--template", folder.File("t.txt"), "--data", folder.File("data"), "--yes"]);
        await send.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        await using (var connection = new SqliteConnection($"Data Source={Path.Combine(folder.File("data"), "broadcasts.db")};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE slices SET sent = 1, failed = 1";
            Assert.Equal(1, await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        Assert.Contains("sent 1 → 2, failed 1 → 0", await LedgerAsync(folder, 1), StringComparison.Ordinal);
        Assert.Contains("Counts are set to those of the rows", await LedgerAsync(folder, 1, "--mend"), StringComparison.Ordinal);
        Assert.Contains("Broadcasts: 1. Their counts are those of the rows.", await LedgerAsync(folder, 0), StringComparison.Ordinal);
    }

    private static async Task<string> LedgerAsync(TempFolder folder, int exitCode, params string[] more)
    {
        await using var doctor = ProcessUnderTest.Start(["doctor", "--all", "--data", folder.File("data"), "--json", .. more]);
        await doctor.AssertExitCodeAsync(exitCode, RunningBroadcasts.Long);
        var answer = JsonSerializer.Deserialize<JsonElement>(Assert.Single(doctor.StandardOutput));
        Assert.Equal(exitCode == 0, answer.GetProperty("well").GetBoolean());
        return answer.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "ledger").GetProperty("found").GetString()!;
    }
}
