using System.Data.Common;
using System.Globalization;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>An act on a broadcast, as the audit names it.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Verb">What: the entry's action is <c>broadcast.VERB</c>.</param>
/// <param name="Detail">What there is to say beside the fields that changed.</param>
/// <param name="Said">Instead of a detail: the engine's own sentence.</param>
internal sealed record BroadcastAct(string Actor, string Verb, string? Detail = null, Problem? Said = null);

/// <summary>An act and its entry in the audit are one transaction: a crash leaves both or neither.</summary>
internal sealed partial class BroadcastStore
{
    /// <summary>Changes a broadcast and writes down what the change made of it.</summary>
    /// <param name="id">Which.</param>
    /// <param name="act">Who does what.</param>
    /// <param name="change">The change; false when it does not fit any more, and then nothing is written down.</param>
    /// <returns>The broadcast after it; null when nothing happened.</returns>
    public Task<Broadcast?> ActAsync(long id, BroadcastAct act, Func<DbTransaction, Task<bool>> change) => ActAsync(id, async t => await change(t) ? act : null);

    /// <summary>The same, of an act that only the change itself can name.</summary>
    public Task<Broadcast?> ActAsync(long id, Func<DbTransaction, Task<BroadcastAct?>> change) => database.WriteAsync(async t =>
    {
        // Locked: what is written down as the state before is the one that the change leaves.
        if (await LockAsync(database.Dialect, t, id) is not { } before) return null;
        await DraftEdits.EndAsync(t, before);
        if (await change(t) is not { } act) return null;
        var after = await ReadAsync(t, id);
        Append(t, id, act, before, after);
        return after ?? before;
    });

    /// <summary>Saves what somebody is still typing. Null when somebody else saved since that version, or it is no draft any more.</summary>
    /// <remarks>Its entry is one with those of the saves around it: <see cref="DraftEdits"/>.</remarks>
    public Task<Broadcast?> SaveAsync(long id, BroadcastDraft draft, int version, string actor) => database.WriteAsync(async t =>
    {
        if (await LockAsync(database.Dialect, t, id) is not { } before) return null;
        await DraftEdits.EndOthersAsync(t, before, actor, Now);
        if (!await EditAsync(t, id, draft, version)) return null;
        await DraftEdits.NoteAsync(t, before, actor, Now);
        return await ReadAsync(t, id);
    });

    /// <summary>The broadcast, which nobody else changes before the end of the transaction; null when there is none.</summary>
    public static Task<Broadcast?> LockAsync(SqlDialect dialect, DbTransaction transaction, long id) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<Broadcast>($"{GetSql} {dialect.ForUpdate}", new { id, kind = 0 }, transaction);

    private static Task<Broadcast?> ReadAsync(DbTransaction transaction, long id) => transaction.Connection!.QuerySingleOrDefaultAsync<Broadcast>(GetSql, new { id, kind = 0 }, transaction);

    private void Append(DbTransaction transaction, long id, BroadcastAct act, Broadcast? before, Broadcast? after) => AuditChain.Append(transaction, new AuditAct
    {
        At = Now, Actor = act.Actor, Action = $"broadcast.{act.Verb}", Subject = string.Create(CultureInfo.InvariantCulture, $"broadcast:{id}"),
        Detail = act.Said?.Message ?? act.Detail, Told = Told.Write(act.Said), Changes = AuditChange.Write(BroadcastDiff.Between(before, after)),
    });
}
