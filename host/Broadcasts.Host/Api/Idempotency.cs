using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>A POST with an Idempotency-Key is done once; the same again gets the first answer.</summary>
internal sealed class Idempotency(RequestDelegate next, IdempotencyStore store, ISecretProtector protector)
{
    public const string Header = "Idempotency-Key";

    private const int LongestKey = 255;
    private const int InMemory = 64 * 1024;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.Features.Get<ApiCaller>() is not { } caller || !context.Request.Headers.TryGetValue(Header, out var given))
        {
            await next(context);
            return;
        }

        var key = given.ToString();
        if (key.Length is 0 or > LongestKey || key.Any(c => c is < '!' or > '~'))
        {
            await ApiProblems.Of(HttpStatusCode.BadRequest, "idempotencyKey", $"{Header} must be 1 to {LongestKey} printable ASCII characters without spaces.").ExecuteAsync(context);
            return;
        }

        var start = await store.BeginAsync(caller.IdempotencyScope, key, await HashAsync(context.Request), context.RequestAborted);
        switch (start.State)
        {
            case IdempotencyState.Other:
                await ApiProblems.Of(HttpStatusCode.UnprocessableEntity, "idempotencyKeyReused", $"This {Header} came with another request before. Use a new key for a new request.").ExecuteAsync(context);
                break;
            case IdempotencyState.Running:
                context.Response.Headers.RetryAfter = "1";
                await ApiProblems.Of(HttpStatusCode.Conflict, "stillRunning", "The first request with this key is still being worked on. Ask again in a moment.").ExecuteAsync(context);
                break;
            case IdempotencyState.Done:
                await ReplayAsync(context, start);
                break;
            default:
                context.Features.Set(new IdempotencyIdentity($"api:{caller.IdempotencyScope}:{key}"));
                await RunAsync(context, caller, key);
                break;
        }
    }

    private async Task RunAsync(HttpContext context, ApiCaller caller, string key)
    {
        var wire = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        var isDone = false;
        try
        {
            await next(context);
            context.Response.Body = wire;
            if (context.Response.StatusCode is >= 200 and < 300)
            {
                var stored = new StoredAnswer(context.Response.ContentType, context.Response.Headers.Location, Encoding.UTF8.GetString(answer.ToArray()));
                var kept = JsonSerializer.Serialize(stored);
                await store.CompleteAsync(caller.IdempotencyScope, key, context.Response.StatusCode, IsSecret(context) ? protector.Protect(kept) : kept);
                isDone = true;
            }
        }
        finally
        {
            context.Response.Body = wire;
            // A refusal changed nothing: the same key may try again once the cause is mended.
            if (!isDone) await store.ReleaseAsync(caller.IdempotencyScope, key);
        }

        answer.Position = 0;
        await answer.CopyToAsync(wire, context.RequestAborted);
    }

    private async Task ReplayAsync(HttpContext context, IdempotencyStart start)
    {
        var stored = JsonSerializer.Deserialize<StoredAnswer>(IsSecret(context) ? protector.Unprotect(start.Response!) : start.Response!)!;
        context.Response.StatusCode = start.StatusCode;
        context.Response.ContentType = stored.ContentType;
        context.Response.Headers.Location = stored.Location;
        context.Response.Headers["Idempotent-Replay"] = "true";
        await context.Response.WriteAsync(stored.Body, context.RequestAborted);
    }

    private static bool IsSecret(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswer>() is not null;

    private static async Task<string> HashAsync(HttpRequest request)
    {
        // Large bodies go to a temporary file while they are hashed, and are read again by the endpoint.
        request.EnableBuffering(InMemory);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"));
        var buffer = new byte[InMemory];
        for (int read; (read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0;) hash.AppendData(buffer.AsSpan(0, read));
        request.Body.Position = 0;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private sealed record StoredAnswer(string? ContentType, string? Location, string Body);
}

/// <summary>The answer holds a key or a link that is shown once: it is kept encrypted for whoever asks again.</summary>
internal sealed record SecretAnswer;

/// <summary>Identity of what a request creates: if the process dies between the effect and its answer, the same key finds the effect.</summary>
internal sealed record IdempotencyIdentity(string Key);
