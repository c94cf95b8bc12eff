namespace Broadcasts.Transports.Telegram;

/// <summary>How a kind of file is sent, and where the answer names it.</summary>
/// <param name="Method">Method of the API.</param>
/// <param name="Field">Its field for the file, and the answer's for the file's id.</param>
internal sealed record MediaMethod(string Method, string Field)
{
    /// <summary>Upload of a bot.</summary>
    public const int LargestFile = 50 << 20;

    private const int LargestPhoto = 10 << 20;
    private static readonly MediaMethod Photo = new("sendPhoto", "photo");
    private static readonly MediaMethod Animation = new("sendAnimation", "animation");
    private static readonly MediaMethod Video = new("sendVideo", "video");
    private static readonly MediaMethod Audio = new("sendAudio", "audio");
    private static readonly MediaMethod Document = new("sendDocument", "document");

    /// <summary>What Telegram shows as such; all else, and photos that are too large for one, is a document.</summary>
    public static MediaMethod Of(FileContent file) => file.MediaType.Split(';', 2)[0].Trim().ToLowerInvariant() switch
    {
        "image/jpeg" or "image/png" when file.Bytes.Length <= LargestPhoto => Photo,
        "image/gif" => Animation,
        "video/mp4" => Video,
        "audio/mpeg" or "audio/mp3" or "audio/mp4" or "audio/m4a" or "audio/x-m4a" => Audio,
        _ => Document,
    };
}
