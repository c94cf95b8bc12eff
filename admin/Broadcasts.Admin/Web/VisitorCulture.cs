using System.Globalization;
using Broadcasts.Admin.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Broadcasts.Admin.Web;

/// <summary>Language of a request: the user's setting, the switch on the sign-in page, the browser. The region (dates, first weekday) is the browser's.</summary>
internal static class VisitorCulture
{
    /// <summary>Cookie of somebody who is not signed in.</summary>
    public const string LanguageCookie = "broadcasts.language";

    /// <summary>Cookie of somebody who is not signed in.</summary>
    public const string ThemeCookie = "broadcasts.theme";

    public static IReadOnlyList<string> Languages { get; } = ["en", "es"];

    public static Task ApplyAsync(HttpContext context, RequestDelegate next)
    {
        var culture = CultureOf(context);
        CultureInfo.CurrentCulture = culture;
        CultureInfo.CurrentUICulture = culture;
        return next(context);
    }

    internal static CultureInfo CultureOf(HttpContext context)
    {
        var chosen = context.User.FindFirst(ConsoleClaims.Language)?.Value ?? context.Request.Cookies[LanguageCookie];
        var accepted = AcceptedOf(context.Request);
        var language = Languages.Contains(chosen) ? chosen! : accepted.Select(LanguageOf).FirstOrDefault(Languages.Contains) ?? "en";
        var region = accepted.FirstOrDefault(a => LanguageOf(a) == language && a.Length > 2);
        return Find(region) ?? CultureInfo.GetCultureInfo(language == "es" ? "es-ES" : "en-US");
    }

    private static List<string> AcceptedOf(HttpRequest request) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptLanguage, out var values)
            ? [.. values.OrderByDescending(v => v.Quality ?? 1).Select(v => v.Value.ToString())]
            : [];

    private static string LanguageOf(string name) => name.Split('-')[0].ToLowerInvariant();

    private static CultureInfo? Find(string? name)
    {
        try
        {
            return name is null ? null : CultureInfo.GetCultureInfo(name, predefinedOnly: true);
        }
        catch (CultureNotFoundException)
        {
            return null;
        }
    }
}
