using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>What allowed a broadcast no more at a moment. The numbers are stored.</summary>
internal enum PaceLimit
{
    /// <summary>Nothing: as fast as the provider answers.</summary>
    None = 0,

    /// <summary>Its own rate.</summary>
    Broadcast = 1,

    /// <summary>The channel's rate.</summary>
    Channel = 2,

    /// <summary>Less than the channel's rate, after the provider refused.</summary>
    Learned = 3,

    /// <summary>The provider asked to wait.</summary>
    Provider = 4,

    /// <summary>A limit per minute, hour or day is used up.</summary>
    Window = 5,
}

/// <summary>A moment of a broadcast's way.</summary>
internal sealed record PacePoint
{
    /// <summary>Unix milliseconds.</summary>
    public long At { get; init; }

    /// <summary>Messages that were handed over until then.</summary>
    public long Sent { get; init; }

    /// <summary>Messages per second that it may send; null without a limit.</summary>
    public double? Allowed { get; init; }

    public PaceLimit LimitedBy { get; init; }
}

/// <summary>Keeps how fast broadcasts go and what allows them no more. Every process looks; the first one's look in a step of time counts.</summary>
internal sealed class PaceHistory(Database database, IGrainFactory grains, TimeProvider time)
{
    /// <summary>So many points make a picture.</summary>
    public const int MostPoints = 240;

    private static readonly (TimeSpan Age, TimeSpan Step)[] Steps =
    [
        (TimeSpan.FromMinutes(3), TimeSpan.FromSeconds(2)),
        (TimeSpan.FromHours(1), TimeSpan.FromSeconds(15)),
        (TimeSpan.FromDays(1), TimeSpan.FromMinutes(2)),
        (TimeSpan.MaxValue, TimeSpan.FromMinutes(15)),
    ];

    private const string InsertSql = """
        INSERT INTO pace (broadcast_id, at, sent, allowed, limited_by)
        SELECT CAST(@id AS BIGINT), CAST(@at AS BIGINT), CAST(@sent AS BIGINT), CAST(@allowed AS DOUBLE PRECISION), CAST(@limitedBy AS SMALLINT)
         WHERE NOT EXISTS (SELECT 1 FROM pace WHERE broadcast_id = @id AND at >= @step)
        """;

    // Whole steps between two points: a long way is drawn as wide as a short one.
    private const string ReadSql = """
        SELECT at AS At, sent AS Sent, allowed AS Allowed, limited_by AS LimitedBy
          FROM (SELECT p.*, ROW_NUMBER() OVER (ORDER BY at) AS number, COUNT(*) OVER () AS total FROM pace p WHERE broadcast_id = @id) AS points
         WHERE number = 1 OR number = total OR number % (1 + total / @most) = 0
         ORDER BY at
        """;

    private const string DoneSql = """
        SELECT CAST(COALESCE(SUM(s.sent + s.delivered + s.read + s.failed + s.unknown), 0) AS BIGINT) AS Sent, COALESCE(MAX(b.finished_at), @now) AS At
          FROM broadcasts b JOIN slices s ON s.broadcast_id = b.id
         WHERE b.id = @id
        """;

    private readonly Dictionary<long, long> _last = [];

    /// <summary>Writes what is due of those that run, and the last point of those that no longer do.</summary>
    public async Task KeepAsync(IReadOnlyCollection<RunningCounts> running, CancellationToken cancellationToken)
    {
        var now = time.Now();
        foreach (var counts in running.Where(c => IsDue(c, now)))
        {
            var (allowed, limitedBy) = Of(counts, counts.ChannelId is { } channel ? await grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel)).LookAsync() : null, now);
            await WriteAsync(counts.Id, now, StepOf(counts, now), counts.HandedOver, allowed, limitedBy, cancellationToken);
            _last[counts.Id] = now;
        }

        foreach (var id in _last.Keys.Except(running.Select(r => r.Id)).ToArray())
        {
            var end = await database.ReadAsync(c => c.QuerySingleAsync<PacePoint>(new CommandDefinition(DoneSql, new { id, now }, cancellationToken: cancellationToken)), cancellationToken);
            await WriteAsync(id, end.At, end.At, end.Sent, null, PaceLimit.None, cancellationToken);
            _last.Remove(id);
        }
    }

    /// <summary>The way of a broadcast, in time order.</summary>
    public Task<IReadOnlyList<PacePoint>> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<PacePoint>>(
            async c => [.. await c.QueryAsync<PacePoint>(new CommandDefinition(ReadSql, new { id, most = MostPoints }, cancellationToken: cancellationToken))], cancellationToken);

    private bool IsDue(RunningCounts counts, long now) => !_last.TryGetValue(counts.Id, out var last) || StepOf(counts, now) > StepOf(counts, last);

    // It begins at the same moment for every process, so that only the first one writes.
    private static long StepOf(RunningCounts counts, long now)
    {
        var age = now - counts.StartedAt;
        var step = (long)Array.Find(Steps, s => age < s.Age.TotalMilliseconds).Step.TotalMilliseconds;
        return now / step * step;
    }

    private static (double? Allowed, PaceLimit LimitedBy) Of(RunningCounts counts, BudgetView? budget, long now)
    {
        if (budget?.ThrottledUntil > now) return (0, PaceLimit.Provider);
        if (budget?.Windows.Any(w => w.FullUntil > now) == true) return (0, PaceLimit.Window);
        var own = counts.Rate?.PerSecond;
        var channel = budget?.EffectivePerSecond;
        if (own is { } rate && (channel is null || rate <= channel)) return (rate, PaceLimit.Broadcast);
        return channel is null ? (null, PaceLimit.None) : (channel, budget!.Rate?.PerSecond > channel * 1.01 ? PaceLimit.Learned : PaceLimit.Channel);
    }

    private Task<int> WriteAsync(long id, long at, long step, long sent, double? allowed, PaceLimit limitedBy, CancellationToken cancellationToken) =>
        database.WriteAsync(t => t.Connection!.ExecuteAsync(new CommandDefinition(InsertSql, new { id, at, step, sent, allowed, limitedBy = (short)limitedBy }, t, cancellationToken: cancellationToken)), cancellationToken);
}
