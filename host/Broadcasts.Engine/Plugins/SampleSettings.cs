using System.Globalization;

namespace Broadcasts.Plugins;

/// <summary>Settings made up to try a transport with: what is required and not given.</summary>
internal static class SampleSettings
{
    /// <summary>Long and unmistakable: checks look for it where no secret may be.</summary>
    private const string Secret = "marked-secret-31337-0123456789";

    public static string For(TransportInfo info, IReadOnlyDictionary<string, string> given)
    {
        var texts = new Dictionary<string, string>(given, StringComparer.OrdinalIgnoreCase);
        foreach (var field in info.Fields)
        {
            if (field.Required && field.Default is not { Length: > 0 }) texts.TryAdd(field.Name, MadeUp(field));
        }

        return SettingsValidator.FromText(info.Fields, texts);
    }

    private static string MadeUp(SettingField field) => field.Type switch
    {
        SettingType.WholeNumber or SettingType.Number => (field.Minimum ?? 1).ToString(CultureInfo.InvariantCulture),
        SettingType.Boolean => "false",
        SettingType.Choice => field.Options[0],
        SettingType.Duration => "00:00:10",
        _ when field.Secret => Secret,
        _ when field.Name.Contains("url", StringComparison.OrdinalIgnoreCase) => "https://provider.example.org/",
        _ when field.Placeholder is { Length: > 0 } example => example,
        _ => "sample",
    };
}
