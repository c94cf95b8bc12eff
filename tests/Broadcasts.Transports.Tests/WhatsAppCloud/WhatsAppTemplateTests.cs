using System.Text.Json;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppTemplateTests : WhatsAppTests
{
    [Fact]
    public async Task SendAsync_TemplateWithoutParameters_NamesItAndItsLanguageAsMetaWritesIt()
    {
        var template = await TemplateAsync();
        Assert.Equal("order_ready", template.GetProperty("name").GetString());
        Assert.Equal("""{"policy":"deterministic","code":"es_MX"}""", template.GetProperty("language").GetRawText());
        Assert.False(template.TryGetProperty("components", out _));
    }

    [Fact]
    public async Task SendAsync_ParametersOfEveryPart_BecomeComponentsInOrder()
    {
        var template = await TemplateAsync(
            Of("button.1", "abc"), Of("button.0.quick_reply", "STOP"), Of("body", "Ana"), Of("header.image", "https://example.org/a.png"), Of("body", "42"));
        Assert.Equal("""[{"type":"header","parameters":[{"type":"image","image":{"link":"https://example.org/a.png"}}]},"""
            + """{"type":"body","parameters":[{"type":"text","text":"Ana"},{"type":"text","text":"42"}]},"""
            + """{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"STOP"}]},"""
            + """{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"abc"}]}]""",
            template.GetProperty("components").GetRawText());
    }

    [Theory]
    [InlineData("body", null, """{"type":"body","parameters":[{"type":"text","text":"v"}]}""")]
    [InlineData("body", "first_name", """{"type":"body","parameters":[{"type":"text","parameter_name":"first_name","text":"v"}]}""")]
    [InlineData("body.first_name", null, """{"type":"body","parameters":[{"type":"text","parameter_name":"first_name","text":"v"}]}""")]
    [InlineData("body.1", null, """{"type":"body","parameters":[{"type":"text","text":"v"}]}""")]
    [InlineData("body", "1", """{"type":"body","parameters":[{"type":"text","text":"v"}]}""")]
    [InlineData("header", null, """{"type":"header","parameters":[{"type":"text","text":"v"}]}""")]
    [InlineData("header", "city", """{"type":"header","parameters":[{"type":"text","parameter_name":"city","text":"v"}]}""")]
    [InlineData("header", "video", """{"type":"header","parameters":[{"type":"video","video":{"id":"v"}}]}""")]
    [InlineData("header.document", null, """{"type":"header","parameters":[{"type":"document","document":{"id":"v"}}]}""")]
    [InlineData("button", "0", """{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"v"}]}""")]
    [InlineData("button", "2.copy_code", """{"type":"button","sub_type":"copy_code","index":"2","parameters":[{"type":"coupon_code","coupon_code":"v"}]}""")]
    [InlineData("button.9.flow", null, """{"type":"button","sub_type":"flow","index":"9","parameters":[{"type":"action","action":{"flow_token":"v"}}]}""")]
    public async Task SendAsync_Place_IsReadFromComponentAndName(string component, string? name, string expected)
    {
        var template = await TemplateAsync(new TemplateParameter { Component = component, Name = name, Value = "v" });
        Assert.Equal($"[{expected}]", template.GetProperty("components").GetRawText());
    }

    [Fact]
    public async Task SendAsync_NumberedParameters_AreOrderedByTheirNumbers()
    {
        var template = await TemplateAsync(Of("body.2", "second"), Of("body.10", "tenth"), Of("body.1", "first"));
        var texts = template.GetProperty("components")[0].GetProperty("parameters").EnumerateArray().Select(p => p.GetProperty("text").GetString());
        Assert.Equal(["first", "second", "tenth"], texts);
    }

    [Fact]
    public async Task SendAsync_DocumentByAddress_HasTheFilesName()
    {
        var template = await TemplateAsync(Of("header.document", "https://example.org/files/factura%2012.pdf?x=1"));
        var document = template.GetProperty("components")[0].GetProperty("parameters")[0].GetProperty("document");
        Assert.Equal(("https://example.org/files/factura%2012.pdf?x=1", "factura 12.pdf"), (document.GetProperty("link").GetString(), document.GetProperty("filename").GetString()));
    }

    [Theory]
    [InlineData("footer", null)]
    [InlineData("button", null)]
    [InlineData("button.10", null)]
    [InlineData("button.-1", null)]
    [InlineData("button.0.dance", null)]
    [InlineData("button.x", null)]
    [InlineData("header.location", null)]
    [InlineData("body.", null)]
    [InlineData("carousel", null)]
    public async Task SendAsync_ThereIsNoSuchPlace_StopsTheBroadcastWithoutACall(string component, string? name)
    {
        var outcome = await SendAsync(Template(new TemplateParameter { Component = component, Name = name, Value = "v" }));
        Assert.Equal((SendOutcomeKind.BroadcastBlocked, FailureReason.TemplateRejected), (outcome.Kind, outcome.Reason!.Value));
        Assert.Contains(component, outcome.Detail!, StringComparison.Ordinal);
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task SendAsync_MarketingEndpointIsOn_TemplatesGoThereAndTextsDoNot()
    {
        MoreSettings = """, "marketingEndpoint": true""";
        Server.Response = Accepted();
        await SendAsync(Template());
        await SendAsync();

        var requests = Server.Requests.ToArray();
        Assert.Equal($"POST /v25.0/{Number}/marketing_messages HTTP/1.1", requests[0].Line);
        Assert.Equal("CLOUD_API_FALLBACK", Json(requests[0].Body).GetProperty("product_policy").GetString());
        Assert.Equal($"POST /v25.0/{Number}/messages HTTP/1.1", requests[1].Line);
        Assert.False(Json(requests[1].Body).TryGetProperty("product_policy", out _));
    }

    private static TemplateParameter Of(string component, string value) => new() { Component = component, Value = value };

    private async Task<JsonElement> TemplateAsync(params TemplateParameter[] parameters)
    {
        Server.Response = Accepted();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(Template(parameters))).Kind);
        return Body().GetProperty("template");
    }
}
