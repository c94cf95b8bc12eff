using System.Data.Common;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

internal sealed partial class BroadcastQueries
{
    private const string DetailsSql = $"""
        SELECT {BroadcastRecord.Columns},
               b.updated_at AS UpdatedAt, b.rate_count AS RateCount, b.rate_per_ms AS RatePerMs, b.spread_over_ms AS SpreadOverMs, b.expires_at AS ExpiresAt, b.parent_id AS ParentId, b.safety AS Safety, b.routes AS Routes, b.approved_by AS ApprovedBy,
               p.name AS ParentName, b.send_window AS SendWindow, b.fallback_recipients AS FallbackRecipients, c.transport AS Transport,
               b.languages AS Languages, b.template_id AS TemplateId, b.template_version AS TemplateVersion, t.name AS TemplateName, t.version AS TemplateLatest,
               c.rate_count AS ChannelRateCount, c.rate_per_ms AS ChannelRatePerMs
          FROM {BroadcastRecord.From} LEFT JOIN broadcasts p ON p.id = b.parent_id LEFT JOIN templates t ON t.id = b.template_id
         WHERE b.id = @id AND b.kind = 0
        """;

    private const string ChildrenSql = "SELECT id AS Id, name AS Name, status AS Status, created_at AS CreatedAt FROM broadcasts WHERE parent_id = @id ORDER BY id LIMIT 200";

    /// <summary>One broadcast; null when there is none with this id.</summary>
    public Task<BroadcastDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            // Two views of one row. They are split at a column that is never null: Dapper gives no second object when its first column is.
            var found = await connection.QueryAsync<BroadcastRecord, DetailsRecord, (BroadcastRecord Record, DetailsRecord Details)>(
                Command(DetailsSql, new { id }, cancellationToken), (record, details) => (record, details), splitOn: "UpdatedAt");
            if (found.AsList() is not [var (record, details)]) return null;

            var counts = await ReadCountsAsync(connection, [id], cancellationToken);
            var excluded = await ReadExcludedAsync(connection, record, cancellationToken);
            return Build(record, details ?? new DetailsRecord(), counts.GetValueOrDefault(id, DeliveryCounts.None), await ReadChildrenAsync(connection, id, cancellationToken)) with { Excluded = excluded };
        }, cancellationToken);

    private readonly string _excludedSql = $"SELECT id AS SegmentId, name AS Name FROM segments WHERE {database.Dialect.InList("id", "@ids")}";

    // From its start on it is what was frozen, whatever becomes of the segments.
    private async Task<IReadOnlyList<ExcludedPart>> ReadExcludedAsync(DbConnection connection, BroadcastRecord record, CancellationToken cancellationToken)
    {
        if (record.Audience is null || JsonSerializer.Deserialize<BroadcastAudience>(record.Audience, BroadcastJson.Options)?.ExcludeSegmentIds is not { Length: > 0 } ids) return [];
        if (record.StartedAt is not null && (BroadcastStatus)record.Status is not (BroadcastStatus.Draft or BroadcastStatus.Scheduled))
            return [.. (await connection.QueryAsync<ExcludedSegment>(Command(Exclusions.OfSql, new { id = record.Id }, cancellationToken))).Select(x => new ExcludedPart(x.SegmentId, x.Name, x.Contacts))];
        var named = (await connection.QueryAsync<ExcludedSegment>(Command(_excludedSql, new { ids = database.Dialect.List(ids) }, cancellationToken))).ToDictionary(s => s.SegmentId, s => s.Name);
        return [.. ids.Distinct().Where(named.ContainsKey).Select(id => new ExcludedPart(id, named[id], null))];
    }

    private static BroadcastDetails Build(BroadcastRecord record, DetailsRecord details, DeliveryCounts counts, IReadOnlyList<RelatedBroadcast> children) => new()
    {
        Row = record.ToRow(counts),
        Audience = record.Audience is null ? null : JsonSerializer.Deserialize<BroadcastAudience>(record.Audience, BroadcastJson.Options),
        Parts = JsonSerializer.Deserialize<BroadcastPart[]>(record.Parts, BroadcastJson.Options) ?? [],
        Languages = ContentLanguages.Read(details.Languages),
        Template = details.TemplateId is { } template ? new TakenTemplate(template, details.TemplateName ?? "", details.TemplateVersion ?? 0, details.TemplateLatest ?? 0) : null,
        Rate = Rate(details.RateCount, details.RatePerMs),
        SpreadOver = details.SpreadOverMs is { } spread ? TimeSpan.FromMilliseconds(spread) : null,
        ScheduledAt = Times.Of(record.ScheduledAt),
        ExpiresAt = Times.Of(details.ExpiresAt),
        Routes = details.Routes is null ? [] : JsonSerializer.Deserialize<long[]>(details.Routes) ?? [],
        Safety = details.Safety is null ? new() : JsonSerializer.Deserialize<BroadcastSafety>(details.Safety, BroadcastJson.Options) ?? new(),
        ApprovedBy = details.ApprovedBy,
        SendWindow = SendWindow.Read(details.SendWindow),
        FallbackRecipients = details.FallbackRecipients,
        ParentId = details.ParentId,
        ParentName = details.ParentName,
        Children = children,
        UpdatedAt = Times.Of(details.UpdatedAt),
        IsFrozen = record.FreezeDone != 0,
        ForecastJson = record.Forecast,
        Transport = details.Transport,
        ChannelRate = Rate(details.ChannelRateCount, details.ChannelRatePerMs),
    };

    private static async Task<IReadOnlyList<RelatedBroadcast>> ReadChildrenAsync(DbConnection connection, long id, CancellationToken cancellationToken)
    {
        var children = await connection.QueryAsync<BroadcastRecord>(Command(ChildrenSql, new { id }, cancellationToken));
        return [.. children.Select(c => new RelatedBroadcast(c.Id, c.Name, (BroadcastStatus)c.Status, Times.Of(c.CreatedAt)))];
    }

    private static SendRate? Rate(int? count, long? perMs) => count is { } messages && perMs is { } length ? new SendRate(messages, length) : null;

    private sealed class DetailsRecord
    {
        public int? RateCount { get; set; }

        public long? RatePerMs { get; set; }

        public long? SpreadOverMs { get; set; }

        public long? ExpiresAt { get; set; }

        public long? ParentId { get; set; }

        public string? ParentName { get; set; }

        public string? Safety { get; set; }

        public string? Routes { get; set; }

        public string? ApprovedBy { get; set; }

        public long UpdatedAt { get; set; }

        public string? SendWindow { get; set; }

        public long FallbackRecipients { get; set; }

        public string? Transport { get; set; }

        public int? ChannelRateCount { get; set; }

        public long? ChannelRatePerMs { get; set; }

        public string? Languages { get; set; }

        public long? TemplateId { get; set; }

        public int? TemplateVersion { get; set; }

        public string? TemplateName { get; set; }

        public int? TemplateLatest { get; set; }
    }
}
