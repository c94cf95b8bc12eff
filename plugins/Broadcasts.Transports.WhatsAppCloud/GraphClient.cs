using System.Net.Http.Headers;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Calls of the Graph API with this channel's token. The token travels in a header; addresses carry the proof at most.</summary>
internal sealed class GraphClient(WhatsAppCloudSettings settings, HttpClient http, TimeProvider time) : IDisposable
{
    private readonly string _root = $"{settings.BaseUrl.TrimEnd('/')}/{settings.ApiVersion}/";
    private readonly string? _proof = settings.AppSecretProof ? MetaSignature.Proof(settings.AccessToken, settings.AppSecret!) : null;

    public Task<(ProviderAnswer? Answer, SendOutcome? Failure)> GetAsync(string path, string query, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, path, query, null, settings.TimeoutSeconds, cancellationToken);

    public Task<(ProviderAnswer? Answer, SendOutcome? Failure)> PostAsync(string path, byte[] json, CancellationToken cancellationToken)
    {
        var content = new ByteArrayContent(json);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return CallAsync(HttpMethod.Post, path, "", content, settings.TimeoutSeconds, cancellationToken);
    }

    public Task<(ProviderAnswer? Answer, SendOutcome? Failure)> UploadAsync(string path, HttpContent form, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, path, "", form, settings.UploadTimeoutSeconds, cancellationToken);

    public void Dispose() => http.Dispose();

    /// <summary>A text without the channel's secrets: Meta repeats parts of a request in its errors.</summary>
    public string Redact(string text)
    {
        foreach (var secret in new[] { settings.AccessToken, settings.AppSecret, settings.VerifyToken, _proof })
        {
            if (secret is { Length: > 0 }) text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return text;
    }

    private async Task<(ProviderAnswer? Answer, SendOutcome? Failure)> CallAsync(HttpMethod method, string path, string query, HttpContent? content, int seconds, CancellationToken cancellationToken)
    {
        var proof = _proof is null ? "" : $"appsecret_proof={_proof}";
        var both = query.Length > 0 && proof.Length > 0 ? $"{query}&{proof}" : query + proof;
        using var request = new HttpRequestMessage(method, _root + path + (both.Length > 0 ? "?" + both : "")) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.AccessToken);
        request.Headers.TryAddWithoutValidation("User-Agent", "Broadcasts");
        return await ProviderHttp.CallAsync(http, request, TimeSpan.FromSeconds(seconds), time, cancellationToken).ConfigureAwait(false);
    }
}
