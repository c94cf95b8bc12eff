using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>A process that is killed in the middle of an import goes on at its next start, to the same totals.</summary>
public sealed class ImportKillTests
{
    private const int Rows = 200_000;
    private const int BrokenEvery = 997;
    private const int RepeatedEvery = 1_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Theory]
    [MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Import_KilledTwice_EndsAsIfNothingHadHappened(string provider)
    {
        using var folder = new TempFolder();
        var file = folder.File("people.csv");
        await WriteAsync(file);
        await using var installation = await Installation.CreateAsync(provider);
        var process = await installation.StartAsync(0);
        await installation.PostAsync("fields", new { name = "Score", type = "number" });

        var upload = installation.PostFileAsync("contacts/imports?name=people.csv&consentSource=shop&tags=all", file);
        await KillAfterAsync(installation, process, Rows / 5);
        await Assert.ThrowsAnyAsync<Exception>(() => upload);
        process = await installation.StartAsync(0);
        await KillAfterAsync(installation, process, Rows / 2);
        await installation.StartAsync(0);

        var import = await installation.UntilAsync("contacts/imports/1", i => i.GetProperty("status").GetString() is not ("running" or "interrupted"), Limit);
        var (broken, repeated) = (Enumerable.Range(1, Rows).Count(IsBroken), Enumerable.Range(1, Rows).Count(IsRepeated));
        Assert.Equal("completed", import.GetProperty("status").GetString());
        Assert.Equal((Rows - broken - repeated, 0, 0, repeated, broken), Counts(import));
        Assert.Single((await installation.GetAsync("contacts/imports")).GetProperty("items").EnumerateArray());
        Assert.Equal(Rows - broken - repeated, await CountAsync(installation, new { field = "import", op = "is", value = 1 }));
        Assert.Equal(Rows - broken - repeated, await CountAsync(installation, new { field = "tag", op = "hasAnyOf", value = new[] { "all" } }));
        Assert.Equal(1, await CountAsync(installation, new { field = "contact.score", op = "is", value = Rows }));
        Assert.Equal(["score", "town"], (await installation.GetAsync("fields")).GetProperty("items").EnumerateArray().Select(f => f.GetProperty("slug").GetString()).Order());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(installation.DataOf(0), "uploads")));

        var undone = await installation.PostAsync("contacts/imports/1/undo");
        Assert.Equal(Rows - broken - repeated, undone.GetProperty("deleted").GetInt32());
        Assert.Equal(0, await CountAsync(installation, new { field = "email", op = "contains", value = "@" }));
    }

    private static async Task KillAfterAsync(Installation installation, ProcessUnderTest process, int rows)
    {
        await installation.UntilAsync("contacts/imports", list => list.GetProperty("items").EnumerateArray().Any(i => i.GetProperty("created").GetInt32() > rows), Limit);
        await installation.KillAsync(process);
    }

    private static async Task<long> CountAsync(Installation installation, object rule) => (await installation.PostAsync("segments/count", new { rule })).GetProperty("contacts").GetInt64();

    private static (int, int, int, int, int) Counts(JsonElement import)
    {
        return (Of("created"), Of("updated"), Of("unchanged"), Of("duplicate"), Of("invalid"));

        int Of(string name) => import.GetProperty(name).GetInt32();
    }

    private static async Task WriteAsync(string path)
    {
        await using var file = new StreamWriter(path);
        await file.WriteLineAsync("email,first_name,Town,Score,tags");
        for (var i = 1; i <= Rows; i++)
        {
            var email = IsBroken(i) ? "broken" : string.Create(CultureInfo.InvariantCulture, $"p{(IsRepeated(i) ? 1 : i)}@example.com");
            await file.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{email},Name {i},Town {i % 50},{i},group {i % 20}"));
        }
    }

    private static bool IsBroken(int row) => row % BrokenEvery == 0;

    private static bool IsRepeated(int row) => row % RepeatedEvery == 0 && !IsBroken(row) && row != Rows;
}
