using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>Whom a draft's audience reaches, by channel and by what is in the way.</summary>
internal sealed record AudienceLook
{
    public long Matching { get; init; }

    /// <summary>Those of them that a channel of the draft reaches; null while it has none.</summary>
    public long? Reached { get; init; }

    /// <summary>How they fall on the channels.</summary>
    public IReadOnlyList<ForecastChannel> Channels { get; init; } = [];

    /// <summary>Why the others are not, by the reason's name.</summary>
    public IReadOnlyDictionary<string, long> Held { get; init; } = new Dictionary<string, long>();

    /// <summary>Segments that are taken out, and how many contacts each takes.</summary>
    public IReadOnlyList<ForecastExclusion> Excluded { get; init; } = [];

    /// <summary>Some of those that match.</summary>
    public IReadOnlyList<LookedAtContact> Sample { get; init; } = [];

    /// <summary>False when there are so many contacts that only the first ones were looked at.</summary>
    public bool IsWhole { get; init; } = true;
}

/// <summary>One of those that match, and the channel or what is in its way.</summary>
internal sealed record LookedAtContact(long Id, string? Name, string? Channel, string? Reason);

/// <summary>Looks at the audience of a draft while it is made: asks as freeze and forecast do, renders nothing, and ends in time for whoever waits.</summary>
internal sealed class AudienceLooks(Database database, BroadcastChecks checks, ChannelStore channels, ReachAhead ahead, TimeProvider time)
{
    public const int MostShown = 20;

    private const int ChunkSize = 50_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Null for the failures of another broadcast, which are counted where they are resent, and without an audience. What the draft names must be there.</summary>
    public async Task<AudienceLook?> LookAsync(Broadcast broadcast, CancellationToken cancellationToken = default)
    {
        if (broadcast.ReadAudience() is not { RetryOf: null } audience) return null;
        var routes = await channels.GetAsync(broadcast.ChannelIds);
        var rules = await checks.RulesAsync(broadcast);
        var frozen = checks.Audience(audience, rules, 1, time.Now()) with { AsksToConfirm = await checks.AsksToConfirmAsync(broadcast.AllParts()) };
        var where = $"c.id > @after AND c.id <= @upTo AND ({frozen.Condition.Sql})";
        var less = frozen.Taken is null ? null : Exclusions.CountsSql(frozen.Taken, $"c.id > @after AND c.id <= @upTo AND ({frozen.Whole})");
        var reach = routes.Count == 0 ? "" : Rows(where);
        // Of those who are shown alone the way is sought: the database would look at all to find the first ones.
        var shown = routes.Count == 0 ? "" : Rows($"c.id IN (SELECT c.id FROM contacts c WHERE {where} ORDER BY c.id LIMIT {MostShown})");
        var parameters = await ahead.ParametersAsync(broadcast, frozen, routes, time.Now());
        // Without a channel nobody has a way yet: they are only counted.
        var count = routes.Count == 0 ? $"SELECT -1 AS channel_id, NULL AS reason, COUNT(*) AS contacts FROM contacts c WHERE {where}" : $"SELECT channel_id, reason, COUNT(*) AS contacts FROM ({reach}) AS reached GROUP BY channel_id, reason";
        var (counts, sample, taken) = (new List<CountRow>(), new List<SampleRow>(), new List<(int Place, long Contacts)>());
        var begun = time.GetTimestamp();
        for (long after = 0; ;)
        {
            if (await ChunkEndAsync(after, cancellationToken) is not { } upTo) return Of(routes, counts, sample, isWhole: true) with { Excluded = ForecastExclusion.Of(rules.Less, taken) };
            if (time.GetElapsedTime(begun) > Patience) return Of(routes, counts, sample, isWhole: false) with { Excluded = ForecastExclusion.Of(rules.Less, taken) };
            parameters.Add("after", after);
            parameters.Add("upTo", upTo);
            counts.AddRange(await database.ReadAsync(c => c.QueryAsync<CountRow>(new CommandDefinition(count, parameters, cancellationToken: cancellationToken)), cancellationToken));
            if (less is not null) taken.AddRange(await database.ReadAsync(c => c.QueryAsync<(int, long)>(new CommandDefinition(less, parameters, cancellationToken: cancellationToken)), cancellationToken));
            if (routes.Count > 0 && sample.Count < MostShown)
                sample.AddRange(await database.ReadAsync(c => c.QueryAsync<SampleRow>(new CommandDefinition($"{shown} ORDER BY id LIMIT {MostShown - sample.Count}", parameters, cancellationToken: cancellationToken)), cancellationToken));
            after = upTo;
        }
    }

    private string Rows(string where) => $"SELECT id, first_name, last_name, channel_id, COALESCE(reason, later) AS reason FROM ({ahead.Sql(where)}) AS ahead";

    private Task<long?> ChunkEndAsync(long after, CancellationToken cancellationToken) =>
        database.ReadAsync(c => c.QuerySingleAsync<long?>(new CommandDefinition(Forecasts.ChunkEndSql, new { after, size = ChunkSize }, cancellationToken: cancellationToken)), cancellationToken);

    private static AudienceLook Of(IReadOnlyList<Channel> routes, List<CountRow> counts, List<SampleRow> sample, bool isWhole)
    {
        var names = routes.ToDictionary(c => c.Id, c => c.Name);
        var reached = counts.Where(c => c.Reason is null).ToLookup(c => c.ChannelId, c => c.Contacts);
        return new()
        {
            Matching = counts.Sum(c => c.Contacts),
            Reached = routes.Count == 0 ? null : reached.Sum(c => c.Sum()),
            Channels = [.. routes.Select(c => new ForecastChannel(c.Id, c.Name, reached[c.Id].Sum()))],
            Held = counts.Where(c => c.Reason is not null).GroupBy(c => c.Reason!.Value).ToDictionary(g => Reasons.NameOf(g.Key), g => g.Sum(c => c.Contacts)),
            Sample = [.. sample.Select(s => new LookedAtContact(s.Id, ContactValues.FullName(s.FirstName, s.LastName), names[s.ChannelId], s.Reason is { } reason ? Reasons.NameOf(reason) : null))],
            IsWhole = isWhole,
        };
    }

    private sealed class CountRow
    {
        public long ChannelId { get; init; }

        public int? Reason { get; init; }

        public long Contacts { get; init; }
    }

    private sealed class SampleRow
    {
        public long Id { get; init; }

        public string? FirstName { get; init; }

        public string? LastName { get; init; }

        public long ChannelId { get; init; }

        public int? Reason { get; init; }
    }
}
