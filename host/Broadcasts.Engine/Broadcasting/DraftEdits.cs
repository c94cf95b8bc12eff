using System.Data.Common;
using System.Globalization;
using System.Text.Json.Nodes;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>
/// A page that saves what is typed saves at every rest: all saves of one person that follow each other are one entry of the audit, from what was before the first to what is after the last. An entry never changes, so it
/// is written when the editing ends: anything else happens to the draft, somebody else saves, or <see cref="Longest"/> are over. Until then a row keeps what was: a crash costs nothing.
/// </summary>
internal static class DraftEdits
{
    /// <summary>No later than so long after the first save its entry is due.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private const string NoteSql = """
        INSERT INTO draft_edits (broadcast_id, actor, state, saves, began_at, last_at)
        VALUES (@id, @actor, @state, 1, @now, @now)
        ON CONFLICT (broadcast_id) DO UPDATE SET saves = draft_edits.saves + 1, last_at = excluded.last_at
        """;

    /// <summary>Keeps a save in mind, in its transaction. Call <see cref="EndOthersAsync"/> before it.</summary>
    public static Task NoteAsync(DbTransaction transaction, Broadcast before, string actor, long now) =>
        transaction.Connection!.ExecuteAsync(NoteSql, new { id = before.Id, actor, state = BroadcastDiff.Kept(before).ToJsonString(), now }, transaction);

    private const string FindSql = "SELECT actor, began_at AS BeganAt FROM draft_edits WHERE broadcast_id = @id";

    /// <summary>Ends what a save of this person at this moment does not belong to.</summary>
    public static async Task EndOthersAsync(DbTransaction transaction, Broadcast current, string actor, long now)
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<Row>(FindSql, new { id = current.Id }, transaction) is not { } open) return;
        if (open.Actor != actor || now - open.BeganAt >= (long)Longest.TotalMilliseconds) await EndAsync(transaction, current);
    }

    private const string TakeSql = "DELETE FROM draft_edits WHERE broadcast_id = @id RETURNING actor, state, saves, last_at AS LastAt";

    /// <summary>Writes the entry of an editing that ends here; nothing when none goes on. The broadcast's row is locked: of two that end it one finds it.</summary>
    public static async Task EndAsync(DbTransaction transaction, Broadcast current)
    {
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<Row>(TakeSql, new { id = current.Id }, transaction) is not { } ended) return;
        var said = ended.Saves == 1 ? null : new Problem("", "savedTimes", $"Saved {ended.Saves} times.", $"{ended.Saves}");
        AuditChain.Append(transaction, new AuditAct
        {
            At = ended.LastAt, Actor = ended.Actor, Action = "broadcast.edit", Subject = string.Create(CultureInfo.InvariantCulture, $"broadcast:{current.Id}"),
            Detail = said?.Message, Told = Told.Write(said), Changes = AuditChange.Write(BroadcastDiff.Between(JsonNode.Parse(ended.State)!, current)),
        });
    }

    /// <summary>The same, of a broadcast that the transaction has not read yet.</summary>
    public static async Task EndAsync(SqlDialect dialect, DbTransaction transaction, long id)
    {
        if (await BroadcastStore.LockAsync(dialect, transaction, id) is { } current) await EndAsync(transaction, current);
    }

    private const string DueSql = "SELECT broadcast_id FROM draft_edits WHERE began_at <= @before ORDER BY broadcast_id LIMIT 1000";

    /// <summary>Broadcasts whose entry is due.</summary>
    public static Task<IReadOnlyList<long>> DueAsync(Database database, long now) =>
        database.ReadAsync<IReadOnlyList<long>>(async c => [.. await c.QueryAsync<long>(DueSql, new { before = now - (long)Longest.TotalMilliseconds })]);

    private sealed class Row
    {
        public string Actor { get; init; } = "";

        public string State { get; init; } = "";

        public int Saves { get; init; }

        public long BeganAt { get; init; }

        public long LastAt { get; init; }
    }
}
