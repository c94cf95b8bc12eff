using System.Data.Common;
using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Merge;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Import;

/// <summary>What became of a contact when its import was taken back. The numbers are stored.</summary>
internal enum UndoOutcome
{
    /// <summary>The import made it, and nothing has happened to it since.</summary>
    Deleted = 1,

    /// <summary>The import changed it: it is as before.</summary>
    Restored = 2,

    /// <summary>Kept: somebody changed or blocked it since.</summary>
    Changed = 3,

    /// <summary>Kept: it is in a broadcast or got a message.</summary>
    Written = 4,

    /// <summary>Kept: the person wrote or clicked.</summary>
    Heard = 5,

    /// <summary>Kept: a later import holds it too.</summary>
    Imported = 6,

    /// <summary>It had been deleted before.</summary>
    Gone = 7,
}

/// <summary>How many contacts an undo deleted, restored and kept.</summary>
internal sealed record UndoCounts(IReadOnlyDictionary<UndoOutcome, long> Of)
{
    public long this[UndoOutcome outcome] => Of.GetValueOrDefault(outcome);

    public long Kept => this[UndoOutcome.Changed] + this[UndoOutcome.Written] + this[UndoOutcome.Heard] + this[UndoOutcome.Imported];
}

/// <summary>
/// Takes an import back within a day: whom it made goes, whom it changed is as before, and whoever has had anything else happen since is kept and
/// counted. A piece at a time; a process that dies in the middle leaves the pieces that are done, and the same call does the rest.
/// </summary>
internal sealed class ImportUndo(Database database, TimeProvider time, ImportStore imports, ImportUploads uploads, AuditStore audit)
{
    private const int ContactsPerChunk = 500;

    private static readonly TimeSpan Window = TimeSpan.FromHours(24);

    /// <summary>True while the import can be taken back.</summary>
    public bool IsPossible(ImportDetails import) => Refusal(import) is null && import.UndoneAt is null && import.Created + import.Updated > 0;

    /// <summary>Takes it back. Asked again, it tells the same.</summary>
    public async Task<(UndoCounts Counts, CommandResult Result)> RunAsync(long id, string actor, CancellationToken cancellationToken = default)
    {
        if (await imports.GetAsync(id, cancellationToken) is not { } import) return (new UndoCounts(new Dictionary<UndoOutcome, long>()), CommandResult.NotFound($"Import {id}"));
        if (import.UndoneAt is not null) return (await CountsAsync(id, cancellationToken), new CommandResult());
        if (Refusal(import) is { } refusal) return (new UndoCounts(new Dictionary<UndoOutcome, long>()), CommandResult.Refused(refusal));

        // Before the first contact goes: an import that is half taken back must not go on.
        if (await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(StopSql, new { id }, transaction), cancellationToken) == 0)
            return (new UndoCounts(new Dictionary<UndoOutcome, long>()), CommandResult.Refused(Running));
        if (import.Upload is { } upload) await uploads.DropAsync(upload);

        for (long after = 0; ;)
        {
            var last = await database.WriteAsync(transaction => ChunkAsync(transaction, id, after, cancellationToken), cancellationToken);
            if (last is null) break;
            after = last.Value;
        }

        var counts = await CountsAsync(id, cancellationToken);
        await database.WriteAsync(async transaction =>
        {
            await ConsentLog.TakeBackAsync(transaction, id);
            if (await transaction.Connection!.ExecuteAsync(FinishSql, new { id, now = time.Now(), actor }, transaction) == 1)
                await audit.AppendAsync(transaction, actor, "import.undone", string.Create(CultureInfo.InvariantCulture, $"import:{id}"), string.Create(CultureInfo.InvariantCulture, $"{counts[UndoOutcome.Deleted]} deleted, {counts[UndoOutcome.Restored]} restored, {counts.Kept} kept"));
        }, cancellationToken);
        return (counts, new CommandResult());
    }

    private const string StopSql = "UPDATE imports SET upload = NULL WHERE id = @id AND status <> 0";

    private const string CountsSql = """
        SELECT undo, COUNT(*)
          FROM import_contacts
         WHERE import_id = @id AND undo IS NOT NULL
         GROUP BY undo
        """;

    /// <summary>What an undo has done so far.</summary>
    public Task<UndoCounts> CountsAsync(long id, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
        new UndoCounts((await connection.QueryAsync<(int Outcome, long Count)>(new CommandDefinition(CountsSql, new { id }, cancellationToken: cancellationToken))).ToDictionary(c => (UndoOutcome)c.Outcome, c => c.Count)), cancellationToken);

    private static Problem Running => new("", "undoRunning", "The import is still running. Take it back when it has ended.");

    private Problem? Refusal(ImportDetails import) => import switch
    {
        { IsTrial: true } => new Problem("", "undoTrial", "This was a trial: it wrote nobody, so there is nothing to take back."),
        { Status: ImportStatus.Running } => Running,
        _ when Times.Of(import.FinishedAt ?? import.StartedAt) + Window < time.GetUtcNow() => new Problem("", "undoTooLate", "An import can be taken back for 24 hours. To take its contacts away now, delete them one by one or leave them out by a segment."),
        _ => null,
    };

    private const string FinishSql = "UPDATE imports SET undone_at = @now, undone_by = @actor WHERE id = @id AND undone_at IS NULL";

    private const string MembersSql = """
        SELECT contact_id AS Id, outcome AS Outcome, revision AS Revision
          FROM import_contacts
         WHERE import_id = @id AND contact_id > @after AND undo IS NULL AND outcome IN (1, 2)
         ORDER BY contact_id
         LIMIT @limit
        """;

    private const string LockSql = "SELECT id FROM contacts WHERE {0} ORDER BY id {1}";

    private const string WrittenSql = "SELECT DISTINCT contact_id FROM deliveries WHERE {0}";

    private const string ImportedSql = """
        SELECT DISTINCT m.contact_id
          FROM imports i
          JOIN import_contacts m ON m.import_id = i.id
         WHERE i.id > @id AND {0}
        """;

    private const string BeforeSql = """
        SELECT r.contact_id AS Id, r.body AS Body
          FROM contact_revisions r
          JOIN contacts c ON c.id = r.contact_id AND c.revision = r.revision + 1
         WHERE {0}
        """;

    // The last contact of the piece; null when none is left. The rows are locked, so that of two who undo at once each contact is one's.
    private async Task<long?> ChunkAsync(DbTransaction transaction, long id, long after, CancellationToken cancellationToken)
    {
        await ContactTurns.ShareAsync(database.Dialect, transaction);
        var connection = transaction.Connection!;
        var dialect = database.Dialect;
        var members = (await connection.QueryAsync<Member>(MembersSql + " " + dialect.ForUpdate, new { id, after, limit = ContactsPerChunk }, transaction)).AsList();
        if (members.Count == 0) return null;

        long[] all = [.. members.Select(m => m.Id)];
        var list = new { id, ids = dialect.List(all) };
        await connection.ExecuteAsync(In(LockSql, "id").Replace("{1}", dialect.ForUpdate, StringComparison.Ordinal), list, transaction);
        var stored = (await ContactReader.LoadAsync(dialect, connection, transaction, all, cancellationToken)).ToDictionary(c => c.Id);
        var written = (await connection.QueryAsync<long>(In(WrittenSql, "contact_id"), list, transaction)).ToHashSet();
        var imported = (await connection.QueryAsync<long>(In(ImportedSql, "m.contact_id"), list, transaction)).ToHashSet();
        var before = (await connection.QueryAsync<(long Id, string Body)>(In(BeforeSql, "r.contact_id"), list, transaction)).ToDictionary(b => b.Id, b => ContactRevisions.Read(b.Body));

        var outcomes = members.ToLookup(m => Decide(m, stored.GetValueOrDefault(m.Id), written, imported, before), m => m.Id);
        await DeleteAsync(transaction, [.. outcomes[UndoOutcome.Deleted]]);
        await RestoreAsync(transaction, [.. outcomes[UndoOutcome.Restored].Select(contact => (stored[contact], before[contact]))], cancellationToken);
        foreach (var outcome in outcomes)
            await connection.ExecuteAsync(In(MarkSql, "contact_id"), new { id, undo = (short)outcome.Key, ids = dialect.List([.. outcome]) }, transaction);
        return all[^1];

        string In(string sql, string column) => sql.Replace("{0}", dialect.InList(column, "@ids"), StringComparison.Ordinal);
    }

    private const string MarkSql = "UPDATE import_contacts SET undo = @undo WHERE import_id = @id AND {0}";

    private static UndoOutcome Decide(Member member, ContactDetails? contact, HashSet<long> written, HashSet<long> imported, Dictionary<long, RevisionBody> before)
    {
        if (contact is null) return UndoOutcome.Gone;
        if (contact.Revision != member.Revision) return UndoOutcome.Changed;
        if (imported.Contains(contact.Id)) return UndoOutcome.Imported;
        if (member.Outcome == (int)UpsertKind.Updated) return before.ContainsKey(contact.Id) ? UndoOutcome.Restored : UndoOutcome.Changed;
        if (contact.BlockedAt is not null) return UndoOutcome.Changed;
        if (written.Contains(contact.Id)) return UndoOutcome.Written;
        return contact.LastInteractionAt is null ? UndoOutcome.Deleted : UndoOutcome.Heard;
    }

    private static readonly string[] DeleteSql =
    [
        "DELETE FROM contact_tags WHERE {0}", "DELETE FROM addresses WHERE {0}", "DELETE FROM contact_revisions WHERE {0}", "DELETE FROM contacts WHERE {1}",
    ];

    private async Task DeleteAsync(DbTransaction transaction, long[] ids)
    {
        if (ids.Length == 0) return;
        foreach (var sql in DeleteSql)
        {
            var text = sql.Replace("{0}", database.Dialect.InList("contact_id", "@ids"), StringComparison.Ordinal).Replace("{1}", database.Dialect.InList("id", "@ids"), StringComparison.Ordinal);
            await transaction.Connection!.ExecuteAsync(text, new { ids = database.Dialect.List(ids) }, transaction);
        }
    }

    private const string DropAddressesSql = "DELETE FROM addresses WHERE {0}";

    private const string DropTagsSql = "DELETE FROM contact_tags WHERE contact_id = @id AND tag_id IN (SELECT id FROM tags WHERE {0})";

    // A revision of its own: what was sent in between can still be proved.
    private async Task RestoreAsync(DbTransaction transaction, List<(ContactDetails Now, RevisionBody Before)> contacts, CancellationToken cancellationToken)
    {
        if (contacts.Count == 0) return;
        var changes = contacts.ConvertAll(c => new ChangedContact(c.Now, c.Now with
        {
            FirstName = c.Before.FirstName,
            LastName = c.Before.LastName,
            Language = c.Before.Language,
            Country = c.Before.Country,
            TimeZone = c.Before.TimeZone,
            Fields = c.Before.Fields,
        }, [], []));
        await new ContactBatchSql(database.Dialect, time.Now()).UpdateAsync(transaction, changes, cancellationToken);

        // An import only adds addresses and tags: what was not there before it goes.
        long[] added = [.. contacts.SelectMany(c => c.Now.Addresses.Where(a => !c.Before.Addresses.Any(b => b.Kind == a.Kind && b.Value == a.Value))).Select(a => a.Id)];
        if (added.Length > 0)
            await transaction.Connection!.ExecuteAsync(DropAddressesSql.Replace("{0}", database.Dialect.InList("id", "@ids"), StringComparison.Ordinal), new { ids = database.Dialect.List(added) }, transaction);
        foreach (var (now, before) in contacts)
        {
            string[] tags = [.. now.Tags.Select(TagStore.Key).Except(before.Tags.Select(TagStore.Key), StringComparer.Ordinal)];
            if (tags.Length > 0)
                await transaction.Connection!.ExecuteAsync(DropTagsSql.Replace("{0}", database.Dialect.InList("name_key", "@keys"), StringComparison.Ordinal), new { id = now.Id, keys = database.Dialect.List(tags) }, transaction);
        }
    }

    private sealed class Member
    {
        public long Id { get; init; }

        public int Outcome { get; init; }

        /// <summary>Null for imports of versions that did not note it: nobody of them can be told from changed ones.</summary>
        public int? Revision { get; init; }
    }
}
