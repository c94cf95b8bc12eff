namespace Broadcasts.Contacts.Import;

/// <summary>Short texts that come again and again (countries, plans, tags) as one object each: a file of a million rows is not ten million texts.</summary>
internal sealed class TextPool
{
    private const int Longest = 32;
    private const int Slots = 1 << 12;

    private readonly string[] _texts = new string[Slots];

    /// <summary>The text. What was there before it in its place is forgotten: texts that come once cost no more than without this.</summary>
    public string Of(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return "";
        if (text.Length > Longest) return new string(text);

        ref var kept = ref _texts[string.GetHashCode(text) & (Slots - 1)];
        if (kept is null || !text.SequenceEqual(kept)) kept = new string(text);
        return kept;
    }
}
