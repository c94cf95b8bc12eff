using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Translates one proven webhook. It may carry many entries and changes, of other numbers and accounts too: one app has one webhook address for all of them.</summary>
internal sealed class WebhookReader(WhatsAppCloudSettings settings, TimeProvider time, ITransportLog log)
{
    private const string Product = "whatsapp_business_account";
    private readonly string[] _optOutPayloads = settings.OptOutPayloads.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    public WebhookResult Read(ReadOnlyMemory<byte> body)
    {
        using var document = ProviderJson.Parse(body);
        if (document is not { RootElement: var root } || root.Member("entry").ValueKind != JsonValueKind.Array) return Refused("The body is no object with an array 'entry'.");
        if (root.Text("object") is { } product && product != Product) return new WebhookResult();

        var events = root.Items("entry").SelectMany(ChangesOf).SelectMany(Read);
        return new WebhookResult { Events = [.. events.DistinctBy(e => e.Key)] };
    }

    private IEnumerable<Change> ChangesOf(JsonElement entry)
    {
        var at = entry.Time("time");
        return entry.Items("changes").Select(change => new Change(
            change.Text("field") ?? "", change.Member("value"), entry.Text("id") ?? "", at ?? time.GetUtcNow(), at is null ? "" : entry.Text("time")!));
    }

    private IEnumerable<TransportEvent> Read(Change change)
    {
        switch (change.Field)
        {
            case "messages" or "user_preferences" or "user_id_update":
                return IsOurNumber(change) ? ReadNumber(change) : [];
            case "message_template_status_update" or "message_template_quality_update" or "template_category_update":
                return IsOurAccount(change) ? TemplateEvents.Of(change) : [];
            case "business_capability_update" or "phone_number_quality_update" or "account_update" or "account_alerts" or "account_review_update":
                return IsOurAccount(change) ? AccountEvents.Of(change) : [];
            default:
                if (log.IsEnabled(TransportLogLevel.Debug)) log.Write(TransportLogLevel.Debug, $"A webhook has a field that is not used: {Short(change.Field)}.");
                return [];
        }
    }

    private IEnumerable<TransportEvent> ReadNumber(Change change) =>
        StatusEvents.Of(change).Concat(InboundEvents.Of(change, _optOutPayloads)).Concat(UserEvents.Of(change));

    private bool IsOurNumber(Change change) => change.Value.Member("metadata").Text("phone_number_id") is not { } number || number == settings.PhoneNumberId;

    private bool IsOurAccount(Change change) => change.Account == settings.WabaId;

    private static string Short(string text) => text.Length <= 60 ? text : text[..60];

    private static WebhookResult Refused(string why) => new() { Status = 400, MediaType = "text/plain", Body = Encoding.UTF8.GetBytes(why) };
}
