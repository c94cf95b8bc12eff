using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Messages of contacts, and what WhatsApp itself says in their place.</summary>
internal static class InboundEvents
{
    private static readonly string[] Captioned = ["image", "video", "document"];

    public static IEnumerable<TransportEvent> Of(Change change, string[] optOutPayloads) =>
        change.Value.Items("messages").SelectMany(message => message.Text("type") == "system" ? Moved(change, message) : Said(change, message, optOutPayloads));

    private static IEnumerable<TransportEvent> Said(Change change, JsonElement message, string[] optOutPayloads)
    {
        // Somebody with a username comes without a number.
        var from = message.Text("from") ?? message.Text("from_user_id");
        if (message.Text("id") is not { } id || from is null) yield break;

        var at = change.TimeOf(message);
        yield return new InboundMessage { Key = id, At = at, From = from, FromName = NameOf(change.Value, message), Text = TextOf(message) };

        // The payload of a quick reply is seen here alone; the reply's text is the button's title.
        if (message.Member("button").Text("payload") is { } payload && optOutPayloads.Contains(payload, StringComparer.OrdinalIgnoreCase))
        {
            yield return new ConsentChange { Key = $"{id}:opt-out", At = at, Address = from, IsOptedOut = true, Detail = payload };
        }
    }

    private static string? TextOf(JsonElement message)
    {
        var type = message.Text("type") ?? "";
        var interactive = message.Member("interactive");
        return type switch
        {
            "text" => message.Member("text").Text("body"),
            "button" => message.Member("button").Text("text") ?? message.Member("button").Text("payload"),
            "interactive" => interactive.Member("button_reply").Text("title") ?? interactive.Member("list_reply").Text("title") ?? interactive.Member("nfm_reply").Text("body"),
            "reaction" => message.Member("reaction").Text("emoji"),
            _ when Captioned.Contains(type) => message.Member(type).Text("caption"),
            _ => null,
        };
    }

    private static string? NameOf(JsonElement value, JsonElement message)
    {
        var number = message.Text("from");
        var user = message.Text("from_user_id");
        var contact = value.Items("contacts").FirstOrDefault(c => (number is not null && c.Text("wa_id") == number) || (user is not null && c.Text("user_id") == user));
        return contact.Member("profile").Text("name");
    }

    /// <summary>
    /// A contact's number or user id changed (system messages <c>user_changed_number</c> and <c>user_changed_user_id</c>). The old ones stand at
    /// the message, the new ones in its body.
    /// </summary>
    private static IEnumerable<TransportEvent> Moved(Change change, JsonElement message)
    {
        var system = message.Member("system");
        if (message.Text("id") is not { } id || system.Text("type") is not ("user_changed_number" or "user_changed_user_id")) return [];

        var at = change.TimeOf(message);
        return UserEvents.Moves(id, at,
            (message.Text("from") ?? system.Text("customer"), system.Text("wa_id") ?? system.Text("new_wa_id")),
            (message.Text("from_user_id") ?? system.Text("previous_user_id"), system.Text("user_id")));
    }
}
