using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broadcasts.Broadcasting;

/// <summary>One of up to five messages of a broadcast. Texts are templates.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(TextPart), "text")]
[JsonDerivedType(typeof(ChoicesPart), "choices")]
[JsonDerivedType(typeof(FilePart), "file")]
[JsonDerivedType(typeof(TemplatePart), "template")]
[JsonDerivedType(typeof(EmailPart), "email")]
public abstract class BroadcastPart
{
    /// <summary>Most parts of a broadcast.</summary>
    public const int Most = 5;

    /// <summary>The contract's word for this kind of part.</summary>
    [JsonIgnore]
    public abstract ContentKinds Kind { get; }
}

/// <summary>Plain text.</summary>
public sealed class TextPart : BroadcastPart
{
    [JsonIgnore]
    public override ContentKinds Kind => ContentKinds.Text;

    public required string Text { get; init; }
}

/// <summary>A prompt and options, rendered as the channel can.</summary>
public sealed class ChoicesPart : BroadcastPart
{
    [JsonIgnore]
    public override ContentKinds Kind => ContentKinds.Choices;

    public required string Prompt { get; init; }

    public required string[] Options { get; init; }
}

/// <summary>An uploaded file or image.</summary>
public sealed class FilePart : BroadcastPart
{
    [JsonIgnore]
    public override ContentKinds Kind => ContentKinds.File;

    public required long FileId { get; init; }

    public string? Caption { get; init; }
}

/// <summary>A template that the provider holds.</summary>
public sealed class TemplatePart : BroadcastPart
{
    [JsonIgnore]
    public override ContentKinds Kind => ContentKinds.Template;

    public required string Name { get; init; }

    public required string Language { get; init; }

    public TemplatePartParameter[] Parameters { get; init; } = [];
}

/// <summary>One parameter of a provider's template; its value is a template of ours.</summary>
public sealed class TemplatePartParameter
{
    public required string Component { get; init; }

    public string? Name { get; init; }

    public required string Value { get; init; }
}

/// <summary>An e-mail.</summary>
public sealed class EmailPart : BroadcastPart
{
    [JsonIgnore]
    public override ContentKinds Kind => ContentKinds.Email;

    public required string Subject { get; init; }

    public string? Text { get; init; }

    public string? Html { get; init; }

    public string? From { get; init; }

    public string? ReplyTo { get; init; }
}

/// <summary>Who gets a broadcast: exactly one of the first five, less the segments that are taken out of it.</summary>
public sealed record BroadcastAudience
{
    /// <summary>Most segments that can be taken out.</summary>
    public const int MostExcluded = 5;

    /// <summary>A saved segment.</summary>
    public long? SegmentId { get; init; }

    /// <summary>An unsaved rule, in the segments' language.</summary>
    public JsonElement? Segment { get; init; }

    /// <summary>Picked contacts.</summary>
    public long[]? ContactIds { get; init; }

    /// <summary>Everybody in an imported file.</summary>
    public long? ImportId { get; init; }

    /// <summary>The retryable failures of this broadcast.</summary>
    public long? RetryOf { get; init; }

    /// <summary>Saved segments whose contacts do not get it.</summary>
    public long[]? ExcludeSegmentIds { get; init; }

    /// <summary>Of them only those who wrote on its channel before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool InteractedOnly { get; init; }
}

/// <summary>A pace: so many messages per length of time.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.SendRate")]
public sealed record SendRate([property: Id(0)] int Count, [property: Id(1)] long PerMs)
{
    /// <summary>Messages per second.</summary>
    [JsonIgnore]
    public double PerSecond => Count * 1000.0 / PerMs;
}

/// <summary>How parts and audiences are stored and travel.</summary>
public static class BroadcastJson
{
    /// <summary>camelCase, unknown members refused.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        AllowOutOfOrderMetadataProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
