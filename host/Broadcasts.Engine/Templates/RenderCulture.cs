using System.Collections.Frozen;
using System.Globalization;

namespace Broadcasts.Templates;

/// <summary>The culture of a recipient out of what the contact says about itself.</summary>
internal static class RenderCulture
{
    public static readonly CultureInfo Default = CultureInfo.GetCultureInfo("en");

    // Contacts hold whatever was imported. Only known names are asked for: an unknown one would cost an exception per recipient.
    private static readonly Lazy<FrozenSet<string>> Known = new(() =>
        CultureInfo.GetCultures(CultureTypes.AllCultures).Select(culture => culture.Name).Where(name => name.Length > 0)
            .ToFrozenSet(StringComparer.OrdinalIgnoreCase));

    /// <summary><c>es</c> and <c>MX</c> give es-MX; an unknown country is left out; an unknown language gives the fallback.</summary>
    public static CultureInfo Of(string? language, string? country = null, CultureInfo? fallback = null)
    {
        if (string.IsNullOrWhiteSpace(language)) return fallback ?? Default;

        var name = language.Trim().Replace('_', '-');
        if (!string.IsNullOrWhiteSpace(country) && !name.Contains('-', StringComparison.Ordinal))
        {
            var regional = $"{name}-{country.Trim()}";
            if (Known.Value.Contains(regional)) return CultureInfo.GetCultureInfo(regional);
        }

        if (Known.Value.Contains(name)) return CultureInfo.GetCultureInfo(name);

        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && Known.Value.Contains(name[..dash]) ? CultureInfo.GetCultureInfo(name[..dash]) : fallback ?? Default;
    }
}
