using System.Net.Sockets;
using System.Text.Json;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary>The service that runs on a data directory of this machine, over the socket that only its owner can open.</summary>
internal sealed class LocalService : IDisposable
{
    private readonly HttpClient _http;

    private LocalService(string socketPath)
    {
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        {
            BaseAddress = new Uri("http://localhost/api/v1/"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The service that holds the directory; null when nobody does.</summary>
    public static LocalService? Find(string dataDirectory) =>
        DataDirectory.IsHeld(dataDirectory) ? new LocalService(DataDirectory.SocketPathOf(dataDirectory)) : null;

    /// <summary>Posts, and reads the answer; a refusal ends the command with the service's own words.</summary>
    public Task<JsonElement> PostAsync(string path, HttpContent? content, CancellationToken cancellationToken) =>
        SendAsync(http => http.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken), cancellationToken);

    /// <summary>Deletes; a refusal ends the command with the service's own words.</summary>
    public Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(http => http.DeleteAsync(new Uri(path, UriKind.Relative), cancellationToken), cancellationToken);

    /// <summary>Reads; a refusal ends the command with the service's own words.</summary>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(http => http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken), cancellationToken);

    private async Task<JsonElement> SendAsync(Func<HttpClient, Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await send(_http);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            var answer = Read(text);
            if (response.StatusCode == System.Net.HttpStatusCode.NoContent) return default;
            return response.IsSuccessStatusCode && answer is { } whole ? whole : throw new ServiceRefusal(response.StatusCode, answer);
        }
        catch (HttpRequestException e)
        {
            throw new StartException($"A process holds the data directory, but its socket does not answer: {e.Message} It may be starting, or be a command that runs: try again in a moment.");
        }
    }

    public void Dispose() => _http.Dispose();

    private static JsonElement? Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What the service refused, in its own words.</summary>
internal sealed class ServiceRefusal(System.Net.HttpStatusCode status, JsonElement? answer) : StartException(DetailOf(answer) ?? $"The service answered HTTP {(int)status}.")
{
    /// <summary>A member of the answer; null when it has none.</summary>
    public JsonElement? Find(string name) => Member(answer, name);

    private static string? DetailOf(JsonElement? answer) => Member(answer, "detail")?.GetString();

    private static JsonElement? Member(JsonElement? answer, string name) =>
        answer is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out var member) ? member : null;
}
