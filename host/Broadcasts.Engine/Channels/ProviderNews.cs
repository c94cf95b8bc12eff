using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Channels;

/// <summary>What a provider says of its templates, its limits and the account: broadcasts and channels follow at once, a person reads the rest.</summary>
internal sealed partial class ProviderNews(Database database, ChannelStore channels, AuditStore audit, IGrainFactory grains, ILogger<ProviderNews> logger)
{
    private const string Actor = "provider";
    private const int LongestDetail = 500;

    // Under way or halted, and not by many: read whole.
    private const string UnderWaySql = "SELECT id, status, status_reason AS StatusReason, channel_id AS ChannelId, parts, routes FROM broadcasts WHERE kind = 0 AND status IN (2, 3) AND parts LIKE '%\"template\"%'";

    private static readonly string Reason = Reasons.NameOf((int)FailureReason.TemplateRejected);

    /// <summary>Acts on the events that are news of the channel. The same events again change nothing.</summary>
    public async Task ActAsync(long channelId, IEnumerable<TransportEvent> events)
    {
        foreach (var happened in events)
        {
            switch (happened)
            {
                case TemplateChange template:
                    await FollowAsync(channelId, template);
                    break;
                case RecipientLimitChange limit:
                    await LimitAsync(channelId, limit);
                    break;
                case ChannelNews news:
                    await TellAsync(channelId, news);
                    break;
            }
        }
    }

    private async Task FollowAsync(long channelId, TemplateChange change)
    {
        var all = await database.ReadAsync(async c => (await c.QueryAsync<UnderWay>(UnderWaySql)).AsList());
        foreach (var broadcast in all.Where(b => b.Uses(channelId, change)))
        {
            var grain = grains.GetGrain<IBroadcastGrain>(broadcast.Id);
            if (!change.IsUsable && broadcast.Status == (int)BroadcastStatus.InProgress) await grain.PauseAsync(Actor, Reason, Short($"{change.Name} {change.Language}: {change.Detail}"));
            // Only what stands for this reason: whatever a person stopped, a person starts.
            else if (change.IsUsable && broadcast.Status == (int)BroadcastStatus.Paused && broadcast.StatusReason == Reason) await grain.ResumeAsync(Actor);
        }

        LogTemplate(channelId, change.Name, change.Language ?? "*", change.IsUsable, Short(change.Detail ?? ""));
    }

    private async Task LimitAsync(long channelId, RecipientLimitChange change)
    {
        if (await channels.GetAsync(channelId) is not { } channel) return;
        // The owner's own name for the account stays: other channels share the limit by it.
        var limit = change.Recipients is { } most ? new RecipientLimit(most, (long)change.Period.TotalMilliseconds, channel.Recipients?.Account ?? change.Account) : null;
        if (limit == channel.Recipients) return;
        var result = await grains.GetGrain<IChannelGrain>(channelId).SetLimitsAsync(new ChannelLimits(channel.Rate, channel.Limits, channel.RecipientSpacingMs) { Recipients = limit }, Actor);
        if (!result.IsDone) LogLimit(channelId, result.Message ?? "");
    }

    private async Task TellAsync(long channelId, ChannelNews news)
    {
        if (news.Fault is { } fault) await grains.GetGrain<IChannelGrain>(channelId).FaultAsync(fault, Short(news.Detail));
        else await audit.AppendAsync(Actor, "channel.news", string.Create(CultureInfo.InvariantCulture, $"channel:{channelId}"), Short(news.Detail));
        LogNews(channelId, Short(news.Detail));
    }

    private static string Short(string text) => text.Length <= LongestDetail ? text : text[..LongestDetail] + "…";

    private sealed class UnderWay
    {
        public long Id { get; init; }

        public int Status { get; init; }

        public string? StatusReason { get; init; }

        public long? ChannelId { get; init; }

        public string Parts { get; init; } = "[]";

        public string? Routes { get; init; }

        public bool Uses(long channelId, TemplateChange change) =>
            (ChannelId == channelId || (Routes is { } routes && JsonSerializer.Deserialize<long[]>(routes)!.Contains(channelId)))
            && JsonSerializer.Deserialize<BroadcastPart[]>(Parts, BroadcastJson.Options)!.OfType<TemplatePart>().Any(p =>
                p.Name == change.Name && (change.Language is null || p.Language.Replace('-', '_').Equals(change.Language.Replace('-', '_'), StringComparison.OrdinalIgnoreCase)));
    }

    [LoggerMessage(1, LogLevel.Warning, "Channel {Channel}: the provider says of its template {Template} ({Language}) that it can be sent: {IsUsable}. {Detail}")]
    private partial void LogTemplate(long channel, string template, string language, bool isUsable, string detail);

    [LoggerMessage(2, LogLevel.Warning, "Channel {Channel}: the provider's new limit of recipients could not be set: {Why}")]
    private partial void LogLimit(long channel, string why);

    [LoggerMessage(3, LogLevel.Warning, "Channel {Channel}: news of the provider: {Detail}")]
    private partial void LogNews(long channel, string detail);
}
