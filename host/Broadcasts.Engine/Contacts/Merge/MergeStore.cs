using System.Data.Common;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>Makes one contact of two, and two of one again. Each is one transaction: whoever reads sees either.</summary>
internal sealed partial class MergeStore(Database database, TimeProvider time, AuditStore audit)
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, IgnoreReadOnlyProperties = true };

    private const string InsertSql = """
        INSERT INTO contact_merges (primary_id, secondary_id, at, actor, revision, shift, shifted_from, shifted_to, snapshot)
        VALUES (@PrimaryId, @SecondaryId, @now, @actor, @revision, @by, @from, @to, @snapshot)
        RETURNING id
        """;

    private const string DropContactSql = "DELETE FROM contacts WHERE id = @id";

    /// <summary>Puts the secondary into the primary: addresses, tags, empty or chosen fields, and its whole history.</summary>
    public async Task<(long Id, CommandResult Result)> MergeAsync(MergeRequest request, string actor, CancellationToken cancellationToken = default)
    {
        if (request.PrimaryId == request.SecondaryId)
            return (0, CommandResult.Invalid(new Problem("with", "mergeSelf", "A contact can't be merged with itself. Name another one.")));

        return await database.WriteAsync(async transaction =>
        {
            await ContactTurns.AloneAsync(database.Dialect, transaction);
            var contacts = await LockAsync(transaction, [request.PrimaryId, request.SecondaryId], cancellationToken);
            var (primary, secondary) = (contacts.GetValueOrDefault(request.PrimaryId), contacts.GetValueOrDefault(request.SecondaryId));
            if (primary is null) return (0L, CommandResult.NotFound($"Contact {request.PrimaryId}"));
            if (secondary is null) return (0L, CommandResult.Invalid(new Problem("with", "mergeUnknown", $"Contact {request.SecondaryId} does not exist.", $"{request.SecondaryId}")));
            if ((Changed(primary, request.PrimaryRevision) ?? Changed(secondary, request.SecondaryRevision)) is { } changed) return (0L, changed);
            if (MergeChoice.Check(request.Choices, primary, secondary) is { Length: > 0 } problems) return (0L, CommandResult.Invalid(problems));
            if (await FreezingAsync(transaction, request.PrimaryId, request.SecondaryId) is { } freezing) return (0L, CommandResult.Refused(freezing));

            return await MergeAsync(transaction, primary, secondary, request, actor);
        }, cancellationToken);
    }

    private async Task<(long Id, CommandResult Result)> MergeAsync(DbTransaction transaction, ContactDetails primary, ContactDetails secondary, MergeRequest request, string actor)
    {
        var now = time.Now();
        var moves = new MergeMoves(database.Dialect, transaction, primary.Id, secondary.Id);
        var merged = MergeChoice.Combine(primary, secondary, request.Choices);
        await moves.LockLedgerAsync(secondary.Id);
        await ContactRevisions.CopyAsync(transaction, primary, now);
        await WriteAsync(transaction, merged, now);

        await ContactRevisions.CopyAsync(transaction, secondary, now);
        var shift = await moves.FindShiftAsync(secondary.Revision);
        await moves.ShiftAsync(shift);
        await moves.MoveAddressesAsync(secondary.Addresses);
        var (tags, added) = await moves.MoveTagsAsync();
        var snapshot = new MergeSnapshot
        {
            Primary = primary,
            Secondary = secondary,
            Merged = merged,
            SecondaryTags = tags,
            AddedTags = added,
            Imports = await moves.MoveImportsAsync(),
            AddedDistinct = await moves.AddDistinctAsync(),
        };
        await transaction.Connection!.ExecuteAsync(DropContactSql, new { id = secondary.Id }, transaction);
        var id = await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, new
        {
            request.PrimaryId, request.SecondaryId, now, actor, revision = primary.Revision + 1, by = shift.By, from = shift.From, to = shift.To, snapshot = JsonSerializer.Serialize(snapshot, Json),
        }, transaction);
        await AuditAsync(transaction, actor, "contact.merged", primary.Id, secondary.Id);
        return (id, new CommandResult { Version = primary.Revision + 1 });
    }

    private static CommandResult? Changed(ContactDetails contact, int? expected) => expected is null || expected == contact.Revision
        ? null
        : new CommandResult { Code = CommandCode.Changed, Version = contact.Revision, Message = $"Somebody changed contact {contact.Id} meanwhile: load it again and repeat the merge." };

    // Both under the id of the other too: whoever looks for either finds it.
    private async Task AuditAsync(DbTransaction transaction, string actor, string action, long primary, long secondary)
    {
        await audit.AppendAsync(transaction, actor, action, Subject(primary), Subject(secondary));
        await audit.AppendAsync(transaction, actor, action, Subject(secondary), Subject(primary));
    }

    private static string Subject(long id) => string.Create(CultureInfo.InvariantCulture, $"contact/{id}");
}
