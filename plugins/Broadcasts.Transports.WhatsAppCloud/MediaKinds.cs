namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Which message a file becomes. Meta takes these media types and no others (Meta, "Media", supported types, as of 2026-11).</summary>
internal static class MediaKinds
{
    public static string[] Types { get; } =
    [
        "image/jpeg", "image/png", "image/webp", "video/mp4", "video/3gpp",
        "audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg",
        "text/plain", "application/pdf",
        "application/msword", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ];

    /// <summary>The media type without parameters, in lower case.</summary>
    public static string Plain(string mediaType) => mediaType.Split(';', 2)[0].Trim().ToLowerInvariant();

    /// <summary><c>image</c>, <c>sticker</c>, <c>video</c>, <c>audio</c> or <c>document</c>. Sticker and audio carry no caption: with one the file goes as a document.</summary>
    public static string Of(FileContent file) => Plain(file.MediaType) switch
    {
        "image/jpeg" or "image/png" => "image",
        "image/webp" when string.IsNullOrEmpty(file.Caption) => "sticker",
        "video/mp4" or "video/3gpp" => "video",
        "audio/aac" or "audio/amr" or "audio/mpeg" or "audio/mp4" or "audio/ogg" when string.IsNullOrEmpty(file.Caption) => "audio",
        _ => "document",
    };

    /// <summary>Largest file of a media type; the upload is measured by it, whatever the message calls the file.</summary>
    public static long MostBytes(string mediaType) => Plain(mediaType) switch
    {
        "image/webp" => Limits.StickerBytes,
        var type when type.StartsWith("image/", StringComparison.Ordinal) => Limits.ImageBytes,
        var type when type.StartsWith("video/", StringComparison.Ordinal) => Limits.VideoBytes,
        var type when type.StartsWith("audio/", StringComparison.Ordinal) => Limits.AudioBytes,
        _ => Limits.DocumentBytes,
    };
}
