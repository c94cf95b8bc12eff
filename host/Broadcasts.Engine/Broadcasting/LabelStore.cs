using System.Data.Common;
using System.Text.Json;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>A label, and how many broadcasts carry it, archived ones too.</summary>
internal sealed record LabelUse(string Label, long Broadcasts);

/// <summary>Labels across all broadcasts: a label is there as long as a broadcast carries it.</summary>
internal sealed class LabelStore(Database database, TimeProvider time)
{
    /// <summary>Most labels that are listed.</summary>
    public const int Most = 1_000;

    private const string ListSql = "SELECT label AS Label, COUNT(*) AS Broadcasts FROM broadcast_labels GROUP BY label ORDER BY label LIMIT @most";

    /// <summary>By name.</summary>
    public Task<IReadOnlyList<LabelUse>> ListAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<LabelUse>>(async c => [.. (await c.QueryAsync<(string Label, long Broadcasts)>(new CommandDefinition(ListSql, new { most = Most }, cancellationToken: cancellationToken))).Select(l => new LabelUse(l.Label, l.Broadcasts))], cancellationToken);

    /// <summary>Gives a label another name on every broadcast; one that is there already takes the broadcasts over.</summary>
    public async Task<CommandResult> RenameAsync(string label, string? name, string actor)
    {
        var next = AddressNormalizer.Trim(name);
        if (BroadcastChecks.CheckName("-", [next]) is { Count: > 0 } problems) return CommandResult.Invalid([.. problems.Select(p => p with { Path = "name" })]);
        return await ReplaceAsync(label, next, (t, count) => Audit(t, actor, "label.renamed", next, count, AuditDiff.Between(new { name = label }, new { name = next })));
    }

    /// <summary>Takes a label off every broadcast.</summary>
    public Task<CommandResult> DeleteAsync(string label, string actor) => 
        ReplaceAsync(label, null, (t, count) => Audit(t, actor, "label.deleted", label, count, AuditDiff.Between(new { name = label }, null)));

    private const string CarriersSql = "SELECT b.id AS Id, b.labels AS Labels FROM broadcast_labels l JOIN broadcasts b ON b.id = l.broadcast_id WHERE l.label = @label ORDER BY b.id";

    // The version moves on: whoever edits such a draft is told, and does not bring the old label back.
    private const string UpdateSql = "UPDATE broadcasts SET labels = @labels, version = version + 1, updated_at = @now WHERE id = @id";

    private const string AddSql = "INSERT INTO broadcast_labels (broadcast_id, label) VALUES (@id, @next) ON CONFLICT (broadcast_id, label) DO NOTHING";

    private const string DeleteSql = "DELETE FROM broadcast_labels WHERE label = @label";

    private Task<CommandResult> ReplaceAsync(string label, string? next, Action<DbTransaction, int> audited) => database.WriteAsync(async t =>
    {
        var carriers = (await t.Connection!.QueryAsync<(long Id, string Labels)>(CarriersSql + (database.Dialect.IsPostgres ? " FOR UPDATE OF b" : ""), new { label }, t)).AsList();
        if (carriers.Count == 0) return CommandResult.NotFound($"Label '{label}'");
        if (next == label) return new CommandResult();
        foreach (var (id, labels) in carriers) await ReplaceAsync(t, id, With(labels, label, next), next);
        await t.Connection!.ExecuteAsync(DeleteSql, new { label }, t);
        audited(t, carriers.Count);
        return new CommandResult();
    });

    private async Task ReplaceAsync(DbTransaction transaction, long id, string[] labels, string? next)
    {
        await DraftEdits.EndAsync(database.Dialect, transaction, id);
        await transaction.Connection!.ExecuteAsync(UpdateSql, new { id, labels = JsonSerializer.Serialize(labels), now = time.Now() }, transaction);
        if (next is not null) await transaction.Connection!.ExecuteAsync(AddSql, new { id, next }, transaction);
    }

    private void Audit(DbTransaction transaction, string actor, string action, string label, int broadcasts, IReadOnlyCollection<AuditChange> changes) => AuditChain.Append(transaction, new AuditAct
    {
        At = time.Now(), Actor = actor, Action = action, Subject = $"label:{label}", Detail = FormattableString.Invariant($"{broadcasts}"), Changes = AuditChange.Write(changes),
    });

    private static string[] With(string labels, string label, string? next) =>
        [.. JsonSerializer.Deserialize<string[]>(labels)!.Select(l => l == label ? next : l).OfType<string>().Distinct()];
}
