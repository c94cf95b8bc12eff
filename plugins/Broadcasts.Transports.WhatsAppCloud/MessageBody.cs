using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>A message as the Cloud API takes it.</summary>
internal static class MessageBody
{
    /// <summary>Why Meta would surely refuse the content; null when it may go.</summary>
    public static SendOutcome? Fault(MessageContent content) => content switch
    {
        TextContent text => TooLong(text.Text, Limits.Text),
        ChoicesContent choices => ShapeOf(choices) == ChoicesShape.Text ? TooLong(choices.AsText(), Limits.Text) : null,
        FileContent file => TooLong(file.Caption ?? "", Limits.Caption) ?? FileFault(file),
        TemplateContent template => TemplateFault(template),
        _ => SendOutcome.ContentRejected(FailureReason.UnsupportedContent, "WhatsApp carries texts, choices, files and templates."),
    };

    public static byte[] Bytes(OutboundMessage message, Recipient recipient, string? mediaId, WhatsAppCloudSettings settings)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("messaging_product", "whatsapp");
            json.WriteString("recipient_type", "individual");
            json.WriteString(recipient.Field, recipient.Value);
            // Returned with every status: a receipt finds its row even when this call's answer is lost.
            json.WriteString("biz_opaque_callback_data", message.Id);
            if (IsMarketing(message.Content, settings)) json.WriteString("product_policy", "CLOUD_API_FALLBACK");
            WriteContent(json, message.Content, mediaId, settings);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>True when the message goes through the Marketing Messages API, which takes templates alone.</summary>
    public static bool IsMarketing(MessageContent content, WhatsAppCloudSettings settings) => settings.MarketingEndpoint && content is TemplateContent;

    private static void WriteContent(Utf8JsonWriter json, MessageContent content, string? mediaId, WhatsAppCloudSettings settings)
    {
        switch (content)
        {
            case TextContent text:
                WriteText(json, text.Text, settings);
                break;
            case ChoicesContent choices when ShapeOf(choices) is var shape and not ChoicesShape.Text:
                WriteInteractive(json, choices, shape, settings);
                break;
            case ChoicesContent choices:
                WriteText(json, choices.AsText(), settings);
                break;
            case FileContent file:
                WriteFile(json, file, mediaId!);
                break;
            case TemplateContent template:
                TemplateBody.Write(json, template);
                break;
        }
    }

    private static void WriteText(Utf8JsonWriter json, string text, WhatsAppCloudSettings settings)
    {
        json.WriteString("type", "text");
        json.WriteStartObject("text");
        json.WriteBoolean("preview_url", settings.LinkPreview);
        json.WriteString("body", text);
        json.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter json, FileContent file, string mediaId)
    {
        var kind = MediaKinds.Of(file);
        json.WriteString("type", kind);
        json.WriteStartObject(kind);
        json.WriteString("id", mediaId);
        if (!string.IsNullOrEmpty(file.Caption)) json.WriteString("caption", file.Caption);
        if (kind == "document") json.WriteString("filename", file.FileName.Length <= Limits.FileName ? file.FileName : file.FileName[^Limits.FileName..]);
        json.WriteEndObject();
    }

    private static void WriteInteractive(Utf8JsonWriter json, ChoicesContent choices, ChoicesShape shape, WhatsAppCloudSettings settings)
    {
        json.WriteString("type", "interactive");
        json.WriteStartObject("interactive");
        json.WriteString("type", shape == ChoicesShape.Buttons ? "button" : "list");
        json.WriteStartObject("body");
        json.WriteString("text", choices.Prompt);
        json.WriteEndObject();
        json.WriteStartObject("action");
        if (shape == ChoicesShape.Buttons) WriteButtons(json, choices.Options);
        else WriteRows(json, choices.Options, settings.ListButton);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteButtons(Utf8JsonWriter json, string[] options)
    {
        json.WriteStartArray("buttons");
        for (var i = 0; i < options.Length; i++)
        {
            json.WriteStartObject();
            json.WriteString("type", "reply");
            json.WriteStartObject("reply");
            json.WriteString("id", IdOf(i));
            json.WriteString("title", options[i]);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteRows(Utf8JsonWriter json, string[] options, string button)
    {
        json.WriteString("button", button);
        json.WriteStartArray("sections");
        json.WriteStartObject();
        json.WriteStartArray("rows");
        for (var i = 0; i < options.Length; i++)
        {
            json.WriteStartObject();
            json.WriteString("id", IdOf(i));
            json.WriteString("title", options[i]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static string IdOf(int option) => "option-" + (option + 1).ToString(CultureInfo.InvariantCulture);

    // Interactive messages have short, different titles and a short prompt; whatever does not fit goes as a numbered text, whole.
    private static ChoicesShape ShapeOf(ChoicesContent choices)
    {
        var options = choices.Options;
        var fits = choices.Prompt.Length is > 0 and <= Limits.InteractiveBody && options.All(o => !string.IsNullOrWhiteSpace(o)) && options.Distinct(StringComparer.Ordinal).Count() == options.Length;
        return fits && options.Length is >= 1 and <= Limits.Buttons && options.All(o => o.Length <= Limits.ButtonTitle) ? ChoicesShape.Buttons
            : fits && options.Length is >= 1 and <= Limits.ListRows && options.All(o => o.Length <= Limits.RowTitle) ? ChoicesShape.List
            : ChoicesShape.Text;
    }

    private static SendOutcome? TooLong(string text, int most) =>
        text.Length <= most ? null : SendOutcome.ContentRejected(FailureReason.TooLarge, string.Create(CultureInfo.InvariantCulture, $"The text has {text.Length} characters; WhatsApp takes {most}."));

    private static SendOutcome? FileFault(FileContent file) =>
        !MediaKinds.Types.Contains(MediaKinds.Plain(file.MediaType)) ? SendOutcome.ContentRejected(FailureReason.MediaRejected, $"WhatsApp does not take files of type {MediaKinds.Plain(file.MediaType)}.")
        : file.Bytes.Length > MediaKinds.MostBytes(file.MediaType) ? SendOutcome.ContentRejected(FailureReason.TooLarge, string.Create(CultureInfo.InvariantCulture, $"The file has {file.Bytes.Length} bytes; WhatsApp takes {MediaKinds.MostBytes(file.MediaType)} of {MediaKinds.Plain(file.MediaType)}."))
        : null;

    // The same for every recipient, so the broadcast is stopped and nobody is failed.
    private static SendOutcome? TemplateFault(TemplateContent template) => TemplateBody.FirstMisplaced(template) is { } misplaced
        ? SendOutcome.BroadcastBlocked(FailureReason.TemplateRejected, $"No part of a template is called '{misplaced.Component}{(misplaced.Name is null ? "" : "." + misplaced.Name)}'. There are header, header.image, header.video, header.document, body, body.NAME, button.0.")
        : null;

    private enum ChoicesShape
    {
        Text,
        Buttons,
        List,
    }
}
