using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Security;

namespace Broadcasts.Contacts;

internal sealed partial class ContactStore
{
    /// <summary>Most contacts of one batch.</summary>
    public const int MostInBatch = 1_000;

    private const int MostTries = 5;

    /// <summary>
    /// Adds or updates contacts by their addresses, each judged for itself: one that is wrong costs that one. Addresses and tags are added to those
    /// that are there.
    /// </summary>
    public async Task<IReadOnlyList<UpsertOutcome>> UpsertAsync(IReadOnlyList<ContactEdit> edits, string actor, CancellationToken cancellationToken = default)
    {
        if (edits.Count > MostInBatch) throw new ArgumentOutOfRangeException(nameof(edits), edits.Count, $"A batch has at most {MostInBatch} contacts.");

        var fields = (await database.ReadAsync(connection => FieldStore.ListAsync(connection), cancellationToken)).ToDictionary(f => f.Slug, StringComparer.Ordinal);
        var changes = edits.Select(edit => ContactEditCheck.Check(edit, fields)).ToArray();
        var rows = changes.Select(Row).ToArray();
        for (var tries = 1; ; tries++)
        {
            try
            {
                var isAgain = tries > 1;
                var outcomes = await database.WriteAsync(transaction => UpsertOnceAsync(transaction, rows, changes, isAgain, actor, cancellationToken), cancellationToken);
                return [.. outcomes.Select((outcome, i) => Outcome(outcome, changes[i]))];
            }
            catch (Exception e) when (tries < MostTries && (e is ContactBatchConflictException || (e is DbException db && database.Dialect.IsUniqueViolation(db))))
            {
                // Another writer got in between with one of these people; looked at again, it is an update.
            }
        }
    }

    private async Task<ContactBatchOutcome[]> UpsertOnceAsync(DbTransaction transaction, ContactBatchRow[] rows, CheckedEdit[] changes, bool isAgain, string actor, CancellationToken cancellationToken)
    {
        var now = Now;
        var outcomes = await new ContactBatch(database.Dialect, tags, new ContactBatchOptions(), now).ApplyAsync(transaction, rows, isAgain, cancellationToken);
        foreach (var (outcome, change) in outcomes.Zip(changes))
        {
            if (outcome.Kind == UpsertKind.Created) Audit(transaction, actor, "contact.created", outcome.ContactId, now);
            else if (outcome.Kind == UpsertKind.Updated) Audit(transaction, actor, "contact.updated", outcome.ContactId, now, Given(change));
        }

        return outcomes;
    }

    private static IReadOnlyCollection<AuditChange> Given(CheckedEdit change)
    {
        (object? Given, string Name)[] parts = [(change.FirstName, "firstName"), (change.LastName, "lastName"), (change.Language, "language"), (change.Country, "country"), (change.TimeZone, "timeZone"), (change.Tags, "tags")];
        return [.. parts.Where(p => p.Given is not null).Select(p => p.Name).Concat(change.Fields?.Keys.Select(slug => $"fields.{slug}") ?? []).Select(field => new AuditChange(field))];
    }

    private static ContactBatchRow Row(CheckedEdit change, int index)
    {
        var row = new ContactBatchRow
        {
            Number = index,
            FirstName = change.FirstName,
            LastName = change.LastName,
            Language = change.Language,
            Country = change.Country,
            TimeZone = change.TimeZone,
            Tags = change.Tags ?? [],
            FieldSlugs = [.. change.Fields?.Keys ?? []],
            FieldValues = [.. change.Fields?.Values.Select(v => v ?? "") ?? []],
        };
        row.Addresses.AddRange((change.Addresses ?? []).Select(a => new AddressKey(a.Kind, a.Value)));
        if (change.Problems.Count > 0) row.Error = new RowError("", null, "invalid", "");
        else if (row.Addresses.Count == 0) row.Error = new RowError("addresses", null, "noAddress", "A contact is found and made by its addresses: give at least one.");
        return row;
    }

    private static UpsertOutcome Outcome(ContactBatchOutcome outcome, CheckedEdit change)
    {
        if (change.Problems.Count > 0) return new UpsertOutcome(UpsertKind.Invalid, 0, [.. change.Problems]);
        return new UpsertOutcome(outcome.Kind, outcome.ContactId, outcome.Error is { } error ? [new Problem(error.Field, error.Code, error.Reason)] : []);
    }
}
