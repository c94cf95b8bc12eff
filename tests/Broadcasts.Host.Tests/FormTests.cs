using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcasts.Host.Tests;

/// <summary>Double opt-in: a form, the message with the link, the page that it leads to, and what may be sent before and after.</summary>
public sealed partial class FormTests : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private ProcessUnderTest? _process;
    private PublicService _service = null!;
    private long _mail;

    public async ValueTask DisposeAsync()
    {
        _service?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task NewAddress_GetsTheQuestionOnly_AndEverythingOnceItsOwnerConfirmed()
    {
        await StartAsync();
        var form = await FormAsync(fields: [new { name = "first_name", required = true }]);
        var page = PathOf(form);
        Assert.Contains("Quiero noticias", await _service.TextAsync(HttpMethod.Get, page, HttpStatusCode.OK), StringComparison.Ordinal);
        Assert.Contains("Un paso más", await EnterAsync(page, "Eva@Example.com", ("f.first_name", "Eva")), StringComparison.Ordinal);
        Assert.Equal([("email", "pending", $"form:{form.GetProperty("id")}")], await _service.ConsentsAsync("email:eva@example.com"));

        await _service.PostAsync("messages", new { address = "eva@example.com", channelId = _mail, part = new { type = "email", subject = "News", text = "Hello" } });
        var link = LinkIn((await PublicService.MailsAsync(_folder.Path, 1))[0]);
        // A scanner opens every link of a mail: that is nobody's consent.
        Assert.Contains("e…@example.com", await _service.TextAsync(HttpMethod.Get, link, HttpStatusCode.OK), StringComparison.Ordinal);
        Assert.Single(await _service.ConsentsAsync("email:eva@example.com"));

        Assert.Contains("Bienvenida", await _service.TextAsync(HttpMethod.Post, link, HttpStatusCode.OK), StringComparison.Ordinal);
        await _service.TextAsync(HttpMethod.Post, link, HttpStatusCode.OK);
        Assert.Equal(("email", "granted", "confirmed"), (await _service.ConsentsAsync("email:eva@example.com"))[^1]);
        var contact = await _service.GetAsync("contacts/email:eva@example.com");
        Assert.Equal(("Eva", "newsletter"), (contact.GetProperty("firstName").GetString(), contact.GetProperty("tags")[0].GetString()));
        var counted = await _service.GetAsync($"forms/{form.GetProperty("id")}");
        Assert.Equal((1, 1), (counted.GetProperty("asked").GetInt32(), counted.GetProperty("confirmed").GetInt32()));

        var sent = await SendAsync("eva@example.com", "Hello again");
        await _service.WaitAsync($"messages/{sent}", m => m.GetProperty("status").GetString() == "sent");
        Assert.Equal(2, (await PublicService.MailsAsync(_folder.Path, 2)).Length);

        var reach = Assert.Single((await _service.GetAsync("contacts/email:eva@example.com/reach")).GetProperty("items").EnumerateArray());
        Assert.Equal((true, "Mail", false), (reach.GetProperty("isReachable").GetBoolean(), reach.GetProperty("channel").GetString(), reach.TryGetProperty("suppressed", out _)));
        var messages = (await _service.GetAsync("contacts/email:eva@example.com/messages?limit=2")).GetProperty("items").EnumerateArray().Select(m => m.GetProperty("message").GetProperty("status").GetString());
        Assert.Equal(["sent", "skipped"], messages);

        await _service.TextAsync(HttpMethod.Get, "/confirm/AAAA", HttpStatusCode.NotFound);
        // What may opt somebody out does not confirm for him.
        await _service.TextAsync(HttpMethod.Post, link.Replace("/confirm/", "/o/", StringComparison.Ordinal), HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task KnownAddress_TypedByAStranger_ChangesNothingUntilItsOwnerConfirms()
    {
        await StartAsync();
        var page = PathOf(await FormAsync());
        foreach (var name in new[] { "ana", "out" }) await _service.PostAsync("contacts", new { firstName = "Ana", addresses = new[] { new { kind = "email", value = $"{name}@example.com" } } });
        await _service.PostAsync("contacts/email:out@example.com/consents", new { kind = "email", state = "withdrawn", source = "call" });

        for (var i = 0; i < 3; i++) await EnterAsync(page, "ana@example.com", ("f.first_name", "Mallory"));
        await EnterAsync(page, "out@example.com");
        var mails = await PublicService.MailsAsync(_folder.Path, 2);
        var fine = await SendAsync("ana@example.com", "Still here");
        var stopped = await SendAsync("out@example.com", "Never");
        await _service.WaitAsync($"messages/{fine}", m => m.GetProperty("status").GetString() == "sent");
        Assert.Equal("optedOut", (await _service.WaitAsync($"messages/{stopped}", m => m.GetProperty("status").GetString() == "skipped")).GetProperty("reason").GetString());
        // However often an address is typed, its owner gets one message of the form.
        Assert.Equal(3, (await PublicService.MailsAsync(_folder.Path, 3)).Length);
        Assert.Equal("Ana", (await _service.GetAsync("contacts/email:ana@example.com")).GetProperty("firstName").GetString());

        await _service.TextAsync(HttpMethod.Post, LinkIn(mails.Single(m => m.Contains("out@example.com", StringComparison.Ordinal))), HttpStatusCode.OK);
        Assert.Equal(("email", "granted", "confirmed"), (await _service.ConsentsAsync("email:out@example.com"))[^1]);
        // A colleague wrote the "no" down; what its owner asked for and confirmed since counts more.
        await _service.WaitAsync($"messages/{await SendAsync("out@example.com", "Again")}", m => m.GetProperty("status").GetString() == "sent");

        // A dead address and somebody's own entry on the list stay.
        await _service.PostAsync("suppressions", new { kind = "email", value = "ana@example.com" });
        var reach = Assert.Single((await _service.GetAsync("contacts/email:ana@example.com/reach")).GetProperty("items").EnumerateArray());
        Assert.Equal((false, "manual"), (reach.GetProperty("isReachable").GetBoolean(), reach.GetProperty("suppressed").GetString()));
        await _service.TextAsync(HttpMethod.Post, LinkIn(mails.Single(m => m.Contains("ana@example.com", StringComparison.Ordinal))), HttpStatusCode.OK);
        Assert.Equal("suppressed", (await _service.WaitAsync($"messages/{await SendAsync("ana@example.com", "Now?")}", m => m.GetProperty("status").GetString() is "skipped" or "sent")).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Broadcast_WithTheLink_ReachesThoseWhoHaveToConfirm_AndWithoutItNobodyOfThem()
    {
        await StartAsync();
        for (var i = 0; i < 3; i++)
        {
            await _service.PostAsync("contacts", new { addresses = new[] { new { kind = "email", value = $"p{i}@example.com" } }, tags = new[] { "asked" } });
            if (i > 0) await _service.PostAsync($"contacts/email:p{i}@example.com/consents", new { kind = "email", state = "pending", source = "fair" });
        }

        var rule = new { all = new[] { new { field = "tag", op = "hasAnyOf", value = new[] { "asked" } } } };
        var segment = (await _service.PostAsync("segments", new { name = "Asked", rule })).GetProperty("id").GetInt64();
        Assert.Equal(segment, Assert.Single((await _service.GetAsync("contacts/email:p1@example.com/segments")).GetProperty("items").EnumerateArray()).GetProperty("id").GetInt64());
        var plain = await BroadcastAsync("Plain", "Hello", rule);
        var asking = await BroadcastAsync("Asking", "Confirm: {{ links.confirm }} or not: {{ links.opt_out }}", rule);
        Assert.Equal((1, 2), (plain.GetProperty("counts").GetProperty("sent").GetInt32(), plain.GetProperty("counts").GetProperty("skipped").GetInt32()));
        Assert.Equal((3, 0), (asking.GetProperty("counts").GetProperty("sent").GetInt32(), asking.GetProperty("counts").GetProperty("skipped").GetInt32()));
        var mails = await PublicService.MailsAsync(_folder.Path, 4);
        var link = LinkIn(mails.Single(m => m.Contains("p2@example.com", StringComparison.Ordinal)));
        await _service.TextAsync(HttpMethod.Post, link, HttpStatusCode.OK);
        Assert.Equal(("email", "granted", "confirmed"), (await _service.ConsentsAsync("email:p2@example.com"))[^1]);
    }

    [Fact]
    public async Task Form_WrongInAnyWay_SaysWhat()
    {
        await StartAsync();
        Assert.Equal("noConfirmLink", await RefusedAsync(new { name = "A", title = "T", consent = "C", channelId = _mail, part = new { type = "email", subject = "S", text = "no link" } }));
        Assert.Equal("channelGone", await RefusedAsync(new { name = "A", title = "T", consent = "C", channelId = 4711, part = Part }));
        Assert.Equal("required", await RefusedAsync(new { name = " ", title = "T", consent = "C", channelId = _mail, part = Part }));
        Assert.Equal("unknownField", await RefusedAsync(new { name = "A", title = "T", consent = "C", channelId = _mail, part = Part, fields = new[] { new { name = "shoe_size" } } }));
        Assert.Equal("notUrl", await RefusedAsync(new { name = "A", title = "T", consent = "C", channelId = _mail, part = Part, redirectUrl = "javascript:alert(1)" }));
        var form = await FormAsync(fields: [new { name = "first_name", required = true }]);
        Assert.Equal("formExists", await RefusedAsync(new { name = "signup", title = "T", consent = "C", channelId = _mail, part = Part }));

        var page = PathOf(form);
        await _service.TextAsync(HttpMethod.Get, "/f/nothing", HttpStatusCode.NotFound);
        Assert.Contains("Falta un dato", await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.UnprocessableEntity, ("address", "x@example.com"), ("agreed", "true")), StringComparison.Ordinal);
        await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.UnprocessableEntity, ("address", "nobody"), ("f.first_name", "X"), ("agreed", "true"));
        await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.UnprocessableEntity, ("address", "x@example.com"), ("f.first_name", "X"));
        await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.OK, ("address", "robot@example.com"), ("f.first_name", "X"), ("agreed", "true"), ("homepage", "https://spam.example"));
        Assert.Empty((await _service.GetAsync("contacts")).GetProperty("items").EnumerateArray());

        // A field that the form needs is deleted: nobody can fill it in any more, so nobody has to.
        var field = (await _service.PostAsync("fields", new { name = "Size", type = "text" })).GetProperty("id").GetInt64();
        await _service.PutAsync($"forms/{form.GetProperty("id")}", new { name = "Signup", title = "T", consent = "C", channelId = _mail, part = Part, fields = new[] { new { name = "size", required = true } } });
        await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.UnprocessableEntity, ("address", "s@example.com"), ("agreed", "true"));
        await _service.DeleteAsync($"fields/{field}");
        await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.OK, ("address", "s@example.com"), ("agreed", "true"));
        await _service.DeleteAsync("contacts/email:s@example.com");

        await _service.PutAsync($"forms/{form.GetProperty("id")}", new { name = "Signup", title = "T", consent = "C", channelId = _mail, part = Part, isOpen = false });
        Assert.Contains("cerrado", await _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.OK, ("address", "x@example.com"), ("agreed", "true")), StringComparison.Ordinal);
        await _service.PostAsync($"forms/{form.GetProperty("id")}/entries", new { address = "x@example.com" }, HttpStatusCode.Conflict);
        Assert.Empty((await _service.GetAsync("contacts")).GetProperty("items").EnumerateArray());
        await _service.PostAsync("broadcasts", new { name = "Linked", channelId = _mail, parts = new[] { Part } });
    }

    [Fact]
    public async Task Entries_OfOneVisitorBehindTheProxy_AreLimitedAndThoseOfOthersAreNot()
    {
        await StartAsync("127.0.0.1");
        var page = PathOf(await FormAsync());
        for (var i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.OK, await FromAsync("203.0.113.7", i));
        Assert.Equal(HttpStatusCode.TooManyRequests, await FromAsync("203.0.113.7", 10));
        Assert.Equal(HttpStatusCode.OK, await FromAsync("203.0.113.8", 11));

        Task<HttpStatusCode> FromAsync(string visitor, int i) => _service.EnterAsync(page, visitor, ("address", $"v{i}@example.com"), ("agreed", "true"));
    }

    private static object Part => new { type = "email", subject = "Please confirm", text = "Here: {{ links.confirm }}" };

    private async Task StartAsync(string proxies = "")
    {
        _process = RunningBroadcasts.Start(_folder.File("data"), new() { ["Broadcasts__PublicUrl"] = "https://news.example.org/", ["Broadcasts__TrustedProxies"] = proxies });
        _service = await PublicService.ConnectAsync(_process, _folder.File("data"));
        _mail = (await _service.PostAsync("channels", new { name = "Mail", transport = "filedrop", settings = new { folder = _folder.Path, format = "eml", addressKind = "email" } })).GetProperty("id").GetInt64();
    }

    private Task<JsonElement> FormAsync(params object[] fields) => _service.PostAsync("forms", new { name = "Signup", title = "Noticias", consent = "Quiero noticias", thanks = "Bienvenida", channelId = _mail, part = Part, fields, tags = new[] { "newsletter" } });

    private async Task<string> RefusedAsync(object body) => (await _service.PostAsync("forms", body, HttpStatusCode.UnprocessableEntity)).GetProperty("problems")[0].GetProperty("code").GetString()!;

    private Task<string> EnterAsync(string page, string address, params (string Name, string Value)[] more) => _service.TextAsync(HttpMethod.Post, page, HttpStatusCode.OK, [("address", address), ("agreed", "true"), .. more]);

    private async Task<long> SendAsync(string address, string text) =>
        (await _service.PostAsync("messages", new { address, channelId = _mail, part = new { type = "email", subject = "News", text } })).GetProperty("id").GetInt64();

    private async Task<JsonElement> BroadcastAsync(string name, string text, object rule)
    {
        var id = (await _service.PostAsync("broadcasts", new { name, channelId = _mail, segment = rule, parts = new[] { new { type = "email", subject = name, text } } })).GetProperty("id").GetInt64();
        await _service.PostAsync($"broadcasts/{id}/send", new { });
        return await _service.WaitAsync($"broadcasts/{id}", b => b.GetProperty("status").GetString()!.StartsWith("completed", StringComparison.Ordinal));
    }

    private static string PathOf(JsonElement form) => new Uri(form.GetProperty("url").GetString()!).AbsolutePath;

    // The body is base64.
    private static string LinkIn(string mail)
    {
        var body = mail.ReplaceLineEndings("\n").Split("\n\n", 2)[1].Replace("\n", "", StringComparison.Ordinal);
        return new Uri(Confirm().Match(Encoding.UTF8.GetString(Convert.FromBase64String(body))).Value).AbsolutePath;
    }

    [GeneratedRegex("https://news[.]example[.]org/confirm/[A-Za-z0-9_-]+")]
    private static partial Regex Confirm();
}
