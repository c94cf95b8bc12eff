using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Broadcasts.Security;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What would miss a file.</summary>
/// <param name="Kind"><c>broadcast</c>, <c>template</c>, <c>form</c> or <c>message</c>.</param>
/// <param name="Id">Which of them.</param>
/// <param name="Name">Empty for a single message.</param>
internal sealed record FileUse(string Kind, long Id, string Name);

internal sealed partial class FileStore
{
    private const int MostNamed = 20;

    // Texts of parts hold no quotation mark as it stands in the stored JSON: what looks like the number of a file is one. A template could bring any of its versions back.
    private const string SourcesSql = """
        SELECT 'broadcast' AS Kind, id, name, parts || COALESCE(languages, '') AS Text FROM broadcasts WHERE kind = 0 AND (parts LIKE @any OR languages LIKE @any)
        UNION ALL
        SELECT 'template', t.id, t.name, v.content FROM template_versions v JOIN templates t ON t.id = v.template_id WHERE v.content LIKE @any
        UNION ALL
        SELECT 'form', id, name, part FROM forms WHERE part LIKE @any
        UNION ALL
        SELECT 'message', m.delivery_id, '', m.part FROM messages m JOIN deliveries d ON d.id = m.delivery_id WHERE m.part LIKE @any AND d.status IN (0, 1, 7)
        """;

    /// <summary>How many broadcasts, templates, forms and waiting messages attach each of the files; those that none does are left out.</summary>
    public Task<Dictionary<long, int>> UseCountsAsync(IEnumerable<long> ids, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
    {
        var uses = ids.ToDictionary(id => id, _ => new HashSet<(string, long)>());
        await foreach (var (use, files) in UsesAsync(connection, null, cancellationToken))
            foreach (var file in files) if (uses.TryGetValue(file, out var known)) known.Add((use.Kind, use.Id));
        return uses.Where(u => u.Value.Count > 0).ToDictionary(u => u.Key, u => u.Value.Count);
    }, cancellationToken);

    /// <summary>What attaches a file, as many as are named.</summary>
    public Task<IReadOnlyList<FileUse>> UsesAsync(long id, CancellationToken cancellationToken = default) => database.ReadAsync(connection => UsesAsync(connection, null, id, cancellationToken), cancellationToken);

    private const string DeleteSql = "DELETE FROM files WHERE id = @id";

    private const string NameSql = "SELECT name FROM files WHERE id = @id";

    /// <summary>Deletes a file that nothing attaches.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async t =>
    {
        if (await t.Connection!.QuerySingleOrDefaultAsync<string?>(NameSql, new { id }, t) is not { } name) return CommandResult.NotFound($"File {id}");
        if (await UsesAsync(t.Connection!, t, id, cancellationToken) is { Count: > 0 } uses)
        {
            Problem[] problems = [.. uses.Select(u => new Problem(FormattableString.Invariant($"{u.Kind}s/{u.Id}"), "fileInUse", $"The {u.Kind} '{u.Name}' ({u.Id}) attaches this file: take it out there first.", u.Name.Length > 0 ? u.Name : FormattableString.Invariant($"{u.Id}")))];
            return new CommandResult { Code = CommandCode.Refused, Message = string.Join(" ", problems.Select(p => p.Message)), Problems = problems };
        }

        await t.Connection!.ExecuteAsync(DeleteSql, new { id }, t);
        Audit(t, actor, "file.deleted", id, AuditDiff.Between(new { name }, null));
        return new CommandResult();
    }, cancellationToken);

    private static async Task<IReadOnlyList<FileUse>> UsesAsync(DbConnection connection, DbTransaction? transaction, long id, CancellationToken cancellationToken)
    {
        var found = new List<FileUse>();
        await foreach (var (use, files) in UsesAsync(connection, transaction, cancellationToken))
        {
            if (files.Contains(id) && !found.Contains(use)) found.Add(use);
            if (found.Count == MostNamed) break;
        }

        return found;
    }

    // Row by row: what they say may be long.
    private static async IAsyncEnumerable<(FileUse Use, HashSet<long> Files)> UsesAsync(DbConnection connection, DbTransaction? transaction, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var source in connection.QueryUnbufferedAsync<Source>(SourcesSql, new { any = "%\"fileId\":%" }, transaction).WithCancellation(cancellationToken))
            yield return (new FileUse(source.Kind, source.Id, source.Name), [.. FileId().Matches(source.Text).Select(m => long.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture))]);
    }

    private void Audit(DbTransaction transaction, string actor, string action, long id, IReadOnlyCollection<AuditChange> changes) =>
        AuditChain.Append(transaction, new AuditAct { At = time.GetUtcNow().ToUnixTimeMilliseconds(), Actor = actor, Action = action, Subject = FormattableString.Invariant($"file:{id}"), Changes = AuditChange.Write(changes) });

    [GeneratedRegex("\"fileId\":([0-9]{1,18})[,}]")]
    private static partial Regex FileId();

    private sealed class Source
    {
        public string Kind { get; init; } = "";

        public long Id { get; init; }

        public string Name { get; init; } = "";

        public string Text { get; init; } = "";
    }
}
