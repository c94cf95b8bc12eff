using System.Data.Common;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Broadcasts.Templates;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>The custom fields.</summary>
internal sealed class FieldStore(Database database, TimeProvider time)
{
    /// <summary>Most custom fields of an installation.</summary>
    public const int Most = 1_000;

    public const int LongestName = 50;

    private const string ListSql = """
        SELECT id AS Id, slug AS Slug, name AS Name, type AS Type, options AS Options
          FROM fields
         ORDER BY id
        """;

    public Task<IReadOnlyList<ContactField>> ListAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => ListAsync(connection), cancellationToken);

    public static async Task<IReadOnlyList<ContactField>> ListAsync(DbConnection connection, DbTransaction? transaction = null) =>
        [.. (await connection.QueryAsync<FieldRow>(ListSql, transaction: transaction)).Select(row => row.ToField())];

    /// <summary>Makes a field; its slug follows from its name and stays.</summary>
    public async Task<(long Id, CommandResult Result)> CreateAsync(string name, FieldType type, string actor, IReadOnlyList<string>? options = null, CancellationToken cancellationToken = default)
    {
        name = AddressNormalizer.Trim(name);
        if (Check(name, type, options) is { } problem) return (0, CommandResult.Invalid(problem));

        return await database.WriteAsync(async transaction =>
        {
            var fields = await ListAsync(transaction.Connection!, transaction);
            var slug = Slug.Of(name);
            if (fields.FirstOrDefault(f => f.Slug == slug) is { } other)
                return (other.Id, CommandResult.Invalid(new Problem("name", "fieldExists", $"The field '{other.Name}' has the same short name '{slug}': choose another name.", other.Name, slug)));
            if (fields.Count >= Most)
                return (0, CommandResult.Invalid(new Problem("", "tooManyFields", $"There are {Most} custom fields already, which is the most: delete one first.", Most.ToString(System.Globalization.CultureInfo.InvariantCulture))));

            var id = await InsertAsync(transaction, slug, name, type, options ?? [], actor, Now);
            return (id, new CommandResult());
        }, cancellationToken);
    }

    private const string RenameSql = """
        UPDATE fields
           SET name = @name, type = @type, options = @options
         WHERE id = @id
        """;

    /// <summary>Changes name, type and options. Values stay as they are: those that the new type would refuse are shown as text until somebody mends them.</summary>
    public async Task<CommandResult> UpdateAsync(long id, string name, FieldType type, string actor, IReadOnlyList<string>? options = null, CancellationToken cancellationToken = default)
    {
        name = AddressNormalizer.Trim(name);
        if (Check(name, type, options) is { } problem) return CommandResult.Invalid(problem);

        return await database.WriteAsync(async transaction =>
        {
            if ((await ListAsync(transaction.Connection!, transaction)).FirstOrDefault(f => f.Id == id) is not { } before) return CommandResult.NotFound($"Field {id}");
            await transaction.Connection!.ExecuteAsync(RenameSql, new { id, name, type = (short)type, options = FieldRow.Write(options ?? []) }, transaction);
            Audit(transaction, actor, "field.updated", id, Now, AuditDiff.Between(Shown(before.Name, before.Type, before.Options), Shown(name, type, options ?? [])));
            return new CommandResult();
        }, cancellationToken);
    }

    private const string DeleteSql = """
        DELETE FROM fields
         WHERE id = @id
        """;

    /// <summary>Takes the field away, when no rule names it. Its values stay in the contacts, unseen, and are back when a field of the same slug is made.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        if ((await ListAsync(transaction.Connection!, transaction)).FirstOrDefault(f => f.Id == id) is not { } field) return CommandResult.NotFound($"Field {id}");
        if (await RuleUses.FindAsync(transaction, c => c.Subject.Kind == SegmentSubjectKind.Field && c.Subject.Column == field.Slug) is { Length: > 0 } uses) return RuleUses.Refused(uses);
        await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction);
        Audit(transaction, actor, "field.deleted", id, Now, AuditDiff.Between(Shown(field.Name, field.Type, field.Options), null));
        return new CommandResult();
    }, cancellationToken);

    private const string InsertSql = """
        INSERT INTO fields (slug, name, type, options, created_at)
        VALUES (@slug, @name, @type, @options, @now)
        ON CONFLICT (slug) DO NOTHING
        RETURNING id
        """;

    /// <summary>The id of the new field; 0 when somebody made one with this slug meanwhile.</summary>
    internal static async Task<long> InsertAsync(DbTransaction transaction, string slug, string name, FieldType type, IReadOnlyList<string> options, string actor, long now)
    {
        var id = await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, new { slug, name, type = (short)type, options = FieldRow.Write(options), now }, transaction);
        if (id > 0) Audit(transaction, actor, "field.created", id, now, AuditDiff.Between(null, Shown(name, type, options)));
        return id;
    }

    private static object Shown(string name, FieldType type, IReadOnlyList<string> options) => new { name, type, options };

    private static void Audit(DbTransaction transaction, string actor, string action, long id, long now, IReadOnlyCollection<AuditChange> changes) =>
        AuditChain.Append(transaction, new AuditAct { At = now, Actor = actor, Action = action, Subject = FormattableString.Invariant($"field:{id}"), Changes = AuditChange.Write(changes) });

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static Problem? Check(string name, FieldType type, IReadOnlyList<string>? options) => name switch
    {
        "" => new Problem("name", "required", "A field has a name."),
        { Length: > LongestName } => new Problem("name", "tooLong", $"A field's name has at most {LongestName} characters; this one has {name.Length}.", $"{LongestName}"),
        _ when !Enum.IsDefined(type) => new Problem("type", "unknownType", "A field is text, list, listMulti, checkbox, email, number, url, date or time."),
        _ when type == FieldType.ListMulti && options?.FirstOrDefault(o => FieldValues.Split(o).Count() != 1) is { } option =>
            new Problem("options", "optionSeparator", $"'{option}' can't be an option of a list that holds several values: comma, semicolon and | stand between them.", option),
        _ when type is not (FieldType.List or FieldType.ListMulti) && options is { Count: > 0 } => new Problem("options", "optionsNotForType", "Only a list has options."),
        _ => null,
    };

    private sealed class FieldRow
    {
        public long Id { get; init; }

        public string Slug { get; init; } = "";

        public string Name { get; init; } = "";

        public FieldType Type { get; init; }

        public string? Options { get; init; }

        public ContactField ToField() => new(Id, Slug, Name, Type, Options is null ? [] : JsonSerializer.Deserialize<string[]>(Options) ?? []);

        public static string? Write(IReadOnlyList<string> options) => options.Count == 0 ? null : JsonSerializer.Serialize(options);
    }
}
