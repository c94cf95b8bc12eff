using System.Globalization;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>Makes the broadcasts of a repeated one. The identity is the template with the occurrence's instant, so that three processes make one.</summary>
internal sealed class Occurrences(BroadcastStore broadcasts, TimeProvider time)
{
    private const int LongestName = 200;

    // Nobody may have moved or stopped the template since it was read; and somebody else may have been first.
    private const string InsertSql = """
        INSERT INTO broadcasts (kind, name, labels, status, parent_id, channel_id, segment_id, audience, parts, rate_count, rate_per_ms, spread_over_ms, expires_at, send_window,
                                scheduled_at, scheduled_local, time_zone, recipient_local, safety, routes, languages, template_id, template_version, sent_by, approved_by, identity_key, created_by, created_at, updated_at)
        SELECT 0, @name, b.labels, 1, b.id, b.channel_id, b.segment_id, b.audience, b.parts, b.rate_count, b.rate_per_ms, b.spread_over_ms, b.expires_at + @later, b.send_window,
               @at, @local, b.time_zone, b.recipient_local, b.safety, b.routes, b.languages, b.template_id, b.template_version, b.sent_by, b.approved_by, @identity, b.created_by, @now, @now
          FROM broadcasts b WHERE b.id = @id AND b.status = 1 AND b.scheduled_at = @current
        ON CONFLICT (identity_key) DO NOTHING
        RETURNING id
        """;

    private const string LabelsSql = "INSERT INTO broadcast_labels (broadcast_id, label) SELECT @child, label FROM broadcast_labels WHERE broadcast_id = @id";

    private const string AdvanceSql = """
        UPDATE broadcasts
           SET status = @next, scheduled_at = @at, scheduled_local = @local, repeat_done = @done, expires_at = expires_at + @later,
               status_reason = CASE WHEN @next = 0 THEN 'repeatEnded' END, version = version + 1, updated_at = @now
         WHERE id = @id AND status = 1 AND scheduled_at = @current
        """;

    /// <summary>Makes the occurrence that is due and moves the template to its next one, in one transaction.</summary>
    /// <remarks>When several were missed, the last of them stands for all: nobody wants five at once.</remarks>
    /// <returns>The occurrence; null when somebody else was first.</returns>
    public async Task<long?> MakeAsync(Broadcast template) => (await MoveAsync(template, make: true, "system")).Made;

    /// <summary>Moves the template over its next occurrence; null when somebody moved or stopped it at the same moment.</summary>
    public async Task<Broadcast?> SkipAsync(Broadcast template, string actor) => (await MoveAsync(template, make: false, actor)).Template;

    private async Task<(Broadcast? Template, long? Made)> MoveAsync(Broadcast template, bool make, string actor)
    {
        var now = time.Now();
        var rule = RepeatRule.Read(template.RepeatRule)!;
        var (local, done) = (ScheduleTime.Parse(template.ScheduledLocal)!.Value, template.RepeatDone + 1);
        var missed = 0;
        var next = rule.After(local, done);
        while (make && next is { } passed && ScheduleTime.StartOf(passed, template) <= now)
        {
            (local, done, missed) = (passed, done + 1, missed + 1);
            next = rule.After(local, done);
        }

        long? child = null;
        var moved = await broadcasts.ActAsync(template.Id, async t =>
        {
            var at = ScheduleTime.StartOf(local, template);
            child = null;
            if (make)
            {
                child = await t.Connection!.QuerySingleOrDefaultAsync<long?>(InsertSql, new
                {
                    id = template.Id, current = template.ScheduledAt, at, local = RepeatRule.Text(local), now, later = at - template.ScheduledAt,
                    name = Name(template.Name, RepeatRule.Text(local)[..10]), identity = string.Create(CultureInfo.InvariantCulture, $"repeat:{template.Id}:{at}"),
                }, t);
                if (child is { } made) await t.Connection!.ExecuteAsync(LabelsSql, new { child = made, id = template.Id }, t);
            }

            long? nextAt = next is { } following ? ScheduleTime.StartOf(following, template) : null;
            var advanced = await t.Connection!.ExecuteAsync(AdvanceSql, new
            {
                id = template.Id, current = template.ScheduledAt, next = (int)(next is null ? BroadcastStatus.Draft : BroadcastStatus.Scheduled), at = nextAt,
                local = next is { } then ? RepeatRule.Text(then) : null, done, later = (nextAt ?? template.ScheduledAt) - template.ScheduledAt, now,
            }, t);
            if (advanced == 0) return null;
            return child is { } created
                ? new BroadcastAct(actor, "occurrence", string.Create(CultureInfo.InvariantCulture, $"broadcast:{created}, {missed} missed before it"))
                : new BroadcastAct(actor, "skipNext", template.ScheduledLocal);
        });
        return (moved, child);
    }

    private static string Name(string name, string date) => $"{name[..Math.Min(name.Length, LongestName - date.Length - 3)]} ({date})";
}
