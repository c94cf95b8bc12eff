using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>When a draft would be done as it is written, and what holds it back.</summary>
internal sealed record FinishLook
{
    public long Messages { get; init; }

    public DateTimeOffset First { get; init; }

    /// <summary>When the last message leaves if nothing else is sent over its channels; null when no pace is known.</summary>
    public DateTimeOffset? Earliest { get; init; }

    /// <summary>The same when what others are sending over them now goes out as well.</summary>
    public DateTimeOffset? Latest { get; init; }

    public SpreadLimit Limit { get; init; }

    /// <summary>False when there are so many contacts that the rest was reckoned from the first ones.</summary>
    public bool IsWhole { get; init; }
}

/// <summary>Reckons while somebody chooses rate and time: counts, renders nothing, and ends in time for whoever waits.</summary>
internal sealed class FinishLooks(Database database, BroadcastChecks checks, ChannelStore channels, RecipientLimits recipients, ReachAhead ahead, TimeProvider time)
{
    private const int ChunkSize = 20_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private const string OthersSql = """
        SELECT s.channel_id, SUM(s.pending + s.sending) AS messages
          FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id
         WHERE s.pending + s.sending > 0 AND b.status = 2
         GROUP BY s.channel_id
        """;

    private const string LastSql = "SELECT COALESCE(MAX(id), 0) FROM contacts";

    /// <summary>Null for the failures of another broadcast, and while audience, channel or content are missing. What the draft names must be there.</summary>
    public async Task<FinishLook?> LookAsync(Broadcast broadcast, CancellationToken cancellationToken = default)
    {
        var parts = broadcast.ReadParts().Count;
        if (parts == 0 || broadcast.ChannelIds.Count == 0 || broadcast.ReadAudience() is not { RetryOf: null } audience) return null;
        var routes = await channels.GetAsync(broadcast.ChannelIds);
        var (messages, isWhole) = await CountAsync(broadcast, audience, routes, parts, cancellationToken);
        var reached = new Dictionary<long, RecipientLimitView?>();
        foreach (var route in routes) reached[route.Id] = await recipients.LookAsync(route.Id);
        var start = ScheduleTime.BeginOf(broadcast, time.GetUtcNow()).ToUnixTimeMilliseconds();
        var alone = Spread.Of(broadcast, routes, messages, parts, reached, start);
        // The others do not go at this one's own rate.
        var shared = Spread.Of(broadcast, routes, await WithOthersAsync(messages, cancellationToken), parts, reached, start, SpreadLimit.Own);
        return new()
        {
            Messages = messages.Values.Sum(),
            First = alone.First,
            Earliest = alone.Finish,
            Latest = alone.Finish > shared.Finish || shared.Finish is null ? alone.Finish : shared.Finish,
            Limit = Spread.LimitOf(broadcast, routes, messages, parts, reached, start),
            IsWhole = isWhole,
        };
    }

    private async Task<(Dictionary<MessageShare, long> Messages, bool IsWhole)> CountAsync(Broadcast broadcast, BroadcastAudience audience, IReadOnlyList<Channel> routes, int parts, CancellationToken cancellationToken)
    {
        var frozen = checks.Audience(audience, await checks.RulesAsync(broadcast), parts, time.Now()) with { AsksToConfirm = await checks.AsksToConfirmAsync(broadcast.AllParts()) };
        var sql = $"SELECT channel_id, time_zone, country, COUNT(*) AS contacts FROM ({ahead.Sql($"c.id > @after AND c.id <= @upTo AND ({frozen.Condition.Sql})")}) AS ahead WHERE COALESCE(reason, later) IS NULL GROUP BY channel_id, time_zone, country";
        var parameters = await ahead.ParametersAsync(broadcast, frozen, routes, time.Now());
        var messages = new Dictionary<MessageShare, long>();
        var begun = time.GetTimestamp();
        for (long after = 0; ;)
        {
            var upTo = await database.ReadAsync(c => c.QuerySingleAsync<long?>(new CommandDefinition(Forecasts.ChunkEndSql, new { after, size = ChunkSize }, cancellationToken: cancellationToken)), cancellationToken);
            if (upTo is null) return (messages, true);
            if (after > 0 && time.GetElapsedTime(begun) > Patience) return (await ReckonedAsync(messages, after, cancellationToken), false);
            parameters.Add("after", after);
            parameters.Add("upTo", upTo);
            foreach (var row in await database.ReadAsync(c => c.QueryAsync<Row>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken)), cancellationToken))
            {
                var share = new MessageShare(row.ChannelId, row.TimeZone, row.Country);
                messages[share] = messages.GetValueOrDefault(share) + row.Contacts * parts;
            }

            after = upTo.Value;
        }
    }

    // As if the contacts behind were like those before.
    private async Task<Dictionary<MessageShare, long>> ReckonedAsync(Dictionary<MessageShare, long> messages, long upTo, CancellationToken cancellationToken)
    {
        var last = await database.ReadAsync(c => c.ExecuteScalarAsync<long>(new CommandDefinition(LastSql, cancellationToken: cancellationToken)), cancellationToken);
        return messages.ToDictionary(m => m.Key, m => (long)(m.Value * (last / (double)upTo)));
    }

    private async Task<Dictionary<MessageShare, long>> WithOthersAsync(Dictionary<MessageShare, long> messages, CancellationToken cancellationToken)
    {
        var all = new Dictionary<MessageShare, long>(messages);
        foreach (var other in await database.ReadAsync(c => c.QueryAsync<OtherRow>(new CommandDefinition(OthersSql, cancellationToken: cancellationToken)), cancellationToken))
        {
            // They share its channels' limits wherever their recipients live.
            if (messages.Keys.Where(m => m.Channel == other.ChannelId).Cast<MessageShare?>().FirstOrDefault() is { } share) all[share] += other.Messages;
        }

        return all;
    }

    private sealed class Row
    {
        public long ChannelId { get; init; }

        public string? TimeZone { get; init; }

        public string? Country { get; init; }

        public long Contacts { get; init; }
    }

    private sealed class OtherRow
    {
        public long ChannelId { get; init; }

        public long Messages { get; init; }
    }
}
