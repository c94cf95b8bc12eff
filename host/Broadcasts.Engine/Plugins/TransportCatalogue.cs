using System.Text.Json;

namespace Broadcasts.Plugins;

/// <summary>The transports that this process has, as data: for the console, the API and the forms.</summary>
internal sealed class TransportCatalogue(PluginHost host)
{
    public const string AddressKindSetting = "addressKind";

    public static IReadOnlySet<string> KnownAddressKinds { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        AddressKinds.Email, AddressKinds.Phone, AddressKinds.Telegram, AddressKinds.WhatsApp, AddressKinds.Messenger, AddressKinds.Instagram, AddressKinds.WebChat,
    };

    /// <summary>Every transport that is loaded, by id.</summary>
    public IReadOnlyList<TransportInfo> All => host.Infos();

    public TransportInfo? Find(string transportId) => host.FindInfo(transportId);

    /// <summary>Why the last package or version of a plugin was refused in this process, also of one that never loaded.</summary>
    public string? LastRefusal(string transportId) => host.LastRefusal(transportId);

    /// <summary>The kind of address of a channel with these settings; null when the transport is unknown.</summary>
    public string? AddressKindOf(string transportId, string settingsJson) => Find(transportId) is { } info ? AddressKindOf(info, settingsJson) : null;

    /// <inheritdoc cref="AddressKindOf(string, string)"/>
    public static string AddressKindOf(TransportInfo info, string settingsJson)
    {
        if (info.AddressKind != AddressKinds.ChosenByChannel) return info.AddressKind;
        var chosen = Setting(settingsJson, AddressKindSetting) ?? info.Fields.FirstOrDefault(f => f.Name == AddressKindSetting)?.Default;
        var kind = chosen?.ToLowerInvariant();
        return kind is not null && KnownAddressKinds.Contains(kind) ? kind : AddressKinds.Email;
    }

    private static string? Setting(string json, string name)
    {
        if (string.IsNullOrWhiteSpace(json)) return null;
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }
}
