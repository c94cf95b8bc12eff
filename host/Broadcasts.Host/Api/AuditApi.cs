using System.Globalization;
using System.Text;
using Broadcasts.Health;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Which entries of the audit.</summary>
internal sealed record AuditQuery
{
    public string? Subject { get; init; }

    public string? Actor { get; init; }

    /// <summary>The verb, or the part of it before the dot.</summary>
    public string? Action { get; init; }

    /// <summary>Not before this moment.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this moment.</summary>
    public DateTimeOffset? To { get; init; }

    public AuditFilter ToFilter() => new() { Subject = Text(Subject), Actor = Text(Actor), Action = Text(Action), From = From, To = To };

    private static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text.Replace("\0", "", StringComparison.Ordinal);
}

/// <summary>How it stands with one thing.</summary>
internal sealed record HealthAnswer(string Name, HealthLevel Level, string Found, string? Do)
{
    public static HealthAnswer Of(HealthCheck check) => new(check.Name, check.Level, check.Found.Message, check.Do?.Message);
}

/// <summary>How the installation fares, the worst of it on top.</summary>
internal sealed record HealthReport(HealthLevel Level, string? Version, HealthAnswer[] Checks);

/// <summary>Who did what, whether that record is whole, and how the installation fares.</summary>
internal static class AuditApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var audit = api.MapGroup("/audit").WithTags("Administration");
        audit.MapGet("", ListAsync).Needs(Permission.ReadAudit).Produces<ListAnswer<AuditEntry>>();
        audit.MapGet("export", ExportAsync).Needs(Permission.ReadAudit).WithSummary("The entries as a CSV file, the newest first");
        audit.MapGet("state", async (AuditCheck check, AuditWatch watch, CancellationToken cancellationToken) => Results.Ok(AuditStateAnswer.Of(await check.HeadAsync(cancellationToken), await watch.StateAsync(cancellationToken))))
            .Needs(Permission.ReadAudit).Produces<AuditStateAnswer>().WithSummary("The newest entry, and what the last look at the whole chain found");
        api.MapGet("/health", HealthAsync).Needs(Permission.Read).WithTags("Administration").Produces<HealthReport>().WithSummary("What was looked at, how it stands, and what to do");
    }

    private static async Task<IResult> ListAsync([AsParameters] AuditQuery query, long? cursor, int? limit, AuditStore audit, CancellationToken cancellationToken)
    {
        var most = ApiRoutes.Limit(limit);
        var rows = await audit.ListAsync(query.ToFilter(), cursor, most + 1, cancellationToken);
        return Results.Ok(ListAnswer<AuditEntry>.Of(rows, most, r => r, r => r.Id));
    }

    private static async Task<IResult> ExportAsync([AsParameters] AuditQuery query, bool? bom, AuditExport export, TimeProvider time, HttpContext http)
    {
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"audit-{time.GetUtcNow():yyyyMMdd-HHmmss}.csv\"");
        await using var writer = new StreamWriter(http.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: bom == true), leaveOpen: true);
        await export.WriteAsync(query.ToFilter(), http.Actor(), writer, http.RequestAborted);
        return Results.Empty;
    }

    private static async Task<IResult> HealthAsync(HealthChecks health, CancellationToken cancellationToken)
    {
        var checks = await health.LookAsync(deep: false, cancellationToken);
        return Results.Ok(new HealthReport(checks.Max(c => c.Level), typeof(AuditApi).Assembly.GetName().Version?.ToString(3), [.. checks.Select(HealthAnswer.Of)]));
    }
}

/// <summary>Whether the audit is whole.</summary>
/// <param name="Newest">The newest entry there is.</param>
/// <param name="CheckedAt">When all of them were looked at last.</param>
/// <param name="Whole">The newest entry up to which all were whole then.</param>
/// <param name="Fault">The first that was not; null when there was none.</param>
internal sealed record AuditStateAnswer(AuditMark? Newest, DateTimeOffset? CheckedAt, AuditMark? Whole, AuditFaultAnswer? Fault)
{
    public static AuditStateAnswer Of(AuditMark? newest, AuditState? state) => new(
        newest, state is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(state.At), state?.Whole, state?.Fault is { } fault ? new AuditFaultAnswer(fault.Kind, fault.Number, fault.Said().Message) : null);
}

/// <summary>The first entry that is not as it was written.</summary>
internal sealed record AuditFaultAnswer(AuditFaultKind Kind, long Number, string Detail);
