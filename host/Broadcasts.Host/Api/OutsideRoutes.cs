using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Microsoft.AspNetCore.Http.Extensions;

namespace Broadcasts.Host.Api;

/// <summary>What the outside calls: providers' webhooks. With forms (<c>/f/</c>) and the links in messages (<c>/o/</c>, <c>/confirm/</c>) all that can't stay behind a firewall.</summary>
internal static class OutsideRoutes
{
    private static readonly TimeSpan WebhookLimit = TimeSpan.FromSeconds(10);

    public static void Map(WebApplication app)
    {
        app.MapMethods("/hooks/{channelId:long}", ["GET", "POST", "PUT"], ReceiveAsync).AllowAnonymous().ExcludeFromDescription();
    }

    private static async Task<IResult> ReceiveAsync(long channelId, ChannelRuntimes channels, ProviderEvents events, TimeProvider time, RefusedWebhooks refused, HttpContext http)
    {
        using var limit = new CancellationTokenSource(WebhookLimit, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, http.RequestAborted);
        try
        {
            if (await channels.OpenAsync(channelId, ending.Token) is not { } channel || !channel.Transport.CanReceive) return Results.NotFound();
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body, ending.Token);
            var result = await channel.Transport.ReceiveAsync(RequestOf(http, body.ToArray()), ending.Token);
            if (result.Value is not { } answer)
            {
                return Refuse(StatusCodes.Status500InternalServerError, $"{result.Error}");
            }

            // Stored before it is answered: what the provider was told to forget must not be lost.
            if (answer.Events.Length > 0) await events.ApplyAsync(channelId, answer.Events, cancellationToken: ending.Token);
            if (answer.MediaType is not null) http.Response.ContentType = answer.MediaType;
            refused.Note(channelId, answer.Status, answer.Status == StatusCodes.Status401Unauthorized ? "nothing proves that it comes from the provider, or it is too old." : "the transport did not take it.");
            http.Response.StatusCode = answer.Status;
            await http.Response.Body.WriteAsync(answer.Body, ending.Token);
            return Results.Empty;
        }
        catch (BadHttpRequestException e)
        {
            return Refuse(e.StatusCode, e.Message);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Refuse(StatusCodes.Status503ServiceUnavailable, $"it was not dealt with within {WebhookLimit.TotalSeconds:0} s.");
        }

        IResult Refuse(int status, string why)
        {
            refused.Note(channelId, status, why);
            return Results.StatusCode(status);
        }
    }

    private static WebhookRequest RequestOf(HttpContext http, byte[] body) => new()
    {
        Method = http.Request.Method.ToUpperInvariant(),
        Url = new Uri(http.Request.GetEncodedUrl()),
        Headers = http.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        Body = body,
    };
}
