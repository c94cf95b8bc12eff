using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Templates.Library;

namespace Broadcasts.Host.Api;

/// <summary>Broadcasts: writing them and moving them through their life.</summary>
internal static class BroadcastsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/broadcasts").WithTags("Broadcasts");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<BroadcastAnswer>>();
        group.MapGet("export.csv", ExportAsync).Needs(Permission.ExportReports).WithSummary("The list as a CSV file");
        group.MapPost("", CreateAsync).Needs(Permission.EditBroadcasts).Produces<BroadcastAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", GetAsync).Needs(Permission.Read).Produces<BroadcastAnswer>();
        group.MapPatch("{id:long}", PatchAsync).Needs(Permission.EditBroadcasts).Accepts<BroadcastBody>("application/json").Produces<BroadcastAnswer>();
        group.MapDelete("{id:long}", (long id, IGrainFactory grains, HttpContext http) => DoAsync(id, Grain(grains, id).DeleteAsync(http.Actor()), isGone: true)).Needs(Permission.EditBroadcasts);

        group.MapPost("{id:long}/forecast", ForecastAsync).Needs(Permission.EditBroadcasts).Produces<Forecast>();
        group.MapPost("{id:long}/test", TestAsync).Needs(Permission.SendBroadcasts);
        group.MapPost("{id:long}/schedule", (long id, ScheduleBody body, IGrainFactory grains, EngineOptions options, HttpContext http) =>
            DoAsync(id, Grain(grains, id).ScheduleAsync(body.ToSchedule(options.TimeZone), http.Actor()))).Needs(Permission.SendBroadcasts).Produces<BroadcastState>();
        Command(group, "unschedule", Permission.SendBroadcasts, (grain, actor) => grain.UnscheduleAsync(actor));
        group.MapPost("{id:long}/send", SendAsync).Needs(Permission.SendBroadcasts).Accepts<SendBody>(isOptional: true, "application/json").Produces<BroadcastState>().WithSummary("send");
        Command(group, "skip-next", Permission.SendBroadcasts, (grain, actor) => grain.SkipNextAsync(actor));
        Command(group, "undo", Permission.SendBroadcasts, (grain, actor) => grain.UndoAsync(actor));
        Command(group, "approve", Permission.ApproveBroadcasts, (grain, actor) => grain.ApproveAsync(actor));
        group.MapPost("{id:long}/reject", async (long id, IGrainFactory grains, HttpContext http) =>
            await DoAsync(id, Grain(grains, id).RejectAsync(http.Actor(), (await ReadAsync<RejectBody>(http))?.Why))).Needs(Permission.ApproveBroadcasts).Accepts<RejectBody>(isOptional: true, "application/json").Produces<BroadcastState>();
        Command(group, "pause", Permission.SendBroadcasts, (grain, actor) => grain.PauseAsync(actor));
        Command(group, "resume", Permission.SendBroadcasts, (grain, actor) => grain.ResumeAsync(actor));
        Command(group, "cancel", Permission.SendBroadcasts, (grain, actor) => grain.CancelAsync(actor));
        Command(group, "fix", Permission.EditBroadcasts, (grain, actor) => grain.FixAsync(actor));
        Command(group, "archive", Permission.EditBroadcasts, (grain, actor) => grain.ArchiveAsync(actor));
        group.MapPost("{id:long}/duplicate", (long id, BroadcastFactory factory, BroadcastQueries queries, HttpContext http) =>
            MadeAsync(factory.DuplicateAsync(id, http.Actor()), queries)).Needs(Permission.EditBroadcasts).Produces<BroadcastAnswer>(StatusCodes.Status201Created);
        group.MapPost("{id:long}/resend-failed", (long id, BroadcastFactory factory, BroadcastQueries queries, HttpContext http) =>
            MadeAsync(factory.ResendFailedAsync(id, http.Actor()), queries)).Needs(Permission.SendBroadcasts).Produces<BroadcastAnswer>(StatusCodes.Status201Created);
        group.MapPost("{id:long}/move-remaining", MoveAsync).Needs(Permission.SendBroadcasts).Produces<RemainderPreview>();
        group.MapPatch("{id:long}/rate", SetRateAsync).Needs(Permission.SendBroadcasts).Produces<BroadcastState>();
    }

    private static void Command(RouteGroupBuilder group, string verb, Permission needed, Func<IBroadcastGrain, string, Task<CommandResult>> command) =>
        group.MapPost("{id:long}/" + verb, (long id, IGrainFactory grains, HttpContext http) => DoAsync(id, command(Grain(grains, id), http.Actor())))
            .Needs(needed).Produces<BroadcastState>().WithSummary(verb);

    private static async Task<IResult> ListAsync(BroadcastQueries queries, [AsParameters] BroadcastListQuery query, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        if (!query.TryRead(out var filter, out var problem)) return problem!;
        var most = ApiRoutes.Limit(limit);
        var rows = await queries.ListBeforeAsync(filter, cursor, most + 1, cancellationToken);
        return Results.Ok(ListAnswer<BroadcastAnswer>.Of(rows, most, BroadcastAnswer.Of, r => r.Id));
    }

    private static async Task<IResult> ExportAsync([AsParameters] BroadcastListQuery query, string? columns, bool? bom, BroadcastExport export, TimeProvider time, HttpContext http)
    {
        if (!query.TryRead(out var filter, out var problem)) return problem!;
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"broadcasts-{time.GetUtcNow():yyyyMMdd-HHmmss}.csv\"");
        await using var writer = new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: bom == true), leaveOpen: true);
        await export.WriteAsync(filter, BroadcastColumns.Read(columns), http.Actor(), writer, http.RequestAborted);
        return Results.Empty;
    }

    private static async Task<IResult> CreateAsync(BroadcastBody body, BroadcastFactory factory, BroadcastQueries queries, TakeTemplate templates, HttpContext http)
    {
        var problems = new List<Problem>();
        var draft = body.ToDraft(problems);
        if (body.TemplateId is { } template)
        {
            if (body.Parts.Length > 0 || body.Variants is not null) problems.Add(new Problem("parts", "oneContent", "Give parts or a templateId, not both: with a template its parts are taken."));
            draft = await templates.IntoAsync(draft, template, body.TemplateVersion, problems) ?? draft;
        }

        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        return await MadeAsync(factory.CreateAsync(draft, http.Actor(), http.Features.Get<IdempotencyIdentity>()?.Key), queries);
    }

    private static async Task<IResult> GetAsync(long id, BroadcastQueries queries, CancellationToken cancellationToken) =>
        await queries.GetAsync(id, cancellationToken) is { } details ? Results.Ok(BroadcastAnswer.Of(details)) : ApiProblems.NotFound($"Broadcast {id}");

    private static async Task<IResult> PatchAsync(long id, JsonElement patch, IGrainFactory grains, BroadcastQueries queries, TakeTemplate templates, HttpContext http)
    {
        if (await queries.GetAsync(id) is not { } details) return ApiProblems.NotFound($"Broadcast {id}");
        var (members, version) = TakeVersion(patch);
        var current = BroadcastBody.Of(details);
        if (members.TryGetProperty("channelId", out var one) && one.ValueKind != JsonValueKind.Null) current = current with { LastInteracted = null };
        if (members.TryGetProperty("lastInteracted", out var several) && several.ValueKind != JsonValueKind.Null) current = current with { ChannelId = null };
        if (Replaces(members)) current = current with { SegmentId = null, Segment = null, ContactIds = null, ImportId = null };
        var body = ApiJson.Patch(current, members);
        var problems = new List<Problem>();
        var draft = body.ToDraft(problems);
        if (body.TemplateId is { } template && Takes(members)) draft = await templates.IntoAsync(draft, template, members.TryGetProperty("templateVersion", out _) ? body.TemplateVersion : null, problems) ?? draft;
        if (problems.Count > 0) return ApiProblems.Invalid(problems);

        // Name and labels may change at any time; the content of a draft alone.
        var isRename = members.EnumerateObject().All(m => m.Name is "name" or "labels");
        var result = isRename && details.Row.Status != BroadcastStatus.Draft
            ? await Grain(grains, id).RenameAsync(body.Name, body.Labels, http.Actor())
            : await Grain(grains, id).EditAsync(draft, version ?? details.Row.Version, http.Actor());
        return result.IsDone ? await GetAsync(id, queries, default) : ApiProblems.Of(result, isBroadcast: true);
    }

    private static async Task<IResult> ForecastAsync(long id, Forecasts forecasts, CancellationToken cancellationToken) =>
        await forecasts.ForecastAsync(id, cancellationToken) is { } forecast ? Results.Ok(forecast) : ApiProblems.NotFound($"Broadcast {id}");

    private static async Task<IResult> TestAsync(long id, TestBody body, BroadcastStore broadcasts, BroadcastTests tests, SafeHold hold, HttpContext http)
    {
        if (await broadcasts.GetAsync(id) is not { } broadcast) return ApiProblems.NotFound($"Broadcast {id}");
        if (body.Addresses.Length is 0 or > BroadcastTests.MostAddresses) return ApiProblems.Invalid("addresses", "range", $"From 1 to {BroadcastTests.MostAddresses} addresses.");
        if (broadcast.ChannelIds.Count == 0) return ApiProblems.Invalid("channelId", "required", "The broadcast has no channel yet: give it one first.");
        if (broadcast.ReadParts().Count == 0) return ApiProblems.Invalid("parts", "required", "The broadcast has no content yet.");

        if (await hold.RefusalAsync() is { } held) return ApiProblems.Of(CommandResult.Refused(held));

        var results = new List<object>();
        await foreach (var (address, part, sent) in tests.SendAsync(broadcast, body.Addresses, body.Language, body.AsContactId, http.Actor()))
            results.Add(new { address, part = part + 1, sent.Accepted, sent.Reason, sent.Code, sent.Detail, sent.ProviderId });
        return Results.Ok(new { results });
    }

    // What it answers is what was found before the move.
    private static async Task<IResult> MoveAsync(long id, MoveBody body, RemainderMove remainder, IGrainFactory grains, HttpContext http)
    {
        var (command, preview) = await remainder.LookAsync(id, body.ChannelId);
        if (command.IsDone && !body.DryRun) command = await Grain(grains, id).MoveRemainingAsync(body.ChannelId, http.Actor());
        return command.IsDone ? Results.Ok(preview) : ApiProblems.Of(command, isBroadcast: true);
    }

    private static async Task<IResult> SendAsync(long id, IGrainFactory grains, HttpContext http) =>
        await DoAsync(id, Grain(grains, id).SendAsync(http.Actor(), (await ReadAsync<SendBody>(http))?.UndoSeconds ?? 0));

    // A command's body may be left out.
    private static async Task<T?> ReadAsync<T>(HttpContext http) where T : class =>
        http.Request.ContentLength is null or 0 && !http.Request.Headers.ContainsKey("Transfer-Encoding") ? null : await http.Request.ReadFromJsonAsync<T>(ApiJson.Options, http.RequestAborted);

    private static async Task<IResult> SetRateAsync(long id, ChangeRateBody body, IGrainFactory grains, HttpContext http)
    {
        var problems = new List<Problem>();
        var rate = body.SendRate?.Read("sendRate", problems, canSpread: false) ?? default;
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : await DoAsync(id, Grain(grains, id).SetRateAsync(rate.Rate, http.Actor()));
    }

    private static async Task<IResult> MadeAsync(Task<(long Id, CommandResult Result)> making, BroadcastQueries queries)
    {
        var (id, result) = await making;
        if (!result.IsDone) return ApiProblems.Of(result, isBroadcast: true);
        return Results.Created($"/api/v1/broadcasts/{id}", BroadcastAnswer.Of((await queries.GetAsync(id))!));
    }

    private static async Task<IResult> DoAsync(long id, Task<CommandResult> command, bool isGone = false)
    {
        var result = await command;
        if (!result.IsDone) return ApiProblems.Of(result, isBroadcast: true);
        return isGone ? Results.NoContent() : Results.Ok(new BroadcastState(id, result.Status, result.Version, result.InFlight > 0 ? result.InFlight : null));
    }

    // A patch that names another audience takes the old one's place, whatever kind it was.
    private static bool Replaces(JsonElement patch) =>
        patch.EnumerateObject().Any(m => m.Name is "segmentId" or "segment" or "contactIds" or "importId" && m.Value.ValueKind != JsonValueKind.Null);

    private static bool Takes(JsonElement patch) => patch.EnumerateObject().Any(m => m.Name is "templateId" or "templateVersion");

    private static (JsonElement Members, int? Version) TakeVersion(JsonElement patch)
    {
        if (patch.ValueKind != JsonValueKind.Object) throw new JsonException("The body must be an object.");
        if (!patch.TryGetProperty("version", out var version)) return (patch, null);
        if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number)) throw new JsonException("could not be converted", "$.version", null, null);
        var members = System.Text.Json.Nodes.JsonObject.Create(patch)!;
        members.Remove("version");
        return (JsonSerializer.SerializeToElement(members), number);
    }

    private static IBroadcastGrain Grain(IGrainFactory grains, long id) => grains.GetGrain<IBroadcastGrain>(id);
}
