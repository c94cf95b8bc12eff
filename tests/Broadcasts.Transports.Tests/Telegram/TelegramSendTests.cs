using Broadcasts.TestKit;
using Broadcasts.Transports.Telegram;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What goes to Telegram, and what its answers mean.</summary>
public sealed class TelegramSendTests : TelegramTests
{
    public static TheoryData<int, string, SendOutcomeKind, FailureReason?, bool> Errors => new()
    {
        { 401, "Unauthorized", SendOutcomeKind.ChannelFault, FailureReason.Credentials, false },
        { 404, "Not Found", SendOutcomeKind.ChannelFault, FailureReason.Credentials, false },
        { 403, "Forbidden: bot was blocked by the user", SendOutcomeKind.RecipientRejected, FailureReason.Blocked, true },
        { 403, "Forbidden: user is deactivated", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { 403, "Forbidden: bot was kicked from the supergroup chat", SendOutcomeKind.RecipientRejected, FailureReason.Blocked, true },
        { 403, "Forbidden: bot is not a member of the channel chat", SendOutcomeKind.RecipientRejected, FailureReason.Blocked, true },
        { 403, "Forbidden: bot can't initiate conversation with a user", SendOutcomeKind.RecipientRejected, FailureReason.Blocked, true },
        { 403, "Forbidden: bot can't send messages to bots", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { 403, "Forbidden: something new", SendOutcomeKind.ContentRejected, FailureReason.Unclassified, false },
        { 400, "Logged out", SendOutcomeKind.ChannelFault, FailureReason.Misconfigured, false },
        { 400, "Bad Request: chat not found", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { 400, "Bad Request: PEER_ID_INVALID", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { 400, "Bad Request: group chat was deactivated", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { 400, "Bad Request: group chat was upgraded to a supergroup chat", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, false },
        { 400, "Bad Request: not enough rights to send text messages to the chat", SendOutcomeKind.RecipientRejected, FailureReason.Blocked, false },
        { 400, "Bad Request: message is too long", SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false },
        { 400, "Bad Request: message caption is too long", SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false },
        { 400, "Bad Request: can't parse entities: Unsupported start tag", SendOutcomeKind.ContentRejected, FailureReason.ContentRefused, false },
        { 400, "Bad Request: message text is empty", SendOutcomeKind.ContentRejected, FailureReason.ContentRefused, false },
        { 400, "Bad Request: BUTTON_URL_INVALID", SendOutcomeKind.ContentRejected, FailureReason.ContentRefused, false },
        { 400, "Bad Request: wrong file identifier/HTTP URL specified", SendOutcomeKind.ContentRejected, FailureReason.MediaRejected, false },
        { 400, "Bad Request: failed to get HTTP URL content", SendOutcomeKind.ContentRejected, FailureReason.MediaRejected, false },
        { 400, "Bad Request: PHOTO_INVALID_DIMENSIONS", SendOutcomeKind.ContentRejected, FailureReason.MediaRejected, false },
        { 400, "Bad Request: a sentence of next year", SendOutcomeKind.ContentRejected, FailureReason.Unclassified, false },
        { 409, "Conflict: can't use getUpdates method while webhook is active", SendOutcomeKind.ChannelFault, FailureReason.Misconfigured, false },
        { 413, "Request Entity Too Large", SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false },
        { 420, "FLOOD_WAIT_5", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { 429, "Too Many Requests: retry after 5", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { 500, "Internal Server Error", SendOutcomeKind.InDoubt, FailureReason.ProviderError, false },
        { 502, "Bad Gateway", SendOutcomeKind.InDoubt, FailureReason.ProviderError, false },
    };

    [Theory, MemberData(nameof(Errors))]
    public async Task SendAsync_TelegramRefuses_IsClassified(int code, string words, SendOutcomeKind kind, FailureReason? reason, bool suppress)
    {
        Server.Response = Error(code, words);
        var outcome = await SendAsync();
        Assert.Equal((kind, reason, suppress), (outcome.Kind, outcome.Reason, outcome.Suppress));
        Assert.Contains(words, outcome.Detail, StringComparison.Ordinal);
        Assert.Single(Server.Requests);
    }

    [Theory]
    [InlineData(200, "", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, "<html>sign in to the network</html>", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, """{"ok":true,"result":{"mess""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, """{"ok":true,"result":{}}""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, """{"ok":true,"result":[]}""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, """{"ok":"yes"}""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(200, """{"ok":false,"error_code":"403","description":"Forbidden: bot was blocked by the user"}""", SendOutcomeKind.RecipientRejected, FailureReason.Blocked)]
    [InlineData(502, "<html>bad gateway</html>", SendOutcomeKind.InDoubt, FailureReason.ProviderError)]
    [InlineData(302, "", SendOutcomeKind.ChannelFault, FailureReason.Misconfigured)]
    public async Task SendAsync_AnswerOfAProxyOrHalfOfOne_IsNeverASuccess(int status, string body, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = FakeHttpServer.Of(status, body);
        var outcome = await SendAsync();
        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
    }

    [Theory]
    [InlineData("HANGUP", SendOutcomeKind.InDoubt, FailureReason.ConnectionLost)]
    [InlineData("SILENCE", SendOutcomeKind.InDoubt, FailureReason.TimedOut)]
    [InlineData("DRIP", SendOutcomeKind.InDoubt, FailureReason.TimedOut)]
    public async Task SendAsync_ConnectionFailsAfterTheRequest_IsInDoubt(string response, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = response;
        Server.Respond = _ =>
        {
            if (response != "HANGUP") Time.Advance(TimeSpan.FromSeconds(31));
            return response;
        };
        var outcome = await SendAsync();
        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain("AAHdqTcv", outcome.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://nowhere.invalid")]
    public async Task SendAsync_NobodyListensOrNoSuchName_IsLaterAndNamesNoToken(string? url)
    {
        BaseUrl = url ?? $"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}";
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.ProviderDown), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain("AAHdqTcv", outcome.Detail + Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2099)]
    [InlineData(2020)]
    public async Task SendAsync_CertificateNobodyVouchesFor_IsAChannelsFaultAndSendsNothing(int until)
    {
        using var certificate = Certificates.SelfSigned(until);
        Server.Certificate = certificate;
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TlsRefused), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain("AAHdqTcv", outcome.Detail + Log, StringComparison.Ordinal);
        Assert.Empty(Server.Requests);
    }

    /// <summary>The host makes a new transport when the settings change: the old one's messages end by the old token, the new one's go by the new.</summary>
    [Fact]
    public async Task SendAsync_TokenIsReplaced_NewTransportUsesTheNewOne()
    {
        const string replaced = "110201543:AAF-new-token";
        Server.Respond = r => r.Line.Contains($"/bot{replaced}/", StringComparison.Ordinal) ? Sent() : Error(401, "Unauthorized");
        Assert.Equal(SendOutcomeKind.ChannelFault, (await SendAsync()).Kind);

        using var context = new FakeChannelContext(Settings(replaced), Time);
        await using var next = await new TelegramPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await OutcomeList.SendAsync(next, TestContext.Current.CancellationToken, Message())).Kind);
    }

    [Theory]
    [InlineData("""{"retry_after":300}""", "", 300)]
    [InlineData("""{"retry_after":"7"}""", "", 7)]
    [InlineData("{}", "Retry-After: 12\r\n", 12)]
    [InlineData("""{"retry_after":99999999}""", "", 86_400)]
    [InlineData("{}", "", null)]
    public async Task SendAsync_TooMany_TheWholeBotWaits(string parameters, string headers, int? seconds)
    {
        Server.Response = Error(429, "Too Many Requests", parameters, headers);
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.Throttled, ThrottleScope.Channel), (outcome.Kind, outcome.Scope));
        Assert.Equal(seconds is null ? null : Now.AddSeconds(seconds.Value), outcome.Until);
    }

    [Fact]
    public async Task SendAsync_Text_IsSentPlainWithItsChatAsANumber()
    {
        Server.Response = Sent();
        var outcome = await SendAsync(new TextContent { Text = "a < b & _c_" });
        Assert.Equal((SendOutcomeKind.Accepted, "7:41"), (outcome.Kind, outcome.ProviderIds.Single()));
        var body = Json(Server.Requests.Single().Body);
        Assert.Equal((7, "a < b & _c_"), (body.GetProperty("chat_id").GetInt64(), body.GetProperty("text").GetString()));
        Assert.Equal(["chat_id", "text"], body.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["sendMessage"], Methods);
    }

    [Fact]
    public async Task SendAsync_SettingsOfTheChannel_GoWithEveryMessage()
    {
        MoreSettings = """, "silent": true, "protect": true, "paidBroadcast": true, "linkPreview": false, "format": "html" """;
        Server.Response = Sent();
        await SendAsync(to: "@news");
        var body = Json(Server.Requests.Single().Body);
        Assert.Equal("@news", body.GetProperty("chat_id").GetString());
        Assert.Equal("HTML", body.GetProperty("parse_mode").GetString());
        Assert.True(body.GetProperty("link_preview_options").GetProperty("is_disabled").GetBoolean());
        Assert.All("disable_notification protect_content allow_paid_broadcast".Split(' '), p => Assert.True(body.GetProperty(p).GetBoolean()));
    }

    [Fact]
    public async Task SendAsync_HtmlThatCantBeParsed_GoesOutAsItIs()
    {
        MoreSettings = """, "format": "html" """;
        Server.Respond = r => Text(r.Body).Contains("parse_mode", StringComparison.Ordinal) ? Error(400, "Bad Request: can't parse entities: Unexpected end tag") : Sent();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(new TextContent { Text = "3 < 4 </b>" })).Kind);
        Assert.Equal(2, Server.Requests.Count);
    }

    [Theory]
    [InlineData("inline", "inline_keyboard")]
    [InlineData("reply", "keyboard")]
    public async Task SendAsync_Choices_AreButtons(string kind, string field)
    {
        MoreSettings = $""", "keyboard": "{kind}" """;
        Server.Response = Sent();
        var longest = new string('ñ', 60);
        await SendAsync(new ChoicesContent { Prompt = "Which?", Options = ["red", longest] });
        var body = Json(Server.Requests.Single().Body);
        Assert.Equal("Which?", body.GetProperty("text").GetString());
        var rows = body.GetProperty("reply_markup").GetProperty(field).EnumerateArray().Select(r => r[0]).ToArray();
        Assert.Equal(["red", longest], rows.Select(b => b.GetProperty("text").GetString()));
        if (kind == "inline") Assert.Equal(["red", "choice:2"], rows.Select(b => b.GetProperty("callback_data").GetString()));
        else Assert.True(body.GetProperty("reply_markup").GetProperty("one_time_keyboard").GetBoolean());
    }

    [Fact]
    public async Task SendAsync_ChoicesWithoutAKeyboard_AreNumbered()
    {
        MoreSettings = """, "keyboard": "none" """;
        Server.Response = Sent();
        await SendAsync(new ChoicesContent { Prompt = "Which?", Options = ["red", "blue"] });
        Assert.Equal("Which?\n1. red\n2. blue", Json(Server.Requests.Single().Body).GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("image/png", 3, "sendPhoto", "photo")]
    [InlineData("image/jpeg; q=1", 3, "sendPhoto", "photo")]
    [InlineData("image/png", (10 << 20) + 1, "sendDocument", "document")]
    [InlineData("image/gif", 3, "sendAnimation", "animation")]
    [InlineData("video/mp4", 3, "sendVideo", "video")]
    [InlineData("audio/mpeg", 3, "sendAudio", "audio")]
    [InlineData("application/pdf", 3, "sendDocument", "document")]
    [InlineData("nonsense", 3, "sendDocument", "document")]
    public async Task SendAsync_File_IsUploadedOnceAndNamedFromThenOn(string type, int size, string method, string field)
    {
        Server.Respond = _ => Sent(more: $$""","{{field}}":{{(field == "photo" ? """[{"file_id":"small"},{"file_id":"F1"}]""" : """{"file_id":"F1"}""")}}""");
        var file = new FileContent { FileName = "menú \"1\".x", MediaType = type, Bytes = new byte[size], Caption = "see" };
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(file)).Kind);
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(file, to: "8")).Kind);

        Assert.Equal([method, method], Methods);
        var form = Text(Server.Requests.First().Body[..Math.Min(size + 2000, Server.Requests.First().Body.Length)]);
        Assert.Contains($"name=\"{field}\"; filename=\"menú _1_.x\"", form, StringComparison.Ordinal);
        Assert.Contains("name=\"chat_id\"\r\n\r\n7\r\n", form, StringComparison.Ordinal);
        var second = Json(Server.Requests.Last().Body);
        Assert.Equal(("F1", "see", 8), (second.GetProperty(field).GetString(), second.GetProperty("caption").GetString(), second.GetProperty("chat_id").GetInt64()));
    }

    [Fact]
    public async Task SendAsync_ManyAtOnceWithOneFile_UploadIt_Once()
    {
        Server.Respond = _ => Sent(more: ""","document":{"file_id":"F1"}""");
        var file = new FileContent { FileName = "a.pdf", MediaType = "application/pdf", Bytes = new byte[5000] };
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => SendAsync(file, to: $"{i + 1}")));
        Assert.Single(Server.Requests, r => r.Headers["Content-Type"].StartsWith("multipart", StringComparison.Ordinal));
        Assert.Equal(12, Server.Requests.Count);
    }

    [Fact]
    public async Task SendAsync_TelegramForgotTheFile_ItIsUploadedOnceMore()
    {
        var calls = 0;
        Server.Respond = _ => ++calls == 2 ? Error(400, "Bad Request: wrong file identifier/HTTP URL specified") : Sent(more: $$""","document":{"file_id":"F{{calls}}"}""");
        var file = new FileContent { FileName = "a.pdf", MediaType = "application/pdf", Bytes = new byte[5] };
        await SendAsync(file);
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(file)).Kind);
        await SendAsync(file);
        Assert.Equal("F3", Json(Server.Requests.Last().Body).GetProperty("document").GetString());
        Assert.Equal(4, Server.Requests.Count);
    }

    [Fact]
    public async Task SendAsync_GroupWasUpgraded_OnceMoreUnderItsNewId()
    {
        Server.Respond = r => Text(r.Body).Contains("-1005", StringComparison.Ordinal)
            ? FakeHttpServer.Of(200, """{"ok":true,"result":{"message_id":9,"chat":{"id":-1005}}}""")
            : Error(400, "Bad Request: group chat was upgraded to a supergroup chat", """{"migrate_to_chat_id":-1005}""");
        var outcome = await SendAsync(to: "-5");
        Assert.Equal((SendOutcomeKind.Accepted, "-1005", "-1005:9"), (outcome.Kind, outcome.NewAddress, outcome.ProviderIds.Single()));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task SendAsync_GroupWasUpgradedAgainAndAgain_IsTriedOnceOnly()
    {
        Server.Response = Error(400, "Bad Request: group chat was upgraded to a supergroup chat", """{"migrate_to_chat_id":-1005}""");
        Assert.Equal(SendOutcomeKind.RecipientRejected, (await SendAsync(to: "-5")).Kind);
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task SendAsync_WhatTelegramCantTake_IsRefusedUnsent()
    {
        Assert.Equal(FailureReason.TooLarge, (await SendAsync(new FileContent { FileName = "a", MediaType = "a/b", Bytes = new byte[(50 << 20) + 1] })).Reason);
        Assert.Equal(FailureReason.UnsupportedContent, (await SendAsync(new TemplateContent { Name = "t", Language = "es" })).Reason);
        Assert.Equal(FailureReason.TooLarge, (await SendAsync(new TextContent { Text = new string('x', 20_000) })).Reason);
        Assert.Empty(Server.Requests);
    }

    [Theory]
    [InlineData("""{"ok":true,"result":{"id":1,"is_bot":true}}""", 200, null)]
    [InlineData("""{"ok":false,"error_code":401,"description":"Unauthorized"}""", 401, FailureReason.Credentials)]
    [InlineData("""{"ok":true,"result":{}}""", 200, FailureReason.Misconfigured)]
    public async Task TestAsync_AsksWhoTheBotIs(string body, int status, FailureReason? reason)
    {
        Server.Response = FakeHttpServer.Of(status, body);
        Assert.Equal(reason, (await ((IConnectionTest)await OpenAsync()).TestAsync(TestContext.Current.CancellationToken))?.Reason);
        Assert.Equal(["getMe"], Methods);
    }
}
