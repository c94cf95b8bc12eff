using System.Net;
using System.Text.RegularExpressions;

namespace Broadcasts.Host.Tests;

/// <summary>The link in a message, as its recipient and a mail program use it.</summary>
public sealed partial class OptOutPageTests
{
    [Fact]
    public async Task Link_OneClickThenChoice_HoldsForTheNextMessagesAndIsProven()
    {
        using var folder = new TempFolder();
        await using var process = RunningBroadcasts.Start(folder.File("data"), new() { ["Broadcasts__PublicUrl"] = "https://news.example.org/" });
        using var service = await PublicService.ConnectAsync(process, folder.File("data"));
        var contact = (await service.PostAsync("contacts", new { firstName = "Eva", addresses = new[] { new { kind = "email", value = "eva@example.com" }, new { kind = "phone", value = "+34600111222" } } })).GetProperty("id").GetInt64();
        var mail = (await service.PostAsync("channels", new { name = "Mail", transport = "filedrop", settings = new { folder = folder.Path, format = "eml", addressKind = "email" } })).GetProperty("id").GetInt64();
        await service.PostAsync("messages", new { address = "eva@example.com", channelId = mail, part = new { type = "email", subject = "News", text = "Hello" } });
        var path = new Uri(Header().Match((await PublicService.MailsAsync(folder.Path, 1))[0]).Groups[1].Value).AbsolutePath;

        // A mail program fetches links ahead of people: nothing may happen by that.
        var page = await service.TextAsync(HttpMethod.Get, path, HttpStatusCode.OK);
        Assert.Contains("e…@example.com", page, StringComparison.Ordinal);
        Assert.DoesNotContain("600111", page, StringComparison.Ordinal);
        Assert.Empty(await StatesAsync());

        await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, ("List-Unsubscribe", "One-Click"));
        Assert.Equal([("email", "withdrawn", "link")], await StatesAsync());

        var both = Keep().Matches(await service.TextAsync(HttpMethod.Get, path, HttpStatusCode.OK)).Select(m => ("keep", m.Groups[1].Value)).ToArray();
        Assert.Equal(2, both.Length);
        await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, [("choice", "save"), both[0]]);
        Assert.Equal([("email", "withdrawn", "link"), ("email", "granted", "preferences"), ("phone", "withdrawn", "preferences")], await StatesAsync());

        Assert.Contains("No recibirá más", await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, ("choice", "none")), StringComparison.Ordinal);
        Assert.Equal(("email", "withdrawn", "preferences"), (await StatesAsync())[^1]);

        await service.TextAsync(HttpMethod.Get, "/o/AAAA", HttpStatusCode.NotFound);
        await service.TextAsync(HttpMethod.Post, path[..^1] + (path[^1] == 'A' ? 'B' : 'A'), HttpStatusCode.NotFound, ("choice", "none"));

        async Task<(string, string, string)[]> StatesAsync() =>
            [.. (await service.GetAsync($"contacts/{contact}/consents")).GetProperty("items").EnumerateArray().Select(c => (c.GetProperty("kind").GetString()!, c.GetProperty("state").GetString()!, c.GetProperty("source").GetString()!))];
    }

    [GeneratedRegex("List-Unsubscribe: <([^>]+)>")]
    private static partial Regex Header();

    [GeneratedRegex("name=\"keep\" value=\"(\\d+)\"")]
    private static partial Regex Keep();
}
