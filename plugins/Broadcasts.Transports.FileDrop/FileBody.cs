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
        _ => MessageJson.Bytes(message, Readable, json => json.WriteString("writtenAt", at.UtcDateTime)),
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
}
