using System.Globalization;
using System.Text.Json;
using Broadcasts.TestKit;
using Broadcasts.Transports.WhatsAppCloud;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppSendTests : WhatsAppTests
{
    [Fact]
    public async Task SendAsync_Text_IsPostedToTheNumberWithOurIdAndTheTokenInAHeader()
    {
        Server.Response = Accepted();
        var outcome = await SendAsync();
        var request = Assert.Single(Server.Requests);
        var body = Body();

        Assert.Equal((SendOutcomeKind.Accepted, Wamid, null), (outcome.Kind, outcome.ProviderIds[0], outcome.NewAddress));
        Assert.Equal($"POST /v25.0/{Number}/messages HTTP/1.1", request.Line);
        Assert.Equal($"Bearer {Token}", request.Headers["Authorization"]);
        Assert.Equal("whatsapp", body.GetProperty("messaging_product").GetString());
        Assert.Equal("individual", body.GetProperty("recipient_type").GetString());
        Assert.Equal("34600000001", body.GetProperty("to").GetString());
        Assert.Equal("d-1", body.GetProperty("biz_opaque_callback_data").GetString());
        Assert.Equal("text", body.GetProperty("type").GetString());
        Assert.Equal("hola", body.GetProperty("text").GetProperty("body").GetString());
        Assert.False(body.GetProperty("text").GetProperty("preview_url").GetBoolean());
    }

    [Fact]
    public async Task SendAsync_VersionPreviewAndProofAreSet_AreInTheRequest()
    {
        MoreSettings = """, "apiVersion": "v26.0", "linkPreview": true, "appSecretProof": true""";
        Server.Response = Accepted();
        await SendAsync();

        // HMAC-SHA256 of the token under the app secret, computed elsewhere.
        Assert.Equal($"POST /v26.0/{Number}/messages?appsecret_proof=5ed7bb24ba72ea78e8925e77b7944ec8e4be3cbde4ce062420ecd3461d3fedc7 HTTP/1.1", Assert.Single(Server.Requests).Line);
        Assert.True(Body().GetProperty("text").GetProperty("preview_url").GetBoolean());
    }

    [Theory]
    [InlineData("+34600000001", "to", "34600000001")]
    [InlineData("34600000001", "to", "34600000001")]
    [InlineData("MX.13491208655302741918", "recipient", "MX.13491208655302741918")]
    [InlineData("US.ENT.11815799212886844830", "recipient", "US.ENT.11815799212886844830")]
    public async Task SendAsync_Address_GoesIntoItsField(string to, string field, string value)
    {
        Server.Response = Accepted();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(to: to)).Kind);

        var body = Body();
        Assert.Equal(value, body.GetProperty(field).GetString());
        Assert.False(body.TryGetProperty(field == "to" ? "recipient" : "to", out _));
    }

    [Theory]
    [InlineData("someone@example.org")]
    [InlineData("1234")]
    [InlineData("MX.")]
    [InlineData("MEX.123")]
    [InlineData("12345 67890")]
    public async Task SendAsync_AddressIsNeither_IsRejectedWithoutACall(string to)
    {
        var outcome = await SendAsync(to: to);
        Assert.Equal((SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, false), (outcome.Kind, outcome.Reason!.Value, outcome.Suppress));
        Assert.Empty(Server.Requests);
    }

    [Theory]
    [InlineData("525512345678", "5215512345678", "5215512345678")]
    [InlineData("541112345678", "5491112345678", "5491112345678")]
    [InlineData("34600000001", "34600000001", null)]
    [InlineData("34600000001", "US.13491208655302741918", null)]
    [InlineData("MX.13491208655302741918", "5215512345678", null)]
    public async Task SendAsync_MetaNamesAnotherNumber_IsReportedWhenItIsOneForANumber(string to, string number, string? reported)
    {
        Server.Response = Accepted(number);
        var outcome = await SendAsync(to: to);
        Assert.Equal((SendOutcomeKind.Accepted, Wamid, reported), (outcome.Kind, outcome.ProviderIds[0], outcome.NewAddress));
    }

    [Theory]
    [InlineData("accepted", SendOutcomeKind.Accepted)]
    [InlineData("held_for_quality_assessment", SendOutcomeKind.Accepted)]
    [InlineData("a_status_of_next_year", SendOutcomeKind.Accepted)]
    [InlineData("paused", SendOutcomeKind.BroadcastBlocked)]
    public async Task SendAsync_MessageStatus_IsUnderstood(string status, SendOutcomeKind kind)
    {
        Server.Response = Accepted(status: status);
        var outcome = await SendAsync(Template());
        Assert.Equal(kind, outcome.Kind);
        if (kind == SendOutcomeKind.BroadcastBlocked) Assert.Equal(FailureReason.TemplateRejected, outcome.Reason);
    }

    [Fact]
    public async Task SendAsync_AnswerWithNumbersWhereTextsWere_IsAccepted()
    {
        Server.Response = FakeHttpServer.Of(200, """{"contacts":[{"wa_id":5215512345678,"new":{}}],"messages":[{"id":12345,"message_status":7}],"extra":[1]}""");
        var outcome = await SendAsync(to: "525512345678");
        Assert.Equal(("12345", "5215512345678"), (outcome.ProviderIds[0], outcome.NewAddress));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task SendAsync_UpToThreeShortChoices_AreButtons(int count)
    {
        Server.Response = Accepted();
        await SendAsync(Choices(count, 20));

        var interactive = Body().GetProperty("interactive");
        Assert.Equal("interactive", Body().GetProperty("type").GetString());
        Assert.Equal("button", interactive.GetProperty("type").GetString());
        Assert.Equal("¿Cuál?", interactive.GetProperty("body").GetProperty("text").GetString());
        var buttons = interactive.GetProperty("action").GetProperty("buttons").EnumerateArray().ToArray();
        Assert.Equal(count, buttons.Length);
        Assert.All(buttons, b => Assert.Equal("reply", b.GetProperty("type").GetString()));
        Assert.Equal(count, buttons.Select(b => b.GetProperty("reply").GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(20, buttons[0].GetProperty("reply").GetProperty("title").GetString()!.Length);
    }

    [Theory]
    [InlineData(2, 21)]
    [InlineData(4, 10)]
    [InlineData(10, 24)]
    public async Task SendAsync_MoreOrLongerChoices_AreAList(int count, int length)
    {
        MoreSettings = """, "listButton": "Ver opciones" """;
        Server.Response = Accepted();
        await SendAsync(Choices(count, length));

        var interactive = Body().GetProperty("interactive");
        Assert.Equal("list", interactive.GetProperty("type").GetString());
        Assert.Equal("Ver opciones", interactive.GetProperty("action").GetProperty("button").GetString());
        var rows = interactive.GetProperty("action").GetProperty("sections")[0].GetProperty("rows");
        Assert.Equal(count, rows.GetArrayLength());
        Assert.Equal(length, rows[0].GetProperty("title").GetString()!.Length);
    }

    [Theory]
    [InlineData(11, 5, 6)]
    [InlineData(2, 25, 6)]
    [InlineData(2, 5, 1025)]
    public async Task SendAsync_ChoicesThatFitNoButtons_AreANumberedText(int count, int length, int prompt)
    {
        Server.Response = Accepted();
        var choices = Choices(count, length, new string('p', prompt));
        await SendAsync(choices);
        Assert.Equal(choices.AsText(), Body().GetProperty("text").GetProperty("body").GetString());
    }

    [Fact]
    public async Task SendAsync_TwoEqualChoices_AreANumberedText()
    {
        Server.Response = Accepted();
        await SendAsync(new ChoicesContent { Prompt = "¿Cuál?", Options = ["sí", "sí"] });
        Assert.Equal("¿Cuál?\n1. sí\n2. sí", Body().GetProperty("text").GetProperty("body").GetString());
    }

    public static TheoryData<MessageContent, FailureReason> Refused => new()
    {
        { new TextContent { Text = new string('a', 4097) }, FailureReason.TooLarge },
        { new ChoicesContent { Prompt = new string('p', 4095), Options = ["a", "b"] }, FailureReason.TooLarge },
        { File(caption: new string('c', 1025)), FailureReason.TooLarge },
        { File(size: (5 << 20) + 1), FailureReason.TooLarge },
        { File("image/webp", size: (500 << 10) + 1), FailureReason.TooLarge },
        { File("image/svg+xml"), FailureReason.MediaRejected },
        { new EmailContent { Subject = "s" }, FailureReason.UnsupportedContent },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task SendAsync_ContentThatMetaSurelyRefuses_IsRejectedWithoutACall(MessageContent content, FailureReason reason)
    {
        var outcome = await SendAsync(content);
        Assert.Equal((SendOutcomeKind.ContentRejected, reason), (outcome.Kind, outcome.Reason!.Value));
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task SendAsync_LongestText_IsSent()
    {
        Server.Response = Accepted();
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(new TextContent { Text = new string('a', 4096) })).Kind);
    }

    [Fact]
    public void Descriptor_Capabilities_AreThoseOfWhatsApp()
    {
        var descriptor = new WhatsAppCloudPlugin().Descriptor;
        Assert.Equal(("whatsapp-cloud", AddressKinds.WhatsApp), (descriptor.Id, descriptor.AddressKind));
        Assert.Equal(TimeSpan.FromHours(24), descriptor.Capabilities.MessagingWindow);
        Assert.Equal((4096, 80d, 1), (descriptor.Capabilities.MaxTextLength!.Value, descriptor.Capabilities.DefaultRatePerSecond!.Value, descriptor.Capabilities.MaxBatchSize));
        Assert.Null(descriptor.Capabilities.IdempotencyWindow);
        Assert.All(descriptor.Settings.Fields, f => Assert.NotEmpty(f.Label.Spanish ?? ""));
        Assert.Equal(["accessToken", "appSecret", "verifyToken"], descriptor.Settings.Fields.Where(f => f.Secret).Select(f => f.Name));
    }

    [Theory]
    [InlineData("baseUrl", "ftp://example.org", "baseUrl")]
    [InlineData("baseUrl", "graph.facebook.com", "baseUrl")]
    [InlineData("wabaId", Number, "wabaId")]
    [InlineData("wabaId", "", "wabaId")]
    [InlineData("phoneNumberId", "", "phoneNumberId")]
    [InlineData("accessToken", "", "accessToken")]
    [InlineData("appSecret", "", "appSecret")]
    public void Validate_SettingIsWrong_NamesItInBothLanguages(string name, string value, string problem)
    {
        var settings = JsonSerializer.Deserialize<Dictionary<string, string>>(Settings("https://graph.example"))!;
        settings["appSecretProof"] = "true";
        settings[name] = value;
        using var context = new FakeChannelContext(JsonSerializer.Serialize(settings));

        var found = Assert.Single(new WhatsAppCloudPlugin().Validate(context));
        Assert.Equal(problem, found.Setting);
        Assert.NotEmpty(found.MessageEs ?? "");
        Assert.DoesNotContain(Token, found.Message, StringComparison.Ordinal);
    }

    private static ChoicesContent Choices(int count, int length, string prompt = "¿Cuál?") => new()
    {
        Prompt = prompt,
        Options = [.. Enumerable.Range(10, count).Select(i => i.ToString(CultureInfo.InvariantCulture).PadRight(length, 'x'))],
    };
}
