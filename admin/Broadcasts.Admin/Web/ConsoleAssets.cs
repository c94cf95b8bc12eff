using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Broadcasts.Admin.Web;

/// <summary>The console's css, scripts and icon, out of the assembly.</summary>
/// <remarks>
/// Static web assets were not used: run from <c>bin</c> in Production they answer 200 with no bytes unless the host opts in. The address holds
/// a hash of all files, so browsers keep them for good and a new version is never mixed with an old one.
/// </remarks>
internal sealed class ConsoleAssets
{
    private const string Prefix = "wwwroot/";

    private readonly Dictionary<string, Asset> _assets = [];

    public ConsoleAssets()
    {
        var assembly = typeof(ConsoleAssets).Assembly;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            hash.AppendData(bytes);
            _assets.Add(resource[Prefix.Length..], new(bytes, Compress(bytes), TypeOf(resource)));
        }

        Version = Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    /// <summary>Changes with any byte of any file.</summary>
    public string Version { get; }

    public IEnumerable<string> Names => _assets.Keys;

    /// <summary>The address of a file.</summary>
    public string PathOf(string name) => _assets.ContainsKey(name) ? $"/assets/{Version}/{name}" : throw new ArgumentException($"There is no asset '{name}'.");

    public async Task ServeAsync(HttpContext context)
    {
        var name = (string)context.Request.RouteValues["name"]!;
        if (!_assets.TryGetValue(name, out var asset))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var headers = context.Response.Headers;
        // An old page may ask with an old hash; it gets today's file, but must not keep it under that name.
        headers.CacheControl = (string?)context.Request.RouteValues["version"] == Version ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Vary = HeaderNames.AcceptEncoding;
        context.Response.ContentType = asset.Type;
        var zipped = context.Request.Headers.AcceptEncoding.Any(v => v?.Contains("br", StringComparison.OrdinalIgnoreCase) == true);
        if (zipped) headers.ContentEncoding = "br";
        var body = zipped ? asset.Zipped : asset.Plain;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var brotli = new BrotliStream(target, CompressionLevel.Optimal))
        {
            brotli.Write(bytes);
        }

        return target.ToArray();
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };

    private sealed record Asset(byte[] Plain, byte[] Zipped, string Type);
}
