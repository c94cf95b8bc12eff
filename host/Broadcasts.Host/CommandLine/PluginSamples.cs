using System.Globalization;
using Broadcasts.Host.Hosting;
using Broadcasts.Plugins;

namespace Broadcasts.Host.CommandLine;

/// <summary>Settings made up for a test: what is required and not given.</summary>
internal static class SampleSettings
{
    /// <summary>Long and unmistakable: checks look for it where no secret may be.</summary>
    private const string Secret = "marked-secret-31337-0123456789";

    public static string For(TransportInfo info, IReadOnlyDictionary<string, string> given)
    {
        if (given.Keys.FirstOrDefault(k => !info.Fields.Any(f => f.Name.Equals(k, StringComparison.OrdinalIgnoreCase))) is { } unknown)
            throw new StartException($"--set: {info.Id} has no setting '{unknown}'. It has: {string.Join(", ", info.Fields.Select(f => f.Name))}.", ExitCodes.Usage);
        var texts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in info.Fields)
        {
            if (given.TryGetValue(field.Name, out var value)) texts[field.Name] = value;
            else if (field.Required && field.Default is not { Length: > 0 }) texts[field.Name] = MadeUp(field);
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

/// <summary>Messages made up for a test, of a kind that the transport takes.</summary>
internal static class SampleMessages
{
    public static OutboundMessage For(TransportInfo info, string settingsJson, string? to, int number) => new()
    {
        Id = $"test-{number}",
        To = to ?? AddressOf(TransportCatalogue.AddressKindOf(info, settingsJson)),
        Content = TransportSelfTest.ContentFor(info.Capabilities.Content),
        IsTest = true,
    };

    private static string AddressOf(string kind) => kind switch
    {
        AddressKinds.Email => "someone@example.org",
        AddressKinds.Phone => "+15550100123",
        AddressKinds.WhatsApp => "15550100123",
        _ => "1234567890",
    };
}
