namespace Broadcasts.Storage;

/// <summary>Times as they are stored: Unix milliseconds UTC.</summary>
internal static class Times
{
    public static DateTimeOffset Of(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    public static DateTimeOffset? Of(long? milliseconds) => milliseconds is { } value ? Of(value) : null;

    /// <summary>The present, as it is stored.</summary>
    public static long Now(this TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds();
}
