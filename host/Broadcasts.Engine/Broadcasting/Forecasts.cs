using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Storage;
using Broadcasts.Templates;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What a broadcast would do if it started now.</summary>
internal sealed record Forecast
{
    /// <summary>Contacts that match the audience.</summary>
    public long Recipients { get; init; }

    /// <summary>Segments that are taken out of it, and how many contacts each takes; they are not among the recipients.</summary>
    public IReadOnlyList<ForecastExclusion> Excluded { get; init; } = [];

    /// <summary>Those of them that would get it.</summary>
    public long Sendable { get; init; }

    /// <summary>Messages: sendable times parts.</summary>
    public long Messages { get; init; }

    /// <summary>How the messages fall on the channels.</summary>
    public IReadOnlyList<ForecastChannel> Channels { get; init; } = [];

    /// <summary>Why the others would not, by the reason's name.</summary>
    public IReadOnlyDictionary<string, long> Skipped { get; init; } = new Dictionary<string, long>();

    /// <summary>Up to five contacts of each reason in <see cref="Skipped"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<SkippedContact>> SkippedContacts { get; init; } = new Dictionary<string, IReadOnlyList<SkippedContact>>();

    /// <summary>SMS that are billed for all messages together; null on channels that do not count them.</summary>
    public long? SmsParts { get; init; }

    public DateTimeOffset? FirstAt { get; init; }

    /// <summary>When the last one leaves at the permitted rate; null when no rate limits it: then the provider's speed decides.</summary>
    public DateTimeOffset? FinishAt { get; init; }

    /// <summary>Recipients whose own zone is not known, where it matters: the broadcast's zone counts.</summary>
    public long FallbackZone { get; init; }

    /// <summary>Recipients whose local time is over when it begins: theirs goes out at once, within the window.</summary>
    public long TimeOver { get; init; }

    /// <summary>What keeps it from starting; empty when nothing does.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    public DateTimeOffset At { get; init; }
}

/// <summary>One channel's share.</summary>
internal sealed record ForecastChannel(long ChannelId, string Name, long Messages);

/// <summary>A segment that is taken out of the audience.</summary>
internal sealed record ForecastExclusion(long SegmentId, string Name, long Contacts)
{
    /// <summary>Out of what was counted by place.</summary>
    public static IReadOnlyList<ForecastExclusion> Of(IReadOnlyList<ExcludedSegment> less, IReadOnlyList<(int Place, long Contacts)> taken) =>
        [.. less.Select((segment, place) => new ForecastExclusion(segment.SegmentId, segment.Name, taken.Where(t => t.Place == place).Sum(t => t.Contacts)))];
}

/// <summary>Somebody who would not get it.</summary>
internal sealed record SkippedContact(long ContactId, string? Name);

/// <summary>The dry run: every matching contact is looked at as the freeze would, and rendered as the dispatch would, and nothing is sent.</summary>
internal sealed class Forecasts(Database database, BroadcastStore broadcasts, BroadcastChecks checks, BroadcastPlans plans, ChannelStore channels, RecipientLimits recipients, TransportCatalogue transports, ContactQueries contacts, MessageLinks links, ReachAhead ahead, TimeProvider time)
{
    /// <summary>Contacts looked at per page.</summary>
    private const int ChunkSize = 5000;

    /// <summary>Contacts counted per query: none that takes long.</summary>
    private const int CountChunkSize = 50_000;

    private const int MostNamed = 5;

    internal const string ChunkEndSql = "SELECT MAX(id) FROM (SELECT id FROM contacts WHERE id > @after ORDER BY id LIMIT @size) AS chunk";

    private static readonly string RetrySql = $"""
        SELECT COUNT(DISTINCT d.contact_id) AS recipients, COUNT(*) AS messages FROM deliveries d WHERE d.id BETWEEN @from AND @to AND {RetryFreeze.Condition}
        """;

    private const string StoreSql = "UPDATE broadcasts SET forecast = @json WHERE id = @id AND status IN (0, 1)";

    /// <summary>Makes and keeps the forecast of a broadcast; null when there is no such broadcast.</summary>
    public async Task<Forecast?> ForecastAsync(long id, CancellationToken cancellationToken = default)
    {
        if (await broadcasts.GetAsync(id) is not { Kind: 0 } broadcast) return null;
        var problems = await checks.CheckReadyInTimeAsync(broadcast);
        var now = time.GetUtcNow();
        if (problems.Count > 0) return new Forecast { Problems = problems, At = now };

        var routes = await channels.GetAsync(broadcast.ChannelIds);
        var counts = broadcast.ReadAudience()!.RetryOf is { } parent ? await RetryAsync(parent, routes[0]) : await RunAsync(broadcast, routes, cancellationToken);
        var (first, parts) = (ScheduleTime.BeginOf(broadcast, now), Math.Max(1, broadcast.ReadParts().Count));
        var reached = new Dictionary<long, RecipientLimitView?>();
        foreach (var route in routes) reached[route.Id] = await recipients.LookAsync(route.Id);
        var times = Spread.Of(broadcast, routes, counts.Zones, parts, reached, first.ToUnixTimeMilliseconds());
        var forecast = new Forecast
        {
            Recipients = counts.Recipients,
            Excluded = ForecastExclusion.Of(counts.Less, counts.Taken),
            Sendable = counts.Sendable,
            Messages = counts.ByChannel.Values.Sum(),
            Channels = [.. routes.Select(c => new ForecastChannel(c.Id, c.Name, counts.ByChannel.GetValueOrDefault(c.Id)))],
            Skipped = counts.Skipped.ToDictionary(s => Reasons.NameOf(s.Key), s => s.Value),
            SkippedContacts = counts.Contacts.ToDictionary(s => Reasons.NameOf(s.Key), s => (IReadOnlyList<SkippedContact>)s.Value),
            SmsParts = counts.SmsParts,
            FirstAt = times.First,
            FinishAt = times.Finish,
            FallbackZone = times.Fallback,
            TimeOver = times.Over,
            At = now,
        };
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(StoreSql, new { id, json = JsonSerializer.Serialize(forecast, BroadcastJson.Options) }, t), cancellationToken);
        return forecast;
    }

    /// <summary>How many messages a broadcast has, as far as can be said without making them: for a rate that follows from a length of time.</summary>
    public async Task<long> CountAsync(Broadcast broadcast)
    {
        var routes = await channels.GetAsync(broadcast.ChannelIds);
        if (broadcast.ReadAudience()!.RetryOf is { } parent) return (await RetryAsync(parent, routes[0])).ByChannel.Values.Sum();
        var parts = broadcast.ReadParts().Count;
        var audience = checks.Audience(broadcast.ReadAudience()!, await checks.RulesAsync(broadcast), parts, time.Now()) with { AsksToConfirm = await checks.AsksToConfirmAsync(broadcast.AllParts()) };
        var sql = $"SELECT COUNT(*) FROM ({Reach.Sql(database.Dialect, $"c.id > @after AND c.id <= @upTo AND ({audience.Condition.Sql})")}) AS reached WHERE reason IS NULL";
        var count = 0L;
        for (long? after = 0; ; )
        {
            var upTo = await database.ReadAsync(c => c.QuerySingleAsync<long?>(ChunkEndSql, new { after, size = CountChunkSize }));
            if (upTo is null) return count * parts;
            var parameters = Reach.Parameters(audience, routes);
            parameters.AddDynamicParams(new { after, upTo });
            count += await database.ReadAsync(c => c.QuerySingleAsync<long>(sql, parameters));
            after = upTo;
        }
    }

    private async Task<Counts> RunAsync(Broadcast broadcast, IReadOnlyList<Channel> routes, CancellationToken cancellationToken)
    {
        var (plan, _) = await plans.MakeAsync(broadcast.Id, cancellationToken);
        var parts = broadcast.ReadParts().Count;
        var rules = await checks.RulesAsync(broadcast);
        var audience = checks.Audience(broadcast.ReadAudience()!, rules, parts, time.Now()) with { AsksToConfirm = plan!.AsksToConfirm };
        var renderer = plan.NewRenderer();
        renderer.Values.SetLinks(links.Samples.OptOut, links.Samples.Confirm);
        renderer.Values.Now = time.GetUtcNow();
        renderer.Values.Set(TemplateSchema.BroadcastName, broadcast.Name);
        var names = routes.ToDictionary(c => c.Id, c => c.Name);
        var counts = new Counts { Parts = parts, Less = rules.Less, SmsParts = routes.Any(c => transports.Find(c.Transport)?.Capabilities.CountsSegments == true) ? 0 : null };
        var sql = $"{ahead.Sql($"c.id > @after AND c.id <= @upTo AND ({audience.Condition.Sql})")} ORDER BY id";
        var parameters = await ahead.ParametersAsync(broadcast, audience, routes, Math.Max(broadcast.ScheduledAt ?? 0, time.Now()));
        for (long after = 0; ;)
        {
            var chunk = await ReadAsync(sql, audience, parameters, after, plan.FieldSlugs, cancellationToken);
            if (chunk.UpTo is not { } upTo) return counts;
            counts.Taken.AddRange(chunk.Taken);
            foreach (var row in chunk.Rows)
            {
                renderer.Values.Set(TemplateSchema.ChannelName, names[row.ChannelId]);
                // In the order of the sending: what the cap holds back is not rendered, and a closed window is seen in what was.
                var sms = counts.SmsParts;
                var held = row.Reason ?? (row.Later == (int)SkipReason.FrequencyCapped ? row.Later : null) ?? Render(renderer, chunk.People.GetValueOrDefault((row.Id, row.Revision)), parts, counts);
                if (held is null && row.Later is not null) (held, counts.SmsParts) = (row.Later, sms);
                counts.Add(row, held);
            }

            after = upTo;
        }
    }

    private Task<Chunk> ReadAsync(string sql, FrozenAudience audience, DynamicParameters parameters, long after, string[] fieldSlugs, CancellationToken cancellationToken) => database.ReadAsync(async connection =>
    {
        var upTo = await connection.QuerySingleAsync<long?>(new CommandDefinition(ChunkEndSql, new { after, size = ChunkSize }, cancellationToken: cancellationToken));
        if (upTo is null) return new Chunk(null, [], new Dictionary<(long, int), RenderingContact>(), []);
        parameters.Add("after", after);
        parameters.Add("upTo", upTo);
        var taken = audience.Taken is null ? [] : await connection.QueryAsync<(int, long)>(new CommandDefinition(
            Exclusions.CountsSql(audience.Taken, $"c.id > @after AND c.id <= @upTo AND ({audience.Whole})"), parameters, cancellationToken: cancellationToken));
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
        return new Chunk(upTo, rows, await contacts.LoadForRenderingAsync(connection, [.. rows.Where(r => r.Reason is null).Select(r => (r.Id, r.Revision))], fieldSlugs, cancellationToken), [.. taken]);
    }, cancellationToken);

    private static int? Render(PartRenderer renderer, RenderingContact? contact, int parts, Counts counts)
    {
        if (contact is null) return (int)SkipReason.ContactDeleted;
        renderer.Fill(contact);
        var sms = 0L;
        for (var part = 0; part < parts; part++)
        {
            var rendered = renderer.Render(part);
            if (rendered.Content is null) return (int)rendered.Reason;
            if (counts.SmsParts is not null && rendered.Content is TextContent text) sms += SmsSegments.Count(text.Text).Parts;
        }

        counts.SmsParts += sms;
        return null;
    }

    private async Task<Counts> RetryAsync(long parent, Channel channel)
    {
        var row = await database.ReadAsync(c => c.QuerySingleAsync<RetryRow>(RetrySql, new { from = DeliveryId.First(parent), to = DeliveryId.Last(parent) }));
        return new Counts { Recipients = row.Recipients, Sendable = row.Recipients, ByChannel = { [channel.Id] = row.Messages }, Zones = { [new(channel.Id, null, null)] = row.Messages } };
    }

    private sealed record Chunk(long? UpTo, List<Row> Rows, IReadOnlyDictionary<(long, int), RenderingContact> People, (int Place, long Contacts)[] Taken);

    private sealed class Counts
    {
        public long Recipients { get; set; }

        public long Sendable { get; set; }

        public long? SmsParts { get; set; }

        /// <summary>The segments that are taken out.</summary>
        public IReadOnlyList<ExcludedSegment> Less { get; init; } = [];

        /// <summary>How many contacts they take, by the segment's place.</summary>
        public List<(int Place, long Contacts)> Taken { get; } = [];

        /// <summary>Messages per channel.</summary>
        public Dictionary<long, long> ByChannel { get; } = [];

        public Dictionary<int, long> Skipped { get; } = [];

        public Dictionary<int, List<SkippedContact>> Contacts { get; } = [];

        /// <summary>Messages to one of them.</summary>
        public int Parts { get; init; } = 1;

        public Dictionary<MessageShare, long> Zones { get; } = [];

        public void Add(Row row, int? reason)
        {
            Recipients++;
            if (reason is not { } why)
            {
                Sendable++;
                ByChannel[row.ChannelId] = ByChannel.GetValueOrDefault(row.ChannelId) + Parts;
                var place = new MessageShare(row.ChannelId, row.TimeZone, row.Country);
                Zones[place] = Zones.GetValueOrDefault(place) + Parts;
                return;
            }

            Skipped[why] = Skipped.GetValueOrDefault(why) + 1;
            if (!Contacts.TryGetValue(why, out var some)) Contacts[why] = some = [];
            if (some.Count < MostNamed) some.Add(new(row.Id, ContactValues.FullName(row.FirstName, row.LastName)));
        }
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public int Revision { get; init; }

        public string? FirstName { get; init; }

        public string? LastName { get; init; }

        public long ChannelId { get; init; }

        public int? Reason { get; init; }

        public int? Later { get; init; }

        public string? TimeZone { get; init; }

        public string? Country { get; init; }
    }

    private sealed class RetryRow
    {
        public long Recipients { get; init; }

        public long Messages { get; init; }
    }
}
