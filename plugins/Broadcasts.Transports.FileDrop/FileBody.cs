using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Broadcasts.Transports.FileDrop;

/// <summary>A message as the bytes of a file.</summary>
internal static class FileBody
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Of(OutboundMessage message, FileFormat format, DateTimeOffset at) => format switch
    {
        FileFormat.Eml => EmlWriter.Write(message, at),
        FileFormat.Text => Encoding.UTF8.GetBytes(Text(message)),
        _ => Json(message, at),
    };

    private static string Text(OutboundMessage message) =>
        $"To: {(message.ToName is { Length: > 0 } name ? $"{name} <{message.To}>" : message.To)}\nId: {message.Id}\n{Plain(message.Content)}\n";

    private static string Plain(MessageContent content) => content switch
    {
        TextContent text => "\n" + text.Text,
        ChoicesContent choices => "\n" + choices.AsText(),
        FileContent file => $"File: {file.FileName} ({file.MediaType}, {file.Bytes.Length} bytes)\n\n{file.Caption}",
        TemplateContent template => $"Template: {template.Name} ({template.Language})\n\n" +
            string.Join('\n', template.Parameters.Select(p => $"{p.Component}{(p.Name is null ? "" : "." + p.Name)}: {p.Value}")),
        EmailContent email => $"Subject: {email.Subject}\n\n{email.Text ?? email.Html}",
        _ => content.Kind.ToString(),
    };

    // Written by hand rather than by reflection: System.Text.Json's caches would keep this plugin alive after its unload.
    private static byte[] Json(OutboundMessage message, DateTimeOffset at)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("id", message.Id);
            json.WriteString("to", message.To);
            Optional(json, "toName", message.ToName);
            json.WriteNumber("attempt", message.Attempt);
            json.WriteString("writtenAt", at.UtcDateTime);
            Optional(json, "broadcastId", message.BroadcastId);
            Optional(json, "unsubscribeUrl", message.UnsubscribeUrl);
            if (message.ExpiresAt is { } expires) json.WriteString("expiresAt", expires.UtcDateTime);
            if (message.IsTest) json.WriteBoolean("test", true);
            json.WriteStartObject("content");
            Content(json, message.Content);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void Content(Utf8JsonWriter json, MessageContent content)
    {
        json.WriteString("type", JsonNamingPolicy.CamelCase.ConvertName(content.Kind.ToString()));
        switch (content)
        {
            case TextContent text:
                json.WriteString("text", text.Text);
                break;
            case ChoicesContent choices:
                json.WriteString("prompt", choices.Prompt);
                json.WriteStartArray("options");
                foreach (var option in choices.Options) json.WriteStringValue(option);
                json.WriteEndArray();
                break;
            case FileContent file:
                json.WriteString("fileName", file.FileName);
                json.WriteString("mediaType", file.MediaType);
                Optional(json, "caption", file.Caption);
                json.WriteBase64String("bytes", file.Bytes.Span);
                break;
            case TemplateContent template:
                Template(json, template);
                break;
            case EmailContent email:
                json.WriteString("subject", email.Subject);
                Optional(json, "text", email.Text);
                Optional(json, "html", email.Html);
                Optional(json, "from", email.From);
                Optional(json, "replyTo", email.ReplyTo);
                break;
        }
    }

    private static void Template(Utf8JsonWriter json, TemplateContent template)
    {
        json.WriteString("name", template.Name);
        json.WriteString("language", template.Language);
        json.WriteStartArray("parameters");
        foreach (var parameter in template.Parameters)
        {
            json.WriteStartObject();
            json.WriteString("component", parameter.Component);
            Optional(json, "name", parameter.Name);
            json.WriteString("value", parameter.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }
}
