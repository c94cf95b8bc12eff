using System.Net;
using System.Text;

namespace Broadcasts.TestKit;

/// <summary>A provider that answers every call alike, and tells back whatever it was sent.</summary>
internal sealed class ScriptedProvider : HttpMessageHandler
{
    private readonly Func<string, CancellationToken, Task<HttpResponseMessage>> _answer;
    private int _requests;

    private ScriptedProvider(Func<string, CancellationToken, Task<HttpResponseMessage>> answer) => _answer = answer;

    /// <summary>Calls that arrived.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Ends when the first call has arrived.</summary>
    public TaskCompletionSource Called { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static ScriptedProvider Answering(int status, string body, params (string Name, string Value)[] headers) => new((_, _) =>
        Task.FromResult(Response(status, body, headers)));

    /// <summary>Answers with the request itself: address, headers and body.</summary>
    public static ScriptedProvider Echoing(int status) => new((request, _) => Task.FromResult(Response(status, request, [])));

    public static ScriptedProvider Failing(HttpRequestError error, string message) => new((_, _) => throw new HttpRequestException(error, message));

    /// <summary>Takes the request and never answers.</summary>
    public static ScriptedProvider Silent() => new(async (_, cancellationToken) =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        throw new InvalidOperationException("unreachable");
    });

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _requests);
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        Called.TrySetResult();
        var response = await _answer($"{request.Method} {request.RequestUri}\n{request.Headers}\n{body}", cancellationToken).ConfigureAwait(false);
        response.RequestMessage = request;
        return response;
    }

    private static HttpResponseMessage Response(int status, string body, (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, body.StartsWith('{') ? "application/json" : "text/html") };
        foreach (var (name, value) in headers) response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }
}
