using System.Globalization;
using Broadcasts.Testing;

namespace Broadcasts.Chaos;

/// <summary>A transport that one process of three was just given: whoever has not loaded it yet leaves its messages to the others.</summary>
public sealed class NewPluginTests
{
    private const int People = 200;
    private const int Sends = 6;

    [Fact]
    public async Task Send_OverATransportThatWasInstalledAMomentAgo_PausesNoChannel()
    {
        _ = Requirements.Postgres;
        using var folder = new TempFolder();
        var people = folder.File("people.csv");
        await File.WriteAllLinesAsync(people, Enumerable.Range(0, People).Select(i => string.Create(CultureInfo.InvariantCulture, $"user{i}@example.com")).Prepend("email"));
        await using var installation = await Installation.CreateAsync("postgres");
        await installation.CommandAsync("import", people, "--consent-source", "made up");
        for (var i = 0; i < 3; i++) await installation.StartAsync(i);

        await installation.PostFileAsync("plugins", LabPackages.Of("1.0.0"));
        var channel = (await installation.PostAsync("channels", new { name = "New", transport = "lab", settings = new { token = "secret-1" } })).GetProperty("id").GetInt64();
        var sent = new List<long>();
        for (var i = 0; i < Sends; i++)
        {
            var id = (await installation.PostAsync("broadcasts", new { name = "News", channelId = channel, segment = new { all = Array.Empty<object>() }, parts = new[] { new { type = "text", text = "Hello" } } })).GetProperty("id").GetInt64();
            await installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/send"));
            sent.Add(id);
        }

        // A channel that a fault has paused waits for a person: none of them would end.
        foreach (var id in sent)
        {
            var done = await installation.UntilAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/progress"), p => p.GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(60));
            Assert.Equal(People, done.GetProperty("sent").GetInt64());
        }
    }
}
