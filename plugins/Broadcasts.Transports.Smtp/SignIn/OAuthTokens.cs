using System.Net;
using System.Text.Json;

namespace Broadcasts.Transports.Smtp;

/// <summary>Access tokens for XOAUTH2: asked for once, used until they expire or a mail server refuses them (RFC 6749, sections 4.4 and 6).</summary>
internal sealed class OAuthTokens(SmtpSettings settings, ChannelContext context, Secrets secrets) : IDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);
    // Not used in its last minute: the server that takes it has a clock of its own.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UsualLife = TimeSpan.FromHours(1);
    private readonly HttpClient _http = context.CreateHttpClient();
    private readonly SemaphoreSlim _asking = new(1, 1);
    // Some providers replace it with every answer. Kept in memory alone: the old one goes on to work where several processes use it.
    private string? _refreshToken = settings.OauthRefreshToken;
    private string? _token;
    private DateTimeOffset _expires;

    /// <summary>A token that should work.</summary>
    /// <exception cref="SmtpRefusedException">None could be had; its outcome says why.</exception>
    public async Task<string> GetAsync(CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token is { } known && context.Time.GetUtcNow() < _expires - Margin) return known;
            return await AskAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>A mail server refused this token; the next one is a fresh one.</summary>
    public void Refused(string token)
    {
        if (_token == token) _expires = default;
    }

    public void Dispose()
    {
        _http.Dispose();
        _asking.Dispose();
    }

    private async Task<string> AskAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.OauthTokenUrl) { Content = new FormUrlEncodedContent(Form()) };
        var (answer, failure) = await ProviderHttp.CallAsync(_http, request, CallLimit, context.Time, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (answer is null) throw new SmtpRefusedException(SendOutcome.RetryLater(FailureReason.ProviderDown, secrets.Hide($"No access token: {failure!.Detail}")));
        if (answer.Status != HttpStatusCode.OK) throw new SmtpRefusedException(Refusal(answer));
        return Keep(answer.Body) ?? throw new SmtpRefusedException(SendOutcome.RetryLater(FailureReason.ProviderDown, "The token address answered without an access token."));
    }

    private IEnumerable<KeyValuePair<string, string>> Form()
    {
        yield return new("grant_type", string.IsNullOrEmpty(_refreshToken) ? "client_credentials" : "refresh_token");
        yield return new("client_id", settings.OauthClientId!);
        if (settings.OauthClientSecret is { Length: > 0 } secret) yield return new("client_secret", secret);
        if (_refreshToken is { Length: > 0 } refresh) yield return new("refresh_token", refresh);
        if (settings.OauthScope is { Length: > 0 } scope) yield return new("scope", scope);
    }

    /// <summary>400 and 401 say that the grant or the client is not good any more; everything else is a fault of the moment. Nothing was sent in any case.</summary>
    private SendOutcome Refusal(ProviderAnswer answer) => answer.Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not HttpStatusCode.TooManyRequests and not HttpStatusCode.RequestTimeout
        ? SendOutcome.ChannelFault(FailureReason.Credentials, secrets.Hide($"No access token: {answer.Detail}"), $"{(int)answer.Status}")
        : SendOutcome.RetryLater(FailureReason.ProviderDown, secrets.Hide($"No access token: {answer.Detail}"), $"{(int)answer.Status}", answer.RetryAt(context.Time.GetUtcNow()));

    private string? Keep(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var json = document.RootElement;
            if (json.ValueKind != JsonValueKind.Object || Text(json, "access_token") is not { Length: > 0 } token) return null;
            var life = double.TryParse(Text(json, "expires_in"), System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 31_536_000 ? TimeSpan.FromSeconds(seconds) : UsualLife;
            if (Text(json, "refresh_token") is { Length: > 0 } next) _refreshToken = next;
            (_token, _expires, secrets.AccessToken) = (token, context.Time.GetUtcNow() + life, token);
            return token;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : null;
}
