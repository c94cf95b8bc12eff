using System.Globalization;
using Broadcasts.Audiences;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>Whether a broadcast needs a second person before anything leaves.</summary>
internal sealed class Approvals(Database database, BroadcastStore broadcasts, BroadcastChecks checks, SendingRulesStore rules, TimeProvider time)
{
    public const string Reason = "approval";

    /// <summary>Why it waits for a second person; null when it need not.</summary>
    public async Task<Problem?> NeededAsync(Broadcast broadcast)
    {
        if (broadcast.ApprovedBy is not null || (await rules.GetAsync()).ApprovalAbove is not { } limit) return null;
        var count = await CountAsync(broadcast);
        return count > limit ? new Problem("", "approvalAbove", string.Create(CultureInfo.InvariantCulture, $"{count} contacts; above {limit} a second person must agree."), $"{count}", $"{limit}") : null;
    }

    /// <summary>The same, of a draft or a schedule.</summary>
    public async Task<Problem?> NeededAsync(long id) =>
        await broadcasts.GetAsync(id) is { State: BroadcastStatus.Draft or BroadcastStatus.Scheduled, Audience: not null } broadcast ? await NeededAsync(broadcast) : null;

    private Task<long> CountAsync(Broadcast broadcast) => broadcast.ReadAudience() is { RetryOf: { } parent } ? RetriesAsync(parent) : MatchingAsync(broadcast);

    private async Task<long> MatchingAsync(Broadcast broadcast)
    {
        var audience = checks.Audience(broadcast.ReadAudience()!, await checks.RulesAsync(broadcast), broadcast.ReadParts().Count, time.Now());
        return await database.ReadAsync(c => c.QuerySingleAsync<long>($"SELECT COUNT(*) FROM contacts c WHERE {audience.Condition.Sql}", new DynamicParameters(audience.Condition.Parameters)));
    }

    private Task<long> RetriesAsync(long parent) => database.ReadAsync(c => c.QuerySingleAsync<long>(
        $"SELECT COUNT(DISTINCT d.contact_id) FROM deliveries d WHERE d.id BETWEEN @from AND @to AND {RetryFreeze.Condition}",
        new { from = Deliveries.DeliveryId.First(parent), to = Deliveries.DeliveryId.Last(parent) }));
}
