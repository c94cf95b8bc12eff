using System.Text;
using Broadcasts.TestKit;
using Broadcasts.Transports.Telegram;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What Telegram tells, by its calls and when it is asked.</summary>
public sealed class TelegramUpdateTests : TelegramTests
{
    private const string Private = """ "chat":{"id":7,"type":"private"},"from":{"id":7,"first_name":"Ana","last_name":"Ruiz"} """;

    [Theory]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":"hola",$}}""", "hola", null)]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"caption":"see",$}}""", "see", null)]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":"/stop",$}}""", "/stop", true)]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":" Baja. ",$}}""", " Baja. ", true)]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":"don't stop",$}}""", "don't stop", null)]
    [InlineData("""{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":"/start c-17",$}}""", "/start c-17", false)]
    [InlineData("""{"update_id":"1","message":{"message_id":"3","date":"1772366400","text":"hola","chat":{"id":"7"}}}""", "hola", null)]
    public async Task ReceiveAsync_Message_IsHeardAndItsWishToo(string update, string text, bool? isOut)
    {
        var events = (await ReceiveAsync(update)).Events;
        var message = events.OfType<InboundMessage>().Single();
        Assert.Equal(("7", text, Now), (message.From, message.Text, message.At));
        Assert.Equal(isOut, events.OfType<ConsentChange>().SingleOrDefault()?.IsOptedOut);
        if (update.Contains('$', StringComparison.Ordinal)) Assert.Equal("Ana Ruiz", message.FromName);
    }

    [Fact]
    public async Task ReceiveAsync_ButtonWasPressed_SaysItsWordsAndStopsItsWaiting()
    {
        var result = await ReceiveAsync("""
            {"update_id":2,"callback_query":{"id":"q1","data":"choice:2","from":{"id":7,"username":"ana"},"message":{"message_id":3,"chat":{"id":7},
             "reply_markup":{"inline_keyboard":[[{"text":"red","callback_data":"red"}],[{"text":"a very long blue","callback_data":"choice:2"}]]}}}}
            """);
        var message = Assert.IsType<InboundMessage>(Assert.Single(result.Events));
        Assert.Equal(("7", "a very long blue", "ana"), (message.From, message.Text, message.FromName));
        Assert.Equal("""{"method":"answerCallbackQuery","callback_query_id":"q1"}""", Encoding.UTF8.GetString(result.Body.Span));
        Assert.Equal("application/json", result.MediaType);
    }

    [Theory]
    [InlineData("kicked", true)]
    [InlineData("left", true)]
    [InlineData("member", false)]
    [InlineData("administrator", false)]
    [InlineData("something-new", null)]
    public async Task ReceiveAsync_BotWasBlockedOrUnblocked_IsAWish(string status, bool? isOut)
    {
        var events = (await ReceiveAsync($$$$"""{"update_id":3,"my_chat_member":{"chat":{"id":7,"type":"private"},"date":1772366400,"new_chat_member":{"status":"{{{{status}}}}"}}}""")).Events;
        Assert.Equal(isOut, events.Cast<ConsentChange>().SingleOrDefault()?.IsOptedOut);
        Assert.All(events.Cast<ConsentChange>(), e => Assert.Equal("7", e.Address));
    }

    [Fact]
    public async Task ReceiveAsync_GroupWasUpgraded_MovesItsAddressOnce()
    {
        var moved = (await ReceiveAsync("""{"update_id":4,"message":{"message_id":3,"date":1772366400,"chat":{"id":-5,"type":"group"},"migrate_to_chat_id":-1005}}""")).Events;
        Assert.Equal(("-5", "-1005"), (Assert.IsType<AddressChange>(Assert.Single(moved)).OldAddress, ((AddressChange)moved[0]).NewAddress));
        Assert.Empty((await ReceiveAsync("""{"update_id":5,"message":{"message_id":1,"date":1772366400,"chat":{"id":-1005,"type":"supergroup"},"migrate_from_chat_id":-5}}""")).Events);
    }

    [Fact]
    public async Task ReceiveAsync_StopInAGroup_IsNotTheGroupsWish() =>
        Assert.IsType<InboundMessage>(Assert.Single((await ReceiveAsync("""{"update_id":4,"message":{"message_id":3,"date":1772366400,"text":"STOP","chat":{"id":-5,"type":"group"}}}""")).Events));

    [Theory]
    [InlineData("""{"update_id":9,"poll_answer":{}}""")]
    [InlineData("""{"update_id":9,"message":5}""")]
    [InlineData("""{"update_id":9,"message":{"text":"x"}}""")]
    [InlineData("""{"update_id":9,"callback_query":{}}""")]
    [InlineData("""{"message":{"text":"x"}}""")]
    [InlineData("{}")]
    public async Task ReceiveAsync_UpdateOfAnotherShape_SaysNothing(string update)
    {
        var result = await ReceiveAsync(update);
        Assert.Equal((200, 0), (result.Status, result.Events.Length));
    }

    [Theory]
    [InlineData(null, "{}", 401)]
    [InlineData("", "{}", 401)]
    [InlineData("another", "{}", 401)]
    [InlineData(Secret, "no json", 400)]
    [InlineData(Secret, "[]", 400)]
    public async Task ReceiveAsync_NotOfTelegram_IsRefused(string? secret, string body, int status)
    {
        var result = await ReceiveAsync(body, secret);
        Assert.Equal((status, 0), (result.Status, result.Events.Length));
    }

    [Fact]
    public async Task ReceiveAsync_SameUpdateTwice_HasTheSameKeys()
    {
        const string Update = """{"update_id":1,"message":{"message_id":3,"date":1772366400,"text":"/stop","chat":{"id":7}}}""";
        Assert.Equal((await ReceiveAsync(Update)).Events.Select(e => e.Key), (await ReceiveAsync(Update)).Events.Select(e => e.Key));
    }

    [Theory]
    [InlineData("https://broadcasts.example/hooks/1", new[] { "getMe", "getWebhookInfo" })]
    [InlineData("https://old.example/hooks/9", new[] { "getMe", "getWebhookInfo", "setWebhook" })]
    public async Task TestAsync_Webhook_IsRegisteredWhereItIsNot(string registered, string[] calls)
    {
        Server.Respond = r => r.Line.Contains("getWebhookInfo", StringComparison.Ordinal) ? Ok($$"""{"url":"{{registered}}"}""") : r.Line.Contains("getMe", StringComparison.Ordinal) ? Ok("""{"id":1}""") : Ok("true");
        using var context = new FakeChannelContext($$"""{"botToken": "{{Token}}", "webhookSecret": "{{Secret}}", "updates": "webhook", "baseUrl": "{{Server.Url.GetLeftPart(UriPartial.Authority)}}"}""") { Webhook = new Uri("https://broadcasts.example/hooks/1") };
        await using var transport = await new TelegramPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        Assert.Null(await ((IConnectionTest)transport).TestAsync(TestContext.Current.CancellationToken));
        Assert.Equal(calls, Methods);
        if (calls.Length < 3) return;
        var set = Json(Server.Requests.Last().Body);
        Assert.Equal(("https://broadcasts.example/hooks/1", Secret), (set.GetProperty("url").GetString(), set.GetProperty("secret_token").GetString()));
        Assert.Equal(UpdateReader.Kinds, set.GetProperty("allowed_updates").EnumerateArray().Select(k => k.GetString()));
    }

    [Fact]
    public async Task PollAsync_GoesOnBehindTheLastUpdate()
    {
        var poller = (IEventPoller)await OpenAsync("polling");
        Server.Response = Ok("""[{"update_id":40,"message":{"message_id":1,"date":1,"text":"a","chat":{"id":7}}},{"update_id":42,"edited_message":{}},{"update_id":41,"callback_query":{"id":"q","data":"x","from":{"id":7}}}]""");
        var first = await poller.PollAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(("43", false, 2), (first.Cursor, first.HasMore, first.Events.Length));
        Assert.Equal(["getUpdates", "answerCallbackQuery"], Methods);
        Assert.False(Json(Server.Requests.First().Body).TryGetProperty("offset", out _));

        Server.Response = Ok("[]");
        var second = await poller.PollAsync(first.Cursor, TestContext.Current.CancellationToken);
        Assert.Equal(("43", 0), (second.Cursor, second.Events.Length));
        Assert.Equal(43, Json(Server.Requests.Last().Body).GetProperty("offset").GetInt64());
    }

    [Fact]
    public async Task PollAsync_FullPage_HasMore()
    {
        Server.Response = Ok($"[{string.Join(',', Enumerable.Range(1, 100).Select(i => $$$$"""{"update_id":{{{{i}}}},"message":{"message_id":{{{{i}}}},"date":1,"text":"a","chat":{"id":7}}}"""))}]");
        var result = await ((IEventPoller)await OpenAsync("polling")).PollAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal((true, "101", 100), (result.HasMore, result.Cursor, result.Events.Select(e => e.Key).Distinct().Count()));
    }

    [Theory]
    [InlineData(409, "Conflict: terminated by other getUpdates request", 1)]
    [InlineData(401, "Unauthorized", 1)]
    [InlineData(502, "Bad Gateway", 0)]
    [InlineData(429, "Too Many Requests", 0)]
    public async Task PollAsync_CantRead_IsSaidOnceAndLosesNothing(int code, string words, int said)
    {
        var poller = (IEventPoller)await OpenAsync("polling");
        Server.Response = Error(code, words);
        var first = await poller.PollAsync("43", TestContext.Current.CancellationToken);
        var second = await poller.PollAsync("43", TestContext.Current.CancellationToken);
        Assert.Equal(("43", "43"), (first.Cursor, second.Cursor));
        Assert.Equal((said, 0), (first.Events.Length, second.Events.Length));
        Assert.All(first.Events, e => Assert.Null(Assert.IsType<ChannelNews>(e).Fault));
        Assert.DoesNotContain("AAHdqTcv", Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"botToken": ""}""", "botToken")]
    [InlineData("""{"botToken": "1:a", "baseUrl": "ftp://x"}""", "baseUrl")]
    [InlineData("""{"botToken": "1:a", "updates": "webhook"}""", "webhookSecret")]
    public void Validate_SettingsThatCantWork_NamesTheSetting(string json, string setting)
    {
        using var context = new FakeChannelContext(json);
        var problem = Assert.Single(new TelegramPlugin().Validate(context));
        Assert.Equal(setting, problem.Setting);
        Assert.False(string.IsNullOrEmpty(problem.MessageEs));
    }

    private async Task<WebhookResult> ReceiveAsync(string update, string? secret = Secret)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (secret is not null) headers["x-telegram-bot-api-secret-token"] = secret;
        var body = Encoding.UTF8.GetBytes(update.Replace("$", Private, StringComparison.Ordinal));
        return await ((IWebhookReceiver)await OpenAsync("webhook")).ReceiveAsync(new WebhookRequest { Method = "POST", Url = new Uri("https://broadcasts.example/hooks/1"), Headers = headers, Body = body }, TestContext.Current.CancellationToken);
    }
}
