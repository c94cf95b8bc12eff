using Xunit;

namespace Broadcasts.Transports;

public sealed class WhatsAppInboundTests : WhatsAppTests
{
    [Theory]
    [InlineData("""  "type":"text","text":{"body":"hola"}""", "hola")]
    [InlineData("""  "type":"button","button":{"text":"Sí","payload":"YES"}""", "Sí")]
    [InlineData("""  "type":"button","button":{"payload":"YES"}""", "YES")]
    [InlineData("""  "type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"option-1","title":"Rojo"}}""", "Rojo")]
    [InlineData("""  "type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"option-2","title":"Azul","description":"d"}}""", "Azul")]
    [InlineData("""  "type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"{}"}}""", "Sent")]
    [InlineData("""  "type":"image","image":{"id":"1","mime_type":"image/jpeg","caption":"mira"}""", "mira")]
    [InlineData("""  "type":"video","video":{"id":"1","caption":"mira"}""", "mira")]
    [InlineData("""  "type":"document","document":{"id":"1","caption":"mira","filename":"f"}""", "mira")]
    [InlineData("""  "type":"audio","audio":{"id":"1"}""", null)]
    [InlineData("""  "type":"reaction","reaction":{"message_id":"w","emoji":"👍"}""", "👍")]
    [InlineData("""  "type":"location","location":{"latitude":1}""", null)]
    [InlineData("""  "type":"a_type_of_next_year","text":7""", null)]
    public async Task ReceiveAsync_Message_IsFromTheContactWithItsText(string content, string? text)
    {
        var message = Assert.IsType<InboundMessage>(Assert.Single(await EventsAsync("messages", OfNumber(
            $$""" "contacts":[{"profile":{"name":"Ana"},"wa_id":"5215512345678","user_id":"MX.1"}],"messages":[{"from":"5215512345678","from_user_id":"MX.1","id":"wamid.1","timestamp":"1772366399","context":{"id":"{{Wamid}}"},{{content}}}] """))));
        Assert.Equal(("5215512345678", "Ana", text, "wamid.1"), (message.From, message.FromName, message.Text, message.Key));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1772366399), message.At);
        Assert.Null(message.InReplyTo);
    }

    [Fact]
    public async Task ReceiveAsync_SenderHasAUsernameAndNoNumber_IsKnownByTheUserId()
    {
        var message = Assert.IsType<InboundMessage>(Assert.Single(await EventsAsync("messages", OfNumber(
            """ "contacts":[{"profile":{"name":"Ana","username":"ana"},"user_id":"MX.1"}],"messages":[{"from_user_id":"MX.1","id":"wamid.1","timestamp":"1772366399","type":"text","text":{"body":"hola"}}] """))));
        Assert.Equal(("MX.1", "Ana"), (message.From, message.FromName));
    }

    [Theory]
    [InlineData("STOP", true)]
    [InlineData("baja", true)]
    [InlineData("YES", false)]
    public async Task ReceiveAsync_QuickReplyWithAnOptOutPayload_OptsOut(string payload, bool optsOut)
    {
        var events = await EventsAsync("messages", OfNumber(
            $$$""" "messages":[{"from":"34600000001","id":"wamid.1","timestamp":"1772366399","type":"button","button":{"text":"No quiero más","payload":"{{{payload}}}"}}] """));
        Assert.Equal("No quiero más", Assert.Single(events.OfType<InboundMessage>()).Text);
        Assert.Equal(optsOut ? ["34600000001"] : [], events.OfType<ConsentChange>().Where(c => c.IsOptedOut).Select(c => c.Address));
        Assert.Distinct(events.Select(e => e.Key));
    }

    [Theory]
    [InlineData("stop", true)]
    [InlineData("resume", false)]
    [InlineData("STOP", true)]
    public async Task ReceiveAsync_UserPreference_IsAConsentChange(string value, bool isOptedOut)
    {
        var events = await EventsAsync("user_preferences", OfNumber(
            $$""" "contacts":[{"wa_id":"34600000001"}],"user_preferences":[{"wa_id":"34600000001","detail":"User requested","category":"marketing_messages","value":"{{value}}","timestamp":"1772366399"},{"user_id":"MX.1","category":"marketing_messages","value":"{{value}}","timestamp":1772366399}] """));
        Assert.Equal(["34600000001", "MX.1"], events.Cast<ConsentChange>().Select(c => c.Address));
        Assert.All(events.Cast<ConsentChange>(), c => Assert.Equal(isOptedOut, c.IsOptedOut));
        Assert.Equal("User requested", ((ConsentChange)events[0]).Detail);
        Assert.Distinct(events.Select(e => e.Key));
    }

    [Theory]
    [InlineData("""  "from":"16505551234","system":{"type":"user_changed_number","wa_id":"12195555358","body":"User A changed"}""", "16505551234", "12195555358")]
    [InlineData("""  "from":"16505551234","system":{"type":"user_changed_number","new_wa_id":"12195555358"}""", "16505551234", "12195555358")]
    [InlineData("""  "system":{"type":"user_changed_number","customer":"16505551234","wa_id":"12195555358"}""", "16505551234", "12195555358")]
    [InlineData("""  "from_user_id":"US.1","system":{"type":"user_changed_user_id","user_id":"US.2"}""", "US.1", "US.2")]
    [InlineData("""  "system":{"type":"user_changed_user_id","previous_user_id":"US.1","user_id":"US.2"}""", "US.1", "US.2")]
    public async Task ReceiveAsync_ContactMoved_IsAnAddressChange(string content, string old, string @new)
    {
        var change = Assert.IsType<AddressChange>(Assert.Single(await EventsAsync("messages", OfNumber($$""" "messages":[{"id":"wamid.1","timestamp":"1772366399","type":"system",{{content}}}] """))));
        Assert.Equal((old, @new), (change.OldAddress, change.NewAddress));
    }

    [Fact]
    public async Task ReceiveAsync_NumberAndUserIdMovedTogether_AreTwoChanges()
    {
        var events = await EventsAsync("messages", OfNumber(
            """ "messages":[{"from":"16505551234","from_user_id":"US.1","id":"wamid.1","timestamp":"1772366399","type":"system","system":{"type":"user_changed_number","wa_id":"12195555358","user_id":"US.2"}}] """));
        Assert.Equal(["12195555358", "US.2"], events.Cast<AddressChange>().Select(c => c.NewAddress));
        Assert.Distinct(events.Select(e => e.Key));
    }

    [Theory]
    [InlineData("""  "from":"16505551234","system":{"type":"user_changed_number"}""")]
    [InlineData("""  "from":"16505551234","system":{"type":"user_changed_number","wa_id":"16505551234"}""")]
    [InlineData("""  "from":"16505551234","system":{"type":"user_identity_changed","wa_id":"1"}""")]
    public async Task ReceiveAsync_SystemMessageWithoutANewAddress_SaysNothing(string content) =>
        Assert.Empty(await EventsAsync("messages", OfNumber($$""" "messages":[{"id":"wamid.1","timestamp":"1772366399","type":"system",{{content}}}] """)));

    [Fact]
    public async Task ReceiveAsync_UserIdUpdate_IsAnAddressChangePerKindOfId()
    {
        var events = await EventsAsync("user_id_update", OfNumber(
            """ "user_id_update":[{"wa_id":"16505551234","detail":"updated","user_id":{"previous":"US.1","current":"US.2"},"parent_user_id":{"previous":"US.ENT.1","current":"US.ENT.2"},"timestamp":"1772366399"}] """));
        Assert.Equal([("US.1", "US.2"), ("US.ENT.1", "US.ENT.2")], events.Cast<AddressChange>().Select(c => (c.OldAddress, c.NewAddress)));
    }

    [Theory]
    [InlineData("messages", """ "messages":[{"from":"1234567","id":"w","type":"text","text":{"body":"a"}}] """)]
    [InlineData("user_preferences", """ "user_preferences":[{"wa_id":"1234567","value":"stop"}] """)]
    [InlineData("user_id_update", """ "user_id_update":[{"user_id":{"previous":"US.1","current":"US.2"}}] """)]
    public async Task ReceiveAsync_OfAnotherNumber_IsIgnored(string field, string rest) => Assert.Empty(await EventsAsync(field, OfNumber(rest, number: "999")));
}
