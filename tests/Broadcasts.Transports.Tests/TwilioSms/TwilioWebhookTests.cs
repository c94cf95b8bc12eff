using System.Security.Cryptography;
using System.Text;
using Broadcasts.Transports.TwilioSms;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What Twilio tells, and who only says that he is Twilio.</summary>
public sealed class TwilioWebhookTests : TwilioTests
{
    private const string Status = $"MessageSid={Sid}&AccountSid={Account}&To=%2B34600000001&From=%2B15017122661";
    private const string Inbound = $"MessageSid={Sid}&AccountSid={Account}&To=%2B15017122661&From=%2B34600000001&NumMedia=0";

    [Theory]
    [InlineData("sent", ReceiptStatus.Sent)]
    [InlineData("delivered", ReceiptStatus.Delivered)]
    [InlineData("DELIVERED", ReceiptStatus.Delivered)]
    [InlineData("partially_delivered", ReceiptStatus.Delivered)]
    [InlineData("read", ReceiptStatus.Read)]
    [InlineData("undelivered", ReceiptStatus.Failed)]
    [InlineData("failed", ReceiptStatus.Failed)]
    [InlineData("canceled", ReceiptStatus.Failed)]
    [InlineData("queued", null)]
    [InlineData("sending", null)]
    [InlineData("accepted", null)]
    [InlineData("a-status-of-next-year", null)]
    public async Task ReceiveAsync_StatusCallback_IsAReceiptThatNamesOurMessage(string status, ReceiptStatus? what)
    {
        var result = await ReceiveAsync($"{Status}&MessageStatus={status}&RawDlrDoneDate=2603011200&NewField=1", "?m=d-1");
        Assert.Equal(200, result.Status);
        var receipt = (Receipt?)result.Events.SingleOrDefault();
        Assert.Equal(what, receipt?.Status);
        if (receipt is not null) Assert.Equal((Sid, "d-1", $"{Sid}:{status.ToLowerInvariant()}"), (receipt.ProviderId, receipt.MessageId, receipt.Key));
    }

    [Theory]
    [InlineData("30003", FailureReason.Unreachable, false, true)]
    [InlineData("30005", FailureReason.InvalidAddress, true, false)]
    [InlineData("30007", FailureReason.Policy, false, false)]
    [InlineData("30008", FailureReason.ProviderError, false, true)]
    [InlineData("21610", FailureReason.OptedOut, true, false)]
    [InlineData("77777", FailureReason.Unclassified, false, false)]
    [InlineData("", FailureReason.Unclassified, false, false)]
    public async Task ReceiveAsync_Undelivered_HasItsReason(string code, FailureReason reason, bool suppress, bool isTemporary)
    {
        var receipt = Assert.IsType<Receipt>(Assert.Single((await ReceiveAsync($"{Status}&MessageStatus=undelivered&ErrorCode={code}", "?m=d-1")).Events));
        Assert.Equal((reason, suppress, isTemporary), (receipt.Reason!.Value, receipt.Suppress, receipt.IsTemporary));
    }

    [Theory]
    [InlineData("Body=Hola+%C2%BFqu%C3%A9+tal%3F", "Hola ¿qué tal?", null)]
    [InlineData("Body=STOP&OptOutType=STOP", "STOP", true)]
    [InlineData("Body=Parar&OptOutType=STOP", "Parar", true)]
    [InlineData("Body=start&OptOutType=START", "start", false)]
    [InlineData("Body=STOP&OptOutType=HELP", "STOP", null)]
    [InlineData("Body=stop.", "stop.", true)]
    [InlineData("Body=Unsubscribe", "Unsubscribe", true)]
    [InlineData("Body=OPTOUT", "OPTOUT", true)]
    [InlineData("Body=Baja", "Baja", true)]
    [InlineData("Body=UNSTOP", "UNSTOP", false)]
    [InlineData("Body=I+cannot+stop", "I cannot stop", null)]
    public async Task ReceiveAsync_Inbound_IsHeardAndItsWishToo(string fields, string text, bool? isOut)
    {
        var result = await ReceiveAsync($"{Inbound}&{fields}");
        var message = result.Events.OfType<InboundMessage>().Single();
        Assert.Equal(("+34600000001", text), (message.From, message.Text));
        Assert.Equal(isOut, result.Events.OfType<ConsentChange>().SingleOrDefault()?.IsOptedOut);
        Assert.Equal(("text/xml", "<Response/>"), (result.MediaType, Encoding.UTF8.GetString(result.Body.Span)));
    }

    [Fact]
    public async Task ReceiveAsync_InboundPicture_NamesItsAddress() =>
        Assert.Equal("see\nhttps://api.twilio.com/m/1", ((InboundMessage)Assert.Single((await ReceiveAsync($"{Inbound}&Body=see&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fm%2F1&MediaContentType0=image%2Fpng")).Events)).Text);

    [Theory]
    [InlineData("MessageSid=SM1&AccountSid=AC99999999999999999999999999999999&MessageStatus=sent")]
    [InlineData("MessageSid=SM1&From=whatsapp%3A%2B34600000001&Body=hola")]
    [InlineData("AccountSid=AC00000000000000000000000000000001&MessageStatus=sent")]
    [InlineData("")]
    [InlineData("&&&=&%%%=%zz")]
    public async Task ReceiveAsync_NotForThisChannel_SaysNothing(string form)
    {
        var result = await ReceiveAsync(form);
        Assert.Equal((200, 0), (result.Status, result.Events.Length));
    }

    [Fact]
    public async Task ReceiveAsync_ProvenOverAnyFormOfTheAddress()
    {
        var joined = WebhookSignature.Joined(FormBody.Read(Encoding.UTF8.GetBytes(Status)));
        foreach (var address in new[] { "https://broadcasts.example/hooks/1?m=1", "https://broadcasts.example:443/hooks/1?m=1" })
        {
            Assert.Equal(200, (await ReceiveAsync(Status, "?m=1", WebhookSignature.Of(address + joined, Token))).Status);
        }
    }

    [Fact]
    public void Of_TwilioOwnExample_GivesItsSignature()
    {
        // twilio.com/docs/usage/security, "Validating signatures from Twilio".
        const string Signed = "https://mycompany.com/myapp.php?foo=1&bar=2" + "CallSidCA1234567890ABCDE" + "Caller+14158675309" + "Digits1234" + "From+14158675309" + "To+18005551212";
        Assert.Equal("RSOYDt4T1cUTdK1PDd93/VVr8B8=", WebhookSignature.Of(Signed, "12345"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public async Task ReceiveAsync_WithoutAGoodSignature_IsRefused(string? signature)
    {
        var result = await ReceiveAsync($"{Status}&MessageStatus=delivered", "?m=d-1", signature);
        Assert.Equal((401, 0), (result.Status, result.Events.Length));
    }

    [Theory]
    [InlineData("another-token", "?m=d-1", "")]
    [InlineData(Token, "?m=d-2", "")]
    [InlineData(Token, "?m=d-1", "&MessageStatus=delivered")]
    public async Task ReceiveAsync_SignedByAnotherOrForSomethingElse_IsRefused(string token, string query, string more)
    {
        var signature = WebhookSignature.Of($"{Webhook}?m=d-1{WebhookSignature.Joined(FormBody.Read(Encoding.UTF8.GetBytes(Status)))}", token);
        Assert.Equal(401, (await ReceiveAsync(Status + more, query, signature)).Status);
    }

    [Fact]
    public async Task ReceiveAsync_Json_IsProvenByTheDigestInTheAddress()
    {
        const string Body = """{"a":1}""";
        var query = $"?bodySHA256={Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Body)))}";
        var signature = WebhookSignature.Of($"{Webhook}{query}", Token);
        Assert.Equal(200, (await ReceiveAsync(Body, query, signature, "application/json")).Status);
        Assert.Equal(401, (await ReceiveAsync(Body + " ", query, signature, "application/json")).Status);
        Assert.Equal(401, (await ReceiveAsync(Body, "", WebhookSignature.Of($"{Webhook}", Token), "application/json")).Status);
    }
}
