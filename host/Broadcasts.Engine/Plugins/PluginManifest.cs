using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using NuGet.Versioning;

namespace Broadcasts.Plugins;

/// <summary>The file <c>transport.json</c> of a package.</summary>
internal sealed partial class PluginManifest
{
    public const string FileName = "transport.json";
    private const int MaxBytes = 64 * 1024;

    [JsonRequired] public string Id { get; init; } = "";

    [JsonRequired] public string Version { get; init; } = "";

    [JsonRequired] public string Main { get; init; } = "";

    [JsonRequired] public string Contract { get; init; } = "";

    [JsonRequired] public string Framework { get; init; } = "";

    /// <exception cref="PluginRefusedException">It is not JSON, or a value can't be used.</exception>
    public static PluginManifest Read(Stream stream, long length)
    {
        if (length > MaxBytes) throw new PluginRefusedException($"{FileName} is larger than {MaxBytes / 1024} KB.");
        PluginManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(stream, PluginManifestJson.Default.PluginManifest);
        }
        catch (JsonException e)
        {
            throw new PluginRefusedException($"{FileName} can't be read: {e.Message}");
        }

        manifest = manifest ?? throw new PluginRefusedException($"{FileName} is empty.");
        manifest.Check();
        return manifest;
    }

    private void Check()
    {
        if (!IdPattern().IsMatch(Id)) throw new PluginRefusedException($"{FileName}: the id '{Short(Id)}' is not 2 to 64 lower-case letters, digits and dashes, beginning with a letter.");
        if (!NuGetVersion.TryParseStrict(Version, out _) || Version.Length > 64) throw new PluginRefusedException($"{FileName}: the version '{Short(Version)}' is not a semantic version such as 1.2.3.");
        if (!MainPattern().IsMatch(Main)) throw new PluginRefusedException($"{FileName}: main '{Short(Main)}' is not the name of a .dll.");
        if (!ContractPattern().IsMatch(Contract)) throw new PluginRefusedException($"{FileName}: contract '{Short(Contract)}' is not major.minor, such as 1.0.");
        var framework = FrameworkPattern().Match(Framework);
        if (!framework.Success) throw new PluginRefusedException($"{FileName}: framework '{Short(Framework)}' is not a .NET version such as net10.0.", PluginState.NotSupported);
        if (int.Parse(framework.Groups[1].ValueSpan, provider: null) > Environment.Version.Major)
        {
            throw new PluginRefusedException($"{Id} {Version} is built for {Framework}; this host runs .NET {Environment.Version.Major}.", PluginState.NotSupported);
        }
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..80] + "…";

    [GeneratedRegex("^[a-z][a-z0-9-]{1,63}$")]
    private static partial Regex IdPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}\.dll$")]
    private static partial Regex MainPattern();

    [GeneratedRegex(@"^\d{1,4}\.\d{1,4}$")]
    private static partial Regex ContractPattern();

    [GeneratedRegex(@"^net(\d{1,2})\.\d{1,2}$")]
    private static partial Regex FrameworkPattern();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowTrailingCommas = true, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(PluginManifest))]
internal sealed partial class PluginManifestJson : JsonSerializerContext;
