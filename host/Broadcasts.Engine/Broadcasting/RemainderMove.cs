using System.Globalization;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What a move of the rest to another channel would mean.</summary>
internal sealed record RemainderPreview
{
    /// <summary>Messages that are not out yet.</summary>
    public long Remaining { get; init; }

    /// <summary>Those of them that the channel now would still send.</summary>
    public long SendableNow { get; init; }

    /// <summary>Those of them that the other channel would send.</summary>
    public long SendableThen { get; init; }

    /// <summary>Messages handed over whose answer is not there yet: a move waits for them.</summary>
    public long InFlight { get; init; }
}

/// <summary>
/// Sends what a paused broadcast has left over another account of the same kind of address. What went out, or may have, stays with the channel that sent
/// it; a claim names the channel that its rows go over.
/// </summary>
internal sealed class RemainderMove(Database database, BroadcastStore broadcasts, BroadcastChecks checks, ChannelStore channels)
{
    private const string PreviewSql = """
        SELECT COUNT(*) AS remaining,
               COALESCE(SUM(CASE WHEN NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, @now)) THEN 1 ELSE 0 END), 0) AS sendable_now,
               COALESCE(SUM(CASE WHEN NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, @then)) THEN 1 ELSE 0 END), 0) AS sendable_then
          FROM deliveries d JOIN addresses a ON a.id = d.address_id
         WHERE d.id BETWEEN @from AND @to AND d.status = 0
        """;

    private const string SlicesSql = "UPDATE slices SET channel_id = @channel, epoch = epoch + 1, owner = NULL, heartbeat_at = 0 WHERE broadcast_id = @id AND pending + unknown > 0";

    private const string BroadcastSql = "UPDATE broadcasts SET channel_id = @channel, version = version + 1 WHERE id = @id AND status = 3 AND version = @version";

    /// <summary>Before and after, without moving anything; or why it can't be moved there.</summary>
    public async Task<(CommandResult Command, RemainderPreview Preview)> LookAsync(long id, long channelId)
    {
        if (await broadcasts.GetAsync(id) is not { } broadcast) return (CommandResult.NotFound($"Broadcast {id}"), new());
        if (await RefusalAsync(broadcast, channelId) is { } refusal) return (refusal, new());
        return (new CommandResult { Status = broadcast.State, Version = broadcast.Version }, await PreviewAsync(broadcast, channelId));
    }

    /// <summary>Moves the rest. Null when somebody changed the broadcast at the same moment.</summary>
    public Task<Broadcast?> MoveAsync(Broadcast broadcast, long channelId, BroadcastAct act) => broadcasts.ActAsync(broadcast.Id, act, async t =>
    {
        if (await t.Connection!.ExecuteAsync(BroadcastSql, new { id = broadcast.Id, channel = channelId, version = broadcast.Version }, t) == 0) return false;
        await t.Connection!.ExecuteAsync(SlicesSql, new { id = broadcast.Id, channel = channelId }, t);
        return true;
    });

    /// <summary>Why it can't be moved there now; null when it can.</summary>
    public async Task<CommandResult?> RefusalAsync(Broadcast broadcast, long channelId)
    {
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.MoveRemaining, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (broadcast.FreezeDone == 0) return CommandResult.Refused(new Problem("", "stillFreezing", "The audience is still being written down. Try again in a moment."));
        if (broadcast.ChannelId is null) return CommandResult.Refused(new Problem("", "severalChannels", "It goes over several channels: each contact on its own. Its rest can't be moved to one."));
        if (broadcast.ChannelId == channelId) return CommandResult.Invalid(new Problem("channelId", "sameChannel", "It goes over this channel already."));
        if (await channels.GetAsync(channelId) is not { } channel) return CommandResult.Invalid(new Problem("channelId", "channelGone", $"Channel {channelId} does not exist.", $"{channelId}"));
        if (await channels.GetAsync(broadcast.ChannelId ?? 0) is { } before && before.AddressKind != channel.AddressKind)
            return CommandResult.Invalid(new Problem("channelId", "otherKind", $"The rest can go over another channel for the same kind of address only: {before.AddressKind}.", before.AddressKind.ToString()));
        return checks.CheckChannel(channel, broadcast.ReadParts()) is { Count: > 0 } problems ? CommandResult.Invalid([.. problems]) : null;
    }

    /// <summary>Messages that must be answered first; null when none is under way.</summary>
    public async Task<CommandResult?> InFlightAsync(long id)
    {
        var (_, sending) = await broadcasts.OpenRowsAsync(id);
        return sending == 0 ? null : CommandResult.Refused(new Problem("", "stillInFlight", string.Create(CultureInfo.InvariantCulture, $"{sending} messages are handed over and not answered yet. Try again in a moment."), $"{sending}")) with { InFlight = sending };
    }

    private async Task<RemainderPreview> PreviewAsync(Broadcast broadcast, long channelId)
    {
        var (_, sending) = await broadcasts.OpenRowsAsync(broadcast.Id);
        var parameters = new { now = broadcast.ChannelId, then = channelId, from = DeliveryId.First(broadcast.Id), to = DeliveryId.Last(broadcast.Id) };
        return await database.ReadAsync(c => c.QuerySingleAsync<RemainderPreview>(PreviewSql, parameters)) with { InFlight = sending };
    }
}
