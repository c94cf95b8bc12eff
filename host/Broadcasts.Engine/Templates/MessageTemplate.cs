using System.Diagnostics.CodeAnalysis;

namespace Broadcasts.Templates;

/// <summary>A checked template: parse once, render for every recipient from any number of threads.</summary>
internal sealed class MessageTemplate
{
    // Most messages fit; longer ones move to a rented buffer.
    private const int StackCharacters = 1024;

    private readonly TemplateSegment[] _segments;
    private readonly TemplateSchema _schema;

    private MessageTemplate(TemplateSegment[] segments, TemplateSchema schema, TemplateFormat format, IReadOnlyCollection<string> variables)
    {
        _segments = segments;
        _schema = schema;
        Format = format;
        Variables = variables;
    }

    public TemplateFormat Format { get; }

    /// <summary>The values that it uses, each by one spelling, sorted.</summary>
    public IReadOnlyCollection<string> Variables { get; }

    /// <summary>Checks a template. False with at least one problem; never an exception, whatever the text is, and never for long.</summary>
    public static bool TryParse(
        string text,
        TemplateFormat format,
        TemplateSchema schema,
        [NotNullWhen(true)] out MessageTemplate? template,
        out IReadOnlyList<TemplateProblem> problems)
    {
        template = TemplateCompiler.Compile(text, format, schema, out problems) is var (segments, variables)
            ? new MessageTemplate(segments, schema, format, variables)
            : null;
        return template is not null;
    }

    /// <summary>
    /// The text as it is stored: <c>$contact.name</c> becomes <c>{{ contact.name }}</c> (inside braces: <c>contact.name</c>).
    /// Everything else stays, also what does not parse; twice is the same as once.
    /// </summary>
    public static string Normalise(string text) => text.Length > TemplateCompiler.MaxCharacters ? text : TemplateSource.Normalise(text);

    /// <summary>Renders one message. A missing value or a fault ends it: half a message is never returned.</summary>
    public RenderResult Render(RenderValues values)
    {
        // Places in the row are the schema's: a row of another one would print one field as another.
        if (!ReferenceEquals(values.Schema, _schema)) throw new ArgumentException("The values belong to another schema than the template.", nameof(values));

        var writer = new RenderWriter(stackalloc char[StackCharacters]);
        if (IfSegment.WriteAll(_segments, ref writer, values) is { } failure)
        {
            writer.Release();
            return RenderResult.Of(failure);
        }

        return RenderResult.Of(writer.Finish());
    }
}
