using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Dapper;

namespace Broadcasts.Contacts;

internal sealed partial class ContactStore
{
    private static readonly ContactDetails Nobody = new()
    {
        Id = 0,
        Revision = 0,
        Addresses = [],
        Tags = [],
        Fields = new Dictionary<string, string>(),
    };

    private const string UpdateSql = """
        UPDATE contacts
           SET revision = @Revision + 1, first_name = @FirstName, last_name = @LastName, language = @Language, country = @Country,
               time_zone = @TimeZone, fields = {fields}, updated_at = @Now
         WHERE id = @Id AND revision = @Revision
        """;

    private async Task WriteRevisionAsync(DbTransaction transaction, ContactDetails before, ContactDetails after, long now)
    {
        await ContactRevisions.CopyAsync(transaction, before, now);
        await transaction.Connection!.ExecuteAsync(WithFields(UpdateSql), Parameters(after, now), transaction);
    }

    private const string InsertAddressSql = """
        INSERT INTO addresses (contact_id, kind, value, created_at)
        VALUES (@id, @kind, @value, @now)
        """;

    private const string DeleteAddressSql = """
        DELETE FROM addresses
         WHERE id = @id
        """;

    private static async Task WriteAddressesAsync(
        DbTransaction transaction, long id, IReadOnlyList<ContactAddress> before, IReadOnlyList<(AddressKind Kind, string Value, int Index)> after, long now)
    {
        foreach (var gone in before.Where(b => !after.Any(a => a.Kind == b.Kind && a.Value == b.Value)))
            await transaction.Connection!.ExecuteAsync(DeleteAddressSql, new { id = gone.Id }, transaction);
        foreach (var (kind, value, _) in after.Where(a => !before.Any(b => a.Kind == b.Kind && a.Value == b.Value)))
            await transaction.Connection!.ExecuteAsync(InsertAddressSql, new { id, kind = (short)kind, value, now }, transaction);
    }

    private const string DeleteTagsSql = """
        DELETE FROM contact_tags
         WHERE contact_id = @id
        """;

    private const string InsertTagSql = """
        INSERT INTO contact_tags (contact_id, tag_id)
        VALUES (@id, @tagId)
        ON CONFLICT (contact_id, tag_id) DO NOTHING
        """;

    private async Task WriteTagsAsync(DbTransaction transaction, long id, IReadOnlyList<string> names, long now)
    {
        await transaction.Connection!.ExecuteAsync(DeleteTagsSql, new { id }, transaction);
        if (names.Count == 0) return;

        foreach (var tagId in (await tags.EnsureAsync(transaction, names, now)).Values)
            await transaction.Connection!.ExecuteAsync(InsertTagSql, new { id, tagId }, transaction);
    }

    private const string OwnerSql = """
        SELECT contact_id
          FROM addresses
         WHERE kind = @kind AND value = @value AND contact_id <> @id
        """;

    private static async Task<Problem[]> TakenAsync(DbTransaction transaction, long id, IReadOnlyList<(AddressKind Kind, string Value, int Index)> addresses)
    {
        var problems = new List<Problem>();
        foreach (var (kind, value, index) in addresses)
        {
            var owner = await transaction.Connection!.ExecuteScalarAsync<long?>(OwnerSql, new { id, kind = (short)kind, value }, transaction);
            if (owner is not null)
                problems.Add(new Problem($"addresses[{index}]", "addressTaken", $"The {kind.Name()} address {value} belongs to contact {owner} already.", kind.Name(), value, $"{owner}"));
        }

        return [.. problems];
    }

    // Not a new revision: what a message says doesn't change by it. The first time stays.
    private const string BlockSql = """
        UPDATE contacts
           SET blocked_at = CASE WHEN @blocked = 1 THEN COALESCE(blocked_at, @now) END, updated_at = @now
         WHERE {0}
        """;

    internal Task<int> BlockAsync(DbTransaction transaction, IReadOnlyCollection<long> ids, bool blocked, long now) => transaction.Connection!.ExecuteAsync(
        BlockSql.Replace("{0}", database.Dialect.InList("id", "@ids"), StringComparison.Ordinal), new { ids = database.Dialect.List(ids), blocked = blocked ? 1 : 0, now }, transaction);

    // Fields by name alone: what is known of a person is not kept where nothing can be taken out.
    private static void Audit(DbTransaction transaction, string actor, string action, long id, long now, IReadOnlyCollection<AuditChange>? changes = null, string? detail = null) =>
        AuditChain.Append(transaction, new AuditAct { At = now, Actor = actor, Action = action, Subject = FormattableString.Invariant($"contact/{id}"), Detail = detail, Changes = AuditChange.Write(changes) });

    /// <summary>The lines of acts on many contacts, each as the act on one contact writes it.</summary>
    internal static void Audit(DbTransaction transaction, string actor, string action, IReadOnlyCollection<long> ids, string detail, long now, IReadOnlyCollection<AuditChange>? changes = null)
    {
        foreach (var id in ids) Audit(transaction, actor, action, id, now, changes, detail);
    }

    private string WithFields(string sql) => sql.Replace("{fields}", database.Dialect.ToJson("@Fields"), StringComparison.Ordinal);

    private static object Parameters(ContactDetails contact, long now) => new
    {
        contact.Id,
        contact.Revision,
        contact.FirstName,
        contact.LastName,
        contact.Language,
        contact.Country,
        contact.TimeZone,
        Fields = ContactReader.WriteFields(contact.Fields),
        Now = now,
    };

    /// <summary>The contact with what the edit says of it.</summary>
    internal static ContactDetails Apply(ContactDetails before, CheckedEdit change)
    {
        var fields = before.Fields;
        if (change.Fields is { Count: > 0 })
        {
            var values = new Dictionary<string, string>(before.Fields, StringComparer.Ordinal);
            foreach (var (slug, value) in change.Fields)
            {
                if (value is null) values.Remove(slug);
                else values[slug] = value;
            }

            fields = values;
        }

        return before with
        {
            FirstName = Choose(before.FirstName, change.FirstName),
            LastName = Choose(before.LastName, change.LastName),
            Language = Choose(before.Language, change.Language),
            Country = Choose(before.Country, change.Country),
            TimeZone = Choose(before.TimeZone, change.TimeZone),
            Fields = fields,
        };
    }

    private static string? Choose(string? before, string? given) => given switch
    {
        null => before,
        "" => null,
        _ => given,
    };

    // The parts in which two states of a contact differ, by their names.
    private static List<AuditChange> Differences(ContactDetails before, ContactDetails after, bool addresses, bool tags)
    {
        var changed = new List<string>();
        Note(before.FirstName != after.FirstName, "firstName");
        Note(before.LastName != after.LastName, "lastName");
        Note(before.Language != after.Language, "language");
        Note(before.Country != after.Country, "country");
        Note(before.TimeZone != after.TimeZone, "timeZone");
        Note(addresses, "addresses");
        Note(tags, "tags");
        foreach (var slug in before.Fields.Keys.Union(after.Fields.Keys).Order(StringComparer.Ordinal)) Note(before.Fields.GetValueOrDefault(slug) != after.Fields.GetValueOrDefault(slug), $"fields.{slug}");
        return changed.ConvertAll(field => new AuditChange(field));

        void Note(bool differs, string field)
        {
            if (differs) changed.Add(field);
        }
    }

    internal static bool IsSame(ContactDetails before, ContactDetails after, CheckedEdit change) =>
        before.FirstName == after.FirstName && before.LastName == after.LastName && before.Language == after.Language && before.Country == after.Country &&
        before.TimeZone == after.TimeZone && ContactReader.WriteFields(before.Fields) == ContactReader.WriteFields(after.Fields) &&
        HasTagsOf(before, change) && HasAddressesOf(before, change);

    private static bool HasTagsOf(ContactDetails before, CheckedEdit change) => change.Tags is null || change.Tags.Select(TagStore.Key).ToHashSet().SetEquals(before.Tags.Select(TagStore.Key));

    private static bool HasAddressesOf(ContactDetails before, CheckedEdit change) =>
        change.Addresses is null || change.Addresses.Select(a => (a.Kind, a.Value)).ToHashSet().SetEquals(before.Addresses.Select(a => (a.Kind, a.Value)));
}
