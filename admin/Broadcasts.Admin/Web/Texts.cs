using System.Globalization;
using System.Resources;

namespace Broadcasts.Admin.Web;

/// <summary>The console's sentences in the language of the request (Resources/Text.resx and Text.es.resx).</summary>
internal sealed class Texts
{
    internal static ResourceManager Resources { get; } = new("Broadcasts.Admin.Resources.Text", typeof(Texts).Assembly);

    /// <summary>The text of a key; the key itself when there is none, which a test looks for.</summary>
    public string this[string key] => Resources.GetString(key, CultureInfo.CurrentUICulture) ?? key;

    public string this[string key, params object?[] arguments] => string.Format(CultureInfo.CurrentCulture, this[key], arguments);

    /// <summary>Two-letter language in use.</summary>
    public string Language => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName;

    public bool Has(string key) => Resources.GetString(key, CultureInfo.CurrentUICulture) is not null;

    /// <summary>A sentence about a number: <c>Key.one</c> or <c>Key.other</c>, the number in the first place.</summary>
    public string Count(string key, long number, params object?[] more) =>
        string.Format(CultureInfo.CurrentCulture, this[key + (number == 1 ? ".one" : ".other")], [number.ToString("N0", CultureInfo.CurrentCulture), .. more]);

    /// <summary>The text of an enum's value.</summary>
    public string Of(Enum value) => this[$"{value.GetType().Name}.{value}"];

    /// <summary>A number with the language's separators.</summary>
    public string Number(long number) => number.ToString("N0", CultureInfo.CurrentCulture);
}
