using System.Globalization;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>
/// Where a parameter of a template belongs. Component and name are read together, so <c>body</c> with the name <c>first_name</c> is
/// <c>body.first_name</c>:
/// <list type="bullet">
/// <item><c>header</c>, <c>header.1</c>: text of the header; <c>header.NAME</c> for a named one;</item>
/// <item><c>header.image</c>, <c>header.video</c>, <c>header.document</c>: a file, as an https address or an id of uploaded media;</item>
/// <item><c>body</c>: the next text of the body; <c>body.2</c> for its number, <c>body.NAME</c> for a named one;</item>
/// <item><c>button.0</c>: what is put into the address of the first button; <c>button.0.quick_reply</c> its payload,
/// <c>button.0.copy_code</c> the code to copy, <c>button.0.flow</c> the token of a flow.</item>
/// </list>
/// </summary>
/// <param name="Part">header, body or button.</param>
/// <param name="Number">Position from 1, or the button's index from 0; null for the order in which they come.</param>
/// <param name="Name">Name of a named parameter.</param>
/// <param name="Kind">Text or the kind of file; the kind of button.</param>
internal sealed record TemplatePlace(string Part, int? Number, string? Name, string Kind)
{
    private const int MostButtons = 10;

    /// <summary>The place of a parameter; null when there is no such place.</summary>
    public static TemplatePlace? Of(TemplateParameter parameter)
    {
        var written = string.IsNullOrEmpty(parameter.Name) ? parameter.Component : $"{parameter.Component}.{parameter.Name}";
        var (part, rest) = written.Trim().Split('.', 2) switch
        {
            [var only] => (only, null),
            var both => (both[0], both[1]),
        };
        return part switch
        {
            "header" when rest is "image" or "video" or "document" => new(part, null, null, rest),
            "header" when rest != "location" => Text(part, rest),
            "body" => Text(part, rest),
            "button" => Button(rest),
            _ => null,
        };
    }

    private static TemplatePlace? Text(string part, string? rest) =>
        rest is null ? new(part, null, null, "text")
        : Whole(rest) is { } number ? new(part, number, null, "text")
        : rest.Length > 0 ? new(part, null, rest, "text")
        : null;

    private static TemplatePlace? Button(string? rest)
    {
        if (rest?.Split('.', 2) is not [var index, ..] parts || Whole(index) is not (>= 0 and < MostButtons) || Whole(index) is not { } number) return null;
        var kind = parts.Length == 2 ? parts[1] : "url";
        return kind is "url" or "quick_reply" or "copy_code" or "flow" ? new("button", number, null, kind) : null;
    }

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
