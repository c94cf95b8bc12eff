using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports.Telegram;

/// <summary>Translates updates: messages, pressed buttons, blocks. Kinds that are not known say nothing.</summary>
internal sealed class UpdateReader(TelegramSettings settings, TimeProvider time)
{
    /// <summary>What the bot asks to be told.</summary>
    public static readonly string[] Kinds = ["message", "callback_query", "my_chat_member"];

    private readonly string[] _optOutWords = (settings.OptOutWords ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public IEnumerable<TransportEvent> Read(JsonElement update)
    {
        if (update.Whole("update_id") is not { } number) return [];
        var key = number.ToString(CultureInfo.InvariantCulture);
        if (update.Member("message") is { ValueKind: JsonValueKind.Object } message) return OfMessage(key, message);
        if (update.Member("callback_query") is { ValueKind: JsonValueKind.Object } query) return OfButton(key, query);
        return update.Member("my_chat_member") is { ValueKind: JsonValueKind.Object } change ? OfMembership(key, change) : [];
    }

    private IEnumerable<TransportEvent> OfMessage(string key, JsonElement message)
    {
        if (message.Member("chat").Text("id") is not { } chat) yield break;
        var at = message.Time("date") ?? time.GetUtcNow();
        var next = message.Text("migrate_to_chat_id");
        if (next is not null) yield return new AddressChange { Key = key, At = at, OldAddress = chat, NewAddress = next };
        // A group says it twice: as the old one and as the new one.
        if (next is not null || message.Text("migrate_from_chat_id") is not null) yield break;

        var text = message.Text("text") ?? message.Text("caption");
        yield return new InboundMessage { Key = key, At = at, From = chat, FromName = NameOf(message.Member("from")), Text = text };
        // A group's member does not speak for the group.
        if (message.Member("chat").Text("type") is not (null or "private")) yield break;
        if (IsOptOut(text)) yield return Consent(key, at, chat, isOut: true, text!);
        else if (IsStart(text)) yield return Consent(key, at, chat, isOut: false, "/start");
    }

    private IEnumerable<TransportEvent> OfButton(string key, JsonElement query)
    {
        if ((query.Member("message").Member("chat").Text("id") ?? query.Member("from").Text("id")) is not { } chat) yield break;
        var text = MessageForm.Chosen(query);
        // The query has no time of its own; that of the message is when it was sent.
        var at = time.GetUtcNow();
        yield return new InboundMessage { Key = key, At = at, From = chat, FromName = NameOf(query.Member("from")), Text = text };
        if (IsOptOut(text)) yield return Consent(key, at, chat, isOut: true, text!);
    }

    private IEnumerable<TransportEvent> OfMembership(string key, JsonElement change)
    {
        if (change.Member("chat").Text("id") is not { } chat) yield break;
        var at = change.Time("date") ?? time.GetUtcNow();
        switch (change.Member("new_chat_member").Text("status"))
        {
            case "kicked" or "left":
                yield return Consent(key, at, chat, isOut: true, "The bot was blocked or removed.");
                break;
            case "member" or "administrator":
                yield return Consent(key, at, chat, isOut: false, "The bot was started or added.");
                break;
        }
    }

    private bool IsOptOut(string? text) => text is not null && _optOutWords.Contains(text.Trim().TrimEnd('.', '!'), StringComparer.OrdinalIgnoreCase);

    private static bool IsStart(string? text) => text is not null && (text == "/start" || text.StartsWith("/start ", StringComparison.Ordinal));

    private static ConsentChange Consent(string key, DateTimeOffset at, string chat, bool isOut, string words) =>
        new() { Key = $"{key}:consent", At = at, Address = chat, IsOptedOut = isOut, Detail = words };

    private static string? NameOf(JsonElement from)
    {
        var name = $"{from.Text("first_name")} {from.Text("last_name")}".Trim();
        return name.Length > 0 ? name : from.Text("username");
    }
}
