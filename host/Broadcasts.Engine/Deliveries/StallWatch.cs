using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>Looks whether every broadcast in progress moves. One that does not gets its reason on its page; one without a reason is an alert. What it sees is kept as the broadcast's pace.</summary>
internal sealed partial class StallWatch(
    Database database, WaitingReasons reasons, WaitingBroadcasts waiting, BroadcastStore broadcasts, LedgerAudit ledger, DispatchSignal dispatch, PaceHistory pace, TimeProvider time, ILogger<StallWatch> logger)
    : PeriodicWork(TimeSpan.FromSeconds(2), time, logger)
{
    /// <summary>Without a change for this long it waits for something.</summary>
    private static readonly TimeSpan Still = TimeSpan.FromSeconds(3);

    /// <summary>Without a change and without a reason for this long its counts may not be those of its rows.</summary>
    private static readonly TimeSpan Doubtful = TimeSpan.FromSeconds(10);

    /// <summary>Without a change and without a reason for this long something is wrong: longer than a fail-over, or an answer that never comes, takes.</summary>
    private static readonly TimeSpan Stalled = TimeSpan.FromSeconds(90);

    private const string CountsSql = """
        SELECT b.id, b.freeze_position, b.started_at AS StartedAt, b.channel_id AS ChannelId, b.rate_count AS RateCount, b.rate_per_ms AS RatePerMs, COALESCE(SUM(s.pending), 0) AS pending, COALESCE(SUM(s.sending), 0) AS sending,
               COALESCE(SUM(s.sent + s.delivered + s.read + s.failed + s.skipped), 0) AS settled, COALESCE(SUM(s.unknown), 0) AS unknown,
               COALESCE(SUM(s.skipped), 0) AS skipped
          FROM broadcasts b LEFT JOIN slices s ON s.broadcast_id = b.id
         WHERE b.status = 2 AND b.kind = 0
         GROUP BY b.id
        """;

    private readonly Dictionary<long, Look> _looks = [];

    protected override string Purpose => "Looking for broadcasts that stand still";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        var counts = await database.ReadAsync(async c => (await c.QueryAsync<RunningCounts>(CountsSql)).AsList(), cancellationToken);
        var running = counts.Select(c => c.Id).ToHashSet();
        foreach (var gone in _looks.Keys.Where(id => !running.Contains(id)).ToArray()) _looks.Remove(gone);
        waiting.Keep(running);
        foreach (var count in counts) waiting.Set(count.Id, await JudgeAsync(count, cancellationToken));
        await pace.KeepAsync(counts, cancellationToken);
    }

    private async Task<Waiting?> JudgeAsync(RunningCounts now, CancellationToken cancellationToken)
    {
        var at = Time.GetTimestamp();
        if (!_looks.TryGetValue(now.Id, out var look) || look.Counts != now)
        {
            _looks[now.Id] = new Look(now, at);
            return null;
        }

        var still = Time.GetElapsedTime(look.Since, at);
        if (still < Still) return null;
        var known = await reasons.FindAsync(now, cancellationToken);
        // Rows that are counted as pending and are not there look like parts that wait for an earlier one.
        if (known is null or { Code: Waiting.EarlierPart } && still >= Doubtful) await CountAsync(now.Id, look, cancellationToken);
        if (known is not null) return known;
        if (still < Stalled) return null;
        if (!look.IsTold) LogStalled(now.Id, now.Pending, now.Sending, (long)still.TotalSeconds);
        look.IsTold = true;
        return new Waiting(Waiting.Stalled);
    }

    // Once for each time that it stands still.
    private async Task CountAsync(long id, Look look, CancellationToken cancellationToken)
    {
        if (look.IsCounted || await broadcasts.GetAsync(id) is not { } broadcast) return;
        look.IsCounted = true;
        if ((await ledger.MendAsync(broadcast, cancellationToken)).IsMendable) dispatch.Set();
    }

    private sealed class Look(RunningCounts counts, long since)
    {
        public RunningCounts Counts { get; } = counts;

        public long Since { get; } = since;

        public bool IsTold { get; set; }

        public bool IsCounted { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Broadcast {Broadcast} stands still for {Seconds} s without a reason: {Pending} messages wait, {Sending} are in flight")]
    private partial void LogStalled(long broadcast, long pending, long sending, long seconds);
}

/// <summary>How far a broadcast in progress is.</summary>
internal sealed record RunningCounts
{
    public long Id { get; init; }

    public long FreezePosition { get; init; }

    public long Pending { get; init; }

    public long Sending { get; init; }

    public long Settled { get; init; }

    public long Unknown { get; init; }

    public long Skipped { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public long StartedAt { get; init; }

    public long? ChannelId { get; init; }

    public int? RateCount { get; init; }

    public long? RatePerMs { get; init; }

    /// <summary>Its own rate.</summary>
    public SendRate? Rate => RateCount is { } count && RatePerMs is { } per ? new SendRate(count, per) : null;

    /// <summary>Messages that left, however they ended.</summary>
    public long HandedOver => Settled - Skipped + Unknown;
}
