using System.Net;
using System.Text.RegularExpressions;

namespace Broadcasts.Host.Tests.Security;

/// <summary>A browser without script and without pictures: cookies, forms, and the addresses that answers lead to.</summary>
internal sealed partial class ConsoleClient : IDisposable
{
    private readonly HttpClientHandler _handler = new() { AllowAutoRedirect = false, CookieContainer = new CookieContainer() };
    private readonly HttpClient _http;

    public ConsoleClient(Uri address)
    {
        _http = new HttpClient(_handler) { BaseAddress = address };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
        _http.DefaultRequestHeaders.Add("X-Broadcasts-Console", "1");
        _http.DefaultRequestHeaders.Add("X-Forwarded-For", $"10.{Random.Shared.Next(256)}.{Random.Shared.Next(256)}.{Random.Shared.Next(256)}");
    }

    public HttpClient Http => _http;

    public IEnumerable<Cookie> Cookies => _handler.CookieContainer.GetAllCookies();

    /// <summary>Signs in by a one-time link, as its page does.</summary>
    public async Task OpenLinkAsync(string path, string leadsTo = "/broadcasts")
    {
        using var answer = await PostAsync(path);
        Assert.Equal((HttpStatusCode.Redirect, leadsTo), (answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    public async Task<(HttpStatusCode Status, string Text)> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return (answer.StatusCode, WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    /// <summary>Posts a form with the token of the page at the same address.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] form) => PostFromAsync(path.Split('?')[0], path, form);

    /// <summary>Posts a form with the token of another page.</summary>
    public async Task<HttpResponseMessage> PostFromAsync(string page, string path, params (string Name, string Value)[] form)
    {
        var token = await TokenAsync(page);
        return await PostWithAsync(token, path, form);
    }

    public async Task<HttpResponseMessage> PostWithAsync(string token, string path, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Append(("__RequestVerificationToken", token)).Select(f => KeyValuePair.Create(f.Item1, f.Item2)));
        return await _http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
    }

    public async Task<string> TokenAsync(string page)
    {
        var (status, text) = await GetAsync(page);
        var token = Token().Match(text);
        Assert.True(token.Success, $"{page}: {status} {text[..Math.Min(text.Length, 500)]}");
        return token.Groups[1].Value;
    }

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex Token();
}
