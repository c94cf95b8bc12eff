using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>
/// <see cref="Reach"/> as it would be if the sending began at a moment: with what is not decided when the audience is written down but when a message is about to leave, by the same conditions. The frequency cap, and
/// the time for which a provider takes free content after a message from the contact.
/// </summary>
internal sealed class ReachAhead(Database database, TransportCatalogue transports, SendingRulesStore rules)
{
    // As the sending asks: what the cap holds back is not rendered, and a closed window is seen in what was rendered.
    /// <summary>Rows as <see cref="Reach.Sql"/> has them, and <c>later</c>: the reason for which a message that could leave would not.</summary>
    /// <param name="where">Over <c>contacts c</c>, bounded by ids.</param>
    public string Sql(string where) => $"""
        SELECT r.*, CASE WHEN r.reason IS NOT NULL THEN NULL
                         WHEN @most > 0 AND (SELECT COUNT(DISTINCT e.id >> 32) FROM deliveries e JOIN broadcasts b ON b.id = e.id >> 32 AND b.kind = 0
                                              WHERE e.contact_id = r.id AND e.id >> 32 <> @broadcast AND {RecipientLoader.IsReached("")}) >= @most THEN 140
                         WHEN r.open_since IS NOT NULL AND (r.heard_at IS NULL OR r.heard_at <= r.open_since) THEN 141 END AS later
          FROM ({Reach.Sql(database.Dialect, where)}) AS r
        """;

    /// <summary>What it is asked with, the bounds of ids apart.</summary>
    /// <param name="broadcast">Whose content and safety count.</param>
    /// <param name="audience">Whose condition is in the query.</param>
    /// <param name="channels">In their order.</param>
    /// <param name="at">When the sending would begin, Unix milliseconds.</param>
    public async Task<DynamicParameters> ParametersAsync(Broadcast broadcast, FrozenAudience audience, IReadOnlyList<Channel> channels, long at)
    {
        // Without content it can still become a template that the provider holds; until then its window counts.
        var parts = broadcast.ReadParts();
        var isFree = parts.Count == 0 || parts.Any(p => p is not TemplatePart);
        var cap = broadcast.ReadSafety().IgnoresFrequencyCap ? null : (await rules.GetAsync()).FrequencyCap;
        var parameters = Reach.Parameters(audience, channels, c => isFree && transports.Find(c.Transport)?.Capabilities.MessagingWindow is { } window ? at - (long)window.TotalMilliseconds : null);
        parameters.Add("broadcast", broadcast.Id);
        parameters.Add("most", cap?.Count ?? 0);
        parameters.Add("since", cap?.Since(at) ?? 0);
        return parameters;
    }
}
