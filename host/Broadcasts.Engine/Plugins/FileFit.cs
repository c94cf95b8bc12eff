namespace Broadcasts.Plugins;

/// <summary>Whether a transport can carry a file.</summary>
internal static class FileFit
{
    public static bool CanCarry(TransportCapabilities capabilities, string mediaType, long size) =>
        capabilities.Content.HasFlag(ContentKinds.File) && size <= (capabilities.MaxFileBytes ?? long.MaxValue)
        && (capabilities.FileTypes.Length == 0 || Array.Exists(capabilities.FileTypes, type => Fits(type, mediaType)));

    // image/* takes image/png, and parameters behind a semicolon say nothing of the kind.
    private static bool Fits(string type, string mediaType)
    {
        var plain = mediaType.Split(';')[0].Trim();
        return type.EndsWith("/*", StringComparison.Ordinal) ? plain.StartsWith(type[..^1], StringComparison.OrdinalIgnoreCase) : plain.Equals(type, StringComparison.OrdinalIgnoreCase);
    }
}
