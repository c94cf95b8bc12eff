using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Jobs whose process is killed, or asked to end, in the middle of them.</summary>
public sealed class JobsKillTests
{
    private const int Contacts = 50_000;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(3);

    [Theory]
    [MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Job_WhoseProcessIsKilledThenStopped_IsDoneOncePerContact(string provider)
    {
        await using var installation = await Installation.CreateAsync(provider);
        var process = await installation.StartAsync(0);
        var file = "email\n" + string.Concat(Enumerable.Range(0, Contacts).Select(i => $"{i}@example.com\n"));
        await installation.PostFileAsync("contacts/imports?consentSource=test", Encoding.UTF8.GetBytes(file));
        var tagging = await installation.PostAsync("contacts/jobs", new { act = "addTag", tag = "vip" });
        var exporting = await installation.PostAsync("contacts/jobs", new { act = "exportContacts" });

        await BegunAsync(installation, tagging);
        await installation.KillAsync(process);
        process = await installation.StartAsync(0);
        var middle = await GetAsync(installation, tagging);
        process.Terminate();
        await installation.EndAsync(process);
        await installation.StartAsync(0);
        var tagged = await DoneAsync(installation, tagging);
        var exported = await DoneAsync(installation, exporting);

        Assert.NotEqual(0, Number(middle, "done"));
        Assert.Equal((Contacts, Contacts, 0, 0), (Number(tagged, "done"), Number(tagged, "changed"), Number(tagged, "unchanged"), Number(tagged, "refused")));
        Assert.Equal((Contacts, Contacts), (Number(exported, "done"), Number(exported, "written")));
        Assert.Equal(Contacts, await TaggedOnceAsync(installation));
    }

    // A second time would be a third revision.
    private static async Task<int> TaggedOnceAsync(Installation installation)
    {
        var count = 0;
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await installation.GetAsync($"contacts?tag=vip&limit=200&cursor={cursor}");
            count += page.GetProperty("items").EnumerateArray().Count(c => c.GetProperty("revision").GetInt32() == 2);
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }

        return count;
    }

    private static Task<JsonElement> BegunAsync(Installation installation, JsonElement job) => installation.UntilAsync($"contacts/jobs/{job.GetProperty("id")}", j => Number(j, "done") is > 0 and < Contacts / 2, Long);

    private static Task<JsonElement> DoneAsync(Installation installation, JsonElement job) => installation.UntilAsync($"contacts/jobs/{job.GetProperty("id")}", j => j.GetProperty("status").GetString() == "done", Long);

    private static Task<JsonElement> GetAsync(Installation installation, JsonElement job) => installation.GetAsync($"contacts/jobs/{job.GetProperty("id")}");

    private static long Number(JsonElement job, string name) => job.GetProperty(name).GetInt64();
}
