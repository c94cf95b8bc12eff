using System.Text;
using Broadcasts.TestKit;
using Broadcasts.Transports.TwilioSms;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What goes to Twilio, and what its answers mean.</summary>
public sealed class TwilioSendTests : TwilioTests
{
    private static readonly (int[] Codes, SendOutcomeKind Kind, FailureReason Reason, bool Suppress)[] Table =
    [
        ([20003, 20005, 20006], SendOutcomeKind.ChannelFault, FailureReason.Credentials, false),
        ([30002], SendOutcomeKind.ChannelFault, FailureReason.Billing, false),
        ([20404, 21212, 21603, 21606, 21609, 21659, 21660, 21703, 21705], SendOutcomeKind.ChannelFault, FailureReason.Misconfigured, false),
        ([30032, 30034], SendOutcomeKind.ChannelFault, FailureReason.Policy, false),
        ([20429, 63017, 63018, 21611, 30001, 30017, 30022, 30023, 30027, 63038], SendOutcomeKind.Throttled, FailureReason.Throttled, false),
        ([21211, 21214, 21217, 21614, 21265, 30005, 30006, 63003, 63024], SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true),
        ([21612], SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, false),
        ([21610], SendOutcomeKind.RecipientRejected, FailureReason.OptedOut, true),
        ([63014, 63033], SendOutcomeKind.RecipientRejected, FailureReason.Blocked, true),
        ([30004], SendOutcomeKind.RecipientRejected, FailureReason.Blocked, false),
        ([30003], SendOutcomeKind.RetryLater, FailureReason.Unreachable, false),
        ([63016], SendOutcomeKind.RecipientRejected, FailureReason.WindowClosed, false),
        ([21408, 30007, 30010], SendOutcomeKind.ContentRejected, FailureReason.Policy, false),
        ([21602, 63005], SendOutcomeKind.ContentRejected, FailureReason.ContentRefused, false),
        ([21617, 30019], SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false),
        ([21620, 21623, 63019, 63021], SendOutcomeKind.ContentRejected, FailureReason.MediaRejected, false),
        ([21655, 21656, 63028], SendOutcomeKind.ContentRejected, FailureReason.TemplateRejected, false),
        ([63027, 63040, 63041, 63042], SendOutcomeKind.BroadcastBlocked, FailureReason.TemplateRejected, false),
        ([20500, 20503, 30008, 63009, 63010, 63012], SendOutcomeKind.InDoubt, FailureReason.ProviderError, false),
        ([99999], SendOutcomeKind.ContentRejected, FailureReason.Unclassified, false),
    ];

    public static TheoryData<int, SendOutcomeKind, FailureReason, bool> Codes
    {
        get
        {
            var data = new TheoryData<int, SendOutcomeKind, FailureReason, bool>();
            foreach (var (codes, kind, reason, suppress) in Table) foreach (var code in codes) data.Add(code, kind, reason, suppress);
            return data;
        }
    }

    [Theory, MemberData(nameof(Codes))]
    public async Task SendAsync_TwilioRefuses_IsClassifiedByItsCode(int code, SendOutcomeKind kind, FailureReason reason, bool suppress)
    {
        Server.Response = Error(400, code);
        var outcome = await SendAsync();
        Assert.Equal((kind, reason, suppress), (outcome.Kind, outcome.Reason!.Value, outcome.Suppress));
        Assert.Equal($"{code}", outcome.Code);
        Assert.Contains("Twilio's words", outcome.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, outcome.Detail, StringComparison.Ordinal);
        Assert.Single(Server.Requests);
    }

    [Theory, MemberData(nameof(Codes))]
    public async Task SendAsync_MadeAndFailedInOneBreath_IsClassifiedAlike(int code, SendOutcomeKind kind, FailureReason reason, bool suppress)
    {
        Server.Response = FakeHttpServer.Of(201, $$"""{"sid":"{{Sid}}","status":"failed","error_code":"{{code}}","error_message":"no"}""");
        var outcome = await SendAsync();
        Assert.Equal((kind, reason, suppress), (outcome.Kind, outcome.Reason!.Value, outcome.Suppress));
    }

    [Theory]
    [InlineData(200, "", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(201, "<html>", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(201, """{"sid":""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(201, """{"status":"queued"}""", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(201, "[]", SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer)]
    [InlineData(302, "", SendOutcomeKind.ChannelFault, FailureReason.Misconfigured)]
    [InlineData(401, "", SendOutcomeKind.ChannelFault, FailureReason.Credentials)]
    [InlineData(403, "<html>", SendOutcomeKind.ChannelFault, FailureReason.Credentials)]
    [InlineData(404, "", SendOutcomeKind.ChannelFault, FailureReason.Misconfigured)]
    [InlineData(413, "", SendOutcomeKind.ContentRejected, FailureReason.TooLarge)]
    [InlineData(429, "", SendOutcomeKind.Throttled, FailureReason.Throttled)]
    [InlineData(500, "<html>", SendOutcomeKind.InDoubt, FailureReason.ProviderError)]
    [InlineData(503, "", SendOutcomeKind.InDoubt, FailureReason.ProviderError)]
    [InlineData(400, "", SendOutcomeKind.ContentRejected, FailureReason.Unclassified)]
    public async Task SendAsync_AnswerWithoutACode_IsJudgedByItsStatus(int status, string body, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = FakeHttpServer.Of(status, body);
        var outcome = await SendAsync();
        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
    }

    [Theory]
    [InlineData("HANGUP", FailureReason.ConnectionLost)]
    [InlineData("SILENCE", FailureReason.TimedOut)]
    [InlineData("DRIP", FailureReason.TimedOut)]
    public async Task SendAsync_ConnectionFailsAfterTheRequest_IsInDoubt(string response, FailureReason reason)
    {
        Server.Respond = _ =>
        {
            if (response != "HANGUP") Time.Advance(TimeSpan.FromSeconds(31));
            return response;
        };
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.InDoubt, reason), (outcome.Kind, outcome.Reason!.Value));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://nowhere.invalid")]
    public async Task SendAsync_NobodyListensOrNoSuchName_IsLater(string? url)
    {
        BaseUrl = url ?? $"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}";
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.ProviderDown), (outcome.Kind, outcome.Reason!.Value));
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
        Assert.Empty(Server.Requests);
    }

    /// <summary>The host makes a new transport when the settings change: the old one's messages end by the old token, the new one's go by the new.</summary>
    [Fact]
    public async Task SendAsync_TokenIsReplaced_NewTransportUsesTheNewOne()
    {
        var signIn = "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Account}:new-token"));
        Server.Respond = r => r.Headers["Authorization"] == signIn ? Created() : Error(401, 20003);
        Assert.Equal(SendOutcomeKind.ChannelFault, (await SendAsync()).Kind);

        using var context = new FakeChannelContext(Settings("new-token"), Time);
        await using var next = await new TwilioSmsPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await OutcomeList.SendAsync(next, TestContext.Current.CancellationToken, Message())).Kind);
    }

    [Theory]
    [InlineData(20429, "Retry-After: 7\r\n", 7, ThrottleScope.Account)]
    [InlineData(30022, "", null, ThrottleScope.Channel)]
    [InlineData(30023, "", 3600, ThrottleScope.Account)]
    public async Task SendAsync_TooMany_SaysForWhomAndHowLong(int code, string headers, int? seconds, ThrottleScope scope)
    {
        Server.Response = Error(429, code, headers);
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.Throttled, scope), (outcome.Kind, outcome.Scope));
        Assert.Equal(seconds is null ? null : Now.AddSeconds(seconds.Value), outcome.Until);
    }

    [Fact]
    public async Task SendAsync_Text_IsAFormWithSenderAndCallback()
    {
        Server.Response = Created();
        var outcome = await SendAsync(new TextContent { Text = "¿Qué tal? a+b=c & 100 %" });
        Assert.Equal((SendOutcomeKind.Accepted, Sid), (outcome.Kind, outcome.ProviderIds.Single()));
        var request = Server.Requests.Single();
        Assert.StartsWith($"POST /2010-04-01/Accounts/{Account}/Messages.json ", request.Line, StringComparison.Ordinal);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Account}:{Token}")), request.Headers["Authorization"]);
        var form = Form();
        Assert.Equal(("+34600000001", "+15017122661", "¿Qué tal? a+b=c & 100 %"), (form["To"], form["From"], form["Body"]));
        Assert.Equal("https://broadcasts.example/hooks/1?m=d-1", form["StatusCallback"]);
        Assert.Equal(4, form.Count);
    }

    [Fact]
    public async Task SendAsync_SettingsOfTheChannel_GoWithEveryMessage()
    {
        Sender = """ "messagingServiceSid": "MG00000000000000000000000000000001" """;
        MoreSettings = """, "apiKeySid": "SK00000000000000000000000000000001", "apiKeySecret": "key-secret", "smartEncoded": true, "shortenUrls": true""";
        IsPublic = false;
        Server.Response = Created();
        await SendAsync(expires: Now.AddMinutes(2));
        var form = Form();
        Assert.Equal("MG00000000000000000000000000000001", form["MessagingServiceSid"]);
        Assert.Equal(("true", "true", "120"), (form["SmartEncoded"], form["ShortenUrls"], form["ValidityPeriod"]));
        Assert.DoesNotContain("From", form.Keys);
        Assert.DoesNotContain("StatusCallback", form.Keys);
        Assert.Equal("Basic " + Convert.ToBase64String("SK00000000000000000000000000000001:key-secret"u8), Server.Requests.Single().Headers["Authorization"]);
    }

    [Fact]
    public async Task SendAsync_Template_GoesByItsSidWithItsVariables()
    {
        Server.Response = Created();
        await SendAsync(new TemplateContent { Name = "HX0001", Language = "es", Parameters = [new TemplateParameter { Component = "body", Value = "Ana \"A\"" }, new TemplateParameter { Component = "body", Name = "code", Value = "7" }] });
        var form = Form();
        Assert.Equal(("HX0001", """{"1":"Ana \u0022A\u0022","code":"7"}"""), (form["ContentSid"], form["ContentVariables"]));
        Assert.DoesNotContain("Body", form.Keys);
    }

    [Fact]
    public async Task SendAsync_Choices_AreNumbered()
    {
        Server.Response = Created();
        await SendAsync(new ChoicesContent { Prompt = "Which?", Options = ["red", "blue"] });
        Assert.Equal("Which?\n1. red\n2. blue", Form()["Body"]);
    }

    [Fact]
    public async Task SendAsync_WhatTwilioCantTake_IsRefusedUnsent()
    {
        Assert.Equal(FailureReason.TooLarge, (await SendAsync(new TextContent { Text = new string('x', 1601) })).Reason);
        Assert.Equal(FailureReason.UnsupportedContent, (await SendAsync(new FileContent { FileName = "a", MediaType = "a/b", Bytes = new byte[1] })).Reason);
        Assert.Equal(FailureReason.Expired, (await SendAsync(expires: Now.AddMilliseconds(500))).Reason);
        Assert.Empty(Server.Requests);
    }

    [Theory]
    [InlineData("""{"sid":"AC1","status":"active"}""", null)]
    [InlineData("""{"sid":"AC1","status":"suspended"}""", FailureReason.Billing)]
    [InlineData("""{"sid":"AC1","status":"closed"}""", FailureReason.Policy)]
    [InlineData("{}", FailureReason.Misconfigured)]
    public async Task TestAsync_AsksForTheAccount(string body, FailureReason? reason)
    {
        Server.Response = FakeHttpServer.Of(200, body);
        Assert.Equal(reason, (await ((IConnectionTest)await OpenAsync()).TestAsync(TestContext.Current.CancellationToken))?.Reason);
        Assert.StartsWith($"GET /2010-04-01/Accounts/{Account}.json ", Server.Requests.Single().Line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[]}""", false)]
    [InlineData("""{"messages":[{"date_created":"Sun, 01 Mar 2026 09:00:00 +0000"}]}""", false)]
    [InlineData("""{"messages":[{"date_created":"Sun, 01 Mar 2026 11:31:00 +0000"}]}""", null)] // this one or another: not certain
    [InlineData("""{"messages":[{"date_created":null}]}""", null)]
    [InlineData("{}", null)]
    [InlineData("no json", null)]
    public async Task LookupAsync_OnlyWhatIsCertainIsSaid(string body, bool? found)
    {
        Server.Response = FakeHttpServer.Of(200, body);
        var result = await ((IDeliveryLookup)await OpenAsync()).LookupAsync(new LookupRequest { MessageId = "d-1", To = "+34600000001", DoubtfulSince = Now.AddMinutes(-30) }, TestContext.Current.CancellationToken);
        Assert.Equal(found, result?.Found);
        Assert.Contains("To=%2B34600000001&PageSize=50", Server.Requests.Single().Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LookupAsync_TooEarly_IsNotAsked()
    {
        Assert.Null(await ((IDeliveryLookup)await OpenAsync()).LookupAsync(new LookupRequest { MessageId = "d-1", To = "+34600000001", DoubtfulSince = Now.AddMinutes(-5) }, TestContext.Current.CancellationToken));
        Assert.Empty(Server.Requests);
    }

    [Theory]
    [InlineData("""{"accountSid": "AC1", "authToken": "t"}""", "from")]
    [InlineData("""{"accountSid": "AC1", "authToken": "t", "from": "+1501", "messagingServiceSid": "MG1"}""", "from")]
    [InlineData("""{"accountSid": "AC1", "authToken": "t", "from": "+1501", "apiKeySid": "SK1"}""", "apiKeySecret")]
    [InlineData("""{"accountSid": "AC1", "authToken": "t", "from": "+1501", "baseUrl": "twilio"}""", "baseUrl")]
    [InlineData("""{"authToken": "t", "from": "+1501"}""", "accountSid")]
    public void Validate_SettingsThatCantWork_NamesTheSetting(string json, string setting)
    {
        using var context = new FakeChannelContext(json);
        var problem = Assert.Single(new TwilioSmsPlugin().Validate(context));
        Assert.Equal(setting, problem.Setting);
        Assert.False(string.IsNullOrEmpty(problem.MessageEs));
    }
}
