using System.Net.Http.Headers;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>A form with files (RFC 7578), as strict servers read it.</summary>
internal static class UploadForm
{
    public static MultipartFormDataContent New()
    {
        var form = new MultipartFormDataContent("broadcasts-" + Guid.NewGuid().ToString("N"));
        // Some servers take the quotes that .NET puts around the boundary for a part of it.
        form.HeaderEncodingSelector = static (_, _) => Encoding.UTF8;
        form.Headers.ContentType!.Parameters.Single().Value = form.Headers.ContentType.Parameters.Single().Value!.Trim('"');
        return form;
    }

    public static void Add(MultipartFormDataContent form, string name, string value)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(value));
        content.Headers.ContentDisposition = new ContentDispositionHeaderValue("form-data") { Name = $"\"{name}\"" };
        form.Add(content);
    }

    /// <summary>Adds a file. Its name goes in UTF-8, as browsers send it (RFC 7578, 4.2), without what would end the value or the header.</summary>
    public static void Add(MultipartFormDataContent form, string name, FileContent file, string mediaType, bool hidesName = false)
    {
        var bytes = new ReadOnlyMemoryContent(file.Bytes);
        bytes.Headers.ContentType = MediaTypeHeaderValue.TryParse(mediaType, out var type) ? type : new MediaTypeHeaderValue("application/octet-stream");
        bytes.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"{name}\"; filename=\"{(hidesName ? Plain(file.FileName) : Safe(file.FileName))}\"");
        form.Add(bytes);
    }

    private static string Safe(string fileName) => string.Concat(fileName.TakeLast(100).Select(c => char.IsControl(c) || c is '"' or '\\' or '/' ? '_' : c));

    // Where nobody sees it, nothing but what every server takes.
    private static string Plain(string fileName) => string.Concat(fileName.TakeLast(100).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
}
