using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>How far a broadcast is, and what became of everybody in it.</summary>
internal static class RecipientsApi
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/broadcasts/{id:long}").WithTags("Broadcasts");
        group.MapGet("progress", ProgressAsync).Needs(Permission.Read).Produces<ProgressAnswer>();
        group.MapGet("events", EventsAsync).Needs(Permission.Read).WithSummary("Progress as server-sent events, at most a second old");
        group.MapGet("recipients", ListAsync).Needs(Permission.Read).Produces<ListAnswer<RecipientRow>>();
        group.MapGet("unknown", (long id, BroadcastQueries queries, long? cursor, int? limit, CancellationToken cancellationToken) =>
            ListAsync(id, queries, "unknown", null, null, null, cursor, limit, cancellationToken)).Needs(Permission.Read).Produces<ListAnswer<RecipientRow>>();
        group.MapPost("unknown/resolve", ResolveAsync).Needs(Permission.SendBroadcasts).Produces<ResolvedAnswer>().WithSummary("Settles messages in doubt by a person's word");
        group.MapGet("recipients.csv", CsvAsync).Needs(Permission.ExportReports);
        group.MapGet("recipients/{contactId:long}", GetAsync).Needs(Permission.Read).Produces<RecipientTimeline>();
    }

    private static async Task<IResult> ProgressAsync(long id, ProgressFeed feed, CancellationToken cancellationToken) =>
        await feed.GetAsync(id, cancellationToken) is { } progress ? Results.Ok(ProgressAnswer.Of(progress)) : ApiProblems.NotFound($"Broadcast {id}");

    private static async Task<IResult> EventsAsync(long id, ProgressQueries queries, ProgressFeed feed, TimeProvider time, IHostApplicationLifetime lifetime, HttpContext http)
    {
        if (await queries.GetAsync(id, http.RequestAborted) is null) return ApiProblems.NotFound($"Broadcast {id}");

        // An open stream must not hold up a stop.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await WriteEventsAsync(http.Response, feed.WatchAsync(id, ending.Token), time, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The reader left, or the service stops.
        }

        return Results.Empty;
    }

    private static async Task WriteEventsAsync(HttpResponse response, IAsyncEnumerable<Progress> news, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var reader = news.GetAsyncEnumerator(cancellationToken);
        for (var next = reader.MoveNextAsync().AsTask(); ;)
        {
            if (await Task.WhenAny(next, Task.Delay(KeepAlive, time, cancellationToken)) != next)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // A comment: proxies close connections on which nothing moves.
                await WriteAsync(response, ":\n\n", cancellationToken);
                continue;
            }

            if (!await next) return;
            var json = JsonSerializer.Serialize(ProgressAnswer.Of(reader.Current), ApiJson.Options);
            await WriteAsync(response, $"event: progress\ndata: {json}\n\n", cancellationToken);
            next = reader.MoveNextAsync().AsTask();
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        await response.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }

    private static async Task<IResult> ListAsync(
        long id, BroadcastQueries queries, string? status, string? reason, int? part, string? search, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        if (!TryFilter(status, reason, part, search, out var filter, out var problem)) return problem!;
        if (await queries.GetAsync(id, cancellationToken) is null) return ApiProblems.NotFound($"Broadcast {id}");
        var page = await queries.RecipientsAsync(id, filter, cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<RecipientRow>(page.Items, page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> ResolveAsync(long id, ResolveBody body, Doubts doubts, ProgressQueries queries, HttpContext http)
    {
        if (body.ContactIds is { Length: 0 }) return ApiProblems.Invalid("contactIds", "nobody", "Name at least one contact, or leave contactIds out for all.");
        var (command, result) = await doubts.ResolveAsync(id, body.As, body.ContactIds, http.Actor());
        if (!command.IsDone) return ApiProblems.Of(command, isBroadcast: true);
        return Results.Ok(new ResolvedAnswer(result.Resolved, result.TooEarly, (await queries.GetAsync(id))?.Counts.Unknown ?? 0));
    }

    private static async Task<IResult> GetAsync(long id, long contactId, BroadcastQueries queries, CancellationToken cancellationToken) =>
        await queries.RecipientAsync(id, contactId, cancellationToken) is { } timeline
            ? Results.Ok(timeline)
            : ApiProblems.NotFound($"Contact {contactId} in broadcast {id}");

    private static async Task<IResult> CsvAsync(long id, BroadcastQueries queries, string? status, string? reason, int? part, string? search, HttpContext http)
    {
        if (!TryFilter(status, reason, part, search, out var filter, out var problem)) return problem!;
        if (await queries.GetAsync(id, http.RequestAborted) is null) return ApiProblems.NotFound($"Broadcast {id}");

        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"broadcast-{id}-recipients.csv\"";
        await using var writer = new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        await writer.WriteAsync(RecipientCsv.Header);
        await foreach (var row in queries.AllRecipientsAsync(id, filter, http.RequestAborted)) await writer.WriteAsync(RecipientCsv.Line(row));
        return Results.Empty;
    }

    private static bool TryFilter(string? status, string? reason, int? part, string? search, out RecipientFilter filter, out IResult? problem)
    {
        filter = RecipientFilter.All;
        if (!ApiWords.TryRead<DeliveryStatus>("status", status, out var wanted, out problem)) return false;
        filter = new RecipientFilter { Status = wanted, Reason = reason is null ? null : Reasons.Parse(reason), Part = part, Search = search };
        if (reason is null || filter.Reason is not null) return true;
        problem = ApiProblems.Of(HttpStatusCode.BadRequest, "unknownWord", $"reason: there is none called '{reason}'. Reasons are names such as mailboxFull or optedOut; progress lists those that occur.", "reason");
        return false;
    }
}

/// <summary>What a person knows of messages in doubt.</summary>
internal sealed record ResolveBody
{
    /// <summary><c>sent</c>, <c>notSent</c> or <c>resend</c>.</summary>
    public required DoubtAnswer As { get; init; }

    /// <summary>Whose messages; all of the broadcast's without it.</summary>
    public long[]? ContactIds { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Resolved">Messages settled now.</param>
/// <param name="TooEarly">Messages whose answer can still come by itself; ask again in a minute.</param>
/// <param name="Unknown">Messages of the broadcast that are still in doubt.</param>
internal sealed record ResolvedAnswer(long Resolved, long TooEarly, long Unknown);
