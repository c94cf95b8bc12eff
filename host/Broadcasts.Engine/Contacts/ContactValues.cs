using System.Collections.Frozen;
using System.Globalization;
using NodaTime;
using NodaTime.TimeZones;

namespace Broadcasts.Contacts;

/// <summary>The forms in which the standard fields of a contact are kept.</summary>
internal static class ContactValues
{
    public const int LongestName = 200;
    private const int LongestPlace = 100;

    private static readonly Lazy<FrozenDictionary<string, string>> Languages = new(LanguageNames);
    private static readonly Lazy<FrozenDictionary<string, string>> Countries = new(CountryNames);

    public static string? FullName(string? first, string? last) => (first, last) switch
    {
        (null, null) => null,
        (_, null) => first,
        (null, _) => last,
        _ => first + " " + last,
    };

    /// <summary>The ISO code of a country's code or name; what is neither stays as it was written, so that nothing of a file is lost.</summary>
    public static string Country(string text) => Known(text, Countries.Value);

    /// <summary>The code (es, pt-BR) of a language's code or name; what is neither stays as it was written.</summary>
    public static string Language(string text)
    {
        var known = Known(text, Languages.Value);
        return ReferenceEquals(known, text) && text.Length is >= 4 and <= 11 && text[2] is '-' or '_' && Languages.Value.ContainsKey(text[..2])
            ? text[..2].ToLowerInvariant() + "-" + text[3..].ToUpperInvariant()
            : known;
    }

    /// <summary>The IANA id of a zone's IANA or Windows name; null when no zone has it.</summary>
    public static string? TimeZone(string text)
    {
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(text) is { } zone) return zone.Id;
        if (TzdbDateTimeZoneSource.Default.WindowsMapping.PrimaryMapping.TryGetValue(text, out var mapped)) return mapped;
        return DateTimeZoneProviders.Tzdb.Ids.FirstOrDefault(id => id.Equals(text, StringComparison.OrdinalIgnoreCase));
    }

    private static string Known(string text, FrozenDictionary<string, string> names)
    {
        if (text.Length > LongestPlace) return text[..LongestPlace];
        return names.TryGetValue(text, out var code) ? code : text;
    }

    private static FrozenDictionary<string, string> LanguageNames()
    {
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["castellano"] = "es", ["spa"] = "es", ["eng"] = "en" };
        foreach (var culture in CultureInfo.GetCultures(CultureTypes.NeutralCultures).Where(c => c.Name.Length == 2))
            foreach (var name in (string[])[culture.Name, culture.EnglishName, culture.NativeName])
                names.TryAdd(name, culture.Name);
        foreach (var (name, code) in SpanishLanguages) names.TryAdd(name, code);
        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    private static FrozenDictionary<string, string> CountryNames()
    {
        var names = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["UK"] = "GB", ["USA"] = "US", ["EEUU"] = "US", ["EE.UU."] = "US", ["United States of America"] = "US" };
        foreach (var culture in CultureInfo.GetCultures(CultureTypes.SpecificCultures))
        {
            var region = new RegionInfo(culture.Name);
            if (region.TwoLetterISORegionName is not { Length: 2 } code || !code.All(char.IsAsciiLetterUpper)) continue;
            foreach (var name in (string[])[code, region.ThreeLetterISORegionName, region.EnglishName, region.NativeName])
                names.TryAdd(name, code);
        }

        foreach (var (name, code) in SpanishCountries) names.TryAdd(name, code);
        return names.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    // The platform knows names in English and in a place's own language; these are the ones that Spanish files bring beside.
    private static readonly (string Name, string Code)[] SpanishLanguages =
    [
        ("inglés", "en"), ("ingles", "en"), ("espanol", "es"), ("francés", "fr"), ("frances", "fr"), ("alemán", "de"), ("aleman", "de"), ("italiano", "it"),
        ("portugués", "pt"), ("portugues", "pt"), ("catalán", "ca"), ("catalan", "ca"), ("gallego", "gl"), ("euskera", "eu"), ("vasco", "eu"), ("chino", "zh"),
        ("japonés", "ja"), ("árabe", "ar"), ("ruso", "ru"), ("neerlandés", "nl"), ("polaco", "pl"), ("rumano", "ro"), ("sueco", "sv"), ("turco", "tr"),
    ];

    private static readonly (string Name, string Code)[] SpanishCountries =
    [
        ("Espana", "ES"), ("Estados Unidos", "US"), ("Reino Unido", "GB"), ("Inglaterra", "GB"), ("Francia", "FR"), ("Alemania", "DE"), ("Italia", "IT"),
        ("Países Bajos", "NL"), ("Holanda", "NL"), ("Bélgica", "BE"), ("Suiza", "CH"), ("Suecia", "SE"), ("Noruega", "NO"), ("Dinamarca", "DK"), ("Finlandia", "FI"),
        ("Irlanda", "IE"), ("Polonia", "PL"), ("Rumanía", "RO"), ("Rumania", "RO"), ("Grecia", "GR"), ("Turquía", "TR"), ("Rusia", "RU"), ("Ucrania", "UA"),
        ("Marruecos", "MA"), ("Brasil", "BR"), ("Mexico", "MX"), ("Méjico", "MX"), ("Peru", "PE"), ("Panama", "PA"), ("República Dominicana", "DO"),
        ("Republica Dominicana", "DO"), ("Japón", "JP"), ("Corea del Sur", "KR"), ("Filipinas", "PH"), ("Canadá", "CA"), ("Nueva Zelanda", "NZ"), ("Egipto", "EG"),
    ];
}
