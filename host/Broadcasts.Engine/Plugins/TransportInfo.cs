using System.Text.RegularExpressions;
using Broadcasts.Plugins.Health;

namespace Broadcasts.Plugins;

/// <summary>A transport as the rest of the host sees it.</summary>
/// <remarks>Capabilities, fields and texts are sealed types of the shared contract made of strings and numbers: keeping them keeps nothing of the plugin.</remarks>
internal sealed record TransportInfo
{
    public required string Id { get; init; }

    public required string Version { get; init; }

    public required string Contract { get; init; }

    public required string Sha256 { get; init; }

    public required LocalizedText DisplayName { get; init; }

    public LocalizedText? Description { get; init; }

    /// <summary>One of <see cref="AddressKinds"/>; <see cref="AddressKinds.ChosenByChannel"/> is resolved by <see cref="TransportCatalogue.AddressKindOf(TransportInfo, string)"/>.</summary>
    public required string AddressKind { get; init; }

    public required TransportCapabilities Capabilities { get; init; }

    public required IReadOnlyList<SettingField> Fields { get; init; }

    public string? DocumentationUrl { get; init; }

    /// <summary>How it fares in this process at the moment of asking.</summary>
    public PluginState State { get; init; }

    /// <summary>Why the last package or version of it was refused here; null when none was.</summary>
    public string? LastRefusal { get; init; }

    /// <summary>What it did lately in this process; null outside of a plugin's answer.</summary>
    public TransportPulse? Pulse { get; init; }

    /// <summary>Checks a descriptor and copies it.</summary>
    /// <exception cref="PluginRefusedException">A value breaks the contract.</exception>
    public static TransportInfo Of(TransportDescriptor? descriptor, PluginCandidate candidate)
    {
        var name = $"{candidate.Manifest.Id} {candidate.Manifest.Version}";
        if (descriptor is null) throw new PluginRefusedException($"{name}: its descriptor is null.");
        if (descriptor.Id != candidate.Manifest.Id) throw new PluginRefusedException($"{name}: its code says that it is '{descriptor.Id}'. The id in {PluginManifest.FileName} and in the descriptor must be the same.");
        if (string.IsNullOrWhiteSpace(descriptor.DisplayName?.English)) throw new PluginRefusedException($"{name}: its descriptor has no display name.");
        if (descriptor.Capabilities is not { } capabilities) throw new PluginRefusedException($"{name}: its descriptor has no capabilities.");
        var fields = descriptor.Settings?.Fields ?? [];
        if (Faults(descriptor, capabilities, fields).FirstOrDefault() is { } fault) throw new PluginRefusedException($"{name}: {fault}");
        return new TransportInfo
        {
            Id = descriptor.Id,
            Version = candidate.Manifest.Version,
            Contract = candidate.Manifest.Contract,
            Sha256 = candidate.Sha256,
            DisplayName = descriptor.DisplayName,
            Description = descriptor.Description,
            AddressKind = descriptor.AddressKind,
            Capabilities = capabilities,
            Fields = [.. fields],
            DocumentationUrl = descriptor.DocumentationUrl,
        };
    }

    private static IEnumerable<string> Faults(TransportDescriptor descriptor, TransportCapabilities capabilities, SettingField[] fields)
    {
        if (!TransportCatalogue.KnownAddressKinds.Contains(descriptor.AddressKind) && descriptor.AddressKind != AddressKinds.ChosenByChannel) yield return $"the address kind '{descriptor.AddressKind}' is unknown.";
        if (descriptor.AddressKind == AddressKinds.ChosenByChannel && !fields.Any(f => f is { Name: TransportCatalogue.AddressKindSetting, Type: SettingType.Choice })) yield return $"its address kind is '*', but its form has no choice '{TransportCatalogue.AddressKindSetting}'.";
        if (capabilities.Content == ContentKinds.None) yield return "it takes no kind of content.";
        if (capabilities.MaxBatchSize is < 1 or > 1000) yield return "MaxBatchSize must be 1 to 1,000.";
        if (capabilities.MaxInFlight is < 1 or > 4096) yield return "MaxInFlight must be 1 to 4,096.";
        if (capabilities.SendDeadline < TimeSpan.FromSeconds(1) || capabilities.SendDeadline > TimeSpan.FromMinutes(15)) yield return "SendDeadline must be 1 s to 15 min.";
        if (capabilities.FileTypes is null) yield return "FileTypes is null.";
        if (fields.GroupBy(f => f?.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Key is null || g.Count() > 1) is { } twice) yield return $"its form has the field '{twice.Key}' twice or without a name.";
        foreach (var field in fields.Where(f => f.Pattern is not null))
        {
            if (!IsPattern(field.Pattern!)) yield return $"the pattern of the setting '{field.Name}' is not a regular expression.";
        }
    }

    private static bool IsPattern(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(100));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
