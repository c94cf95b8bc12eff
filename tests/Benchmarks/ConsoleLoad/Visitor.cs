using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Broadcasts.Benchmarks.ConsoleLoad;

/// <summary>A person's browser as far as the service sees it: cookies, compressed answers, no cache.</summary>
internal sealed partial class Visitor : IDisposable
{
    private readonly HttpClient _http;

    private Visitor(Uri address, CookieContainer cookies)
    {
        Cookies = cookies;
        _http = new(new SocketsHttpHandler { CookieContainer = cookies, AllowAutoRedirect = true, AutomaticDecompression = DecompressionMethods.None }) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("br, gzip");
        _http.DefaultRequestHeaders.AcceptLanguage.ParseAdd("en-GB");
    }

    public CookieContainer Cookies { get; }

    /// <summary>Signs in by a link that the program printed.</summary>
    public static async Task<Visitor> SignInAsync(Uri address, string link)
    {
        var visitor = new Visitor(address, new());
        using var plain = new HttpClient(new SocketsHttpHandler { CookieContainer = visitor.Cookies }) { BaseAddress = address };
        var page = await plain.GetStringAsync(new Uri(link).PathAndQuery);
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", Token().Match(page).Groups[1].Value)]);
        using var answer = await plain.PostAsync(new Uri(link).PathAndQuery, form);
        if (!answer.RequestMessage!.RequestUri!.AbsolutePath.Contains("broadcasts", StringComparison.Ordinal)) throw new InvalidOperationException($"The link led to {answer.RequestMessage.RequestUri}.");
        return visitor;
    }

    /// <summary>Milliseconds until the last byte of a page, and its bytes as they were sent.</summary>
    public async Task<(double Milliseconds, int Bytes)> LoadAsync(string path)
    {
        var begin = TimeProvider.System.GetTimestamp();
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var took = TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds;
        return answer.IsSuccessStatusCode ? (took, bytes.Length) : throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}.");
    }

    /// <summary>The lines of a broadcast's events with the moment at which each came, until the end or the token.</summary>
    public async IAsyncEnumerable<(string Data, DateTimeOffset At)> EventsAsync(long broadcast, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/api/v1/broadcasts/{broadcast}/events"));
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        answer.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal)) yield return (line[6..], TimeProvider.System.GetUtcNow());
        }
    }

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("__RequestVerificationToken\"[^>]*value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
