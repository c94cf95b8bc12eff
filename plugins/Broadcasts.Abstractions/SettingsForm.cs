using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace Broadcasts;

/// <summary>Marks a setting as a secret: stored encrypted, write-only in the console and the API, redacted in logs.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;

/// <summary>How a setting is shown and checked; on a value of an enum, how that choice is shown. What is without it is shown under its own name.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Field)]
public sealed class SettingAttribute(string label) : Attribute
{
    /// <summary>Label in English.</summary>
    public string Label { get; } = label;

    /// <summary>Label in Spanish.</summary>
    public string? LabelEs { get; set; }

    /// <summary>One sentence of help in English.</summary>
    public string? Help { get; set; }

    /// <summary>One sentence of help in Spanish.</summary>
    public string? HelpEs { get; set; }

    /// <summary>Example shown in an empty field.</summary>
    public string? Placeholder { get; set; }

    /// <summary>The setting is shown among the advanced ones.</summary>
    public bool Advanced { get; set; }
}

/// <summary>Types of setting.</summary>
public enum SettingType
{
    /// <summary>One line of text.</summary>
    Text = 0,

    /// <summary>A whole number.</summary>
    WholeNumber = 1,

    /// <summary>A number.</summary>
    Number = 2,

    /// <summary>Yes or no.</summary>
    Boolean = 3,

    /// <summary>One out of <see cref="SettingField.Options"/>.</summary>
    Choice = 4,

    /// <summary>A length of time, as <c>hh:mm:ss</c>.</summary>
    Duration = 5,
}

/// <summary>One field of a settings form.</summary>
public sealed class SettingField
{
    /// <summary>Name in JSON, camelCase.</summary>
    public required string Name { get; init; }

    /// <summary>Type.</summary>
    public required SettingType Type { get; init; }

    /// <summary>Label.</summary>
    public required LocalizedText Label { get; init; }

    /// <summary>One sentence of help.</summary>
    public LocalizedText? Help { get; init; }

    /// <summary>Example shown in an empty field.</summary>
    public string? Placeholder { get; init; }

    /// <summary>A value must be given.</summary>
    public bool Required { get; init; }

    /// <summary>Stored encrypted and write-only.</summary>
    public bool Secret { get; init; }

    /// <summary>Shown among the advanced ones.</summary>
    public bool Advanced { get; init; }

    /// <summary>Default as it would be typed; null when there is none.</summary>
    public string? Default { get; init; }

    /// <summary>Smallest number.</summary>
    public double? Minimum { get; init; }

    /// <summary>Largest number.</summary>
    public double? Maximum { get; init; }

    /// <summary>Longest text.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Pattern that a text must match.</summary>
    public string? Pattern { get; init; }

    /// <summary>Values of a choice, camelCase.</summary>
    public string[] Options { get; init; } = [];

    /// <summary>How the values of a choice are shown, in the same order; empty when each is shown as it is.</summary>
    public LocalizedText[] OptionLabels { get; init; } = [];
}

/// <summary>The settings of a transport as data, drawn by the console and checked by the host.</summary>
/// <remarks>
/// Written as a class with public settable properties of type string, int, long, double, bool, TimeSpan or an enum; nullable or not.
/// Initial values are the defaults. <c>[Required]</c>, <c>[Range]</c>, <c>[StringLength]</c>, <c>[RegularExpression]</c>,
/// <see cref="SettingAttribute"/> and <see cref="SecretAttribute"/> are read; the host never sees the class.
/// </remarks>
public sealed class SettingsForm
{
    /// <summary>A transport without settings.</summary>
    public static SettingsForm Empty { get; } = new() { Fields = [] };

    /// <summary>The fields in the order in which they are shown.</summary>
    public required SettingField[] Fields { get; init; }

    /// <summary>Reads a settings class into a form.</summary>
    public static SettingsForm For<T>() where T : class, new()
    {
        var defaults = new T();
        return new SettingsForm { Fields = [.. Properties(typeof(T)).Select(p => FieldOf(p, defaults))] };
    }

    /// <summary>Fills a settings class from JSON.</summary>
    /// <exception cref="TransportConfigurationException">A value has the wrong type or is not one of the options.</exception>
    public static T Bind<T>(string json) where T : class, new()
    {
        var settings = new T();
        using var document = JsonDocument.Parse(string.IsNullOrWhiteSpace(json) ? "{}" : json);
        foreach (var property in Properties(typeof(T)))
        {
            var name = NameOf(property);
            if (!document.RootElement.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) continue;
            try
            {
                property.SetValue(settings, Read(value, property.PropertyType));
            }
            catch (Exception e) when (e is FormatException or OverflowException or InvalidOperationException or ArgumentException)
            {
                throw new TransportConfigurationException($"The setting '{name}' has a value that is not a {TypeOf(property.PropertyType).ToString().ToLowerInvariant()}.");
            }
        }

        return settings;
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.SetMethod is { IsPublic: true }).OrderBy(p => p.MetadataToken);

    private static string NameOf(PropertyInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);

    private static SettingField FieldOf(PropertyInfo property, object defaults)
    {
        var shown = property.GetCustomAttribute<SettingAttribute>();
        var range = property.GetCustomAttribute<RangeAttribute>();
        var plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        var secret = property.IsDefined(typeof(SecretAttribute));
        return new SettingField
        {
            Name = NameOf(property),
            Type = TypeOf(property.PropertyType),
            Label = new LocalizedText { English = shown?.Label ?? property.Name, Spanish = shown?.LabelEs },
            Help = shown?.Help is { } help ? new LocalizedText { English = help, Spanish = shown.HelpEs } : null,
            Placeholder = shown?.Placeholder,
            Required = property.IsDefined(typeof(RequiredAttribute)),
            Secret = secret,
            Advanced = shown?.Advanced ?? false,
            Default = secret ? null : Text(property.GetValue(defaults)),
            Minimum = range is null ? null : Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture),
            Maximum = range is null ? null : Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture),
            MaxLength = property.GetCustomAttribute<StringLengthAttribute>()?.MaximumLength,
            Pattern = property.GetCustomAttribute<RegularExpressionAttribute>()?.Pattern,
            Options = plain.IsEnum ? [.. Enum.GetNames(plain).Select(JsonNamingPolicy.CamelCase.ConvertName)] : [],
            OptionLabels = plain.IsEnum ? [.. Enum.GetNames(plain).Select(name => OptionLabel(plain.GetField(name)!))] : [],
        };
    }

    private static LocalizedText OptionLabel(FieldInfo option) => option.GetCustomAttribute<SettingAttribute>() is { } shown
        ? new LocalizedText { English = shown.Label, Spanish = shown.LabelEs }
        : JsonNamingPolicy.CamelCase.ConvertName(option.Name);

    private static SettingType TypeOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? SettingType.Choice
            : type == typeof(string) ? SettingType.Text
            : type == typeof(int) || type == typeof(long) ? SettingType.WholeNumber
            : type == typeof(double) ? SettingType.Number
            : type == typeof(bool) ? SettingType.Boolean
            : type == typeof(TimeSpan) ? SettingType.Duration
            : throw new NotSupportedException($"A setting can't be a {type}. Use string, int, long, double, bool, TimeSpan or an enum.");
    }

    private static object Read(JsonElement value, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return type.IsEnum ? ReadOption(text, type)
            : type == typeof(string) ? text
            : type == typeof(int) ? int.Parse(text, CultureInfo.InvariantCulture)
            : type == typeof(long) ? long.Parse(text, CultureInfo.InvariantCulture)
            : type == typeof(double) ? double.Parse(text, CultureInfo.InvariantCulture)
            : type == typeof(bool) ? bool.Parse(text)
            : TimeSpan.Parse(text, CultureInfo.InvariantCulture);
    }

    private static object ReadOption(string text, Type type) =>
        Enum.GetNames(type).FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } name
            ? Enum.Parse(type, name)
            : throw new ArgumentException(text);

    private static string? Text(object? value) => value switch
    {
        null => null,
        bool b => b ? "true" : "false",
        Enum e => JsonNamingPolicy.CamelCase.ConvertName(e.ToString()),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
