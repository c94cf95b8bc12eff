using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppCatalogueTests : WhatsAppTests
{
    private const string Components = """
        [{"type":"HEADER","format":"IMAGE"},{"type":"BODY","text":"Hola {{1}}, tu pedido {{2}} está listo, {{1}}."},{"type":"FOOTER","text":"{{9}}"},
         {"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Baja"},{"type":"URL","url":"https://e.example/{{1}}"},{"type":"URL","url":"https://e.example/"},{"type":"COPY_CODE"},{"type":"OTP"},{"type":"FLOW"}]}]
        """;

    [Fact]
    public async Task ListAsync_Template_IsNamedWithItsStateBodyAndParameters()
    {
        Server.Response = FakeHttpServer.Of(200, $$$"""{"data":[{"name":"order_ready","language":"es_MX","status":"APPROVED","category":"UTILITY","id":"1","components":{{{Components}}}}],"paging":{"cursors":{"before":"a","after":"b"} } }""");
        var template = Assert.Single(await ListAsync());

        Assert.Equal(("order_ready", "es-MX", "APPROVED", true), (template.Name, template.Language, template.State, template.IsUsable));
        Assert.Equal("Hola {{1}}, tu pedido {{2}} está listo, {{1}}.", template.Body);
        Assert.Equal(["header.image", "body.1", "body.2", "button.1", "button.3.copy_code", "button.4"], template.Parameters);
        var request = Assert.Single(Server.Requests);
        Assert.StartsWith($"GET /v25.0/{Account}/message_templates?fields=", request.Line, StringComparison.Ordinal);
        Assert.Equal($"Bearer {Token}", request.Headers["Authorization"]);
        Assert.DoesNotContain(Token, request.Line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"type":"BODY","text":"Hola {{first_name}}, {{ city }}"}]""", "body.first_name body.city")]
    [InlineData("""[{"type":"HEADER","format":"TEXT","text":"Pedido {{1}}"},{"type":"body","text":"x"}]""", "header.1")]
    [InlineData("""[{"type":"HEADER","format":"VIDEO"}]""", "header.video")]
    [InlineData("""[{"type":"HEADER","format":"DOCUMENT"}]""", "header.document")]
    [InlineData("""[{"type":"HEADER","format":"LOCATION"}]""", "header.location")]
    [InlineData("""[{"type":"CAROUSEL","cards":[]},{"type":"LIMITED_TIME_OFFER"}]""", "carousel limited_time_offer")]
    [InlineData("""[{"type":"NEXT_YEAR"},7,{"type":"BODY"},{"type":"BUTTONS","buttons":{}}]""", "")]
    [InlineData("7", "")]
    public async Task ListAsync_Components_GiveTheParameters(string components, string parameters)
    {
        Server.Response = FakeHttpServer.Of(200, $$"""{"data":[{"name":"t","language":"es","status":"APPROVED","components":{{components}}}]}""");
        Assert.Equal(parameters, string.Join(' ', Assert.Single(await ListAsync()).Parameters));
    }

    [Theory]
    [InlineData("PENDING")]
    [InlineData("REJECTED")]
    [InlineData("PAUSED")]
    [InlineData("DISABLED")]
    [InlineData("A_STATE_OF_NEXT_YEAR")]
    public async Task ListAsync_TemplateIsNotApproved_IsNotUsable(string state)
    {
        Server.Response = FakeHttpServer.Of(200, $$"""{"data":[{"name":"t","language":"es","status":"{{state}}"},{"language":"es"},7]}""");
        Assert.False(Assert.Single(await ListAsync()).IsUsable);
    }

    /// <summary>A cursor comes with the last page too, and its address holds the token: pages end where "next" is absent.</summary>
    [Fact]
    public async Task ListAsync_SeveralPages_FollowsTheCursorUntilThereIsNoNext()
    {
        Server.Respond = request => request.Line.Contains("after=c1%3D", StringComparison.Ordinal) ? Page("t2", "c2", null)
            : Page("t1", "c1=", "http://127.0.0.1:1/elsewhere?access_token=x");
        Assert.Equal(["t1", "t2"], (await ListAsync()).Select(t => t.Name));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task ListAsync_PagesThatNeverEnd_EndAtTheLimit()
    {
        var page = 0;
        Server.Respond = _ => Page("t", $"c{page++}", "next");
        Assert.Equal(100, (await ListAsync()).Count);
    }

    [Fact]
    public async Task ListAsync_CursorThatStays_EndsTheList()
    {
        Server.Respond = _ => Page("t", "same", "next");
        Assert.Equal(2, (await ListAsync()).Count);
    }

    [Fact]
    public async Task ListAsync_TokenIsRefused_SaysSoWithoutIt()
    {
        Server.Response = Error(401, 190, details: $"Invalid {Token}");
        var error = await Assert.ThrowsAsync<TransportConfigurationException>(ListAsync);
        Assert.Contains("190", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HANGUP")]
    [InlineData("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\n<html>")]
    public async Task ListAsync_NoUsableAnswer_Fails(string response)
    {
        Server.Response = response;
        await Assert.ThrowsAsync<IOException>(ListAsync);
    }

    [Fact]
    public async Task TestAsync_NumberAndAccountAreRight_FindsNothing()
    {
        AnswerTests("""{"id":"106540352242922","status":"CONNECTED","quality_rating":"GREEN"}""");
        Assert.Null(await TestAsync());
        Assert.Equal(2, Server.Requests.Count);
        Assert.All(Server.Requests, r => Assert.StartsWith("GET ", r.Line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("BANNED", FailureReason.Policy)]
    [InlineData("DISCONNECTED", FailureReason.Misconfigured)]
    [InlineData("DELETED", FailureReason.Misconfigured)]
    public async Task TestAsync_NumberIsNotInService_IsAFault(string status, FailureReason reason)
    {
        AnswerTests($$"""{"id":"106540352242922","status":"{{status}}","quality_rating":"RED","whatsapp_business_manager_messaging_limit":"TIER_250"}""");
        var fault = await TestAsync();
        Assert.Equal((SendOutcomeKind.ChannelFault, reason), (fault!.Kind, fault.Reason!.Value));
        Assert.Contains("TIER_250", fault.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CONNECTED")]
    [InlineData("FLAGGED")]
    [InlineData("RESTRICTED")]
    [InlineData("A_STATUS_OF_NEXT_YEAR")]
    public async Task TestAsync_NumberCanStillSend_FindsNothing(string status)
    {
        AnswerTests($$"""{"id":"106540352242922","status":"{{status}}"}""");
        Assert.Null(await TestAsync());
    }

    [Fact]
    public async Task TestAsync_FieldIsGoneInThisVersion_AsksForTheIdAlone()
    {
        Server.Respond = request => request.Line.Contains("quality_rating", StringComparison.Ordinal) ? Error(400, 100)
            : request.Line.Contains("/phone_numbers?", StringComparison.Ordinal) ? Numbers(Number) : FakeHttpServer.Of(200, """{"id":"106540352242922"}""");
        Assert.Null(await TestAsync());
    }

    [Fact]
    public async Task TestAsync_NumberIsOfAnotherAccount_SaysSo()
    {
        AnswerTests("""{"id":"106540352242922"}""", numbers: Numbers("1", "2"));
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.Misconfigured), await TestAsync() is { } o ? (o.Kind, o.Reason!.Value) : default);
    }

    [Theory]
    [InlineData(401, 190, null, FailureReason.Credentials)]
    [InlineData(400, 100, 33, FailureReason.Misconfigured)]
    [InlineData(403, 10, null, FailureReason.Credentials)]
    public async Task TestAsync_MetaRefuses_IsAFault(int status, int code, int? subcode, FailureReason reason)
    {
        Server.Response = Error(status, code, subcode);
        Assert.Equal((SendOutcomeKind.ChannelFault, reason), await TestAsync() is { } o ? (o.Kind, o.Reason!.Value) : default);
    }

    private static string Page(string name, string after, string? next) => FakeHttpServer.Of(200,
        $$$"""{"data":[{"name":"{{{name}}}","language":"es","status":"APPROVED"}],"paging":{"cursors":{"before":"x","after":"{{{after}}}"}{{{(next is null ? "" : $",\"next\":\"{next}\"")}}}}}""");

    private static string Numbers(params string[] ids) => FakeHttpServer.Of(200, $$"""{"data":[{{string.Join(',', ids.Select(i => $"{{\"id\":\"{i}\"}}"))}}]}""");

    private void AnswerTests(string number, string? numbers = null) =>
        Server.Respond = request => request.Line.Contains("/phone_numbers?", StringComparison.Ordinal) ? numbers ?? Numbers(Number) : FakeHttpServer.Of(200, number);

    private async Task<SendOutcome?> TestAsync() => await ((IConnectionTest)await OpenAsync()).TestAsync(TestContext.Current.CancellationToken);

    private async Task<List<ProviderTemplate>> ListAsync()
    {
        var all = new List<ProviderTemplate>();
        await foreach (var template in ((ITemplateCatalogue)await OpenAsync()).ListAsync(TestContext.Current.CancellationToken)) all.Add(template);
        return all;
    }
}
