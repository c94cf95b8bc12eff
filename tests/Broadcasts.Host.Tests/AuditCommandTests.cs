using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Host.Tests;

/// <summary>The audit as somebody checks it who does not trust the service.</summary>
public sealed class AuditCommandTests
{
    [Fact]
    public async Task Verify_BesideAServiceAndWithoutOne_ProvesWhatWasWrittenDown()
    {
        using var folder = new TempFolder();
        var data = folder.File("data");
        await using (var service = RunningBroadcasts.Start(data))
        {
            await RunningBroadcasts.AddressOfAsync(service);
            await KeyAsync(data, "one");
            await KeyAsync(data, "two");
            Assert.Contains(" entries are whole. The newest: ", Assert.Single(await RunAsync(0, "verify", "--data", data)), StringComparison.Ordinal);
        }

        var head = Assert.Single(await RunAsync(0, "head", "--data", data));
        Assert.Contains(" is the one that was written down", Assert.Single(await RunAsync(0, "verify", "--expect", head, "--data", data)), StringComparison.Ordinal);

        // Cut off so that the rest fits: only what was written down elsewhere tells.
        await ExecuteAsync(data, "DROP TRIGGER audit_whole; DELETE FROM audit WHERE position = (SELECT MAX(position) FROM audit); UPDATE audit_head SET position = position - 1, hash = (SELECT hash FROM audit ORDER BY position DESC LIMIT 1)");
        await RunAsync(0, "verify", "--data", data);
        Assert.StartsWith($"BROKEN: Entry {head.Split(':')[0]} is missing.", Assert.Single(await RunAsync(1, "verify", "--expect", head, "--data", data)), StringComparison.Ordinal);

        await ExecuteAsync(data, "DROP TRIGGER audit_kept; UPDATE audit SET actor = 'user:9' WHERE position = 1");
        var found = JsonSerializer.Deserialize<JsonElement>(Assert.Single(await RunAsync(1, "verify", "--json", "--data", data)));
        Assert.False(found.GetProperty("whole").GetBoolean());
        Assert.Equal("changed", found.GetProperty("fault").GetProperty("kind").GetString());
        Assert.Equal(1, found.GetProperty("fault").GetProperty("number").GetInt64());
    }

    [Fact]
    public async Task Verify_MarkThatIsNone_ExitsWith2()
    {
        using var folder = new TempFolder();
        await RunAsync(2, "verify", "--expect", "12:abc", "--data", folder.File("data"));
    }

    private static async Task KeyAsync(string data, string name)
    {
        await using var key = ProcessUnderTest.Start(["apikey", "create", "--data", data, "--name", name]);
        await key.AssertExitCodeAsync(0, RunningBroadcasts.Long);
    }

    // The line of progress in a pipe says how many of how many; the last line is the answer.
    private static async Task<IReadOnlyList<string>> RunAsync(int exitCode, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(["audit", .. arguments]);
        await process.AssertExitCodeAsync(exitCode, RunningBroadcasts.Long);
        return [.. process.StandardOutput.Where(l => !l.EndsWith(" entries", StringComparison.Ordinal))];
    }

    private static async Task ExecuteAsync(string data, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "broadcasts.db")};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
