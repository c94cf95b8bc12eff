using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>A call of a template as the Cloud API takes it.</summary>
internal static class TemplateBody
{
    /// <summary>The first parameter that belongs nowhere; null when all have a place.</summary>
    public static TemplateParameter? FirstMisplaced(TemplateContent template) => template.Parameters.FirstOrDefault(p => TemplatePlace.Of(p) is null);

    public static void Write(Utf8JsonWriter json, TemplateContent template)
    {
        json.WriteString("type", "template");
        json.WriteStartObject("template");
        json.WriteString("name", template.Name);
        json.WriteStartObject("language");
        json.WriteString("policy", "deterministic");
        json.WriteString("code", Code(template.Language));
        json.WriteEndObject();
        if (template.Parameters.Length > 0) WriteComponents(json, template);
        json.WriteEndObject();
    }

    /// <summary>Meta writes <c>es_MX</c> where BCP 47 writes <c>es-MX</c>.</summary>
    public static string Code(string language) => language.Replace('-', '_');

    private static void WriteComponents(Utf8JsonWriter json, TemplateContent template)
    {
        var placed = template.Parameters.Select(p => (Place: TemplatePlace.Of(p)!, p.Value)).ToArray();
        json.WriteStartArray("components");
        WriteTexts(json, "header", placed);
        WriteTexts(json, "body", placed);
        foreach (var (place, value) in placed.Where(p => p.Place.Part == "button").OrderBy(p => p.Place.Number)) WriteButton(json, place, value);
        json.WriteEndArray();
    }

    private static void WriteTexts(Utf8JsonWriter json, string part, (TemplatePlace Place, string Value)[] all)
    {
        var mine = all.Where(p => p.Place.Part == part).ToArray();
        if (mine.Length == 0) return;
        // By their numbers when all have one; otherwise in the order written.
        if (mine.All(p => p.Place.Number is not null)) mine = [.. mine.OrderBy(p => p.Place.Number)];

        json.WriteStartObject();
        json.WriteString("type", part);
        json.WriteStartArray("parameters");
        foreach (var (place, value) in mine) WriteParameter(json, place, value);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteParameter(Utf8JsonWriter json, TemplatePlace place, string value)
    {
        json.WriteStartObject();
        json.WriteString("type", place.Kind);
        if (place.Kind == "text")
        {
            if (place.Name is not null) json.WriteString("parameter_name", place.Name);
            json.WriteString("text", value);
        }
        else
        {
            WriteFile(json, place.Kind, value.Trim());
        }

        json.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter json, string kind, string value)
    {
        var isLink = value.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || value.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
        json.WriteStartObject(kind);
        json.WriteString(isLink ? "link" : "id", value);
        // Without a name the recipient sees "Untitled".
        if (kind == "document" && isLink && Uri.TryCreate(value, UriKind.Absolute, out var url) && Path.GetFileName(Uri.UnescapeDataString(url.AbsolutePath)) is { Length: > 0 and <= Limits.FileName } name)
        {
            json.WriteString("filename", name);
        }

        json.WriteEndObject();
    }

    private static void WriteButton(Utf8JsonWriter json, TemplatePlace place, string value)
    {
        json.WriteStartObject();
        json.WriteString("type", "button");
        json.WriteString("sub_type", place.Kind);
        json.WriteString("index", place.Number!.Value.ToString(CultureInfo.InvariantCulture));
        json.WriteStartArray("parameters");
        json.WriteStartObject();
        switch (place.Kind)
        {
            case "quick_reply":
                json.WriteString("type", "payload");
                json.WriteString("payload", value);
                break;
            case "copy_code":
                json.WriteString("type", "coupon_code");
                json.WriteString("coupon_code", value);
                break;
            case "flow":
                json.WriteString("type", "action");
                json.WriteStartObject("action");
                json.WriteString("flow_token", value);
                json.WriteEndObject();
                break;
            default:
                json.WriteString("type", "text");
                json.WriteString("text", value);
                break;
        }

        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
