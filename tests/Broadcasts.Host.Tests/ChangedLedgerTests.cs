using Microsoft.Data.Sqlite;

namespace Broadcasts.Host.Tests;

/// <summary>A row of the ledger whose status no version of the program knows: every answer and every page about it can still be read.</summary>
public sealed class ChangedLedgerTests
{
    [Fact]
    public async Task Service_AStatusThatDoesNotExist_IsReadAsUnknown()
    {
        await using var service = new RunningBroadcasts();
        await service.InitializeAsync();
        var channel = (await service.PostAsync("/api/v1/channels", new { name = "Sim", transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } })).GetProperty("id").GetInt64();
        var contact = (await service.PostAsync("/api/v1/contacts", new { addresses = new[] { new { kind = "email", value = "ann@example.com" } } })).GetProperty("id").GetInt64();
        var path = "/api/v1/broadcasts/" + (await service.PostAsync("/api/v1/broadcasts", new { name = "Changed", channelId = channel, contactIds = new[] { contact }, parts = new[] { new { type = "email", subject = "Hi", text = "Hello" } } })).GetProperty("id");
        await service.PostAsync(path + "/send", new { });
        await service.UntilAsync(path + "/progress", p => p.GetProperty("status").GetString() == "completed");
        await using (var database = new SqliteConnection($"Data Source={Path.Combine(service.Data, "broadcasts.db")};Pooling=False;Default Timeout=20"))
        {
            await database.OpenAsync(TestContext.Current.CancellationToken);
            await using var change = database.CreateCommand();
            change.CommandText = "UPDATE deliveries SET status = 99";
            await change.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        foreach (var look in new[] { "", "/progress", "/recipients", $"/recipients/{contact}", "/recipients.csv", "/unknown" })
            Assert.True((await service.Http.GetAsync(new Uri(path + look, UriKind.Relative), TestContext.Current.CancellationToken)).IsSuccessStatusCode, look);

        var recipients = (await service.GetAsync(path + "/recipients")).GetProperty("items");
        Assert.Equal("unknown", recipients[0].GetProperty("status").GetString());
    }
}
