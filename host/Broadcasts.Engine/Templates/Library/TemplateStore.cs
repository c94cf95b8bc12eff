using System.Data.Common;
using System.Text.Json.Nodes;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Templates.Library;

/// <summary>Where a list of templates goes on.</summary>
internal sealed record TemplatePage(IReadOnlyList<TemplateRow> Items, long? Next);

/// <summary>Writes the templates of the library. Every save that changes something adds a version; none is ever changed.</summary>
internal sealed class TemplateStore(Database database, TemplateCheck check, TemplateQueries queries, AuditStore audit, TimeProvider time)
{
    private const int MostNamed = 20;

    private const string InsertSql = """
        INSERT INTO templates (name, name_key, description, languages, updated_by, created_at, updated_at)
        VALUES (@name, @key, @description, @languages, @actor, @now, @now)
        RETURNING id
        """;

    private const string InsertVersionSql = """
        INSERT INTO template_versions (template_id, version, name, description, content, note, restored_from, author, at)
        VALUES (@id, @version, @name, @description, @content, @note, @restored, @actor, @now)
        """;

    public Task<(long Id, CommandResult Result)> CreateAsync(TemplateEdit edit, string actor, CancellationToken cancellationToken = default) => AddAsync(edit, actor, "template.created", cancellationToken);

    private const string UpdateSql = """
        UPDATE templates
           SET name = @name, name_key = @key, description = @description, languages = @languages, version = version + 1, updated_by = @actor, updated_at = @now
         WHERE id = @id AND version = @expected
        """;

    /// <summary>Writes what has changed as a new version; nothing when nothing has. The result says which version it is now.</summary>
    public Task<CommandResult> UpdateAsync(long id, TemplateEdit edit, int expectedVersion, string actor, CancellationToken cancellationToken = default) =>
        WriteAsync(id, edit, expectedVersion, null, actor, cancellationToken);

    /// <summary>Makes what an old version said a new one. Refused when it could not be saved any more: a field that it names is gone.</summary>
    public async Task<CommandResult> RestoreAsync(long id, int version, int expectedVersion, string actor, CancellationToken cancellationToken = default)
    {
        if (await queries.GetVersionAsync(id, version, cancellationToken) is not { } old) return CommandResult.NotFound($"Version {version} of template {id}");
        return await WriteAsync(id, new TemplateEdit { Name = old.Name, Description = old.Description, Languages = old.ReadContent() }, expectedVersion, version, actor, cancellationToken);
    }

    /// <summary>A template with the same content and a name of its own.</summary>
    public async Task<(long Id, CommandResult Result)> DuplicateAsync(long id, string actor, CancellationToken cancellationToken = default)
    {
        if (await queries.GetAsync(id, cancellationToken) is not { } template) return (0, CommandResult.NotFound($"Template {id}"));
        var edit = new TemplateEdit { Name = template.Name, Description = template.Description, Languages = template.ReadContent() };
        for (var number = 1; ; number++)
        {
            var suffix = number == 1 ? " (copy)" : $" (copy {number})";
            var made = await AddAsync(edit with { Name = $"{template.Name[..Math.Min(template.Name.Length, TemplateCheck.LongestName - suffix.Length)]}{suffix}" }, actor, "template.duplicated", cancellationToken);
            if (made.Result.IsDone || made.Result.Problems.All(p => p.Code != "templateExists")) return made;
        }
    }

    private const string ArchiveSql = "UPDATE templates SET archived_at = @at WHERE id = @id AND (archived_at IS NULL) = (CAST(@at AS BIGINT) IS NOT NULL)";

    /// <summary>Takes it out of the lists that people choose from, or puts it back. Broadcasts that were made from it keep what they say.</summary>
    public Task<CommandResult> ArchiveAsync(long id, bool archived, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        if (await TemplateQueries.GetAsync(transaction.Connection!, id, transaction) is not { } template) return CommandResult.NotFound($"Template {id}");
        if (await transaction.Connection!.ExecuteAsync(ArchiveSql, new { id, at = archived ? time.Now() : (long?)null }, transaction) == 1)
            await audit.AppendAsync(transaction, actor, archived ? "template.archived" : "template.unarchived", SubjectOf(id), template.Name, AuditDiff.Between(new { archived = !archived }, new { archived }));
        return new CommandResult { Version = template.Version };
    }, cancellationToken);

    private const string DeleteSql = "DELETE FROM templates WHERE id = @id";

    private const string DeleteVersionsSql = "DELETE FROM template_versions WHERE template_id = @id";

    /// <summary>Deletes a template from which no broadcast was made.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        if (await TemplateQueries.GetAsync(transaction.Connection!, id, transaction) is not { } template) return CommandResult.NotFound($"Template {id}");
        if (await TemplateQueries.UsesAsync(transaction.Connection!, id, null, MostNamed, transaction) is { Count: > 0 } uses)
        {
            return RefusedBy([.. uses.Select(u => new Problem(FormattableString.Invariant($"broadcasts/{u.BroadcastId}"), "templateInUse",
                $"The {u.Status} broadcast '{u.Name}' was made from this template: archive the template instead, and what was sent stays explained.", u.Name, FormattableString.Invariant($"{u.BroadcastId}")))]);
        }

        await transaction.Connection!.ExecuteAsync(DeleteVersionsSql, new { id }, transaction);
        await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction);
        await audit.AppendAsync(transaction, actor, "template.deleted", SubjectOf(id), template.Name, AuditDiff.Between(Shown(template.Name, template.Description, template.Content), null));
        return new CommandResult();
    }, cancellationToken);

    private Task<(long Id, CommandResult Result)> AddAsync(TemplateEdit given, string actor, string action, CancellationToken cancellationToken) => CheckedAsync(given, async (edit, content) => await database.WriteAsync(async transaction =>
    {
        var id = await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, Parameters(edit, content, actor), transaction);
        await AddVersionAsync(transaction, id, 1, edit, content, null, actor);
        await audit.AppendAsync(transaction, actor, action, SubjectOf(id), edit.Name, AuditDiff.Between(null, Shown(edit.Name, edit.Description, content)));
        return (id, new CommandResult { Version = 1 });
    }, cancellationToken));

    private async Task<CommandResult> WriteAsync(long id, TemplateEdit given, int expected, int? restored, string actor, CancellationToken cancellationToken) => (await CheckedAsync(given, async (edit, content) => await database.WriteAsync(async transaction =>
    {
        if (await TemplateQueries.GetAsync(transaction.Connection!, id, transaction) is not { } before) return (id, CommandResult.NotFound($"Template {id}"));
        if (before.Version != expected) return (id, Changed(before));
        if (before.Name == edit.Name && before.Description == edit.Description && before.Content == content) return (id, new CommandResult { Version = before.Version });
        var values = Parameters(edit, content, actor);
        values.AddDynamicParams(new { id, expected });
        if (await transaction.Connection!.ExecuteAsync(UpdateSql, values, transaction) == 0) return (id, Changed(before));
        await AddVersionAsync(transaction, id, expected + 1, edit, content, restored, actor);
        var changes = AuditDiff.Between(Shown(before.Name, before.Description, before.Content), Shown(edit.Name, edit.Description, content));
        await audit.AppendAsync(transaction, actor, restored is null ? "template.updated" : "template.restored", SubjectOf(id), restored is null ? edit.Note : FormattableString.Invariant($"{restored}"), changes);
        return (id, new CommandResult { Version = expected + 1 });
    }, cancellationToken))).Result;

    private async Task<(long Id, CommandResult Result)> CheckedAsync(TemplateEdit given, Func<TemplateEdit, string, Task<(long, CommandResult)>> write)
    {
        var edit = TemplateCheck.Normalise(given);
        if (await check.CheckAsync(edit) is { Length: > 0 } problems) return (0, CommandResult.Invalid(problems));
        try
        {
            return await write(edit, ContentJson.Write(edit.Languages));
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return (0, CommandResult.Invalid(new Problem("name", "templateExists", $"There is a template '{edit.Name}' already: choose another name.", edit.Name)));
        }
    }

    private Task<int> AddVersionAsync(DbTransaction transaction, long id, int version, TemplateEdit edit, string content, int? restored, string actor)
    {
        var values = Parameters(edit, content, actor);
        values.AddDynamicParams(new { id, version, restored, note = edit.Note });
        return transaction.Connection!.ExecuteAsync(InsertVersionSql, values, transaction);
    }

    private DynamicParameters Parameters(TemplateEdit edit, string content, string actor) => new(new
    {
        name = edit.Name, key = edit.Name.ToLowerInvariant(), description = edit.Description, content, actor, now = time.Now(), languages = string.Join(' ', edit.Languages.Select(l => l.Language)),
    });

    private static CommandResult Changed(StoredTemplate now) => new()
    {
        Code = CommandCode.Changed, Version = now.Version, Message = $"Somebody changed the template '{now.Name}' meanwhile (version {now.Version}): load it again and repeat your change.",
    };

    private static CommandResult RefusedBy(Problem[] problems) => new() { Code = CommandCode.Refused, Message = string.Join(" ", problems.Select(p => p.Message)), Problems = problems };

    private static object Shown(string name, string? description, string content) => new { name, description, languages = JsonNode.Parse(content) };

    private static string SubjectOf(long id) => FormattableString.Invariant($"template:{id}");
}
