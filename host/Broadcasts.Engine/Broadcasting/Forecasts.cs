using System.Text.Json;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Broadcasts.Templates;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What a broadcast would do if it started now.</summary>
internal sealed record Forecast
{
    /// <summary>Contacts that match the audience.</summary>
    public long Recipients { get; init; }

    /// <summary>Those of them that would get it.</summary>
    public long Sendable { get; init; }

    /// <summary>Messages: sendable times parts.</summary>
    public long Messages { get; init; }

    /// <summary>Why the others would not, by the reason's name.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; init; } = new Dictionary<string, long>();

    public DateTimeOffset? FirstAt { get; init; }

    /// <summary>When the last one leaves at the permitted rate; null when no rate limits it: then the provider's speed decides.</summary>
    public DateTimeOffset? FinishAt { get; init; }

    /// <summary>What keeps it from starting; empty when nothing does.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    public DateTimeOffset At { get; init; }
}

/// <summary>The dry run: every matching contact is looked at as the freeze would, and rendered as the dispatch would, and nothing is sent.</summary>
internal sealed class Forecasts(Database database, BroadcastStore broadcasts, BroadcastChecks checks, BroadcastPlans plans, ChannelStore channels, ContactQueries contacts, TimeProvider time)
{
    private const int PageSize = 1000;

    private static string PageSql(string condition) => $"""
        SELECT c.id, c.revision,
               CASE WHEN c.blocked_at IS NOT NULL THEN 102
                    WHEN a.id IS NULL THEN 103
                    ELSE (SELECT CASE WHEN MAX(CASE WHEN s.reason = 2 THEN 1 ELSE 0 END) = 1 THEN 100 WHEN COUNT(*) > 0 THEN 101 END
                            FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, @channel)) END AS reason
          FROM contacts c
          LEFT JOIN addresses a ON a.id = (SELECT MIN(x.id) FROM addresses x WHERE x.contact_id = c.id AND x.kind = @kind)
         WHERE c.id > @after AND ({condition})
         ORDER BY c.id LIMIT {PageSize}
        """;

    private const string RetrySql = """
        SELECT COUNT(DISTINCT contact_id) AS recipients, COUNT(*) AS messages FROM deliveries
         WHERE id BETWEEN @from AND @to AND status = 5
        """;

    private const string StoreSql = "UPDATE broadcasts SET forecast = @json WHERE id = @id AND status IN (0, 1)";

    /// <summary>Makes and keeps the forecast of a broadcast; null when there is no such broadcast.</summary>
    public async Task<Forecast?> ForecastAsync(long id, CancellationToken cancellationToken = default)
    {
        if (await broadcasts.GetAsync(id) is not { Kind: 0 } broadcast) return null;
        var problems = await checks.CheckReadyAsync(broadcast);
        var now = time.GetUtcNow();
        if (problems.Count > 0) return new Forecast { Problems = problems, At = now };

        var channel = (await channels.GetAsync(broadcast.ChannelId!.Value))!;
        var counts = broadcast.ReadAudience()!.RetryOf is { } parent ? await RetryAsync(parent) : await RunAsync(broadcast, channel, cancellationToken);
        var first = broadcast.ScheduledAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : now;
        var messages = counts.Sendable * broadcast.ReadParts().Count;
        var forecast = new Forecast
        {
            Recipients = counts.Recipients,
            Sendable = counts.Sendable,
            Messages = messages,
            Skipped = counts.Skipped.ToDictionary(s => Reasons.NameOf(s.Key), s => s.Value),
            FirstAt = first,
            FinishAt = Duration(broadcast, channel, messages) is { } length ? first + length : null,
            At = now,
        };
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(StoreSql, new { id, json = JsonSerializer.Serialize(forecast, BroadcastJson.Options) }, t), cancellationToken);
        return forecast;
    }

    private async Task<Counts> RunAsync(Broadcast broadcast, Channel channel, CancellationToken cancellationToken)
    {
        var (plan, _) = await plans.MakeAsync(broadcast.Id, cancellationToken);
        var audience = checks.Audience(broadcast.ReadAudience()!, await checks.FrozenRuleAsync(broadcast), broadcast.ReadParts().Count, time.Now());
        var renderer = plan!.NewRenderer();
        renderer.Values.Now = time.GetUtcNow();
        renderer.Values.Set(TemplateSchema.BroadcastName, broadcast.Name);
        renderer.Values.Set(TemplateSchema.ChannelName, channel.Name);
        var counts = new Counts();
        var sql = PageSql(audience.Condition.Sql);
        for (long after = 0; ;)
        {
            var page = await database.ReadAsync(async connection =>
            {
                var parameters = new DynamicParameters(new { after, channel = channel.Id, kind = (int)channel.AddressKind });
                foreach (var (name, value) in audience.Condition.Parameters) parameters.Add(name, value);
                var rows = (await connection.QueryAsync<Row>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
                var people = await contacts.LoadForRenderingAsync(connection, [.. rows.Where(r => r.Reason is null).Select(r => (r.Id, r.Revision))], plan.FieldSlugs, cancellationToken);
                return (rows, people);
            }, cancellationToken);
            foreach (var row in page.rows) counts.Add(row.Reason ?? Render(renderer, page.people.GetValueOrDefault((row.Id, row.Revision)), broadcast.ReadParts().Count));
            if (page.rows.Count < PageSize) return counts;
            after = page.rows[^1].Id;
        }
    }

    private static int? Render(PartRenderer renderer, RenderingContact? contact, int parts)
    {
        if (contact is null) return (int)SkipReason.ContactDeleted;
        renderer.Fill(contact);
        for (var part = 0; part < parts; part++)
        {
            if (renderer.Render(part) is { Content: null } failed) return (int)failed.Reason;
        }

        return null;
    }

    private async Task<Counts> RetryAsync(long parent)
    {
        var retryable = string.Join(", ", RetryPolicy.Retryable.Select(r => (int)r));
        var row = await database.ReadAsync(c => c.QuerySingleAsync<RetryRow>($"{RetrySql} AND reason IN ({retryable})", new { from = DeliveryId.First(parent), to = DeliveryId.Last(parent) }));
        return new Counts { Recipients = row.Recipients, Sendable = row.Recipients };
    }

    private static TimeSpan? Duration(Broadcast broadcast, Channel channel, long messages)
    {
        if (broadcast.SpreadOverMs is { } spread) return TimeSpan.FromMilliseconds(spread);
        TimeSpan? own = broadcast.Rate is { } rate ? TimeSpan.FromSeconds(messages / rate.PerSecond) : null;
        TimeSpan?[] times = [own, channel.TimeFor(messages)];
        return times.Max();
    }

    private sealed class Counts
    {
        public long Recipients { get; set; }

        public long Sendable { get; set; }

        public Dictionary<int, long> Skipped { get; } = [];

        public void Add(int? reason)
        {
            Recipients++;
            if (reason is { } why) Skipped[why] = Skipped.GetValueOrDefault(why) + 1;
            else Sendable++;
        }
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public int Revision { get; init; }

        public int? Reason { get; init; }
    }

    private sealed class RetryRow
    {
        public long Recipients { get; init; }

        public long Messages { get; init; }
    }
}
