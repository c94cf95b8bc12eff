namespace Broadcasts.Templates;

/// <summary>Foreign text in our messages: one line, and not the whole of it.</summary>
internal static class Shorten
{
    public static string To(string text, int length)
    {
        var cut = text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + "...";
        return cut.ReplaceLineEndings(" ");
    }
}
