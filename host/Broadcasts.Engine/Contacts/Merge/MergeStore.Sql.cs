using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Dapper;

namespace Broadcasts.Contacts.Merge;

internal sealed partial class MergeStore
{
    private const string LockSql = "SELECT id FROM contacts WHERE {0} ORDER BY id {1}";

    private async Task<Dictionary<long, ContactDetails>> LockAsync(DbTransaction transaction, long[] ids, CancellationToken cancellationToken)
    {
        var dialect = database.Dialect;
        await transaction.Connection!.ExecuteAsync(LockSql.Replace("{0}", dialect.InList("id", "@ids"), StringComparison.Ordinal).Replace("{1}", dialect.ForUpdate, StringComparison.Ordinal), new { ids = dialect.List(ids) }, transaction);
        return (await ContactReader.LoadAsync(dialect, transaction.Connection!, transaction, ids, cancellationToken)).ToDictionary(c => c.Id);
    }

    private const string UpdateSql = """
        UPDATE contacts
           SET revision = @Revision + 1, first_name = @FirstName, last_name = @LastName, language = @Language, country = @Country, time_zone = @TimeZone,
               fields = {fields}, created_at = @CreatedAt, updated_at = @Now, last_interaction_at = @LastInteractionAt, blocked_at = @BlockedAt
         WHERE id = @Id AND revision = @Revision
        """;

    private Task<int> WriteAsync(DbTransaction transaction, ContactDetails contact, long now) => SaveAsync(transaction, UpdateSql, contact, now);

    private const string RestoreSql = """
        INSERT INTO contacts (id, revision, first_name, last_name, language, country, time_zone, fields, created_at, updated_at, last_interaction_at, blocked_at)
        VALUES (@Id, @Revision, @FirstName, @LastName, @Language, @Country, @TimeZone, {fields}, @CreatedAt, @Now, @LastInteractionAt, @BlockedAt)
        """;

    private Task<int> SaveAsync(DbTransaction transaction, string sql, ContactDetails contact, long now) => transaction.Connection!.ExecuteAsync(
        sql.Replace("{fields}", database.Dialect.ToJson("@Fields"), StringComparison.Ordinal),
        new
        {
            contact.Id, contact.Revision, contact.FirstName, contact.LastName, contact.Language, contact.Country, contact.TimeZone, Fields = ContactReader.WriteFields(contact.Fields),
            contact.CreatedAt, contact.LastInteractionAt, contact.BlockedAt, Now = now,
        }, transaction);

    // A freeze goes up the ids of the contacts: of two of whom it has passed one, the person would be written to twice or not at all.
    private const string FreezingSql = """
        SELECT b.name FROM broadcasts b
         WHERE b.status IN (2, 3) AND b.freeze_done = 0
           AND CASE WHEN @a > b.freeze_after AND @a <= b.freeze_mark THEN 1 ELSE 0 END <> CASE WHEN @b > b.freeze_after AND @b <= b.freeze_mark THEN 1 ELSE 0 END
         LIMIT 1
        """;

    private static async Task<Problem?> FreezingAsync(DbTransaction transaction, long a, long b) =>
        await transaction.Connection!.QuerySingleOrDefaultAsync<string>(FreezingSql, new { a, b }, transaction) is { } name
            ? new Problem("", "mergeFreezing", $"The audience of the broadcast '{name}' is being fixed, and one of the two is in it already. Try again in a moment.", name)
            : null;

    private const string ColumnsSql = """
        SELECT m.id, m.primary_id, m.secondary_id, m.at, m.actor, m.revision, m.shift, m.shifted_from, m.shifted_to, m.snapshot, m.undone_at, m.undone_by
          FROM contact_merges m
        """;

    private const string ListSql = $"{ColumnsSql} WHERE m.primary_id = @contact OR m.secondary_id = @contact ORDER BY m.id DESC";

    /// <summary>The merges that a contact was in, the latest first.</summary>
    public Task<IReadOnlyList<MergeDetails>> ListAsync(long contact, CancellationToken cancellationToken = default) => database.ReadAsync<IReadOnlyList<MergeDetails>>(async connection =>
    {
        var rows = (await connection.QueryAsync<MergeRow>(new CommandDefinition(ListSql, new { contact }, cancellationToken: cancellationToken))).AsList();
        // Taken back in the other order: only the latest that still holds.
        var latest = rows.Find(r => r.UndoneAt is null && r.PrimaryId == contact)?.Id;
        return [.. rows.Select(r => r.ToDetails(r.Id == latest))];
    }, cancellationToken);

    private const string GetSql = $"{ColumnsSql} WHERE m.id = @id";

    private const string LaterSql = """
        SELECT MIN(id) FROM contact_merges
         WHERE undone_at IS NULL AND ((primary_id = @primary AND id > @id) OR secondary_id = @primary)
        """;

    private const string LastHeardSql = "SELECT MAX(last_inbound_at) FROM addresses WHERE contact_id = @contact";

    private const string UndoneSql = "UPDATE contact_merges SET undone_at = @now, undone_by = @actor, undone_revision = @revision WHERE id = @id AND undone_at IS NULL";

    private sealed class MergeRow
    {
        public long Id { get; init; }

        public long PrimaryId { get; init; }

        public long SecondaryId { get; init; }

        public long At { get; init; }

        public string Actor { get; init; } = "";

        public int Revision { get; init; }

        public int Shift { get; init; }

        public int ShiftedFrom { get; init; }

        public int ShiftedTo { get; init; }

        public string? Snapshot { get; init; }

        public long? UndoneAt { get; init; }

        public string? UndoneBy { get; init; }

        public MergeSnapshot? ReadSnapshot() => Snapshot is null ? null : JsonSerializer.Deserialize<MergeSnapshot>(Snapshot, Json);

        public MergeDetails ToDetails(bool isLatest) => new()
        {
            Id = Id, PrimaryId = PrimaryId, SecondaryId = SecondaryId, At = At, Actor = Actor, UndoneAt = UndoneAt, UndoneBy = UndoneBy, Snapshot = ReadSnapshot(), CanUndo = isLatest && Snapshot is not null,
        };
    }
}
