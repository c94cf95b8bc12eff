using System.Data.Common;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>The broadcasts' rows. Every change of status names the status that it leaves.</summary>
internal sealed partial class BroadcastStore(Database database, TimeProvider time)
{
    private const string Columns = """
        id, kind, name, labels, status, status_reason, status_detail, parent_id, channel_id, segment_id, audience, parts, rate_count, rate_per_ms, spread_over_ms,
        scheduled_at, scheduled_local, time_zone, expires_at, version, archived_at, created_by, created_at, started_at, finished_at,
        frozen_rule, freeze_mark, freeze_after, freeze_position, freeze_done, recipients, recipient_local, send_window, repeat_rule, repeat_done,
        sent_by, approved_by, routes, safety, claim_to, canary_at, breaker, languages, template_id, template_version
        """;

    private const string GetSql = $"SELECT {Columns} FROM broadcasts WHERE id = @id AND kind <= @kind";

    /// <summary>A broadcast; null when there is none. The home of a channel's single messages is no broadcast to anybody but dispatch.</summary>
    public Task<Broadcast?> GetAsync(long id, bool orHome = false) =>
        database.ReadAsync(c => c.QuerySingleOrDefaultAsync<Broadcast>(GetSql, new { id, kind = orHome ? Broadcast.SingleMessages : 0 }));

    private const string FindSql = "SELECT id FROM broadcasts WHERE identity_key = @key";

    /// <summary>The broadcast that was created with this identity, so that a repeated command finds it.</summary>
    public Task<long?> FindAsync(string identityKey) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(FindSql, new { key = identityKey }));

    private const string InsertSql = """
        INSERT INTO broadcasts (kind, name, labels, status, parent_id, channel_id, segment_id, audience, parts, rate_count, rate_per_ms, spread_over_ms, expires_at, send_window, safety, routes, languages, template_id, template_version,
                                scheduled_local, time_zone, recipient_local, repeat_rule, identity_key, created_by, created_at, updated_at)
        VALUES (@kind, @name, @labels, @status, @parent, @channel, @segment, @audience, @parts, @rateCount, @ratePerMs, @spread, @expires, @window, @safety, @routes, @languages, @template, @templateVersion,
                @local, @zone, @isLocal, @repeat, @identity, @actor, @now, @now)
        ON CONFLICT (identity_key) DO NOTHING
        RETURNING id
        """;

    /// <summary>Adds a draft; null when there is one with this identity already.</summary>
    /// <param name="draft">What is in it.</param>
    /// <param name="act">Who makes it.</param>
    /// <param name="parent">What it goes on from; null for nothing.</param>
    /// <param name="identityKey">By which a repeated command finds it; null when none asks.</param>
    /// <param name="copyOf">Whose content it has; null for nobody's.</param>
    public Task<Broadcast?> CreateAsync(BroadcastDraft draft, BroadcastAct act, long? parent, string? identityKey, long? copyOf = null) => database.WriteAsync(async t =>
    {
        // What is copied is on record before the copy is.
        if (copyOf is { } copied) await DraftEdits.EndAsync(database.Dialect, t, copied);
        if (await t.Connection!.QuerySingleOrDefaultAsync<long?>(InsertSql, Parameters(draft, new { kind = 0, status = (int)BroadcastStatus.Draft, parent, identity = identityKey, actor = act.Actor, now = Now }), t) is not { } id) return null;
        await WriteLabelsAsync(t, id, draft.Labels);
        var made = await ReadAsync(t, id);
        Append(t, id, act, null, made);
        return made;
    });

    private const string EditSql = """
        UPDATE broadcasts
           SET name = @name, labels = @labels, channel_id = @channel, segment_id = @segment, audience = @audience, parts = @parts, rate_count = @rateCount,
               rate_per_ms = @ratePerMs, spread_over_ms = @spread, expires_at = @expires, send_window = @window, safety = @safety, routes = @routes,
               languages = @languages, template_id = @template, template_version = @templateVersion, scheduled_local = @local, time_zone = @zone, recipient_local = @isLocal,
               repeat_rule = @repeat, version = version + 1, updated_at = @now
         WHERE id = @id AND version = @version AND status = @expected
        """;

    /// <summary>Null when somebody saved since that version, or it is no draft any more.</summary>
    public Task<Broadcast?> EditAsync(long id, BroadcastDraft draft, int version, BroadcastAct act) => ActAsync(id, act, t => EditAsync(t, id, draft, version));

    private async Task<bool> EditAsync(DbTransaction transaction, long id, BroadcastDraft draft, int version)
    {
        if (await transaction.Connection!.ExecuteAsync(EditSql, Parameters(draft, new { id, version, expected = (int)BroadcastStatus.Draft, now = Now }), transaction) == 0) return false;
        await WriteLabelsAsync(transaction, id, draft.Labels);
        return true;
    }

    private const string RenameSql = "UPDATE broadcasts SET name = @name, labels = @labels, version = version + 1, updated_at = @now WHERE id = @id";

    public Task<Broadcast?> RenameAsync(long id, string name, string[] labels, BroadcastAct act) => ActAsync(id, act, async t =>
    {
        await t.Connection!.ExecuteAsync(RenameSql, new { id, name, labels = JsonSerializer.Serialize(labels), now = Now }, t);
        await WriteLabelsAsync(t, id, labels);
        return true;
    });

    private const string SetStatusSql = """
        UPDATE broadcasts
           SET status = @next, status_reason = @reason, status_detail = @detail, status_told = @told, version = version + 1, updated_at = @now,
               finished_at = CASE WHEN @final = 1 THEN @now ELSE finished_at END
         WHERE id = @id AND status = @expected
        """;

    /// <summary>Compare-and-set: a repeated call or a second process matches no row and changes nothing.</summary>
    /// <param name="id">Which.</param>
    /// <param name="expected">The status that it leaves.</param>
    /// <param name="next">The status that it gets.</param>
    /// <param name="act">Who does what.</param>
    /// <param name="reason">Why, as a stable word.</param>
    /// <param name="detail">More, in the words of whoever caused it.</param>
    /// <param name="said">Instead of a detail: the engine's own sentence.</param>
    public Task<Broadcast?> SetStatusAsync(long id, BroadcastStatus expected, BroadcastStatus next, BroadcastAct act, string? reason = null, string? detail = null, Problem? said = null) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(SetStatusSql, new
        {
            id, expected = (int)expected, next = (int)next, reason, detail = said?.Message ?? detail, told = Told.Write(said), now = Now,
            final = BroadcastLifecycle.IsFinal(next) || next == BroadcastStatus.Failed ? 1 : 0,
        }, t) == 1);

    private const string ScheduleSql = """
        UPDATE broadcasts
           SET status = @next, scheduled_at = @at, scheduled_local = @local, time_zone = @zone, recipient_local = @isLocal, repeat_rule = @repeat, repeat_done = 0,
               approved_by = NULL, sent_by = @actor, version = version + 1, updated_at = @now
         WHERE id = @id AND status = @expected
        """;

    /// <summary>Sets its time.</summary>
    /// <param name="id">Which.</param>
    /// <param name="expected">The status that it leaves.</param>
    /// <param name="at">When it starts.</param>
    /// <param name="schedule">What was asked for; null for a moment that nobody chose.</param>
    /// <param name="act">Who does what: in whose name it is sent.</param>
    public Task<Broadcast?> ScheduleAsync(long id, BroadcastStatus expected, long at, BroadcastSchedule? schedule, BroadcastAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(ScheduleSql, new
        {
            id, expected = (int)expected, next = (int)BroadcastStatus.Scheduled, at, local = schedule?.LocalTime, zone = schedule?.TimeZone, isLocal = schedule?.IsLocal == true ? 1 : 0, repeat = schedule?.RepeatJson, actor = act.Actor, now = Now,
        }, t) == 1);

    private const string ToDraftSql = """
        UPDATE broadcasts
           SET status = @next, scheduled_at = NULL, repeat_done = 0, approved_by = NULL, sent_by = NULL, version = version + 1, updated_at = @now
         WHERE id = @id AND status = @expected
        """;

    /// <summary>Back to a draft, which keeps the time that was chosen: who mends it means to send it then.</summary>
    public Task<Broadcast?> ToDraftAsync(long id, BroadcastStatus expected, BroadcastAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(ToDraftSql, new { id, expected = (int)expected, next = (int)BroadcastStatus.Draft, now = Now }, t) == 1);

    // The rate that follows from a length of time to spread over, once the number of messages is known.
    private const string SpreadSql = "UPDATE broadcasts SET rate_count = @count, rate_per_ms = spread_over_ms WHERE id = @id AND status = @expected AND spread_over_ms IS NOT NULL";

    private const string StartSql = """
        UPDATE broadcasts
           SET status = @next, status_reason = @reason, status_detail = @detail, status_told = @told, started_at = @now, sent_by = @sender, claim_to = @claimTo, canary_at = NULL, breaker = NULL, frozen_rule = @rule,
               freeze_mark = (SELECT COALESCE(MAX(id), 0) FROM contacts), freeze_after = 0, freeze_position = 0, freeze_done = 0, recipients = 0, fallback_recipients = 0,
               recipient_local = CASE WHEN @keepsTimes = 1 OR status = 3 THEN recipient_local ELSE 0 END,
               scheduled_local = CASE WHEN status = 0 THEN NULL ELSE scheduled_local END, repeat_rule = CASE WHEN status = 0 THEN NULL ELSE repeat_rule END, version = version + 1, updated_at = @now
         WHERE id = @id AND status = @expected
        """;

    /// <summary>Starts, or starts to wait for a second person: from here on the audience is who matches the rule below the highest contact of this moment.</summary>
    /// <param name="broadcast">As it was read.</param>
    /// <param name="rules">The audience's, frozen.</param>
    /// <param name="sender">In whose name.</param>
    /// <param name="waitsFor">Why a second person must agree first; null when nobody need.</param>
    /// <param name="messages">How many it is spread over its length of time; null when it is not spread.</param>
    /// <param name="act">Who does what. Its time came when that is the schedule; who starts it by hand means now, for everybody.</param>
    public Task<Broadcast?> StartAsync(Broadcast broadcast, AudienceRules rules, string sender, Problem? waitsFor, long? messages, BroadcastAct act) => ActAsync(broadcast.Id, act, async t =>
    {
        if (messages is { } count) await t.Connection!.ExecuteAsync(SpreadSql, new { id = broadcast.Id, expected = (int)broadcast.State, count = Math.Max(1, count) }, t);
        if (await t.Connection!.ExecuteAsync(StartSql, StartParameters(broadcast, rules, sender, waitsFor, bySchedule: act.Actor == "schedule"), t) == 0) return false;
        await Exclusions.SetAsync(t, broadcast.Id, rules.Less);
        return true;
    });

    private object StartParameters(Broadcast broadcast, AudienceRules rules, string sender, Problem? waitsFor, bool bySchedule) => new
    {
        id = broadcast.Id, expected = (int)broadcast.State, rule = rules.Rule, sender, now = Now, keepsTimes = bySchedule ? 1 : 0,
        next = (int)(waitsFor is null ? BroadcastStatus.InProgress : BroadcastStatus.Paused), reason = waitsFor is null ? null : Approvals.Reason, detail = waitsFor?.Message, told = Told.Write(waitsFor),
        claimTo = broadcast.ReadSafety().Canary is null ? (long?)null : 0,
    };

    private const string ApproveSql = """
        UPDATE broadcasts
           SET approved_by = @actor, status = @next, status_reason = NULL, status_detail = NULL, status_told = NULL, version = version + 1, updated_at = @now
         WHERE id = @id AND status = @expected
        """;

    /// <summary>A second person agrees: what waited for it goes on.</summary>
    public Task<Broadcast?> ApproveAsync(long id, BroadcastStatus expected, BroadcastStatus next, BroadcastAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(ApproveSql, new { id, expected = (int)expected, next = (int)next, actor = act.Actor, now = Now }, t) == 1);

    private const string BreakerSql = "UPDATE broadcasts SET breaker = @breaker WHERE id = @id";

    /// <summary>Keeps what tripped the breaker until its victims wait again; null when they do.</summary>
    public Task SetBreakerAsync(long id, Tripped? tripped) => database.WriteAsync(t =>
        t.Connection!.ExecuteAsync(BreakerSql, new { id, breaker = tripped is null ? null : JsonSerializer.Serialize(tripped, BroadcastJson.Options) }, t));

    private const string SetRateSql = "UPDATE broadcasts SET rate_count = @count, rate_per_ms = @perMs, spread_over_ms = NULL, version = version + 1, updated_at = @now WHERE id = @id";

    public Task<Broadcast?> SetRateAsync(long id, SendRate? rate, BroadcastAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(SetRateSql, new { id, count = rate?.Count, perMs = rate?.PerMs, now = Now }, t) == 1);

    private const string FreezeDoneSql = "UPDATE broadcasts SET freeze_done = 1, updated_at = @now WHERE id = @id AND freeze_done = 0";

    public Task EndFreezeAsync(long id) => database.WriteAsync(t => t.Connection!.ExecuteAsync(FreezeDoneSql, new { id, now = Now }, t));

    private const string ArchiveSql = "UPDATE broadcasts SET archived_at = @now WHERE id = @id";

    public Task<Broadcast?> ArchiveAsync(long id, BroadcastAct act) => ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(ArchiveSql, new { id, now = Now }, t) == 1);

    private const string DeleteSql = "DELETE FROM broadcasts WHERE id = @id AND status = @expected";

    private const string DeleteLabelsSql = "DELETE FROM broadcast_labels WHERE broadcast_id = @id";

    public Task<Broadcast?> DeleteAsync(long id, BroadcastStatus expected, BroadcastAct act) => ActAsync(id, act, async t =>
    {
        if (await t.Connection!.ExecuteAsync(DeleteSql, new { id, expected = (int)expected }, t) == 0) return false;
        await t.Connection!.ExecuteAsync(DeleteLabelsSql, new { id }, t);
        await Exclusions.SetAsync(t, id, []);
        return true;
    });

    private const string DueSql = "SELECT id, scheduled_at FROM broadcasts WHERE status = 1 AND scheduled_at <= @until ORDER BY scheduled_at LIMIT 1000";

    /// <summary>Scheduled broadcasts whose time comes until a moment, the earliest first.</summary>
    public Task<IReadOnlyList<(long Id, long At)>> DueAsync(long until) =>
        database.ReadAsync(async c => (IReadOnlyList<(long, long)>)[.. await c.QueryAsync<(long, long)>(DueSql, new { until })]);

    private const string RunningSql = "SELECT id, claim_to FROM broadcasts WHERE kind = 0 AND started_at IS NOT NULL AND (status = 2 OR (freeze_done = 0 AND status = 3)) ORDER BY id";

    /// <summary>Broadcasts that something must happen to, and whether part of them is held.</summary>
    public Task<IReadOnlyList<(long Id, bool IsHeld)>> RunningAsync() =>
        database.ReadAsync(async c => (IReadOnlyList<(long, bool)>)[.. (await c.QueryAsync<(long Id, long? ClaimTo)>(RunningSql)).Select(r => (r.Id, r.ClaimTo is not null))]);

    private const string LeftoversSql = """
        SELECT DISTINCT s.broadcast_id FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id
         WHERE s.pending + s.sending > 0 AND s.pending > 0 AND b.status IN (4, 5)
        """;

    /// <summary>Finished broadcasts with rows that came back after the end: a retry on its way when somebody cancelled, a kill in the middle of it.</summary>
    public Task<IReadOnlyList<long>> LeftoversAsync() =>
        database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(LeftoversSql)]);

    private const string OpenRowsSql = """
        SELECT COALESCE(SUM(pending), 0) AS pending, COALESCE(SUM(sending), 0) AS sending FROM slices WHERE broadcast_id = @id
        """;

    /// <summary>Rows that are not settled.</summary>
    public Task<(long Pending, long Sending)> OpenRowsAsync(long id) =>
        database.ReadAsync(async c =>
        {
            var row = await c.QuerySingleAsync<OpenRows>(OpenRowsSql, new { id });
            return (row.Pending, row.Sending);
        });

    private const string AddLabelSql = "INSERT INTO broadcast_labels (broadcast_id, label) VALUES (@id, @label) ON CONFLICT (broadcast_id, label) DO NOTHING";

    private const string InDoubtSql = """
        SELECT DISTINCT d.channel_id FROM slices s JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to AND d.status = 7 WHERE s.broadcast_id = @id AND s.unknown > 0
        """;

    /// <summary>Channels over which messages went whose fate is not known.</summary>
    public Task<IReadOnlyList<long>> ChannelsInDoubtAsync(long id) => database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(InDoubtSql, new { id })]);

    private static async Task WriteLabelsAsync(DbTransaction transaction, long id, string[] labels)
    {
        await transaction.Connection!.ExecuteAsync(DeleteLabelsSql, new { id }, transaction);
        foreach (var label in labels) await transaction.Connection!.ExecuteAsync(AddLabelSql, new { id, label }, transaction);
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static DynamicParameters Parameters(BroadcastDraft draft, object more)
    {
        var parameters = new DynamicParameters(more);
        var audience = draft.AudienceJson is null ? null : JsonSerializer.Deserialize<BroadcastAudience>(draft.AudienceJson, BroadcastJson.Options);
        var schedule = draft.Schedule is { IsAtOnce: false } some ? some : null;
        parameters.AddDynamicParams(new
        {
            name = draft.Name,
            labels = JsonSerializer.Serialize(draft.Labels),
            channel = draft.ChannelId,
            segment = audience?.SegmentId,
            audience = draft.AudienceJson,
            parts = draft.PartsJson,
            rateCount = draft.Rate?.Count,
            ratePerMs = draft.Rate?.PerMs,
            spread = draft.SpreadOverMs,
            expires = draft.ExpiresAt,
            safety = draft.SafetyJson,
            routes = draft.Routes.Length == 0 ? null : JsonSerializer.Serialize(draft.Routes),
            window = draft.SendWindowJson,
            languages = string.IsNullOrEmpty(draft.LanguagesJson) ? null : draft.LanguagesJson,
            template = draft.TemplateId is > 0 ? draft.TemplateId : null,
            templateVersion = draft.TemplateId is > 0 ? draft.TemplateVersion : null,
            local = schedule?.LocalTime,
            zone = schedule?.TimeZone,
            isLocal = schedule?.IsLocal == true ? 1 : 0,
            repeat = schedule?.RepeatJson,
        });
        return parameters;
    }

    private sealed class OpenRows
    {
        public long Pending { get; init; }

        public long Sending { get; init; }
    }
}
