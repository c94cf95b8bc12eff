namespace Broadcasts.Templates;

/// <summary>Judges addresses that come out of a contact's values and go into a link.</summary>
internal static class LinkAddress
{
    /// <summary>Whether an address begins with one of the schemes that a message may link to.</summary>
    public static bool IsSafe(string address)
    {
        var text = address.AsSpan().Trim();
        return Begins(text, "https://") || Begins(text, "http://") || Begins(text, "mailto:") || Begins(text, "tel:");

        static bool Begins(ReadOnlySpan<char> text, string scheme) =>
            text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && text.Length > scheme.Length;
    }

    /// <summary>Whether a browser would find the end of a scheme in it.</summary>
    public static bool HasScheme(string part)
    {
        var at = part.AsSpan().IndexOfAny(":/?#");
        return at >= 0 && part[at] == ':';
    }
}
