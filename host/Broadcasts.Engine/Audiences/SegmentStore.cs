using System.Data.Common;
using System.Text.Json.Nodes;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>A saved segment.</summary>
internal sealed record SegmentDetails
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string? Description { get; init; }

    /// <summary>The rule as JSON.</summary>
    public string Rule { get; init; } = "";

    public int Version { get; init; }

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }

    /// <summary>How many contacts it had when they were counted last; null when its present rule never was.</summary>
    public long? Counted { get; init; }

    public long? CountedAt { get; init; }
}

/// <summary>Where a list of segments goes on.</summary>
/// <param name="Items">By name.</param>
/// <param name="Next">The cursor of the next page; null when this is the last.</param>
internal sealed record SegmentPage(IReadOnlyList<SegmentDetails> Items, long? Next);

/// <summary>A broadcast that names a segment.</summary>
internal sealed record SegmentUse
{
    public long BroadcastId { get; init; }

    public string Name { get; init; } = "";

    public BroadcastStatus Status { get; init; }

    /// <summary>It does not go to the segment: it takes the segment out of its audience.</summary>
    public bool IsExcluded { get; init; }

    /// <summary>It has not started and needs the segment still.</summary>
    public bool IsWaiting { get; init; }
}

/// <summary>The saved segments.</summary>
internal sealed class SegmentStore(Database database, TimeProvider time)
{
    public const int LongestName = 100;

    private const string Columns = "id AS Id, name AS Name, description AS Description, rule AS Rule, version AS Version, created_at AS CreatedAt, updated_at AS UpdatedAt, counted AS Counted, counted_at AS CountedAt";

    private const string ListSql = $"SELECT {Columns} FROM segments ORDER BY name_key";

    public Task<IReadOnlyList<SegmentDetails>> ListAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SegmentDetails>>(async connection => (await connection.QueryAsync<SegmentDetails>(ListSql)).AsList(), cancellationToken);

    private const string PageSql = $$"""
        SELECT {{Columns}}
          FROM segments s
         WHERE (@after = 0 OR s.name_key > (SELECT a.name_key FROM segments a WHERE a.id = @after)){0}
         ORDER BY s.name_key
         LIMIT @limit
        """;

    /// <summary>A page by name, behind the segment of the cursor; none behind one that is gone.</summary>
    public Task<SegmentPage> PageAsync(string? search, long? cursor, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
    {
        var text = AddressNormalizer.Trim(search).Replace("\0", "", StringComparison.Ordinal);
        var sql = PageSql.Replace("{0}", text.Length == 0 ? "" : $" AND ({database.Dialect.Contains("s.name", "@text")} OR {database.Dialect.Contains("COALESCE(s.description, '')", "@text")})", StringComparison.Ordinal);
        var rows = (await connection.QueryAsync<SegmentDetails>(new CommandDefinition(sql, new { after = cursor ?? 0, limit = limit + 1, text = SqlDialect.LikePattern(text) }, cancellationToken: cancellationToken))).AsList();
        if (rows.Count <= limit) return new SegmentPage(rows, null);
        rows.RemoveAt(limit);
        return new SegmentPage(rows, rows[^1].Id);
    }, cancellationToken);

    private const string CountedSql = "UPDATE segments SET counted = @count, counted_at = @now WHERE id = @id AND version = @version";

    /// <summary>Keeps what a segment counted.</summary>
    public Task KeepCountAsync(long id, int version, long count) => database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(CountedSql, new { id, version, count, now = time.Now() }, transaction));

    private const string GetSql = $"SELECT {Columns} FROM segments WHERE id = @id";

    public Task<SegmentDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<SegmentDetails>(GetSql, new { id }), cancellationToken);

    private const string InsertSql = """
        INSERT INTO segments (name, name_key, description, rule, created_at, updated_at)
        VALUES (@name, @key, @description, @rule, @now, @now)
        RETURNING id
        """;

    public Task<(long Id, CommandResult Result)> CreateAsync(string name, SegmentRule rule, string actor, string? description = null, CancellationToken cancellationToken = default) =>
        WriteAsync(0, name, rule, async (transaction, parameters) =>
        {
            parameters.Add("description", description);
            var id = await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, parameters, transaction);
            Audit(transaction, actor, "segment.created", id, AuditDiff.Between(null, Shown(AddressNormalizer.Trim(name), description, rule.ToJson())));
            return (id, new CommandResult { Version = 1 });
        }, cancellationToken);

    private const string UpdateSql = """
        UPDATE segments
           SET name = @name, name_key = @key, description = @description, counted = CASE WHEN rule = @rule THEN counted END, counted_at = CASE WHEN rule = @rule THEN counted_at END, rule = @rule, version = version + 1, updated_at = @now
         WHERE id = @id AND version = @expected
        """;

    private const string VersionSql = "SELECT version FROM segments WHERE id = @id";

    /// <summary>Writes name and rule. A running broadcast keeps the rule that it started with.</summary>
    public async Task<CommandResult> UpdateAsync(long id, string name, SegmentRule rule, string? description, int expectedVersion, string actor, CancellationToken cancellationToken = default) =>
        (await WriteAsync(id, name, rule, async (transaction, parameters) =>
        {
            parameters.Add("id", id);
            parameters.Add("expected", expectedVersion);
            parameters.Add("description", description);
            var before = await transaction.Connection!.QuerySingleOrDefaultAsync<SegmentDetails>(GetSql, new { id }, transaction);
            if (await transaction.Connection!.ExecuteAsync(UpdateSql, parameters, transaction) == 1)
            {
                Audit(transaction, actor, "segment.updated", id, AuditDiff.Between(Shown(before!.Name, before.Description, before.Rule), Shown(AddressNormalizer.Trim(name), description, rule.ToJson())));
                return (id, new CommandResult { Version = expectedVersion + 1 });
            }

            var version = await transaction.Connection!.ExecuteScalarAsync<int?>(VersionSql, new { id }, transaction);
            return (id, version is { } now
                ? new CommandResult { Code = CommandCode.Changed, Version = now, Message = $"Somebody changed the segment '{name}' meanwhile: load it again and repeat your change." }
                : CommandResult.NotFound($"Segment {id}"));
        }, cancellationToken)).Result;

    private const string DeleteSql = "DELETE FROM segments WHERE id = @id";

    /// <summary>Deletes a segment that no waiting broadcast names.</summary>
    public Task<CommandResult> DeleteAsync(long id, string actor, CancellationToken cancellationToken = default) =>
        database.WriteAsync(async transaction =>
        {
            var uses = await UsedByAsync(transaction.Connection!, transaction, id);
            if (await SegmentMembers.UsersOfAsync(id, transaction.Connection!, transaction) is { Count: > 0 } segments)
                return RuleUses.Refused([.. segments.Select(s => new Problem($"segments/{s.Id}", "segmentIsMember", $"The segment '{s.Name}' has this one as a condition: change it first.", s.Name, $"{s.Id}"))]);
            if (uses.Where(u => u.Status is BroadcastStatus.Draft or BroadcastStatus.Scheduled or BroadcastStatus.Failed).ToList() is { Count: > 0 } waiting)
                return RuleUses.Refused([.. waiting.Select(u => new Problem($"broadcasts/{u.BroadcastId}", "segmentInUse",
                    $"The {u.Status} broadcast '{u.Name}' goes to this segment: give it another audience or delete it first.", u.Name, $"{u.BroadcastId}"))]);

            if (await RuleUses.BroadcastsAsync(transaction, RuleUses.NamesSegment(id)) is { Length: > 0 } inline) return RuleUses.Refused(inline);
            if ((await Exclusions.UsersOfAsync(transaction.Connection!, transaction, id)).Where(u => u.IsWaiting).ToList() is { Count: > 0 } less)
                return RuleUses.Refused([.. less.Select(u => new Problem($"broadcasts/{u.BroadcastId}", "segmentExcluded",
                    $"The {u.Status} broadcast '{u.Name}' takes this segment out of its audience: change that first.", u.Name, $"{u.BroadcastId}"))]);
            if (await transaction.Connection!.QuerySingleOrDefaultAsync<SegmentDetails>(GetSql, new { id }, transaction) is not { } segment) return CommandResult.NotFound($"Segment {id}");
            await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction);
            Audit(transaction, actor, "segment.deleted", id, AuditDiff.Between(Shown(segment.Name, segment.Description, segment.Rule), null));
            return new CommandResult();
        }, cancellationToken);

    private const string UsedBySql = """
        SELECT id AS BroadcastId, name AS Name, status AS Status
          FROM broadcasts
         WHERE segment_id = @id AND kind = 0
         ORDER BY id DESC
        """;

    /// <summary>The broadcasts that go to the segment, newest first, those that have not started and have it as a condition, and those that take it out of their audience.</summary>
    public Task<IReadOnlyList<SegmentUse>> UsedByAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SegmentUse>>(async connection => [.. await UsedByAsync(connection, null, id), .. await RuleUses.BroadcastsAsync(connection, null, RuleUses.NamesSegment(id)), .. await Exclusions.UsersOfAsync(connection, null, id)], cancellationToken);

    private readonly string _useCountsSql = $"SELECT segment_id AS Id, COUNT(*) AS Uses FROM broadcasts WHERE kind = 0 AND {database.Dialect.InList("segment_id", "@ids")} GROUP BY segment_id";

    /// <summary>How many broadcasts go to each of the segments; those to which none goes are left out.</summary>
    public Task<Dictionary<long, long>> UseCountsAsync(IEnumerable<long> ids, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
        (await connection.QueryAsync<(long Id, long Uses)>(new CommandDefinition(_useCountsSql, new { ids = database.Dialect.List([.. ids]) }, cancellationToken: cancellationToken))).ToDictionary(u => u.Id, u => u.Uses), cancellationToken);

    private static async Task<IReadOnlyList<SegmentUse>> UsedByAsync(DbConnection connection, DbTransaction? transaction, long id) =>
        (await connection.QueryAsync<SegmentUse>(UsedBySql, new { id }, transaction)).AsList();

    /// <summary>The segments that have this one as a condition.</summary>
    public Task<IReadOnlyList<(long Id, string Name)>> MemberOfAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.UsersOfAsync(id, connection), cancellationToken);

    /// <summary>The rule with those of its members in their place.</summary>
    public Task<SegmentRule> ExpandAsync(SegmentRule rule, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.ExpandAsync(rule, connection), cancellationToken);

    /// <summary>What is wrong with the fields, segments and broadcasts that an unsaved rule names: without them it would mean other people than it says.</summary>
    public Task<Problem[]> CheckAsync(SegmentRule rule, CancellationToken cancellationToken = default) => database.ReadAsync<Problem[]>(async connection =>
        [.. SegmentFields.Check(rule, await FieldStore.ListAsync(connection)), .. await SegmentMembers.CheckAsync(rule, 0, "", connection)], cancellationToken);

    /// <summary>What is wrong with the segments that a rule names.</summary>
    public Task<Problem[]> CheckMembersAsync(SegmentRule rule, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.CheckAsync(rule, 0, "", connection), cancellationToken);

    private static object Shown(string name, string? description, string rule) => new { name, description, rule = JsonNode.Parse(rule) };

    private void Audit(DbTransaction transaction, string actor, string action, long id, IReadOnlyCollection<AuditChange> changes) =>
        AuditChain.Append(transaction, new AuditAct { At = time.Now(), Actor = actor, Action = action, Subject = FormattableString.Invariant($"segment:{id}"), Changes = AuditChange.Write(changes) });

    private const string OneByOneSql = "LOCK TABLE segments IN SHARE ROW EXCLUSIVE MODE";

    private async Task<(long Id, CommandResult Result)> WriteAsync(
        long self, string name, SegmentRule rule, Func<DbTransaction, DynamicParameters, Task<(long, CommandResult)>> write, CancellationToken cancellationToken)
    {
        name = AddressNormalizer.Trim(name);
        if (name.Length is 0 or > LongestName)
            return (0, CommandResult.Invalid(new Problem("name", name.Length == 0 ? "required" : "tooLong", $"A segment has a name of at most {LongestName} characters.", $"{LongestName}")));

        try
        {
            return await database.WriteAsync(async transaction =>
            {
                // Of two that become each other's part at the same moment the second one sees the first.
                if (database.Dialect.IsPostgres) await transaction.Connection!.ExecuteAsync(OneByOneSql, transaction: transaction);
                if (await SegmentFields.CheckAsync(transaction, rule) is { Length: > 0 } problems) return (0L, CommandResult.Invalid(problems));
                if (await SegmentMembers.CheckAsync(rule, self, name, transaction.Connection!, transaction) is { Length: > 0 } members) return (0L, CommandResult.Invalid(members));
                return await write(transaction, new DynamicParameters(new { name, key = name.ToLowerInvariant(), rule = rule.ToJson(), now = time.GetUtcNow().ToUnixTimeMilliseconds() }));
            }, cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return (0, CommandResult.Invalid(new Problem("name", "segmentExists", $"There is a segment '{name}' already: choose another name.", name)));
        }
    }
}
