using Broadcasts.Broadcasting;

namespace Broadcasts.Health;

/// <summary>How it stands with one thing.</summary>
internal enum HealthLevel
{
    /// <summary>As it should be.</summary>
    Green,

    /// <summary>It works; somebody should look at it.</summary>
    Yellow,

    /// <summary>It does not work, or soon won't.</summary>
    Red,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What: <c>database</c>, <c>safe hold</c>.</param>
/// <param name="Level">How it stands.</param>
/// <param name="Found">What was found, as a sentence.</param>
/// <param name="Do">What to do about it; null when nothing is to be done.</param>
internal sealed record HealthCheck(string Name, HealthLevel Level, Problem Found, Problem? Do = null)
{
    public static HealthCheck Good(string name, Problem found) => new(name, HealthLevel.Green, found);

    public static HealthCheck Warn(string name, Problem found, Problem what) => new(name, HealthLevel.Yellow, found, what);

    public static HealthCheck Bad(string name, Problem found, Problem what) => new(name, HealthLevel.Red, found, what);
}
