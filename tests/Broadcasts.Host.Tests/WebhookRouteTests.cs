using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Host.Tests;

/// <summary>What reaches a channel's webhook from outside: nothing that is not proven, recent and small changes anything, and the log says so once.</summary>
public sealed class WebhookRouteTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    private const string Secret = "a-secret-of-some-length";
    private const string Receipt = """{"messageId": "m-1", "status": "delivered", "at": "2026-01-01T00:00:00Z"}""";

    [Fact]
    public async Task Receive_ForgedOldOrHuge_IsRefusedAndSaidOnce()
    {
        var channel = (await service.PostAsync("/api/v1/channels", new { name = "Hooks", transport = "webhook", settings = new { url = "http://127.0.0.1:9/", secret = Secret } })).GetProperty("id").GetInt64();
        var path = $"/hooks/{channel}";

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(path, Receipt, Signed(Receipt, "a-secret-of-somebody-else")));
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(path, Receipt, Signed(Receipt, Secret, TimeSpan.FromMinutes(-6))));
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(path, Receipt + " ", Signed(Receipt, Secret)));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await CallAsync(path, new string(' ', 1024 * 1024 + 1), null));
        }

        Assert.Equal(HttpStatusCode.NotFound, await CallAsync("/hooks/999999", Receipt, null));
        await SaidAsync(channel, 401, 1);
        await SaidAsync(channel, 413, 1);
        // One that is taken in between makes the next refusal no news: a forger between genuine calls fills no log.
        Assert.Equal(HttpStatusCode.OK, await CallAsync(path, Receipt, Signed(Receipt, Secret)));
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(path, Receipt, null));
        await SaidAsync(channel, 401, 1);
        await SaidAsync(channel, 413, 1);
    }

    /// <summary>The log is written behind the answers: waits for the last line, and finds no line more.</summary>
    private async Task SaidAsync(long channel, int status, int times)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (Said() < times && TimeProvider.System.GetElapsedTime(begin) < RunningBroadcasts.Long) await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        Assert.Equal(times, Said());

        int Said() => service.Process.Lines.Count(l => l.Contains($"A call of channel {channel}'s webhook was refused with {status}: ", StringComparison.Ordinal));
    }

    private async Task<HttpStatusCode> CallAsync(string path, string body, string? signature)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        // Answered by the head alone: the body of one that is too large is never sent.
        request.Headers.ExpectContinue = true;
        if (signature is not null) request.Headers.Add("X-Broadcasts-Signature", signature);
        using var answer = await service.Http.SendAsync(request);
        return answer.StatusCode;
    }

    private static string Signed(string body, string secret, TimeSpan shift = default)
    {
        var time = TimeProvider.System.GetUtcNow().Add(shift).ToUnixTimeSeconds();
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{body}")))}";
    }
}
