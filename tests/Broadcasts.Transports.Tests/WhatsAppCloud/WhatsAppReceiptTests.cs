using System.Globalization;
using Xunit;
using static Broadcasts.FailureReason;

namespace Broadcasts.Transports;

public sealed class WhatsAppReceiptTests : WhatsAppTests
{
    [Theory]
    [InlineData("sent", ReceiptStatus.Sent)]
    [InlineData("delivered", ReceiptStatus.Delivered)]
    [InlineData("read", ReceiptStatus.Read)]
    public async Task ReceiveAsync_Status_IsAReceiptOfOurMessage(string status, ReceiptStatus expected)
    {
        var receipt = await ReceiptAsync($$$"""{"id":"{{{Wamid}}}","status":"{{{status}}}","timestamp":"1772366399","recipient_id":"34600000001","biz_opaque_callback_data":"d-1","pricing":{"billable":true,"pricing_model":"PMP","category":"marketing"},"conversation":{"id":"c"}}""");
        Assert.Equal((expected, "d-1", Wamid), (receipt.Status, receipt.MessageId, receipt.ProviderId));
        Assert.Equal($"{Wamid}:{expected}", receipt.Key);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1772366399), receipt.At);
        Assert.Null(receipt.Reason);
    }

    /// <summary>The webhook overtook the answer, or the answer was lost: our own id is all that is needed. Messages of other programs have none.</summary>
    [Theory]
    [InlineData(""","biz_opaque_callback_data":"d-1" """, "d-1")]
    [InlineData(""","recipient_user_id":"MX.1" """, null)]
    public async Task ReceiveAsync_OurId_IsTakenWhenItIsThere(string more, string? expected) =>
        Assert.Equal(expected, (await ReceiptAsync($$"""{"id":"{{Wamid}}","status":"sent","timestamp":"1772366399"{{more}}}""")).MessageId);

    [Theory]
    [InlineData("\"1772366399\"", 1772366399000)]
    [InlineData("1772366399", 1772366399000)]
    [InlineData("\"1772366399123\"", 1772366399123)]
    [InlineData("\"soon\"", 1772366400000)]
    [InlineData("null", 1772366400000)]
    [InlineData("99999999999999999", 1772366400000)]
    public async Task ReceiveAsync_TimeInAnyForm_IsReadOrTheWebhooks(string time, long expected) =>
        Assert.Equal(expected, (await ReceiptAsync($$"""{"id":"w","status":"read","timestamp":{{time}}}""")).At.ToUnixTimeMilliseconds());

    [Fact]
    public async Task ReceiveAsync_NoTimeAnywhere_IsNow()
    {
        var result = await ReceiveAsync($$"""{"entry":[{"id":"1","changes":[{"field":"messages","value":{{OfNumber(""" "statuses":[{"id":"w","status":"read"}] """)}}}]}]}""");
        Assert.Equal(Now, Assert.Single(result.Events).At);
    }

    public static TheoryData<int, FailureReason> Failures => new()
    {
        { 131026, Unreachable },
        { 131047, WindowClosed },
        { 131049, Withheld },
        { 131050, OptedOut },
        { 130472, Withheld },
        { 131021, InvalidAddress },
        { 131052, MediaRejected },
        { 131053, MediaRejected },
        { 131056, FailureReason.Throttled },
        { 130429, FailureReason.Throttled },
        { 131000, ProviderError },
        { 131051, UnsupportedContent },
        { 132000, TemplateRejected },
        { 132015, TemplateRejected },
        { 135000, ContentRefused },
        { 987654, Unclassified },
    };

    /// <summary>Accepted, then failed minutes later, also one that was held for pacing.</summary>
    [Theory]
    [MemberData(nameof(Failures))]
    public async Task ReceiveAsync_Failed_HasReasonAndCodeAndSuppressesOptOutsAlone(int code, FailureReason reason)
    {
        var receipt = Assert.IsType<Receipt>(Assert.Single(await EventsAsync("messages", Failed(code))));
        Assert.Equal((ReceiptStatus.Failed, reason, code == 131050), (receipt.Status, receipt.Reason!.Value, receipt.Suppress));
        Assert.Equal((code.ToString(CultureInfo.InvariantCulture), "the details"), (receipt.Code, receipt.Detail));
        Assert.False(receipt.IsTemporary);
    }

    [Fact]
    public async Task ReceiveAsync_FailedWithSeveralErrors_TheKnownOneCounts()
    {
        var receipt = await ReceiptAsync("""{"id":"w","status":"failed","errors":[{"code":987654,"title":"new"},"odd",{"code":"131026","message":"undeliverable"}]}""");
        Assert.Equal(("131026", "undeliverable", Unreachable), (receipt.Code, receipt.Detail, receipt.Reason!.Value));
    }

    [Fact]
    public async Task ReceiveAsync_FailedWithoutErrors_IsUnclassified()
    {
        var receipt = await ReceiptAsync("""{"id":"w","status":"failed"}""");
        Assert.Equal((ReceiptStatus.Failed, Unclassified, null), (receipt.Status, receipt.Reason!.Value, receipt.Code));
    }

    /// <summary>A payment problem shows here while every call is answered with 200: the channel is stopped, once for all of them.</summary>
    [Theory]
    [InlineData(131042, Billing)]
    [InlineData(131031, Policy)]
    [InlineData(368, Policy)]
    public async Task ReceiveAsync_FailedForTheAccount_FaultsTheChannelOnce(int code, FailureReason fault)
    {
        var events = await EventsAsync("messages", Failed(code, code));
        Assert.Equal(2, events.OfType<Receipt>().Count());
        var news = Assert.Single(events.OfType<ChannelNews>());
        Assert.Equal(fault, news.Fault);
        Assert.Contains("the details", news.Detail, StringComparison.Ordinal);
        Assert.Contains(await EventsAsync("messages", Failed(code)), e => e.Key == news.Key);
    }

    [Fact]
    public async Task ReceiveAsync_FailedForSpam_IsNewsAndNoFault() =>
        Assert.Null(Assert.Single((await EventsAsync("messages", Failed(131048))).OfType<ChannelNews>()).Fault);

    [Theory]
    [InlineData("played")]
    [InlineData("deleted")]
    [InlineData("warning")]
    public async Task ReceiveAsync_OtherStatus_SaysNothing(string status) =>
        Assert.Empty(await EventsAsync("messages", OfNumber($$""" "statuses":[{"id":"w","status":"{{status}}"}] """)));

    private static string Failed(params int[] codes) => OfNumber("\"statuses\":[" + string.Join(',', codes.Select((code, i) =>
        $$"""{"id":"wamid.{{i}}","status":"failed","timestamp":"1772366400","biz_opaque_callback_data":"d-{{i}}","errors":[{"code":{{code}},"title":"t","message":"m","error_data":{"details":"the details"},"href":"h"}]}""")) + "]");

    private async Task<Receipt> ReceiptAsync(string status) => Assert.IsType<Receipt>(Assert.Single(await EventsAsync("messages", OfNumber($"\"statuses\":[{status}]"))));
}
