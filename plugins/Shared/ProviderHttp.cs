using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>What a provider's HTTP API answered.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Headers of the response.</param>
/// <param name="Body">The body, at most <see cref="ProviderHttp.LongestBody"/> bytes of it.</param>
/// <param name="IsComplete">False when the body broke off or was longer: an acceptance in it can't be relied on.</param>
internal sealed record ProviderAnswer(HttpStatusCode Status, HttpResponseHeaders Headers, string Body, bool IsComplete)
{
    private const int LongestDetail = 300;

    /// <summary>Status and body on one line, for a report.</summary>
    public string Detail
    {
        get
        {
            var text = Body.ReplaceLineEndings(" ").Trim();
            return $"HTTP {(int)Status} {(text.Length <= LongestDetail ? text : text[..LongestDetail] + "…")}".TrimEnd();
        }
    }

    /// <summary>The moment of <c>Retry-After</c>, in seconds or as a date (RFC 9110, 10.2.3); null without one.</summary>
    public DateTimeOffset? RetryAt(DateTimeOffset now) => Headers.RetryAfter is { } after ? after.Date ?? now + after.Delta : null;
}

/// <summary>One call of a provider's HTTP API. What the connection does is classified alike for all; what the provider answers is each transport's own.</summary>
internal static class ProviderHttp
{
    /// <summary>More of an answer is not read.</summary>
    public const int LongestBody = 256 * 1024;

    /// <summary>Calls the provider, and ends within the limit whatever it does: the limit is of the whole call, not of each read.</summary>
    /// <returns>The answer, or the outcome of a call that got none.</returns>
    public static async Task<(ProviderAnswer? Answer, SendOutcome? Failure)> CallAsync(HttpClient http, HttpRequestMessage request, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            var (body, isComplete) = await ReadAsync(response.Content, either.Token).ConfigureAwait(false);
            return (new ProviderAnswer(response.StatusCode, response.Headers, body, isComplete), null);
        }
        catch (OperationCanceledException e)
        {
            return (null, e.InnerException is TimeoutException && !either.IsCancellationRequested
                ? SendOutcome.RetryLater(FailureReason.ProviderDown, "No connection could be made in time.")
                : SendOutcome.InDoubt(FailureReason.TimedOut, $"No answer within {limit.TotalSeconds:0.#} s."));
        }
        catch (HttpRequestException e)
        {
            return (null, Classify(e));
        }
        catch (IOException e)
        {
            return (null, SendOutcome.InDoubt(FailureReason.ConnectionLost, e.Message));
        }
    }

    /// <summary>What a call without an answer means: before the request was written it is surely not sent, afterwards it is in doubt.</summary>
    public static SendOutcome Classify(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError =>
            SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        HttpRequestError.SecureConnectionError when error.InnerException is AuthenticationException =>
            SendOutcome.ChannelFault(FailureReason.TlsRefused, $"{error.Message} {error.InnerException.Message}"),
        HttpRequestError.SecureConnectionError => SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        HttpRequestError.InvalidResponse => SendOutcome.InDoubt(FailureReason.UnreadableAnswer, error.Message),
        _ => SendOutcome.InDoubt(FailureReason.ConnectionLost, error.Message),
    };

    private static async Task<(string Body, bool IsComplete)> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var length = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            while (length < LongestBody)
            {
                if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(buffer.Length * 4, LongestBody));
                var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (read == 0) return (Encoding.UTF8.GetString(buffer, 0, length), true);
                length += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The status is known; whoever needs the body sees that it is not complete.
        }

        return (Encoding.UTF8.GetString(buffer, 0, length), false);
    }
}
