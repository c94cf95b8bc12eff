using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>What an undo did.</summary>
/// <param name="Merge">The merge; null when there is none of that id.</param>
/// <param name="Kept">What could not be put back, and why.</param>
/// <param name="Result">How it ended.</param>
internal sealed record MergeUndone(MergeDetails? Merge, IReadOnlyList<Problem> Kept, CommandResult Result);

internal sealed partial class MergeStore
{
    /// <summary>Makes the two again that were merged: the secondary is back under its id, and the primary as it was but for what was changed since.</summary>
    public Task<MergeUndone> UndoAsync(long mergeId, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        await ContactTurns.AloneAsync(database.Dialect, transaction);
        if (await transaction.Connection!.QuerySingleOrDefaultAsync<MergeRow>(GetSql, new { id = mergeId }, transaction) is not { } row)
            return new MergeUndone(null, [], CommandResult.NotFound($"Merge {mergeId}"));

        var (snapshot, merge) = (row.ReadSnapshot(), row.ToDetails(isLatest: false));
        var now = (await LockAsync(transaction, [row.PrimaryId], cancellationToken)).GetValueOrDefault(row.PrimaryId);
        if (await RefusalAsync(transaction, row, snapshot, now) is { } refusal) return new MergeUndone(merge, [], CommandResult.Refused(refusal));

        var back = now!.Addresses.Where(a => snapshot!.Secondary.Addresses.Any(s => s.Id == a.Id || (s.Kind == a.Kind && s.Value == a.Value))).ToArray();
        if (back.Length == 0 || back.Length == now.Addresses.Count)
            return new MergeUndone(merge, [], CommandResult.Refused(new Problem("", "undoNoAddress", "One of the two would be left without any address, because addresses were removed since the merge. Add one first.")));

        var kept = await PutBackAsync(transaction, row, snapshot!, now, back, actor);
        return new MergeUndone(merge, kept, new CommandResult { Version = now.Revision + 1 });
    }, cancellationToken);

    private static async Task<Problem?> RefusalAsync(DbTransaction transaction, MergeRow row, MergeSnapshot? snapshot, ContactDetails? now)
    {
        if (row.UndoneAt is not null) return new Problem("", "undoDone", "This merge was taken back already.");
        if (await transaction.Connection!.QuerySingleAsync<long?>(LaterSql, new { id = row.Id, primary = row.PrimaryId }, transaction) is { } later && snapshot is not null)
            return new Problem("", "undoLater", $"The contact was merged again since. Take back merge {later} first.", $"{later}");
        if (snapshot is null || now is null) return new Problem("", "undoDeleted", "The merged contact was deleted, and what the two were was erased with it.");
        return await FreezingAsync(transaction, row.PrimaryId, row.SecondaryId);
    }

    private async Task<IReadOnlyList<Problem>> PutBackAsync(DbTransaction transaction, MergeRow row, MergeSnapshot snapshot, ContactDetails now, ContactAddress[] back, string actor)
    {
        var at = time.Now();
        var kept = new List<Problem>();
        var moves = new MergeMoves(database.Dialect, transaction, row.PrimaryId, row.SecondaryId);
        await moves.LockLedgerAsync(row.PrimaryId);
        await ContactRevisions.CopyAsync(transaction, now, at);
        await WriteAsync(transaction, MergeChoice.Restore(now, snapshot.Primary, snapshot.Merged, kept), at);

        await moves.ShiftBackAsync(new RevisionShift(row.Shift, row.ShiftedFrom, row.ShiftedTo));
        var last = await moves.FollowAddressesAsync(back, row.Revision, snapshot.Secondary.Revision);
        await SaveAsync(transaction, RestoreSql, snapshot.Secondary with { Revision = last + 1, BlockedAt = MergeChoice.BlockedAfter(now, snapshot) }, at);
        await moves.MoveAddressesAsync(back, isBack: true);
        await HeardAsync(transaction, snapshot.Secondary);
        if (await moves.MoveTagsBackAsync(snapshot) < snapshot.SecondaryTags.Count) kept.Add(new Problem("tags", "undoTags", "A tag of the second contact was deleted since and is not put back."));
        await moves.MoveImportsBackAsync(snapshot.Imports);
        await moves.DropDistinctAsync(snapshot.AddedDistinct);

        kept.AddRange(snapshot.Secondary.Addresses.Where(s => !Array.Exists(back, b => b.Id == s.Id || (b.Kind == s.Kind && b.Value == s.Value)))
            .Select(s => new Problem("addresses", "undoAddress", $"The {s.Kind.Name()} address {s.Value} does not belong to the merged contact any more and is not put back.", s.Kind.Name(), s.Value)));
        await transaction.Connection!.ExecuteAsync(UndoneSql, new { id = row.Id, now = at, actor, revision = now.Revision + 1 }, transaction);
        await AuditAsync(transaction, actor, "contact.unmerged", row.PrimaryId, row.SecondaryId);
        return kept;
    }

    private const string HeardSql = "UPDATE contacts SET last_interaction_at = @at WHERE id = @id";

    // What came from its addresses meanwhile came from it.
    private static async Task HeardAsync(DbTransaction transaction, ContactDetails secondary)
    {
        var heard = await transaction.Connection!.QuerySingleAsync<long?>(LastHeardSql, new { contact = secondary.Id }, transaction);
        if (MergeChoice.Later(secondary.LastInteractionAt, heard) is { } at) await transaction.Connection!.ExecuteAsync(HeardSql, new { id = secondary.Id, at }, transaction);
    }
}
