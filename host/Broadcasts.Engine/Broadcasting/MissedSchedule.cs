using System.Text.Json;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What happens to a broadcast whose time passed while nothing ran.</summary>
public enum MissedAction
{
    /// <summary>It is sent all the same, however late.</summary>
    Send,

    /// <summary>It is paused until a person decides.</summary>
    Hold,

    /// <summary>It fails.</summary>
    Expire,
}

/// <summary>The workspace's policy. Within the grace it is always sent.</summary>
public sealed record MissedSchedule
{
    /// <summary>Beyond the grace. Default: hold.</summary>
    public MissedAction Action { get; init; } = MissedAction.Hold;

    /// <summary>From 0 to 10,080. Default: 60.</summary>
    public int GraceMinutes { get; init; } = 60;
}

/// <summary>Keeps the policy.</summary>
internal sealed class MissedSchedules(Database database, AuditStore audit)
{
    private const int MostGraceMinutes = 7 * 24 * 60;

    private const string GetSql = "SELECT value FROM settings WHERE name = 'missedSchedule'";

    private const string SetSql = "INSERT INTO settings (name, value) VALUES ('missedSchedule', @value) ON CONFLICT (name) DO UPDATE SET value = @value";

    public async Task<MissedSchedule> GetAsync() =>
        await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(GetSql)) is { } json ? JsonSerializer.Deserialize<MissedSchedule>(json, BroadcastJson.Options)! : new();

    /// <summary>Null when it was written.</summary>
    public async Task<Problem?> SetAsync(MissedSchedule policy, string actor)
    {
        if (policy.GraceMinutes is < 0 or > MostGraceMinutes) return new Problem("graceMinutes", "graceRange", $"The grace is from 0 to {MostGraceMinutes} minutes (a week).", $"{MostGraceMinutes}");
        var before = await GetAsync();
        await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(SetSql, new { value = JsonSerializer.Serialize(policy, BroadcastJson.Options) }, t);
            await audit.AppendAsync(t, actor, "settings.missedSchedule", "settings", changes: AuditDiff.Between(before, policy));
        });
        return null;
    }

    /// <summary>What to do with a broadcast that comes so late.</summary>
    public async Task<MissedAction> DecideAsync(TimeSpan late)
    {
        var policy = await GetAsync();
        return late <= TimeSpan.FromMinutes(policy.GraceMinutes) ? MissedAction.Send : policy.Action;
    }
}
