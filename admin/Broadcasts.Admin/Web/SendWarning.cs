using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>What keeps no broadcast from starting and is yet worth a look before it does, with the place that changes it.</summary>
internal sealed record SendWarning(string Text, string Step, string Place)
{
    // Whom the content, and not he himself, is in the way.
    private static readonly string[] OfContent = [.. new[] { SkipReason.MissingValue, SkipReason.TemplateFault }.Select(r => Reasons.NameOf((int)r))];

    public string Href(long id) => $"{BroadcastSteps.AddressOf(id, Step)}#{Place}";

    public static IReadOnlyList<SendWarning> Of(BroadcastDetails details, Forecast forecast, IReadOnlyList<Channel> channels, Texts texts, Show show)
    {
        var warnings = new List<SendWarning>();
        foreach (var paused in channels.Where(c => c.Status == ChannelStatus.Paused)) warnings.Add(new(texts["Send.ChannelPaused", paused.Name], "channel", $"c-{paused.Id}"));
        if (forecast.Skipped.TryGetValue(Reasons.NameOf((int)SkipReason.NoAddress), out var unreached)) warnings.Add(new(texts.Count("Send.Unreached", unreached), "channel", "step-channel"));
        foreach (var reason in OfContent.Where(forecast.Skipped.ContainsKey)) warnings.Add(new($"{show.Reason(reason)}: {Show.Number(forecast.Skipped[reason])}", "content", "parts"));
        if (details.Template is { IsOld: true } template) warnings.Add(new(texts["Content.Newer", template.Latest], "content", "step-content"));
        if (forecast.FallbackZone > 0) warnings.Add(new(texts.Count("Send.Fallback", forecast.FallbackZone), "delivery", "step-delivery"));
        if (forecast.TimeOver > 0) warnings.Add(new(texts.Count("Send.TimeOver", forecast.TimeOver), "delivery", "w-at"));
        if (details.ExpiresAt < forecast.FinishAt) warnings.Add(new(texts["Send.ExpiresBefore", show.MomentText(details.ExpiresAt!.Value.ToUnixTimeMilliseconds())], "delivery", "expires"));
        return warnings;
    }
}
