using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>Who did what to what, and when.</summary>
internal sealed record AuditEntry
{
    public required long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A user's e-mail, <c>key:NAME</c>, <c>command line</c> or <c>system</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>A verb: <c>broadcast.start</c>.</summary>
    public required string Action { get; init; }

    /// <summary>What it was done to: <c>broadcast:12</c>.</summary>
    public required string Subject { get; init; }

    public string? Detail { get; init; }

    /// <summary>The detail's code and values when it is a sentence of the engine.</summary>
    public Told? Told { get; init; }

    /// <summary>The fields that the act changed, with what was and what is.</summary>
    public IReadOnlyList<AuditChange> Changes { get; init; } = [];

    /// <summary>Its place in the chain, from 1.</summary>
    public long? Number { get; init; }

    /// <summary>Over its content and the hash of the entry before it.</summary>
    public string? Hash { get; init; }
}

/// <summary>Which entries.</summary>
internal sealed record AuditFilter
{
    public string? Subject { get; init; }

    public string? Actor { get; init; }

    /// <summary>The verb, or the part of it before the dot.</summary>
    public string? Action { get; init; }

    /// <summary>Not before this moment.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this moment.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>The record of acts. Entries are added, each chained to the one before it, and never changed.</summary>
/// <seealso cref="AuditChain"/>
internal sealed class AuditStore(Database database, TimeProvider time)
{
    /// <summary>Adds an entry in the transaction of the act itself, so that neither is there without the other.</summary>
    public Task AppendAsync(DbTransaction transaction, string actor, string action, string subject, string? detail = null, IReadOnlyCollection<AuditChange>? changes = null)
    {
        AuditChain.Append(transaction, new AuditAct { At = time.Now(), Actor = actor, Action = action, Subject = subject, Detail = detail, Changes = AuditChange.Write(changes) });
        return Task.CompletedTask;
    }

    /// <summary>Adds an entry by itself.</summary>
    public Task AppendAsync(string actor, string action, string subject, string? detail = null, CancellationToken cancellationToken = default) =>
        database.WriteAsync(transaction => AppendAsync(transaction, actor, action, subject, detail), cancellationToken);

    /// <summary>Adds an entry by itself, with what it changed.</summary>
    public Task AppendAsync(string actor, string action, string subject, string? detail, IReadOnlyCollection<AuditChange> changes, CancellationToken cancellationToken) =>
        database.WriteAsync(transaction => AppendAsync(transaction, actor, action, subject, detail, changes), cancellationToken);

    /// <summary>Adds an entry whose detail is a sentence of the engine, in the transaction of the act itself; null for none.</summary>
    public Task AppendAsync(DbTransaction transaction, string actor, string action, string subject, Problem? said, IReadOnlyCollection<AuditChange>? changes = null)
    {
        AuditChain.Append(transaction, new AuditAct { At = time.Now(), Actor = actor, Action = action, Subject = subject, Detail = said?.Message, Told = Told.Write(said), Changes = AuditChange.Write(changes) });
        return Task.CompletedTask;
    }

    /// <summary>Adds an entry whose detail is a sentence of the engine; null for none.</summary>
    public Task AppendAsync(string actor, string action, string subject, Problem? said, IReadOnlyCollection<AuditChange>? changes = null) =>
        database.WriteAsync(transaction => AppendAsync(transaction, actor, action, subject, said, changes));

    /// <summary>Newest first, those before an id.</summary>
    public async Task<IReadOnlyList<AuditEntry>> ListAsync(AuditFilter filter, long? before = null, int limit = 100, CancellationToken cancellationToken = default)
    {
        var parameters = new DynamicParameters(new { limit = Math.Clamp(limit, 1, 1_000) });
        var conditions = new List<string>();
        Add("id < @before", "before", before);
        Add("subject = @subject", "subject", filter.Subject);
        Add("actor = @actor", "actor", filter.Actor);
        Add("(action = @action OR SUBSTR(action, 1, LENGTH(@action) + 1) = @action || '.')", "action", filter.Action);
        Add("at >= @from", "from", filter.From?.ToUnixTimeMilliseconds());
        Add("at < @to", "to", filter.To?.ToUnixTimeMilliseconds());
        var where = conditions.Count == 0 ? "" : "WHERE " + string.Join(" AND ", conditions);
        var sql = $"SELECT id AS Id, at AS At, actor AS Actor, action AS Action, subject AS Subject, detail AS Detail, told AS Told, changes AS Changes, position AS Position, hash AS Hash FROM audit {where} ORDER BY id DESC LIMIT @limit";
        var records = await database.ReadAsync(connection => connection.QueryAsync<AuditRow>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken)), cancellationToken);
        return [.. records.Select(r => new AuditEntry
        {
            Id = r.Id, At = Times.Of(r.At), Actor = r.Actor, Action = r.Action, Subject = r.Subject, Detail = r.Detail, Told = Told.Read(r.Told), Changes = AuditChange.Read(r.Changes), Number = r.Position, Hash = r.Hash,
        })];

        void Add(string condition, string name, object? value)
        {
            if (value is null) return;
            conditions.Add(condition);
            parameters.Add(name, value);
        }
    }
}
