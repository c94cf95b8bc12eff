using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Export;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>An address that is to get nothing.</summary>
internal sealed record SuppressionBody
{
    public required string Kind { get; init; }

    public required string Value { get; init; }

    /// <summary>The channel on which it gets nothing. Default: all.</summary>
    public long? ChannelId { get; init; }
}

/// <summary>An entry of the suppression list.</summary>
/// <param name="Kind">The kind of address.</param>
/// <param name="Value">The address.</param>
/// <param name="ChannelId">The channel on which it gets nothing; without it all.</param>
/// <param name="Channel">The channel's name.</param>
/// <param name="Reason">Why.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="CreatedAt">Since when.</param>
internal sealed record SuppressionAnswer(string Kind, string Value, long? ChannelId, string? Channel, SuppressionReason Reason, string Source, DateTimeOffset CreatedAt)
{
    public static SuppressionAnswer Of(Suppression s) => new(s.Kind.Name(), s.Value, s.ChannelId == 0 ? null : s.ChannelId, s.ChannelName, s.Reason, s.Source, Times.Of(s.CreatedAt));
}

/// <summary>What became of a list of addresses.</summary>
/// <param name="Added">New on the list.</param>
/// <param name="Already">On it before, or more than once in the file.</param>
/// <param name="Invalid">Not taken.</param>
/// <param name="Errors">The first hundred that were not taken.</param>
internal sealed record SuppressionListAnswer(long Added, long Already, long Invalid, IReadOnlyList<SuppressionListError> Errors)
{
    public static SuppressionListAnswer Of(SuppressionListResult r) => new(r.Added, r.Already, r.Invalid, r.Errors);
}

/// <summary>Which entries, as the query says it.</summary>
internal sealed class SuppressionQuery
{
    public string? Kind { get; init; }

    /// <summary>A part of the address.</summary>
    public string? Search { get; init; }

    /// <summary>Entries of this channel alone; 0: those for all channels.</summary>
    public long? ChannelId { get; init; }

    /// <summary>manual, optedOut, bounced, complained or imported.</summary>
    public string? Reason { get; init; }

    public bool TryRead(out SuppressionFilter filter, out IResult? problem)
    {
        (filter, AddressKind? kind) = (new SuppressionFilter(), null);
        if (!string.IsNullOrEmpty(Kind) && !SuppressionsApi.TryKind(Kind, out kind, out problem)) return false;
        if (!ApiWords.TryRead<SuppressionReason>("reason", Reason, out var reason, out problem)) return false;
        filter = new SuppressionFilter { Kind = kind, Search = Search, ChannelId = ChannelId, Reason = reason };
        return true;
    }
}

/// <summary>What the query of a list of addresses says.</summary>
internal sealed class SuppressionListQuery
{
    /// <summary>The kind of address of every line. Needed.</summary>
    public string? Kind { get; init; }

    /// <summary>The channel on which they get nothing. Default: all.</summary>
    public long? ChannelId { get; init; }

    /// <summary>ISO code of the country whose national telephone numbers are meant.</summary>
    public string? Country { get; init; }

    public string? Name { get; init; }
}

/// <summary>The addresses that get nothing.</summary>
internal static class SuppressionsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/suppressions").WithTags("Suppressions");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<SuppressionAnswer>>();
        group.MapPost("", AddAsync).Needs(Permission.EditContacts).Produces<SuppressionAnswer>(StatusCodes.Status201Created).Produces<SuppressionAnswer>().WithSummary("200: it was there, and stays as it was");
        group.MapDelete("", RemoveAsync).Needs(Permission.EditContacts);
        group.MapPost("import", ImportAsync).Needs(Permission.EditContacts).Produces<SuppressionListAnswer>().WithSummary("One address per line as a text/plain or text/csv body, or as the first file of a multipart form");
        group.MapGet("export", ExportAsync).Needs(Permission.ExportContacts).WithSummary("The list as a CSV file that imports again");
    }

    private static async Task<IResult> ListAsync([AsParameters] SuppressionQuery query, string? cursor, int? limit, SuppressionStore suppressions, CancellationToken cancellationToken)
    {
        if (!query.TryRead(out var filter, out var problem)) return problem!;
        SuppressionCursor after = default;
        if (!string.IsNullOrEmpty(cursor) && !SuppressionCursor.TryParse(cursor, out after))
            return ApiProblems.Of(HttpStatusCode.BadRequest, "badValue", "cursor: take it from 'next' of the page before.", "cursor");
        var page = await suppressions.ListAsync(filter, after, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<SuppressionAnswer>([.. page.Items.Select(SuppressionAnswer.Of)], page.Next?.ToString()));
    }

    private static async Task<IResult> AddAsync(SuppressionBody body, SuppressionStore suppressions, HttpContext http)
    {
        if (!TryKind(body.Kind, out var kind, out var problem)) return problem!;
        var (entry, isNew, result) = await suppressions.AddAsync(kind.Value, body.Value, SuppressionReason.Manual, http.Actor(), body.ChannelId ?? 0);
        if (!result.IsDone) return ApiProblems.Of(result);
        return isNew ? Results.Created((string?)null, SuppressionAnswer.Of(entry!)) : Results.Ok(SuppressionAnswer.Of(entry!));
    }

    private static async Task<IResult> RemoveAsync(string? kind, string? value, long? channelId, SuppressionStore suppressions, HttpContext http)
    {
        if (!TryKind(kind, out var known, out var problem)) return problem!;
        if (string.IsNullOrWhiteSpace(value)) return ApiProblems.Invalid("value", "blank", "The address is blank.");
        var result = await suppressions.RemoveAsync(known.Value, value, http.Actor(), channelId ?? 0);
        return result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
    }

    private static async Task<IResult> ImportAsync([AsParameters] SuppressionListQuery query, SuppressionImport lists, ServiceOptions options, HttpContext http)
    {
        if (ImportsApi.TooLarge(options, http) is { } tooLarge) return tooLarge;
        if (!TryKind(query.Kind, out var kind, out var problem)) return problem!;
        var (content, name) = await ImportsApi.OpenAsync(http.Request);
        if (content is null) return ImportsApi.NoFile();
        var result = await lists.RunAsync(content, new SuppressionListOptions
        {
            Name = query.Name ?? name ?? "list.csv",
            Actor = http.Actor(),
            Kind = kind.Value,
            ChannelId = query.ChannelId ?? 0,
            Country = query.Country ?? (kind == AddressKind.Phone ? options.Engine.DefaultCountry : null),
        }, http.RequestAborted);
        return result.Error is { } error ? Failed(error, result, http) : Results.Ok(SuppressionListAnswer.Of(result));
    }

    private static IResult Failed(Problem error, SuppressionListResult result, HttpContext http)
    {
        if (error.Code != "tooManyLists") return ApiProblems.Write(ImportsApi.Broken(error) with { List = SuppressionListAnswer.Of(result) });
        http.Response.Headers.RetryAfter = "5";
        return ApiProblems.Of(HttpStatusCode.TooManyRequests, error.Code, error.Message);
    }

    private static async Task<IResult> ExportAsync([AsParameters] SuppressionQuery query, bool? bom, SuppressionExport export, TimeProvider time, HttpContext http)
    {
        if (!query.TryRead(out var filter, out var problem)) return problem!;
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"suppressions-{time.GetUtcNow():yyyyMMdd-HHmmss}.csv\"");
        await using var writer = new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: bom == true), leaveOpen: true);
        await export.WriteAsync(filter, http.Actor(), writer, http.RequestAborted);
        return Results.Empty;
    }

    /// <summary>False, with the problem, when the word is no kind of address.</summary>
    internal static bool TryKind(string? word, [NotNullWhen(true)] out AddressKind? kind, out IResult? problem)
    {
        kind = AddressKindNames.Parse(word);
        problem = kind is not null ? null : ApiProblems.Invalid("kind", "unknownKind", $"'{word}' is not one of: {string.Join(", ", Enum.GetValues<AddressKind>().Select(k => k.Name()))}.");
        return kind is not null;
    }
}
