using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broadcasts.Broadcasting;

namespace Broadcasts.Plugins;

/// <summary>Settings that were checked against a form.</summary>
/// <param name="Problems">What is wrong, by the setting's name; empty when all is well.</param>
/// <param name="PlainJson">The settings that are no secrets, in the form's order. What was not given is not filled in.</param>
/// <param name="Secrets">The secrets by name, to be stored encrypted.</param>
internal sealed record SettingsCheck(IReadOnlyList<Problem> Problems, string PlainJson, IReadOnlyDictionary<string, string> Secrets)
{
    public bool IsValid => Problems.Count == 0;
}

/// <summary>Checks a channel's settings against its transport's form, without any code of the plugin.</summary>
internal static class SettingsValidator
{
    private const int LongestText = 20_000;
    private static readonly TimeSpan PatternLimit = TimeSpan.FromMilliseconds(100);

    /// <param name="fields">The form.</param>
    /// <param name="settingsJson">An object with the settings' names; null is the same as absent.</param>
    /// <param name="storedSecrets">Names of secrets that are stored already and may be absent.</param>
    public static SettingsCheck Check(IReadOnlyList<SettingField> fields, string? settingsJson, IEnumerable<string>? storedSecrets = null)
    {
        var problems = new List<Problem>();
        var plain = new JsonObject();
        var secrets = new Dictionary<string, string>(StringComparer.Ordinal);
        var stored = storedSecrets?.ToHashSet(StringComparer.Ordinal) ?? [];
        if (Parse(settingsJson, problems) is { } document)
        {
            using (document)
            {
                var given = document.RootElement.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).ToList();
                foreach (var unknown in given.Where(p => fields.All(f => f.Name != p.Name)))
                    problems.Add(new Problem(unknown.Name, "settingUnknown", $"There is no setting '{unknown.Name}'. The settings are: {string.Join(", ", fields.Select(f => f.Name))}.", unknown.Name));
                foreach (var field in fields)
                {
                    var value = given.Where(p => p.Name == field.Name).Select(p => (JsonElement?)p.Value).LastOrDefault();
                    CheckField(field, value, stored.Contains(field.Name), problems, plain, secrets);
                }
            }
        }

        return new SettingsCheck(problems, plain.ToJsonString(), secrets);
    }

    /// <summary>Typed settings out of texts, as a command line or an HTML form gives them. Blank means absent.</summary>
    /// <returns>An object to be checked; a text that does not fit its type stays a text, and the check says so.</returns>
    public static string FromText(IReadOnlyList<SettingField> fields, IEnumerable<KeyValuePair<string, string>> texts)
    {
        var settings = new JsonObject();
        foreach (var (name, text) in texts)
        {
            var field = fields.FirstOrDefault(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (field is not null && text.Length == 0) continue;
            settings[field?.Name ?? name] = field?.Type switch
            {
                SettingType.WholeNumber when long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole) => whole,
                SettingType.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
                SettingType.Boolean when IsTrue(text) => true,
                SettingType.Boolean when IsFalse(text) => false,
                _ => text,
            };
        }

        return settings.ToJsonString();
    }

    /// <summary>The settings with their secrets, as a transport gets them.</summary>
    public static string Merge(string plainJson, IReadOnlyDictionary<string, string> secrets)
    {
        var settings = string.IsNullOrWhiteSpace(plainJson) ? [] : JsonNode.Parse(plainJson)!.AsObject();
        foreach (var (name, value) in secrets) settings[name] = value;
        return settings.ToJsonString();
    }

    /// <summary>The values of the secrets, for redaction.</summary>
    public static IReadOnlyCollection<string> SecretsOf(IReadOnlyList<SettingField> fields, string settingsJson)
    {
        if (string.IsNullOrWhiteSpace(settingsJson)) return [];
        using var document = JsonDocument.Parse(settingsJson);
        return [.. document.RootElement.EnumerateObject()
            .Where(p => p.Value.ValueKind == JsonValueKind.String && fields.Any(f => f.Secret && f.Name == p.Name))
            .Select(p => p.Value.GetString()!)];
    }

    private static JsonDocument? Parse(string? json, List<Problem> problems)
    {
        try
        {
            var document = JsonDocument.Parse(string.IsNullOrWhiteSpace(json) ? "{}" : json);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            problems.Add(new Problem("", "settingsNotObject", "The settings must be a JSON object."));
        }
        catch (JsonException e)
        {
            problems.Add(new Problem("", "settingsNotJson", $"The settings are not JSON: {e.Message}"));
        }

        return null;
    }

    private static void CheckField(SettingField field, JsonElement? value, bool stored, List<Problem> problems, JsonObject plain, Dictionary<string, string> secrets)
    {
        var blank = value is null || (value.Value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(value.Value.GetString()));
        if (blank)
        {
            if (field.Required && string.IsNullOrEmpty(field.Default) && !(field.Secret && stored)) problems.Add(new Problem(field.Name, "settingRequired", $"'{field.Name}' ({field.Label.English}) must be given."));
            return;
        }

        var problem = Fault(field, value!.Value, out var node);
        if (problem is not null) problems.Add(problem);
        else if (field.Secret) secrets[field.Name] = node!.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        else plain[field.Name] = node;
    }

    private static Problem? Fault(SettingField field, JsonElement value, out JsonNode? node)
    {
        node = JsonNode.Parse(value.GetRawText());
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : null;
        switch (field.Type)
        {
            case SettingType.WholeNumber:
                return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var whole) ? Range(field, whole) : Wrong(field, "settingWhole", "must be a whole number.");
            case SettingType.Number:
                return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? Range(field, number) : Wrong(field, "settingNumber", "must be a number.");
            case SettingType.Boolean:
                return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : Wrong(field, "settingBoolean", "must be true or false.");
            case SettingType.Duration:
                return text is not null && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var duration) && duration >= TimeSpan.Zero ? null : Wrong(field, "settingDuration", "must be a length of time such as 00:00:30.");
            case SettingType.Choice:
                var option = field.Options.FirstOrDefault(o => o.Equals(text, StringComparison.OrdinalIgnoreCase));
                node = option;
                return option is null ? Wrong(field, "settingChoice", $"must be one of {string.Join(", ", field.Options)}.", string.Join(", ", field.Options)) : null;
            default:
                return text is null ? Wrong(field, "settingText", "must be a text.") : TextFault(field, text);
        }
    }

    private static Problem? Range(SettingField field, double number) => (field.Minimum, field.Maximum) switch
    {
        ({ } min, { } max) when number < min || number > max => Wrong(field, "settingRange", string.Create(CultureInfo.InvariantCulture, $"must be {min} to {max}."), Invariant(min), Invariant(max)),
        ({ } min, null) when number < min => Wrong(field, "settingAtLeast", string.Create(CultureInfo.InvariantCulture, $"must be {min} or more."), Invariant(min)),
        (null, { } max) when number > max => Wrong(field, "settingAtMost", string.Create(CultureInfo.InvariantCulture, $"must be {max} or less."), Invariant(max)),
        _ => null,
    };

    private static Problem? TextFault(SettingField field, string text)
    {
        var longest = field.MaxLength ?? LongestText;
        if (text.Length > longest) return Wrong(field, "settingTooLong", string.Create(CultureInfo.InvariantCulture, $"has {text.Length} characters; {longest} are allowed."), Invariant(text.Length), Invariant(longest));
        if (field.Pattern is null) return null;
        try
        {
            var match = Regex.Match(text, field.Pattern, RegexOptions.CultureInvariant, PatternLimit);
            return match.Success && match.Index == 0 && match.Length == text.Length ? null : Wrong(field, "settingPattern", $"does not have the form {field.Pattern}.", field.Pattern);
        }
        catch (RegexMatchTimeoutException)
        {
            return Wrong(field, "settingTooInvolved", $"is too involved to be checked against {field.Pattern}.", field.Pattern);
        }
    }

    private static Problem Wrong(SettingField field, string code, string why, params string[] arguments) => new(field.Name, code, $"'{field.Name}' {why}", arguments);

    private static string Invariant(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool IsTrue(string text) => text.ToLowerInvariant() is "true" or "on" or "yes" or "1";

    private static bool IsFalse(string text) => text.ToLowerInvariant() is "false" or "off" or "no" or "0";
}
