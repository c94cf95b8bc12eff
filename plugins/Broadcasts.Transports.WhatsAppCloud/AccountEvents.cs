namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>News of the account: its limit of recipients, the number's quality, restrictions.</summary>
internal static class AccountEvents
{
    public static IEnumerable<TransportEvent> Of(Change change) => change.Field switch
    {
        "business_capability_update" => Capability(change),
        "phone_number_quality_update" => Quality(change),
        "account_update" => [Update(change)],
        "account_alerts" => [News(change, $"Alert: {Joined(change.Value.Text("alert_type"), change.Value.Text("alert_severity"), change.Value.Text("alert_description"), change.Value.Member("alert_info").Text("alert_type"), change.Value.Member("alert_info").Text("alert_severity"), change.Value.Member("alert_info").Text("alert_description"))}")],
        _ => [News(change, $"Review of the account: {change.Value.Text("decision")}")],
    };

    private static IEnumerable<TransportEvent> Capability(Change change)
    {
        // The fields of a single number are the ones of old, before the limit became the business portfolio's.
        string[] names = ["max_daily_conversations_per_business", "max_daily_conversation_per_business", "max_daily_conversation_per_phone", "max_daily_conversations_per_phone"];
        return Limit(change, names.Select(n => change.Value.Text(n)).FirstOrDefault(t => t is not null));
    }

    private static IEnumerable<TransportEvent> Quality(Change change)
    {
        var value = change.Value;
        var what = value.Text("event");
        var limit = value.Text("max_daily_conversations_per_business");
        var news = News(change, $"Number {value.Text("display_phone_number")}: {Joined(what, limit ?? value.Text("current_limit"))}");
        // With an upgrade of the throughput the same words mean messages per second.
        return what == "THROUGHPUT_UPGRADE" ? [news] : [news, .. Limit(change, limit)];
    }

    private static IEnumerable<TransportEvent> Limit(Change change, string? text)
    {
        if (!MessagingLimit.TryRead(text, out var recipients)) return [];
        return [new RecipientLimitChange { Key = change.Key(":limit"), At = change.At, Recipients = recipients, Account = change.Account }];
    }

    private static ChannelNews Update(Change change)
    {
        var value = change.Value;
        var what = value.Text("event") ?? "";
        var ban = value.Member("ban_info").Text("waba_ban_state");
        var restrictions = value.Items("restriction_info").ToArray();
        var detail = Joined([
            what, ban, value.Member("ban_info").Text("waba_ban_date"), value.Member("violation_info").Text("violation_type"),
            .. restrictions.Select(r => $"{r.Text("restriction_type")} until {r.Text("expiration")}")]);
        var stops = what switch
        {
            "DISABLED_UPDATE" => ban is not ("REINSTATE" or "SCHEDULE_FOR_DISABLE"),
            "ACCOUNT_DELETED" => true,
            // Calls, or the number of numbers, may be restricted too: that stops no message.
            "ACCOUNT_RESTRICTION" => restrictions.Length == 0 || restrictions.Any(r => r.Text("restriction_type") is null or "RESTRICTED_BIZ_INITIATED_MESSAGING" or "RESTRICTED_CUSTOMER_INITIATED_MESSAGING"),
            _ => false,
        };
        return News(change, $"Account: {detail}", stops ? FailureReason.Policy : null);
    }

    private static ChannelNews News(Change change, string detail, FailureReason? fault = null) => new() { Key = change.Key(), At = change.At, Fault = fault, Detail = detail };

    private static string Joined(params string?[] parts) => string.Join(", ", parts.Where(p => !string.IsNullOrEmpty(p)));
}
