using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Health;

/// <summary>The one list of what is looked at: for the page, the API and <c>broadcasts doctor</c>. What fails does not keep the next from being looked at.</summary>
internal sealed class HealthChecks(Database database, EngineOptions options, InstallationChecks installation, WaitingBroadcasts waiting, ReceiptLag receiptLag, AuditCheck audit, TimeProvider time)
{
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan WrongClock = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan VeryWrongClock = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan VeryLate = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Recent = TimeSpan.FromDays(7);
    private static readonly TimeSpan Silent = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Missed = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LateNews = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan VeryLateNews = TimeSpan.FromHours(1);
    private static readonly TimeSpan ReceiptsTake = TimeSpan.FromHours(1);

    /// <summary>Looks at everything.</summary>
    /// <param name="deep">Goes through the whole audit, which takes seconds for a million entries; without it what the service found last counts.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<HealthCheck>> LookAsync(bool deep, CancellationToken cancellationToken = default)
    {
        var checks = new List<HealthCheck>();
        foreach (var (name, look) in new (string, Func<Task<HealthCheck>>)[]
        {
            ("database", () => DatabaseAsync(cancellationToken)), ("clock", () => ClockAsync(cancellationToken)), ("data directory", () => installation.DirectoryAsync(cancellationToken)), ("keys", installation.KeysAsync),
            ("safe hold", installation.HoldAsync), ("transports", () => installation.TransportsAsync(cancellationToken)), ("channels", installation.ChannelsAsync), ("processes", () => ProcessesAsync(cancellationToken)),
            ("schedule", () => ScheduleAsync(cancellationToken)), ("queue", () => QueueAsync(cancellationToken)), ("receipts", () => ReceiptsAsync(cancellationToken)), ("ledger", () => LedgerAsync(cancellationToken)),
            ("audit", () => AuditAsync(deep, cancellationToken)),
        })
        {
            try
            {
                checks.Add(await look());
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                checks.Add(HealthCheck.Bad(name, Of("healthUnread", $"could not be looked at: {e.Message}", e.Message), Of("healthSeeLog", "See the service's log.")));
            }
        }

        return checks;
    }

    private const string SchemaSql = "SELECT MAX(ScriptName) FROM schema_versions";

    private async Task<HealthCheck> DatabaseAsync(CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var step = (await database.ReadAsync(c => c.QuerySingleAsync<string>(SchemaSql), cancellationToken)).Split('.')[^2];
        var took = time.GetElapsedTime(begun);
        var found = Of("healthDatabase", $"{options.Database.Provider} answers in {took.TotalMilliseconds:0} ms; its schema is at step {step}.", options.Database.Provider, $"{took.TotalMilliseconds:0}", step);
        return took < SlowAnswer ? HealthCheck.Good("database", found) : HealthCheck.Warn("database", found, Of("healthDatabaseDo", "Look what else uses the database's machine, and its network."));
    }

    private const string PostgresClockSql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
    private const string SqliteClockSql = "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    private async Task<HealthCheck> ClockAsync(CancellationToken cancellationToken)
    {
        var before = time.Now();
        var there = await database.ReadAsync(c => c.QuerySingleAsync<long>(database.Dialect.IsPostgres ? PostgresClockSql : SqliteClockSql), cancellationToken);
        var after = time.Now();
        // Somewhere between the two it was asked.
        var difference = TimeSpan.FromMilliseconds(there < before ? before - there : there > after ? there - after : 0);
        var found = Of("healthClock", $"This process's clock and the database's differ by {Seconds(difference)} s.", Seconds(difference));
        var what = Of("healthClockDo", "Set both machines' clocks by NTP: schedules and rates go by them.");
        return difference < WrongClock ? HealthCheck.Good("clock", found) : difference < VeryWrongClock ? HealthCheck.Warn("clock", found, what) : HealthCheck.Bad("clock", found, what);
    }

    private const string ProcessesSql = "SELECT name, version, seen_at FROM processes WHERE seen_at >= @since ORDER BY name";

    private async Task<HealthCheck> ProcessesAsync(CancellationToken cancellationToken)
    {
        const string Name = "processes";
        var now = time.Now();
        var all = (await database.ReadAsync(c => c.QueryAsync<(string Name, string Version, long SeenAt)>(ProcessesSql, new { since = now - (long)Missed.TotalMilliseconds }), cancellationToken)).ToList();
        var (silent, live) = (all.Where(p => now - p.SeenAt > Silent.TotalMilliseconds).ToList(), all.Where(p => now - p.SeenAt <= Silent.TotalMilliseconds).ToList());
        if (silent.Count > 0)
        {
            var named = string.Join(", ", silent.Select(p => p.Name));
            return HealthCheck.Warn(Name, Of("healthProcessesGone", $"Ended without saying so, or stand still: {named}. {live.Count} run.", named, $"{live.Count}"), Of("healthProcessesGoneDo", "See their logs and their machines. The others have taken up what they did."));
        }

        var versions = live.Select(p => p.Version).Distinct().Order(StringComparer.Ordinal).ToList();
        if (versions.Count > 1)
            return HealthCheck.Warn(Name, Of("healthVersions", $"Processes of different versions: {string.Join(", ", versions)}.", string.Join(", ", versions)), Of("healthVersionsDo", "Bring them all to one version."));
        return HealthCheck.Good(Name, Of("healthProcesses", $"Processes that run: {live.Count}, version {ProcessBeat.Version}.", $"{live.Count}", ProcessBeat.Version));
    }

    private const string OverdueSql = "SELECT COUNT(*) AS Many, COALESCE(MIN(scheduled_at), 0) AS Oldest FROM broadcasts WHERE status = 1 AND scheduled_at < @before";

    private async Task<HealthCheck> ScheduleAsync(CancellationToken cancellationToken)
    {
        var now = time.Now();
        var (many, oldest) = await database.ReadAsync(c => c.QuerySingleAsync<(long, long)>(OverdueSql, new { before = now - (long)Late.TotalMilliseconds }), cancellationToken);
        if (many == 0) return HealthCheck.Good("schedule", Of("healthSchedule", "No broadcast is overdue."));
        var lag = TimeSpan.FromMilliseconds(now - oldest);
        var found = Of("healthOverdue", $"Broadcasts that should have started: {many}; the oldest {lag.TotalMinutes:0} min ago.", $"{many}", $"{lag.TotalMinutes:0}");
        var what = Of("healthOverdueDo", "See the service's log for why they do not start; while data is held, nothing does.");
        return lag < VeryLate ? HealthCheck.Warn("schedule", found, what) : HealthCheck.Bad("schedule", found, what);
    }

    private const string QueueSql = "SELECT COALESCE(SUM(pending), 0) AS Pending, COALESCE(SUM(sending), 0) AS Sending FROM slices WHERE pending + sending > 0";

    private async Task<HealthCheck> QueueAsync(CancellationToken cancellationToken)
    {
        var (pending, sending) = await database.ReadAsync(c => c.QuerySingleAsync<(long, long)>(QueueSql), cancellationToken);
        var found = Of("healthQueue", $"{pending} messages wait, {sending} are in flight.", $"{pending}", $"{sending}");
        return waiting.Stalled == 0 ? HealthCheck.Good("queue", found)
            : HealthCheck.Bad("queue", Of("healthStalled", $"Broadcasts that stand still without a reason: {waiting.Stalled}. {found.Message}", $"{waiting.Stalled}", $"{pending}", $"{sending}"), Of("healthStalledDo", "See the service's log; a restart of the service takes them up anew."));
    }

    // Of channels that told of their messages' fate before.
    private const string SilentSql = """
        SELECT c.name
          FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id JOIN channels c ON c.id = s.channel_id
         WHERE b.kind = 0 AND b.started_at < @settled
         GROUP BY c.id, c.name
        HAVING SUM(CASE WHEN b.started_at >= @since THEN s.sent ELSE 0 END) >= 20 AND SUM(CASE WHEN b.started_at >= @since THEN s.delivered + s.read ELSE 0 END) = 0
           AND SUM(CASE WHEN b.started_at < @since THEN s.delivered + s.read ELSE 0 END) > 0
         ORDER BY c.name
        """;

    private async Task<HealthCheck> ReceiptsAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var silent = (await database.ReadAsync(c => c.QueryAsync<string>(SilentSql, new { settled = (now - ReceiptsTake).ToUnixTimeMilliseconds(), since = (now - Recent).ToUnixTimeMilliseconds() }), cancellationToken)).ToList();
        if (silent.Count > 0)
            return HealthCheck.Warn("receipts", Of("healthSilent", $"Nothing was reported any more in a week by: {string.Join(", ", silent)}.", string.Join(", ", silent)), Of("healthSilentDo", "Look at the channel's webhook address with its provider, and test its connection."));
        if (receiptLag.Look() is not { } heard) return HealthCheck.Good("receipts", Of("healthReceipts", "Channels that report what became of messages go on to."));
        var found = Of("healthReceiptsLag", $"What became of messages is heard {Seconds(heard.Median)} s after it happened (half of the last {heard.Count}).", Seconds(heard.Median), $"{heard.Count}");
        var what = Of("healthReceiptsLagDo", "Providers report late, or this address could not be reached for a while: see their status pages, and the way that their calls take to here.");
        return heard.Median < LateNews ? HealthCheck.Good("receipts", found) : heard.Median < VeryLateNews ? HealthCheck.Warn("receipts", found, what) : HealthCheck.Bad("receipts", found, what);
    }

    private const string ChangedSql = "SELECT COUNT(*) FROM audit WHERE action = 'broadcast.ledger' AND at >= @since AND id > (SELECT COALESCE(MAX(a.id), 0) - 100000 FROM audit a)";

    private async Task<HealthCheck> LedgerAsync(CancellationToken cancellationToken)
    {
        var changed = await database.ReadAsync(c => c.QuerySingleAsync<long>(ChangedSql, new { since = time.Now() - (long)Recent.TotalMilliseconds }), cancellationToken);
        return changed == 0 ? HealthCheck.Good("ledger", Of("healthLedger", "Counts are those of the rows."))
            : HealthCheck.Warn("ledger", Of("healthLedgerChanged", $"Somebody changed the ledger by hand, found in the last week: {changed}.", $"{changed}"), Of("healthLedgerDo", "See broadcast.ledger in the audit, and who can write to the database."));
    }

    private async Task<HealthCheck> AuditAsync(bool deep, CancellationToken cancellationToken)
    {
        var state = await AuditWatch.StateAsync(database, cancellationToken);
        if (deep)
        {
            var looked = await audit.LookAsync(state?.Whole, cancellationToken: cancellationToken);
            state = new AuditState { At = time.Now(), Whole = looked.Newest, Fault = looked.Fault };
        }

        if (state is null) return HealthCheck.Good("audit", Of("healthAuditNew", "It is checked soon after the start."));
        return state.Fault is { } fault
            ? HealthCheck.Bad("audit", fault.Said(), Of("healthAuditDo", "Somebody changed it behind the program's back: see 'broadcasts audit verify', and who can write to the database."))
            : HealthCheck.Good("audit", Of("healthAudit", $"Entries that are whole: {state.Whole?.Number ?? 0}.", $"{state.Whole?.Number ?? 0}"));
    }

    private static string Seconds(TimeSpan span) => span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    internal static Problem Of(string code, string english, params string[] values) => new("", code, english, values);
}
