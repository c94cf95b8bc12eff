using System.Text;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppWebhookTests : WhatsAppTests
{
    private const string Signed = """{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"106540352242922"},"messages":[{"from":"5215512345678","id":"wamid.V","timestamp":"1767268800","type":"text","text":{"body":"\u00a1S\u00ed, ma\u00f1ana! \ud83d\ude00"}}]}}]}]}""";

    /// <summary>HMAC-SHA256 of the text above under the app secret of these tests, computed elsewhere.</summary>
    private const string Signature = "sha256=68af725f98f103df3b3d22d1dd36395f2570b408b9ace6478f3099f651d2be45";

    [Fact]
    public async Task ReceiveAsync_SignedWithEscapedCharacters_IsVerifiedOverTheBytes()
    {
        var result = await ReceiveAsync(Encoding.UTF8.GetBytes(Signed), Signature);
        Assert.Equal(200, result.Status);
        Assert.Equal("¡Sí, mañana! 😀", Assert.IsType<InboundMessage>(Assert.Single(result.Events)).Text);
    }

    public static TheoryData<string, string?> Forged => new()
    {
        { Signed, null },
        { Signed, "" },
        { Signed, "sha256=" },
        { Signed, "sha256=zz" + Signature[9..] },
        { Signed, Signature[7..] },
        { Signed, "sha1=" + Signature[7..] },
        { Signed, Signature[..^2] },
        { Signed, Signature + "00" },
        { Signed, Signature[..^1] + (Signature[^1] == '0' ? '1' : '0') },
        { Signed + " ", Signature },
        { Signed.Replace(@"\u00f1", "ñ", StringComparison.Ordinal), Signature },
        { Signed.Replace(@"\u00f1", @"\u00F1", StringComparison.Ordinal), Signature },
        { Signed.Replace("5215512345678", "5215512345679", StringComparison.Ordinal), Signature },
    };

    [Theory]
    [MemberData(nameof(Forged))]
    public async Task ReceiveAsync_SignatureDoesNotFit_IsUnverified(string body, string? signature)
    {
        var result = await ReceiveAsync(Encoding.UTF8.GetBytes(body), signature);
        Assert.Equal(401, result.Status);
        Assert.Empty(result.Events);
    }

    [Fact]
    public async Task ReceiveAsync_OtherAppsSecret_IsUnverified() => Assert.Equal(401, (await ReceiveAsync(Signed, "another-secret")).Status);

    [Fact]
    public async Task ReceiveAsync_NoAppSecretIsSet_NothingIsVerified()
    {
        MoreSettings = """, "appSecret": null""";
        Assert.Equal(401, (await ReceiveAsync(Signed, "")).Status);
    }

    [Fact]
    public async Task ReceiveAsync_SignatureInUpperCase_IsVerified() =>
        Assert.Equal(200, (await ReceiveAsync(Encoding.UTF8.GetBytes(Signed), "sha256=" + Signature[7..].ToUpperInvariant())).Status);

    [Theory]
    [InlineData("hub.mode=subscribe&hub.verify_token=verify-marked-31337&hub.challenge=1158201444", 200)]
    [InlineData("hub.mode=subscribe&hub.verify_token=verify-marked-3133&hub.challenge=1158201444", 403)]
    [InlineData("hub.mode=subscribe&hub.verify_token=&hub.challenge=1158201444", 403)]
    [InlineData("hub.mode=subscribe&hub.challenge=1158201444", 403)]
    [InlineData("hub.mode=unsubscribe&hub.verify_token=verify-marked-31337&hub.challenge=1158201444", 403)]
    [InlineData("hub.mode=subscribe&hub.verify_token=verify-marked-31337", 403)]
    [InlineData("", 403)]
    public async Task ReceiveAsync_Handshake_AnswersTheChallengeForOurWordAlone(string query, int status)
    {
        var result = await HandshakeAsync(query);
        Assert.Equal(status, result.Status);
        Assert.Equal(status == 200 ? "1158201444" : "", Encoding.UTF8.GetString(result.Body.Span));
        if (status == 200) Assert.Equal("text/plain", result.MediaType);
        Assert.Empty(result.Events);
    }

    [Fact]
    public async Task ReceiveAsync_HandshakeWithoutAWordOfOurs_IsRefused()
    {
        MoreSettings = """, "verifyToken": null""";
        Assert.Equal(403, (await HandshakeAsync("hub.mode=subscribe&hub.verify_token=&hub.challenge=1")).Status);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("""{"object":"whatsapp_business_account"}""")]
    [InlineData("""{"entry":{}}""")]
    public async Task ReceiveAsync_GenuineNonsense_IsRefusedWithoutAnException(string body)
    {
        var result = await ReceiveAsync(body);
        Assert.Equal(400, result.Status);
        Assert.NotEqual(0, result.Body.Length);
        Assert.Empty(result.Events);
    }

    /// <summary>New fields, new types, other shapes, numbers for texts: tolerated, for a 400 would bring the whole request back for seven days.</summary>
    [Theory]
    [InlineData("""{"object":"page","entry":[]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[1,"a",null,{},{"changes":[1,{},{"field":"messages"},{"field":"account_update","value":7}]}]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","time":"x","changes":[{"field":"a_field_of_next_year","value":{}}]}]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"statuses":[1,{},{"id":"w"},{"id":"w","status":"teleported"},{"status":"read"}],"messages":[2,{},{"id":"x"},{"from":"1"}]}}]}]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"user_preferences","value":{"user_preferences":[{},{"wa_id":"1"},{"wa_id":"1","value":"maybe"},{"wa_id":"1","value":"stop","category":"jokes"}]}}]}]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"message_template_status_update","value":{"event":"PAUSED"}},{"field":"business_capability_update","value":{"max_daily_conversations_per_business":"TIER_NOT_SET"}}]}]}""")]
    [InlineData("""{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"field":"messages","value":{"messages":[{"id":"w","from":"\ud800","type":"text"}]}}]}]}""")]
    public async Task ReceiveAsync_UnknownOrOddThings_AreToleratedWithNothing(string body)
    {
        var result = await ReceiveAsync(body);
        Assert.Equal(200, result.Status);
        Assert.Empty(result.Events);
    }

    [Fact]
    public async Task ReceiveAsync_AccountUpdateWithoutAValue_IsNoException()
    {
        var result = await ReceiveAsync("""{"entry":[{"id":"102290129340398","changes":[{"field":"account_update"}]}]}""");
        Assert.Equal(200, result.Status);
        Assert.Null(Assert.IsType<ChannelNews>(Assert.Single(result.Events)).Fault);
    }

    [Fact]
    public async Task ReceiveAsync_OtherMethod_IsRefused()
    {
        var result = await ((IWebhookReceiver)await OpenAsync()).ReceiveAsync(
            new WebhookRequest { Method = "PUT", Url = new Uri("https://b.example/"), Headers = new Dictionary<string, string>(), Body = default }, TestContext.Current.CancellationToken);
        Assert.Equal(405, result.Status);
    }

    [Fact]
    public async Task ReceiveAsync_SeveralEntriesAndNumbers_OnlyOurNumbersAreTaken()
    {
        var ours = $$"""{"field":"messages","value":{{OfNumber(Delivered("wamid.1"))}}}""";
        var others = $$"""{"field":"messages","value":{{OfNumber(Delivered("wamid.2"), number: "999")}}}""";
        var more = $$"""{"field":"messages","value":{{OfNumber(Delivered("wamid.3"))}}}""";
        var result = await ReceiveAsync($$"""{"object":"whatsapp_business_account","entry":[{"id":"{{Account}}","changes":[{{ours}},{{others}}]},{"id":"{{Account}}","changes":[{{more}}]}]}""");
        Assert.Equal(["wamid.1", "wamid.3"], result.Events.OfType<Receipt>().Select(r => r.ProviderId));
    }

    [Fact]
    public async Task ReceiveAsync_SameNewsTwice_HasTheSameKeyAndComesOncePerRequest()
    {
        var body = OfNumber("""  "statuses":[{"id":"wamid.1","status":"read","timestamp":"1772366400"},{"id":"wamid.1","status":"read","timestamp":"1772366400"},{"id":"wamid.1","status":"delivered","timestamp":"1772366399"}]""");
        var first = await EventsAsync("messages", body);
        var again = await EventsAsync("messages", body);
        Assert.Equal(2, first.Length);
        Assert.Equal(first.Select(e => e.Key), again.Select(e => e.Key));
    }

    private static string Delivered(string id) => $$""" "statuses":[{"id":"{{id}}","status":"delivered","timestamp":"1772366400","recipient_id":"34600000001"}] """;

    private async Task<WebhookResult> HandshakeAsync(string query) => await ((IWebhookReceiver)await OpenAsync()).ReceiveAsync(
        new WebhookRequest { Method = "GET", Url = new Uri("https://broadcasts.example/hooks/1?" + query), Headers = new Dictionary<string, string>(), Body = default }, TestContext.Current.CancellationToken);
}
