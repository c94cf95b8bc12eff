using System.Globalization;
using Xunit;
using static Broadcasts.FailureReason;
using static Broadcasts.SendOutcomeKind;

namespace Broadcasts.Transports;

public sealed class WhatsAppErrorTests : WhatsAppTests
{
    public static TheoryData<int, int, SendOutcomeKind, FailureReason> Table => new()
    {
        { 401, 0, ChannelFault, Credentials },
        { 401, 190, ChannelFault, Credentials },
        { 500, 3, ChannelFault, Credentials },
        { 403, 10, ChannelFault, Credentials },
        { 403, 200, ChannelFault, Credentials },
        { 403, 299, ChannelFault, Credentials },
        { 403, 131005, ChannelFault, Credentials },
        { 400, 4, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 80007, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 130429, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 429, 130429, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 133016, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 613, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 429, 987654, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 131056, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 131048, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 400, 131049, RetryLater, Withheld },
        { 400, 131050, RecipientRejected, OptedOut },
        { 400, 131026, RecipientRejected, Unreachable },
        { 400, 131021, RecipientRejected, InvalidAddress },
        { 400, 131030, RecipientRejected, Policy },
        { 400, 130472, RecipientRejected, Withheld },
        { 400, 130497, RecipientRejected, Policy },
        { 400, 131047, ContentRejected, WindowClosed },
        { 400, 470, ContentRejected, WindowClosed },
        { 400, 131051, ContentRejected, UnsupportedContent },
        { 400, 131008, ContentRejected, ContentRefused },
        { 400, 131009, ContentRejected, ContentRefused },
        { 400, 100, ContentRejected, ContentRefused },
        { 400, 135000, ContentRejected, ContentRefused },
        { 400, 132000, ContentRejected, TemplateRejected },
        { 400, 132005, ContentRejected, TooLarge },
        { 400, 132007, ContentRejected, ContentRefused },
        { 400, 132012, ContentRejected, TemplateRejected },
        { 404, 132001, BroadcastBlocked, TemplateRejected },
        { 400, 132015, BroadcastBlocked, TemplateRejected },
        { 400, 132016, BroadcastBlocked, TemplateRejected },
        { 400, 132068, BroadcastBlocked, TemplateRejected },
        { 400, 132069, BroadcastBlocked, TemplateRejected },
        { 400, 131052, RetryLater, MediaRejected },
        { 400, 131053, RetryLater, MediaRejected },
        { 403, 368, ChannelFault, Policy },
        { 403, 131031, ChannelFault, Policy },
        { 400, 131037, ChannelFault, Policy },
        { 403, 131042, ChannelFault, Billing },
        { 500, 131045, ChannelFault, Misconfigured },
        { 400, 133010, ChannelFault, Misconfigured },
        { 400, 33, ChannelFault, Misconfigured },
        { 503, 2, RetryLater, ProviderDown },
        { 500, 131016, RetryLater, ProviderDown },
        { 503, 133004, RetryLater, ProviderDown },
        { 500, 131057, RetryLater, ProviderDown },
        { 500, 1, InDoubt, ProviderError },
        { 500, 131000, InDoubt, ProviderError },
        { 400, 987654, ContentRejected, Unclassified },
        { 500, 987654, InDoubt, ProviderError },
        { 401, 987654, ChannelFault, Credentials },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task SendAsync_Code_IsClassified(int status, int code, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = Error(status, code, details: $"why {Token} {Secret}");
        var outcome = await SendAsync();

        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
        Assert.StartsWith("why", outcome.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("marked-31337", outcome.ToString(), StringComparison.Ordinal);
        Assert.Equal(code == 131050, outcome.Suppress);
        Assert.Empty(outcome.ProviderIds);
        if (code != 987654 || status == 400) Assert.Equal(code.ToString(CultureInfo.InvariantCulture), outcome.Code);
    }

    /// <summary>Meta sends some errors with 200: none of them is ever counted as sent.</summary>
    [Theory]
    [MemberData(nameof(Table))]
    public async Task SendAsync_ErrorWithStatus200_IsNeverAccepted(int status, int code, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = Error(200, code);
        var outcome = await SendAsync();
        Assert.NotEqual(Accepted_, outcome.Kind);
        if (code != 987654) Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
        else Assert.Equal((ContentRejected, Unclassified), status == 0 ? default : (outcome.Kind, outcome.Reason!.Value));
    }

    [Fact]
    public async Task SendAsync_ErrorBesideAnId_IsNotAccepted()
    {
        Server.Response = FakeHttpServer.Of(200, """{"messages":[{"id":"wamid.1"}],"error":{"code":"131026","message":"no"}}""");
        Assert.Equal((RecipientRejected, "131026"), await SendAsync() is var o ? (o.Kind, o.Code) : default);
    }

    [Theory]
    [InlineData(4, ThrottleScope.Account)]
    [InlineData(613, ThrottleScope.Account)]
    [InlineData(80007, ThrottleScope.Account)]
    [InlineData(130429, ThrottleScope.Channel)]
    [InlineData(133016, ThrottleScope.Channel)]
    [InlineData(131048, ThrottleScope.Channel)]
    [InlineData(131056, ThrottleScope.Recipient)]
    public async Task SendAsync_Throttle_CoversItsScope(int code, ThrottleScope scope)
    {
        Server.Response = Error(400, code);
        Assert.Equal(scope, (await SendAsync()).Scope);
    }

    [Theory]
    [InlineData(131056, 6)]
    [InlineData(131048, 4 * 3600)]
    [InlineData(131049, 24 * 3600)]
    [InlineData(131057, 60)]
    [InlineData(130429, null)]
    public async Task SendAsync_MetaNamesNoTime_TheCodesPauseHolds(int code, int? seconds)
    {
        Server.Response = Error(400, code);
        Assert.Equal(seconds is { } s ? Now.AddSeconds(s) : null, (await SendAsync()).Until);
    }

    [Fact]
    public async Task SendAsync_PausesAreSet_Hold()
    {
        MoreSettings = """, "pairPauseSeconds": 20, "spamPauseHours": 12, "marketingCapHours": 48""";
        var untils = new List<DateTimeOffset?>();
        foreach (var code in new[] { 131056, 131048, 131049 })
        {
            Server.Response = Error(400, code);
            untils.Add((await SendAsync()).Until);
        }

        Assert.Equal([Now.AddSeconds(20), Now.AddHours(12), Now.AddHours(48)], untils);
    }

    [Theory]
    [InlineData(400, 80007, "X-Business-Use-Case-Usage: {\"102290129340398\":[{\"type\":\"messages\",\"call_count\":100,\"estimated_time_to_regain_access\":9}]}\r\n", 540)]
    [InlineData(400, 80007, "X-Business-Use-Case-Usage: {\"1\":[{\"estimated_time_to_regain_access\":\"2\"},{\"estimated_time_to_regain_access\":3}],\"2\":\"new\"}\r\n", 180)]
    [InlineData(429, 130429, "Retry-After: 120\r\n", 120)]
    [InlineData(429, 130429, "Retry-After: Sun, 01 Mar 2026 12:02:00 GMT\r\n", 120)]
    [InlineData(429, 130429, "Retry-After: 30\r\nX-Business-Use-Case-Usage: {\"1\":[{\"estimated_time_to_regain_access\":1}]}\r\n", 60)]
    [InlineData(429, 130429, "Retry-After: 90\r\nX-Business-Use-Case-Usage: {\"1\":[{\"estimated_time_to_regain_access\":1}]}\r\n", 90)]
    [InlineData(429, 130429, "X-Business-Use-Case-Usage: not json\r\n", null)]
    [InlineData(429, 130429, "X-Business-Use-Case-Usage: {\"1\":[{\"estimated_time_to_regain_access\":0}]}\r\n", null)]
    [InlineData(400, 131056, "Retry-After: 1\r\n", 6)]
    [InlineData(400, 131056, "Retry-After: 60\r\n", 60)]
    public async Task SendAsync_MetaNamesATime_TheLaterOneHolds(int status, int code, string headers, int? seconds)
    {
        Server.Response = Error(status, code, headers: headers);
        var outcome = await SendAsync();
        Assert.Equal((SendOutcomeKind.Throttled, seconds is { } s ? Now.AddSeconds(s) : null), (outcome.Kind, outcome.Until));
    }

    [Fact]
    public async Task SendAsync_ObjectIsMissing_IsTheChannelsFaultAndNotTheContents()
    {
        Server.Response = Error(400, 100, subcode: 33);
        Assert.Equal((ChannelFault, Misconfigured, "100/33"), await SendAsync() is var o ? (o.Kind, o.Reason!.Value, o.Code) : default);
    }

    [Fact]
    public async Task SendAsync_TokenIsExpired_ShowsTheSubcode()
    {
        Server.Response = Error(401, 190, subcode: 463);
        Assert.Equal((ChannelFault, Credentials, "190/463"), await SendAsync() is var o ? (o.Kind, o.Reason!.Value, o.Code) : default);
    }

    [Theory]
    [InlineData(131052)]
    [InlineData(131053)]
    public async Task SendAsync_MediaFailsTimeAndAgain_IsTheContentsFault(int code)
    {
        Server.Response = Error(400, code);
        Assert.Equal(RetryLater, (await SendAsync(attempt: 2)).Kind);
        Assert.Equal((ContentRejected, MediaRejected), await SendAsync(attempt: 3) is var o ? (o.Kind, o.Reason!.Value) : default);
    }

    public static TheoryData<int, string, SendOutcomeKind, FailureReason> Statuses => new()
    {
        { 200, "", InDoubt, UnreadableAnswer },
        { 200, "<html>Welcome</html>", InDoubt, UnreadableAnswer },
        { 200, "{}", InDoubt, UnreadableAnswer },
        { 200, "[]", InDoubt, UnreadableAnswer },
        { 200, "{\"messages\":[]}", InDoubt, UnreadableAnswer },
        { 200, "{\"messages\":[{\"message_status\":\"accepted\"}]}", InDoubt, UnreadableAnswer },
        { 200, "{\"messages\":{\"id\":\"wamid.1\"}}", InDoubt, UnreadableAnswer },
        { 202, "{\"messages\":[{\"id\":\"\"}]}", InDoubt, UnreadableAnswer },
        { 302, "", ChannelFault, Misconfigured },
        { 400, "<html>Bad</html>", ContentRejected, Unclassified },
        { 400, "{\"error\":\"text\"}", ContentRejected, Unclassified },
        { 401, "", ChannelFault, Credentials },
        { 403, "", ChannelFault, Credentials },
        { 404, "", ChannelFault, Misconfigured },
        { 413, "", ContentRejected, TooLarge },
        { 429, "", SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 500, "<html>edge</html>", InDoubt, ProviderError },
        { 502, "<html>edge</html>", InDoubt, ProviderError },
        { 503, "<html>edge</html>", InDoubt, ProviderError },
        { 504, "", InDoubt, ProviderError },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task SendAsync_AnswerWithoutACode_IsClassifiedByItsStatus(int status, string body, SendOutcomeKind kind, FailureReason reason)
    {
        Server.Response = FakeHttpServer.Of(status, body);
        var outcome = await SendAsync();
        Assert.Equal((kind, reason, false), (outcome.Kind, outcome.Reason!.Value, outcome.Suppress));
    }

    private const SendOutcomeKind Accepted_ = SendOutcomeKind.Accepted;
}
