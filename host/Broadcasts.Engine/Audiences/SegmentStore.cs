using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
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
}

/// <summary>A broadcast that names a segment.</summary>
internal sealed record SegmentUse
{
    public long BroadcastId { get; init; }

    public string Name { get; init; } = "";

    public BroadcastStatus Status { get; init; }
}

/// <summary>The saved segments.</summary>
internal sealed class SegmentStore(Database database, TimeProvider time)
{
    public const int LongestName = 100;

    private const string Columns = "id AS Id, name AS Name, description AS Description, rule AS Rule, version AS Version, created_at AS CreatedAt, updated_at AS UpdatedAt";

    private const string ListSql = $"SELECT {Columns} FROM segments ORDER BY name_key";

    public Task<IReadOnlyList<SegmentDetails>> ListAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SegmentDetails>>(async connection => (await connection.QueryAsync<SegmentDetails>(ListSql)).AsList(), cancellationToken);

    private const string GetSql = $"SELECT {Columns} FROM segments WHERE id = @id";

    public Task<SegmentDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<SegmentDetails>(GetSql, new { id }), cancellationToken);

    private const string InsertSql = """
        INSERT INTO segments (name, name_key, description, rule, created_at, updated_at)
        VALUES (@name, @key, @description, @rule, @now, @now)
        RETURNING id
        """;

    public Task<(long Id, CommandResult Result)> CreateAsync(string name, SegmentRule rule, string? description = null, CancellationToken cancellationToken = default) =>
        WriteAsync(0, name, rule, async (transaction, parameters) =>
        {
            parameters.Add("description", description);
            return (await transaction.Connection!.ExecuteScalarAsync<long>(InsertSql, parameters, transaction), new CommandResult { Version = 1 });
        }, cancellationToken);

    private const string UpdateSql = """
        UPDATE segments
           SET name = @name, name_key = @key, description = @description, rule = @rule, version = version + 1, updated_at = @now
         WHERE id = @id AND version = @expected
        """;

    private const string VersionSql = "SELECT version FROM segments WHERE id = @id";

    /// <summary>Writes name and rule. A running broadcast keeps the rule that it started with.</summary>
    public async Task<CommandResult> UpdateAsync(long id, string name, SegmentRule rule, string? description, int expectedVersion, CancellationToken cancellationToken = default) =>
        (await WriteAsync(id, name, rule, async (transaction, parameters) =>
        {
            parameters.Add("id", id);
            parameters.Add("expected", expectedVersion);
            parameters.Add("description", description);
            if (await transaction.Connection!.ExecuteAsync(UpdateSql, parameters, transaction) == 1) return (id, new CommandResult { Version = expectedVersion + 1 });

            var version = await transaction.Connection!.ExecuteScalarAsync<int?>(VersionSql, new { id }, transaction);
            return (id, version is { } now
                ? new CommandResult { Code = CommandCode.Changed, Version = now, Message = $"Somebody changed the segment '{name}' meanwhile: load it again and repeat your change." }
                : CommandResult.NotFound($"Segment {id}"));
        }, cancellationToken)).Result;

    private const string DeleteSql = "DELETE FROM segments WHERE id = @id";

    /// <summary>Deletes a segment that no waiting broadcast names.</summary>
    public Task<CommandResult> DeleteAsync(long id, CancellationToken cancellationToken = default) =>
        database.WriteAsync(async transaction =>
        {
            var uses = await UsedByAsync(transaction.Connection!, transaction, id);
            if (await SegmentMembers.UsersOfAsync(id, transaction.Connection!, transaction) is { Count: > 0 } segments)
                return InUse([.. segments.Select(s => new Problem($"segments/{s.Id}", "segmentIsMember", $"The segment '{s.Name}' has this one as a condition: change it first.", s.Name, $"{s.Id}"))]);
            if (uses.Where(u => u.Status is BroadcastStatus.Draft or BroadcastStatus.Scheduled or BroadcastStatus.Failed).ToList() is { Count: > 0 } waiting)
                return InUse([.. waiting.Select(u => new Problem($"broadcasts/{u.BroadcastId}", "segmentInUse",
                    $"The {u.Status} broadcast '{u.Name}' goes to this segment: give it another audience or delete it first.", u.Name, $"{u.BroadcastId}"))]);

            return await transaction.Connection!.ExecuteAsync(DeleteSql, new { id }, transaction) == 1 ? new CommandResult() : CommandResult.NotFound($"Segment {id}");
        }, cancellationToken);

    private static CommandResult InUse(Problem[] by) => new() { Code = CommandCode.Refused, Message = string.Join(" ", by.Select(p => p.Message)), Problems = by };

    private const string UsedBySql = """
        SELECT id AS BroadcastId, name AS Name, status AS Status
          FROM broadcasts
         WHERE segment_id = @id AND kind = 0
         ORDER BY id DESC
        """;

    /// <summary>The broadcasts that name the segment, newest first.</summary>
    public Task<IReadOnlyList<SegmentUse>> UsedByAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => UsedByAsync(connection, null, id), cancellationToken);

    private static async Task<IReadOnlyList<SegmentUse>> UsedByAsync(DbConnection connection, DbTransaction? transaction, long id) =>
        (await connection.QueryAsync<SegmentUse>(UsedBySql, new { id }, transaction)).AsList();

    /// <summary>The segments that have this one as a condition.</summary>
    public Task<IReadOnlyList<(long Id, string Name)>> MemberOfAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.UsersOfAsync(id, connection), cancellationToken);

    /// <summary>The rule with those of its members in their place.</summary>
    public Task<SegmentRule> ExpandAsync(SegmentRule rule, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.ExpandAsync(rule, connection), cancellationToken);

    /// <summary>What is wrong with the segments that a rule names.</summary>
    public Task<Problem[]> CheckMembersAsync(SegmentRule rule, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => SegmentMembers.CheckAsync(rule, 0, "", connection), cancellationToken);

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
