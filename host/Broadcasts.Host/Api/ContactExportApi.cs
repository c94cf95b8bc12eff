using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Export;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Whose contacts an export holds: the filters of the list, or an unsaved rule.</summary>
internal sealed record ExportBody
{
    public string? Search { get; init; }

    public string? Tag { get; init; }

    public long? SegmentId { get; init; }

    /// <summary>An unsaved rule; instead of <see cref="SegmentId"/>.</summary>
    public JsonElement? Rule { get; init; }

    /// <summary>Begins the file with the mark by which Excel knows UTF-8. Default: false.</summary>
    public bool? Bom { get; init; }
}

/// <summary>Contacts of any filter as a CSV file, written while it is read.</summary>
internal static class ContactExportApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts").WithTags("Contacts");
        group.MapGet("export.csv", (string? search, string? tag, long? segmentId, bool? bom, ContactExport export, SegmentStore segments, TimeProvider time, HttpContext http) =>
                ExportAsync(new ExportBody { Search = search, Tag = tag, SegmentId = segmentId, Bom = bom }, export, segments, time, http))
            .Needs(Permission.ExportContacts).WithSummary("Contacts as a CSV file that imports again");
        group.MapPost("export.csv", ExportAsync).Needs(Permission.ExportContacts).WithSummary("The same for an unsaved rule");
    }

    private static async Task<IResult> ExportAsync(ExportBody body, ContactExport export, SegmentStore segments, TimeProvider time, HttpContext http)
    {
        if (body is { SegmentId: not null, Rule: not null }) return ApiProblems.Invalid("rule", "twoAudiences", "Either segmentId or rule.");
        SegmentRule? rule = null;
        if (body.SegmentId is { } id)
        {
            if (await segments.GetAsync(id, http.RequestAborted) is not { } segment) return ApiProblems.NotFound($"Segment {id}");
            rule = SegmentRule.Parse(segment.Rule, out var problems);
            if (rule is null) return ApiProblems.Invalid(problems);
        }
        else if (body.Rule is { } given)
        {
            rule = SegmentRule.Parse(given, out var problems);
            if (rule is null) return ApiProblems.Invalid(problems);
        }

        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"contacts-{time.GetUtcNow():yyyyMMdd-HHmmss}.csv\"");
        await using var writer = new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: body.Bom == true), leaveOpen: true);
        await export.WriteAsync(new ContactFilter { Search = body.Search, Tag = body.Tag, Rule = rule }, InWords(body), http.Actor(), writer, http.RequestAborted);
        return Results.Empty;
    }

    private static string InWords(ExportBody body)
    {
        var words = new List<string>();
        if (!string.IsNullOrWhiteSpace(body.Search)) words.Add("a search");
        if (!string.IsNullOrWhiteSpace(body.Tag)) words.Add($"tag '{body.Tag}'");
        if (body.SegmentId is { } id) words.Add(string.Create(CultureInfo.InvariantCulture, $"segment {id}"));
        if (body.Rule is { } rule) words.Add($"rule {AuditDiff.WithoutValues(rule.GetRawText())}");
        return words.Count == 0 ? "everybody" : string.Join(", ", words);
    }
}
