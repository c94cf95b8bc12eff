using System.Text.Json;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What holds for every broadcast of this installation.</summary>
internal sealed record SendingRules
{
    /// <summary>A broadcast to more contacts than this needs a second person's agreement; null: none does.</summary>
    public long? ApprovalAbove { get; init; }

    /// <summary>How long a broadcast that was sent from the console can be taken back before anything leaves, seconds; 0 to 3600.</summary>
    public int UndoSeconds { get; init; } = 10;

    /// <summary>Above so many contacts the console has whoever sends a broadcast type their number; null: never.</summary>
    public long? TypeAbove { get; init; } = 1000;

    /// <summary>How many broadcasts may reach a contact; null: no cap.</summary>
    public FrequencyCap? FrequencyCap { get; init; }

    public IEnumerable<Problem> Check()
    {
        if (ApprovalAbove is < 0) yield return new("approvalAbove", "outOfRange", "From 0 to 1000000000.", "0", "1000000000");
        if (UndoSeconds is < 0 or > 3600) yield return new("undoSeconds", "outOfRange", "From 0 to 3600.", "0", "3600");
        if (TypeAbove is < 0) yield return new("typeAbove", "outOfRange", "From 0 to 1000000000.", "0", "1000000000");
        if (FrequencyCap is { Count: < 1 or > 1000 }) yield return new("frequencyCap.count", "outOfRange", "From 1 to 1000.", "1", "1000");
        if (FrequencyCap is { Days: < 1 or > 365 }) yield return new("frequencyCap.days", "outOfRange", "From 1 to 365.", "1", "365");
    }
}

/// <summary>At most so many broadcasts to a contact in so many days. Single messages do not count.</summary>
/// <param name="Count">From 1.</param>
/// <param name="Days">From 1 to 365, rolling.</param>
internal sealed record FrequencyCap(int Count, int Days)
{
    /// <summary>Broadcasts after this moment count, Unix milliseconds.</summary>
    public long Since(long now) => now - Days * 86_400_000L;
}

/// <summary>Keeps the rules in the database; every process reads them at most a second late.</summary>
internal sealed class SendingRulesStore(Database database, AuditStore audit, TimeProvider time)
{
    private const string Name = "sending-rules";
    private const string GetSql = $"SELECT value FROM settings WHERE name = '{Name}'";
    private const string SetSql = $"INSERT INTO settings (name, value) VALUES ('{Name}', @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    private const long FreshMs = 1000;

    private (SendingRules Rules, long ReadAt)? _known;

    public async Task<SendingRules> GetAsync()
    {
        var now = time.Now();
        if (_known is { } known && Math.Abs(now - known.ReadAt) < FreshMs) return known.Rules;
        var json = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(GetSql));
        var rules = json is null ? new SendingRules() : JsonSerializer.Deserialize<SendingRules>(json, BroadcastJson.Options)!;
        _known = (rules, now);
        return rules;
    }

    /// <summary>Saves them, or says what is wrong.</summary>
    public async Task<IReadOnlyList<Problem>> SetAsync(SendingRules rules, string actor)
    {
        Problem[] problems = [.. rules.Check()];
        if (problems.Length > 0) return problems;
        _known = null;
        var before = await GetAsync();
        var value = JsonSerializer.Serialize(rules, BroadcastJson.Options);
        await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(SetSql, new { value }, t);
            await audit.AppendAsync(t, actor, "settings.sending", "settings", changes: AuditDiff.Between(before, rules));
            return true;
        });
        _known = null;
        return [];
    }
}
