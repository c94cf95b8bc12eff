using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.Telegram;

/// <summary>A message as the Bot API takes it.</summary>
internal sealed class MessageForm(TelegramSettings settings)
{
    /// <summary>Characters of a text after its entities are read.</summary>
    public const int LongestText = 4096;

    /// <summary>Buttons of a keyboard.</summary>
    public const int MostChoices = 100;

    private const int LongestCaption = 1024;
    private const string ChoiceMark = "choice:";

    /// <summary>What can't be sent at all; null when it can.</summary>
    public static SendOutcome? Fault(MessageContent content) => content switch
    {
        // With tags in it the text may be longer: Telegram counts what is left of it.
        TextContent { Text.Length: > 4 * LongestText } or ChoicesContent { Prompt.Length: > 4 * LongestText } => SendOutcome.ContentRejected(FailureReason.TooLarge, $"Telegram takes texts of {LongestText} characters."),
        FileContent { Bytes.Length: > MediaMethod.LargestFile } => SendOutcome.ContentRejected(FailureReason.TooLarge, "Telegram takes files of 50 MB from a bot."),
        FileContent { Caption.Length: > 4 * LongestCaption } => SendOutcome.ContentRejected(FailureReason.TooLarge, $"Telegram takes captions of {LongestCaption} characters."),
        TextContent or ChoicesContent or FileContent => null,
        _ => SendOutcome.ContentRejected(FailureReason.UnsupportedContent, $"Telegram can't carry {content.Kind}."),
    };

    /// <summary>Fields of a text or of options.</summary>
    public void Write(Utf8JsonWriter json, string chat, MessageContent content, bool isFormatted)
    {
        Common(json, chat);
        json.WriteString("text", content switch
        {
            ChoicesContent choices when !HasKeyboard(choices) => choices.AsText(),
            ChoicesContent choices => choices.Prompt,
            _ => ((TextContent)content).Text,
        });
        if (isFormatted) json.WriteString("parse_mode", "HTML");
        if (!settings.LinkPreview)
        {
            json.WriteStartObject("link_preview_options");
            json.WriteBoolean("is_disabled", true);
            json.WriteEndObject();
        }

        if (content is ChoicesContent offered && HasKeyboard(offered)) Keyboard(json, offered);
    }

    /// <summary>Fields of a file that Telegram has.</summary>
    public void Write(Utf8JsonWriter json, string chat, FileContent file, MediaMethod method, string fileId, bool isFormatted)
    {
        Common(json, chat);
        json.WriteString(method.Field, fileId);
        if (file.Caption is { Length: > 0 } caption) json.WriteString("caption", caption);
        if (isFormatted) json.WriteString("parse_mode", "HTML");
    }

    /// <summary>A file with its bytes.</summary>
    public MultipartFormDataContent Upload(string chat, FileContent file, MediaMethod method, bool isFormatted)
    {
        var form = UploadForm.New();
        UploadForm.Add(form, "chat_id", chat);
        if (file.Caption is { Length: > 0 } caption) UploadForm.Add(form, "caption", caption);
        if (isFormatted) UploadForm.Add(form, "parse_mode", "HTML");
        if (settings.Silent) UploadForm.Add(form, "disable_notification", "true");
        if (settings.Protect) UploadForm.Add(form, "protect_content", "true");
        if (settings.PaidBroadcast) UploadForm.Add(form, "allow_paid_broadcast", "true");
        UploadForm.Add(form, method.Field, file, file.MediaType);
        return form;
    }

    /// <summary>The option that a button stands for: a callback carries 64 bytes at most, so the button's own words are looked up in the message.</summary>
    public static string? Chosen(JsonElement query)
    {
        var data = query.Text("data");
        foreach (var row in query.Member("message").Member("reply_markup").Items("inline_keyboard").Where(r => r.ValueKind == JsonValueKind.Array))
        {
            foreach (var button in row.EnumerateArray())
            {
                if (button.Text("callback_data") is { } its && its == data) return button.Text("text");
            }
        }

        return data;
    }

    private bool HasKeyboard(ChoicesContent choices) => settings.Keyboard != KeyboardKind.None && choices.Options.Length <= MostChoices && choices.Options.All(o => !string.IsNullOrWhiteSpace(o));

    private void Keyboard(Utf8JsonWriter json, ChoicesContent choices)
    {
        var isInline = settings.Keyboard == KeyboardKind.Inline;
        json.WriteStartObject("reply_markup");
        json.WriteStartArray(isInline ? "inline_keyboard" : "keyboard");
        for (var i = 0; i < choices.Options.Length; i++)
        {
            json.WriteStartArray();
            json.WriteStartObject();
            json.WriteString("text", choices.Options[i]);
            if (isInline) json.WriteString("callback_data", Encoding.UTF8.GetByteCount(choices.Options[i]) <= 64 ? choices.Options[i] : ChoiceMark + (i + 1).ToString(CultureInfo.InvariantCulture));
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndArray();
        if (!isInline)
        {
            json.WriteBoolean("one_time_keyboard", true);
            json.WriteBoolean("resize_keyboard", true);
        }

        json.WriteEndObject();
    }

    private void Common(Utf8JsonWriter json, string chat)
    {
        if (long.TryParse(chat, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id)) json.WriteNumber("chat_id", id);
        else json.WriteString("chat_id", chat);
        if (settings.Silent) json.WriteBoolean("disable_notification", true);
        if (settings.Protect) json.WriteBoolean("protect_content", true);
        if (settings.PaidBroadcast) json.WriteBoolean("allow_paid_broadcast", true);
    }
}
