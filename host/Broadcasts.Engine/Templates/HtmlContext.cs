namespace Broadcasts.Templates;

/// <summary>Where in the HTML the end of a literal text lies, so that what is printed next can be made safe. Immutable.</summary>
/// <remarks>
/// A reader of tags, quotes and attribute names, no parser of HTML: it errs towards refusing a place. Escaping protects text and quoted
/// attributes; addresses need their scheme checked; scripts, styles, bare attributes and names can't be protected and are refused on save.
/// </remarks>
internal readonly record struct HtmlContext
{
    private const int LongestName = 32;

    private static readonly HashSet<string> AddressAttributes = new(StringComparer.Ordinal)
    {
        "href", "src", "action", "formaction", "background", "poster", "cite", "data", "longdesc", "srcset", "xlink:href", "ping", "codebase",
    };

    private enum Place : byte
    {
        Text, AfterLess, TagName, Tag, AttributeName, AfterAttributeName, BeforeValue, InDoubleQuotes, InSingleQuotes, Bare,
        CloseTag, Declaration, Comment, RawElement,
    }

    /// <summary>How much of an address has been written: decides what a value may still do to its scheme.</summary>
    private enum Address : byte { None, Start, Undecided, Decided, Refused }

    private Place At { get; init; }

    private bool IsBetweenAttributes => At is Place.TagName or Place.Tag or Place.AttributeName or Place.AfterAttributeName;

    private Address Link { get; init; }

    /// <summary>The element's name while it is read, and inside a script or style.</summary>
    private string? Element { get; init; }

    /// <summary>The attribute's name; inside an undecided address, that address so far; in comments and raw elements, the end so far.</summary>
    private string? Word { get; init; }

    public HtmlContext After(ReadOnlySpan<char> literal)
    {
        var context = this;
        foreach (var c in literal) context = context.Next(c);
        return context;
    }

    /// <summary>The context behind a value that was printed here.</summary>
    public HtmlContext AfterValue() => Link == Address.Start ? this with { Link = Address.Decided, Word = null } : this;

    /// <summary>How to print a value here; null when nothing makes it safe, with what to tell the writer.</summary>
    public Escaping? EscapingHere(out string? refusal)
    {
        refusal = At switch
        {
            Place.Text or Place.Comment => null,
            Place.InDoubleQuotes or Place.InSingleQuotes => AttributeRefusal(),
            Place.BeforeValue or Place.Bare => "Put quotes around the attribute's value: name=\"{{ … }}\".",
            Place.RawElement => $"A value can't be printed inside <{Element}>.",
            Place.Declaration => "A value can't be printed inside a declaration.",
            _ => "A value can't be printed inside a tag, only in text and in quoted attribute values.",
        };
        if (refusal is not null) return null;
        return Link switch
        {
            Address.Start => Escaping.HtmlAddress,
            Address.Undecided => Escaping.HtmlAddressPart,
            _ => Escaping.Html,
        };
    }

    /// <summary>The context behind an if whose branches end in two contexts; null when they are in different places.</summary>
    public static HtmlContext? Merge(HtmlContext a, HtmlContext b)
    {
        if (a == b) return a;

        // <a{{ if … }} class="x"{{ end }} href="…">: behind a name or behind an attribute, the next one begins all the same.
        if (a.IsBetweenAttributes && b.IsBetweenAttributes) return new HtmlContext { At = Place.Tag, Element = a.Element };
        if (a.At != b.At || a.Link == Address.None || b.Link == Address.None) return null;
        if (a.Link == Address.Refused || b.Link == Address.Refused) return a with { Link = Address.Refused };

        // The earlier phase is the stricter one.
        return a.Link <= b.Link ? a : b;
    }

    private string? AttributeRefusal()
    {
        if (Link == Address.Refused) return "A value can't be printed in an address that runs code.";
        if (Link != Address.None || Word is null) return null;
        if (Word is "style" or "srcdoc") return $"A value can't be printed in the attribute '{Word}'.";
        return Word.StartsWith("on", StringComparison.Ordinal) ? $"A value can't be printed in '{Word}': it is code." : null;
    }

    private HtmlContext Next(char c) => At switch
    {
        Place.Text => c == '<' ? this with { At = Place.AfterLess } : this,
        Place.AfterLess => AfterLess(c),
        Place.TagName => TagName(c),
        Place.Tag => InTag(c),
        Place.AttributeName => AttributeName(c),
        Place.AfterAttributeName => c == '=' ? this with { At = Place.BeforeValue } : char.IsWhiteSpace(c) ? this : InTag(c),
        Place.BeforeValue => BeforeValue(c),
        Place.InDoubleQuotes => c == '"' ? EndOfValue() : InValue(c),
        Place.InSingleQuotes => c == '\'' ? EndOfValue() : InValue(c),
        Place.Bare => char.IsWhiteSpace(c) ? EndOfValue() : c == '>' ? EndOfTag() : this,
        Place.CloseTag => c == '>' ? default : this,
        Place.Declaration => Declaration(c),
        Place.Comment => Ending(c, "-->", whole: true),
        _ => Ending(c, "</" + Element, whole: false),
    };

    private HtmlContext AfterLess(char c) => c switch
    {
        '!' or '?' => new HtmlContext { At = Place.Declaration, Word = "" },
        '/' => new HtmlContext { At = Place.CloseTag },
        '<' => this,
        _ when char.IsAsciiLetter(c) => new HtmlContext { At = Place.TagName, Element = Lower(c) },
        _ => default,
    };

    private HtmlContext TagName(char c) =>
        char.IsWhiteSpace(c) || c is '/' or '>' ? InTag(c) : this with { Element = Longer(Element, c) };

    private HtmlContext InTag(char c)
    {
        if (c == '>') return EndOfTag();
        if (char.IsWhiteSpace(c) || c == '/') return this with { At = Place.Tag, Word = null };
        return this with { At = Place.AttributeName, Word = Lower(c) };
    }

    private HtmlContext AttributeName(char c)
    {
        if (c == '=') return this with { At = Place.BeforeValue };
        if (char.IsWhiteSpace(c)) return this with { At = Place.AfterAttributeName };
        return c is '/' or '>' ? InTag(c) : this with { Word = Longer(Word, c) };
    }

    private HtmlContext BeforeValue(char c)
    {
        if (char.IsWhiteSpace(c)) return this;
        if (c == '>') return EndOfTag();
        if (c is not ('"' or '\'')) return this with { At = Place.Bare };
        var quoted = this with { At = c == '"' ? Place.InDoubleQuotes : Place.InSingleQuotes };
        return AddressAttributes.Contains(Word ?? "") ? quoted with { Link = Address.Start, Word = "" } : quoted;
    }

    private HtmlContext InValue(char c)
    {
        if (Link is not (Address.Start or Address.Undecided)) return this;
        if (Link == Address.Start && (char.IsWhiteSpace(c) || char.IsControl(c))) return this;
        if (c == ':') return this with { Link = Word is "javascript" or "vbscript" or "data" ? Address.Refused : Address.Decided, Word = null };
        if (c is '/' or '?' or '#') return this with { Link = Address.Decided, Word = null };
        return this with { Link = Address.Undecided, Word = Longer(Word, c) };
    }

    private HtmlContext EndOfValue() => this with { At = Place.Tag, Link = Address.None, Word = null };

    private HtmlContext EndOfTag() =>
        Element is "script" or "style" ? new HtmlContext { At = Place.RawElement, Element = Element, Word = "" } : default;

    private HtmlContext Declaration(char c)
    {
        if (c == '>') return default;
        if (Word is null) return this;
        var word = Word + c;
        if (word == "--") return new HtmlContext { At = Place.Comment, Word = "" };
        return this with { Word = word == "-" ? word : null };
    }

    /// <summary>Looks for the text that ends a comment or a raw element.</summary>
    private HtmlContext Ending(char c, string end, bool whole)
    {
        var word = Word + char.ToLowerInvariant(c);
        if (word == end) return whole ? default : new HtmlContext { At = Place.CloseTag };
        while (word.Length > 0 && !end.StartsWith(word, StringComparison.Ordinal)) word = word[1..];
        return this with { Word = word };
    }

    private static string Lower(char c) => char.ToLowerInvariant(c).ToString();

    private static string Longer(string? word, char c) => word is { Length: >= LongestName } ? word : word + char.ToLowerInvariant(c);
}
