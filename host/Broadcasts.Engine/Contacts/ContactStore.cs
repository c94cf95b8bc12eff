using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>Writes contacts: every change raises the revision and keeps the old one.</summary>
internal sealed partial class ContactStore(Database database, TimeProvider time, TagStore tags)
{
    private const string InsertSql = """
        INSERT INTO contacts (first_name, last_name, language, country, time_zone, fields, created_at, updated_at)
        VALUES (@FirstName, @LastName, @Language, @Country, @TimeZone, {fields}, @Now, @Now)
        RETURNING id
        """;

    /// <summary>Makes a contact. It has at least one address: without one nothing could ever reach it or tell it from another.</summary>
    public async Task<(long Id, CommandResult Result)> CreateAsync(ContactEdit edit, string actor, CancellationToken cancellationToken = default)
    {
        var change = await CheckAsync(edit, cancellationToken);
        if (change.Problems.Count > 0) return (0, CommandResult.Invalid([.. change.Problems]));
        if (change.Addresses is null or { Count: 0 })
            return (0, CommandResult.Invalid(new Problem("addresses", "noAddress", "A contact has at least one address (email, phone, telegram, whatsapp, messenger, instagram or webchat).")));

        return await RefusedWhenTakenAsync(() => database.WriteAsync(async transaction =>
        {
            if (await TakenAsync(transaction, 0, change.Addresses) is { Length: > 0 } taken) return (0L, CommandResult.Invalid(taken));

            var now = Now;
            var contact = Apply(Nobody, change);
            var id = await transaction.Connection!.ExecuteScalarAsync<long>(WithFields(InsertSql), Parameters(contact, now), transaction);
            await WriteAddressesAsync(transaction, id, [], change.Addresses, now);
            await WriteTagsAsync(transaction, id, change.Tags ?? [], now);
            Audit(transaction, actor, "contact.created", id, now);
            return (id, new CommandResult { Version = 1 });
        }, cancellationToken), problem => (0L, problem));
    }

    /// <summary>The contact as it is now; null when there is none.</summary>
    public Task<ContactDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection => (await ContactReader.LoadAsync(database.Dialect, connection, null, [id], cancellationToken)).SingleOrDefault(), cancellationToken);

    /// <summary>Writes the parts that are given.</summary>
    public async Task<CommandResult> UpdateAsync(long id, ContactEdit edit, int? expectedRevision, string actor, CancellationToken cancellationToken = default)
    {
        var change = await CheckAsync(edit, cancellationToken);
        if (change.Problems.Count > 0) return CommandResult.Invalid([.. change.Problems]);
        if (change.Addresses is { Count: 0 })
            return CommandResult.Invalid(new Problem("addresses", "noAddress", "A contact keeps at least one address; to take the person away, delete the contact."));

        return await RefusedWhenTakenAsync(() => ChangeAsync(id, expectedRevision, actor, "contact.updated", async (transaction, before, now) =>
        {
            if (change.Addresses is not null && await TakenAsync(transaction, id, change.Addresses) is { Length: > 0 } taken) return (CommandResult.Invalid(taken), []);

            var after = Apply(before, change);
            if (IsSame(before, after, change)) return Done(before.Revision);

            await WriteRevisionAsync(transaction, before, after, now);
            if (change.Addresses is not null) await WriteAddressesAsync(transaction, id, before.Addresses, change.Addresses, now);
            if (change.Tags is not null) await WriteTagsAsync(transaction, id, change.Tags, now);
            return Done(before.Revision + 1, Differences(before, after, !HasAddressesOf(before, change), !HasTagsOf(before, change)));
        }, cancellationToken), problem => problem);
    }

    /// <summary>Blocks or unblocks: a blocked contact gets nothing, and every broadcast says so in its report.</summary>
    public Task<CommandResult> BlockAsync(long id, bool blocked, string actor, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, null, actor, blocked ? "contact.blocked" : "contact.unblocked", async (transaction, before, now) =>
        {
            await BlockAsync(transaction, [id], blocked, now);
            return Done(before.Revision);
        }, cancellationToken);

    public Task<CommandResult> AddTagsAsync(long id, IReadOnlyList<string> names, string actor, CancellationToken cancellationToken = default) =>
        ChangeTagsAsync(id, names, actor, (before, given) => [.. before, .. given.Where(g => !before.Any(b => TagStore.Key(b) == TagStore.Key(g)))], cancellationToken);

    public Task<CommandResult> RemoveTagAsync(long id, string name, string actor, CancellationToken cancellationToken = default) =>
        ChangeTagsAsync(id, [name], actor, (before, given) => [.. before.Where(b => TagStore.Key(b) != TagStore.Key(given[0]))], cancellationToken);

    /// <summary>The person goes for good, old revisions and what was merged too; the ledger and the imports keep their rows and counts under the bare id.</summary>
    /// <seealso cref="ContactErasure"/>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, null, actor, "contact.deleted", async (transaction, before, _) =>
        {
            await ContactErasure.EraseAsync(transaction, database.Dialect, [before]);
            return (new CommandResult(), []);
        }, cancellationToken);

    private Task<CommandResult> ChangeTagsAsync(long id, IReadOnlyList<string> names, string actor, Func<IReadOnlyList<string>, IReadOnlyList<string>, string[]> change, CancellationToken cancellationToken)
    {
        var problems = names.Select((name, i) => TagStore.Check(name, $"tags[{i}]")).OfType<Problem>().ToArray();
        if (problems.Length > 0) return Task.FromResult(CommandResult.Invalid(problems));

        return ChangeAsync(id, null, actor, "contact.tagged", async (transaction, before, now) =>
        {
            var after = change(before.Tags, [.. names.Select(AddressNormalizer.Trim).DistinctBy(TagStore.Key)]);
            if (after.Length == before.Tags.Count) return Done(before.Revision);

            await WriteRevisionAsync(transaction, before, before, now);
            await WriteTagsAsync(transaction, id, after, now);
            return Done(before.Revision + 1, [new AuditChange("tags")]);
        }, cancellationToken);
    }

    // Locks the contact, so that the revision that is copied is the one that is replaced.
    private Task<CommandResult> ChangeAsync(
        long id, int? expectedRevision, string actor, string action, Func<DbTransaction, ContactDetails, long, Task<(CommandResult Result, IReadOnlyCollection<AuditChange> Changes)>> change, CancellationToken cancellationToken) =>
        database.WriteAsync(async transaction =>
        {
            await transaction.Connection!.ExecuteAsync($"SELECT id FROM contacts WHERE id = @id {database.Dialect.ForUpdate}", new { id }, transaction);
            var before = (await ContactReader.LoadAsync(database.Dialect, transaction.Connection!, transaction, [id], cancellationToken)).SingleOrDefault();
            if (before is null) return CommandResult.NotFound($"Contact {id}");
            if (expectedRevision is { } expected && expected != before.Revision)
                return new CommandResult { Code = CommandCode.Changed, Version = before.Revision, Message = $"Somebody changed contact {id} meanwhile: load it again and repeat your change." };

            var now = Now;
            var (result, changes) = await change(transaction, before, now);
            if (result.IsDone) Audit(transaction, actor, action, id, now, changes);
            return result;
        }, cancellationToken);

    private static (CommandResult Result, IReadOnlyCollection<AuditChange> Changes) Done(int revision, IReadOnlyCollection<AuditChange>? changes = null) => (new CommandResult { Version = revision }, changes ?? []);

    private async Task<CheckedEdit> CheckAsync(ContactEdit edit, CancellationToken cancellationToken)
    {
        var fields = edit.Fields is { Count: > 0 }
            ? (await database.ReadAsync(connection => FieldStore.ListAsync(connection), cancellationToken)).ToDictionary(f => f.Slug, StringComparer.Ordinal)
            : [];
        return ContactEditCheck.Check(edit, fields);
    }

    // Two people can write the same new address at the same moment; the unique key decides, and the loser hears it in the same words.
    private async Task<T> RefusedWhenTakenAsync<T>(Func<Task<T>> write, Func<CommandResult, T> refused)
    {
        try
        {
            return await write();
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return refused(CommandResult.Invalid(new Problem("addresses", "addressTaken", "Another contact got one of these addresses a moment ago. Look for it and add to that contact instead.")));
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
