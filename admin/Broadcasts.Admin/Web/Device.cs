namespace Broadcasts.Admin.Web;

/// <summary>What a browser says of itself, in two words. It may lie: it is for people who look for a sign-in that is not theirs.</summary>
internal static class Device
{
    // The first that is in it: browsers name those that they descend from, too.
    private static readonly (string Mark, string Name)[] Browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl")];

    private static readonly (string Mark, string Name)[] Systems = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];

    /// <summary><c>Firefox · Windows</c>; empty when it says nothing that is known.</summary>
    public static string Of(string userAgent) => string.Join(" · ", new[] { Find(Browsers, userAgent), Find(Systems, userAgent) }.OfType<string>());

    private static string? Find((string Mark, string Name)[] known, string text) => known.FirstOrDefault(k => text.Contains(k.Mark, StringComparison.Ordinal)).Name;
}
