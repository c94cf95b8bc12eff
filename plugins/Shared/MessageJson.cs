using System.Text.Json;

namespace Broadcasts.Transports;

/// <summary>A message as JSON, for programs. Written by hand: the caches of reflection-based JSON would keep a plugin in memory after its unload.</summary>
internal static class MessageJson
{
    public static byte[] Bytes(OutboundMessage message, JsonWriterOptions options, Action<Utf8JsonWriter>? more = null)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteString("id", message.Id);
            json.WriteString("to", message.To);
            Optional(json, "toName", message.ToName);
            json.WriteNumber("attempt", message.Attempt);
            Optional(json, "broadcastId", message.BroadcastId);
            Optional(json, "unsubscribeUrl", message.UnsubscribeUrl);
            if (message.ExpiresAt is { } expires) json.WriteString("expiresAt", expires.UtcDateTime);
            if (message.IsTest) json.WriteBoolean("test", true);
            more?.Invoke(json);
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
