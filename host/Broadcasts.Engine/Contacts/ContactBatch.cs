using System.Data.Common;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Merge;
using Broadcasts.Storage;

namespace Broadcasts.Contacts;

/// <summary>
/// Adds and updates many contacts by their addresses in one transaction. Imports and the API's batch share it, so that the same data means the
/// same thing through every door. It changes nothing but the database: the transaction can run it again.
/// </summary>
internal sealed class ContactBatch(SqlDialect dialect, TagStore tags, ContactBatchOptions options, long now)
{
    private readonly ContactBatchSql _sql = new(dialect, now);

    /// <param name="transaction">The transaction.</param>
    /// <param name="rows">The contacts.</param>
    /// <param name="isAgain">True after a conflict: who is known is locked first, so that nobody can get in between twice.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ContactBatchOutcome[]> ApplyAsync(DbTransaction transaction, IReadOnlyList<ContactBatchRow> rows, bool isAgain, CancellationToken cancellationToken)
    {
        if (options.Trial is null) await ContactTurns.ShareAsync(dialect, transaction);
        var run = new Run(this, transaction, rows);
        await run.LoadAsync(isAgain, cancellationToken);
        for (var i = 0; i < rows.Count; i++) run.Outcomes[i] = run.Decide(rows[i]);
        await run.WriteAsync(cancellationToken);
        return run.Outcomes;
    }

    private sealed class Run(ContactBatch batch, DbTransaction transaction, IReadOnlyList<ContactBatchRow> rows)
    {
        private readonly List<AddressKey> _addresses = new(rows.Count * 2);
        private long[] _owners = [];
        private bool[] _claimed = [];
        private readonly HashSet<long> _taken = [];
        private readonly List<NewContact> _created = [];
        private readonly List<ChangedContact> _updated = [];
        private Dictionary<long, ContactDetails> _stored = [];
        private Dictionary<string, long> _tagIds = [];
        private Queue<long> _ids = [];

        public ContactBatchOutcome[] Outcomes { get; } = new ContactBatchOutcome[rows.Count];

        public async Task LoadAsync(bool isAgain, CancellationToken cancellationToken)
        {
            Number();
            _claimed = new bool[_addresses.Count];
            _owners = await ContactBatchSql.FindOwnersAsync(transaction, _addresses, cancellationToken);

            if (batch.Options.Trial is { } trial) Imagine(trial);
            var known = _owners.Where(id => id > 0 && !BatchTrial.IsImagined(id)).Distinct().ToArray();
            if (known.Length > 0)
            {
                if (isAgain) await batch._sql.LockAsync(transaction, known);
                if (batch.Options.Trial is null) _taken.UnionWith(await batch._sql.InImportAsync(transaction, batch.Options.ImportId, known));
                _stored = (await ContactReader.LoadAsync(batch.Dialect, transaction.Connection!, transaction, known, cancellationToken)).ToDictionary(c => c.Id);
                // Somebody was deleted between the two reads; looked at again, the row is a new contact.
                if (_stored.Count < known.Length) throw new ContactBatchConflictException();
            }

            var names = rows.Where(r => r.Error is null).SelectMany(r => r.Tags).Concat(batch.Options.Tags).ToHashSet(StringComparer.Ordinal);
            if (batch.Options.Trial is not null)
            {
                _tagIds = names.ToDictionary(name => name, _ => 0L, StringComparer.Ordinal);
                return;
            }

            if (names.Count > 0)
            {
                var ids = await batch.Tags.EnsureAsync(transaction, names, batch.Now);
                _tagIds = names.ToDictionary(name => name, name => ids[TagStore.Key(name)], StringComparer.Ordinal);
            }

            _ids = await batch._sql.ReserveIdsAsync(transaction, rows.Count(r => r.Error is null && Array.TrueForAll(r.Slots, slot => _owners[slot] == 0)));
        }

        public ContactBatchOutcome Decide(ContactBatchRow row)
        {
            if (row.Error is not null) return new ContactBatchOutcome(UpsertKind.Invalid, 0, row.Error);
            if (Array.Exists(row.Slots, slot => _claimed[slot])) return new ContactBatchOutcome(UpsertKind.Duplicate, 0, null);
            if (Match(row, out var id) is { } conflict) return new ContactBatchOutcome(UpsertKind.Invalid, 0, conflict);
            if (id > 0 && _taken.Contains(id)) return new ContactBatchOutcome(UpsertKind.Duplicate, id, null);

            if (id == 0)
            {
                if (!batch.Options.MayAdd)
                    return Invalid(row, "unknownContact", "No contact has this address, and this import only updates contacts.");
                id = batch.Options.Trial?.NextId() ?? _ids.Dequeue();
                _created.Add(new NewContact(id, row));
                Claim(row, id);
                return new ContactBatchOutcome(UpsertKind.Created, id, null, 1);
            }

            Claim(row, id);
            if (!batch.Options.MayUpdate || Change(row, _stored[id]) is not { } change) return new ContactBatchOutcome(UpsertKind.Unchanged, id, null, _stored[id].Revision);

            _updated.Add(change);
            return new ContactBatchOutcome(UpsertKind.Updated, id, null, change.Before.Revision + 1);
        }

        public async Task WriteAsync(CancellationToken cancellationToken)
        {
            if (batch.Options.Trial is { } trial)
            {
                Remember(trial);
                return;
            }

            batch._sql.Insert(transaction, _created, TagIds);
            if (_updated.Count > 0) await batch._sql.UpdateAsync(transaction, _updated, cancellationToken);
            if (batch.Options.MustConfirm)
                await ConsentLog.AskAllAsync(transaction, batch.Dialect, _created.SelectMany(c => c.Row.Addresses).Concat(_updated.SelectMany(c => c.NewAddresses)), ConsentLog.SourceOf(batch.Options.ImportId), batch.Now);
            if (batch.Options.ImportId > 0) ContactBatchSql.Record(transaction, batch.Options.ImportId, rows, Outcomes);
        }

        private void Imagine(BatchTrial trial)
        {
            for (var i = 0; i < _owners.Length; i++)
            {
                if (_owners[i] == 0) _owners[i] = trial.OwnerOf(_addresses[i]);
                if (_owners[i] > 0 && trial.IsTaken(_owners[i])) _taken.Add(_owners[i]);
            }
        }

        private void Remember(BatchTrial trial)
        {
            for (var i = 0; i < rows.Count; i++)
            {
                var (kind, id) = (Outcomes[i].Kind, Outcomes[i].ContactId);
                if (kind is not (UpsertKind.Created or UpsertKind.Updated or UpsertKind.Unchanged)) continue;
                trial.Take(id);
                if (kind == UpsertKind.Unchanged) continue;
                foreach (var slot in rows[i].Slots)
                    if (_owners[slot] == 0) trial.Own(_addresses[slot], id);
            }
        }

        // Each different address gets a number, so that what follows looks at arrays instead of hashing texts again and again.
        private void Number()
        {
            var slots = new Dictionary<AddressKey, int>(rows.Count * 2);
            foreach (var row in rows)
            {
                if (row.Error is not null) continue;
                row.Slots = new int[row.Addresses.Count];
                for (var i = 0; i < row.Slots.Length; i++)
                {
                    if (!slots.TryGetValue(row.Addresses[i], out row.Slots[i]))
                    {
                        slots.Add(row.Addresses[i], row.Slots[i] = _addresses.Count);
                        _addresses.Add(row.Addresses[i]);
                    }
                }
            }
        }

        private void Claim(ContactBatchRow row, long id)
        {
            foreach (var slot in row.Slots) _claimed[slot] = true;
            _taken.Add(id);
        }

        // The one contact that the row means; 0 when it is new.
        private RowError? Match(ContactBatchRow row, out long id)
        {
            id = 0;
            var identifier = batch.Options.Identifier is { } kind && row.Addresses.Exists(a => a.Kind == kind) ? kind : (AddressKind?)null;
            for (var i = 0; i < row.Slots.Length; i++)
            {
                var (key, owner) = (row.Addresses[i], _owners[row.Slots[i]]);
                if (owner == 0 || (identifier is not null && key.Kind != identifier)) continue;
                if (id != 0 && id != owner)
                    return new RowError(key.Kind.Name(), RowError.Shorten(key.Value), "twoContacts", $"The addresses of this row belong to two contacts, {id} and {owner}: merge them, or correct the row.");
                id = owner;
            }

            for (var i = 0; i < row.Slots.Length; i++)
                if (_owners[row.Slots[i]] is > 0 and var owner && owner != id)
                    return new RowError(row.Addresses[i].Kind.Name(), RowError.Shorten(row.Addresses[i].Value), "addressTaken", $"The address belongs to another contact, {owner}.");
            return null;
        }

        private ChangedContact? Change(ContactBatchRow row, ContactDetails stored)
        {
            var fields = ChangedFields(row, stored.Fields);
            var after = stored with
            {
                FirstName = Choose(stored.FirstName, row.FirstName),
                LastName = Choose(stored.LastName, row.LastName),
                Language = Choose(stored.Language, row.Language),
                Country = Choose(stored.Country, row.Country),
                TimeZone = Choose(stored.TimeZone, row.TimeZone),
                Fields = fields ?? stored.Fields,
            };
            var addresses = row.Addresses.Where((_, i) => _owners[row.Slots[i]] == 0).ToArray();
            var has = stored.Tags.Select(TagStore.Key).ToHashSet(StringComparer.Ordinal);
            var tagIds = row.Tags.Concat(batch.Options.Tags).Where(name => has.Add(TagStore.Key(name))).Select(name => _tagIds[name]).ToArray();
            var isSame = fields is null && addresses.Length == 0 && tagIds.Length == 0 && after.FirstName == stored.FirstName && after.LastName == stored.LastName &&
                after.Language == stored.Language && after.Country == stored.Country && after.TimeZone == stored.TimeZone;
            return isSame ? null : new ChangedContact(stored, after, addresses, tagIds);
        }

        private static Dictionary<string, string>? ChangedFields(ContactBatchRow row, IReadOnlyDictionary<string, string> stored)
        {
            Dictionary<string, string>? changed = null;
            for (var i = 0; i < row.FieldSlugs.Length; i++)
            {
                if (row.FieldValues[i] is not { } value || (stored.TryGetValue(row.FieldSlugs[i], out var before) ? before == value : value.Length == 0)) continue;

                changed ??= new Dictionary<string, string>(stored, StringComparer.Ordinal);
                if (value.Length == 0) changed.Remove(row.FieldSlugs[i]);
                else changed[row.FieldSlugs[i]] = value;
            }

            return changed;
        }

        // Each once, in their order.
        private int TagIds(ContactBatchRow row, ref long[] ids)
        {
            if (ids.Length < row.Tags.Count + batch.Options.Tags.Count) ids = new long[row.Tags.Count + batch.Options.Tags.Count];
            var count = 0;
            for (var i = 0; i < row.Tags.Count; i++) Add(_tagIds[row.Tags[i]], ids);
            for (var i = 0; i < batch.Options.Tags.Count; i++) Add(_tagIds[batch.Options.Tags[i]], ids);
            return count;

            void Add(long id, long[] to)
            {
                if (Array.IndexOf(to, id, 0, count) < 0) to[count++] = id;
            }
        }

        private static string? Choose(string? before, string? given) => given switch
        {
            null => before,
            "" => null,
            _ => given,
        };

        private static ContactBatchOutcome Invalid(ContactBatchRow row, string code, string reason) =>
            new(UpsertKind.Invalid, 0, new RowError(row.Addresses[0].Kind.Name(), RowError.Shorten(row.Addresses[0].Value), code, reason));
    }

    private SqlDialect Dialect => dialect;

    private TagStore Tags => tags;

    private ContactBatchOptions Options => options;

    private long Now => now;
}

/// <summary>The tags of a row: how many, and the first of the list filled with their ids.</summary>
internal delegate int TagIdsOf(ContactBatchRow row, ref long[] ids);

/// <summary>A contact to insert.</summary>
internal readonly record struct NewContact(long Id, ContactBatchRow Row);

/// <summary>A contact to change: before, after, and what is added to it.</summary>
internal sealed record ChangedContact(ContactDetails Before, ContactDetails After, AddressKey[] NewAddresses, long[] NewTagIds);

/// <summary>Somebody changed a contact between the read and the write of a batch. The batch is done again.</summary>
internal sealed class ContactBatchConflictException() : Exception("A contact of the batch changed meanwhile.");
