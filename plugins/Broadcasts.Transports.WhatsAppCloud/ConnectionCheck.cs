using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Asks Meta about the number and the account, without sending anything.</summary>
internal sealed class ConnectionCheck(WhatsAppCloudSettings settings, GraphClient graph, GraphAnswers answers)
{
    private const string Fields = "id,status,quality_rating,throughput,whatsapp_business_manager_messaging_limit";

    /// <summary>What is wrong; null when the number can send.</summary>
    public async Task<SendOutcome?> FaultAsync(CancellationToken cancellationToken)
    {
        var (number, problem) = await AskAsync(settings.PhoneNumberId, "fields=" + Fields, cancellationToken).ConfigureAwait(false);
        // The names of fields change with the version, and one that is missing fails the call: then the id must do.
        if (problem?.Code == "100") (number, problem) = await AskAsync(settings.PhoneNumberId, "fields=id", cancellationToken).ConfigureAwait(false);
        using (number)
        {
            return problem ?? FaultOfNumber(number!.RootElement) ?? await FaultOfAccountAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private SendOutcome? FaultOfNumber(JsonElement number)
    {
        if (number.Text("id") is { } id && id != settings.PhoneNumberId) return Misconfigured($"Meta answered for another number, {id}.");
        return number.Text("status")?.ToUpperInvariant() switch
        {
            "BANNED" => SendOutcome.ChannelFault(FailureReason.Policy, $"Meta has banned the number. {Words(number)}", "BANNED"),
            "DELETED" or "DISCONNECTED" or "UNVERIFIED" or "MIGRATED" => Misconfigured($"The number is not in service. {Words(number)}"),
            _ => null,
        };
    }

    /// <summary>The account must be that of the number: news of any other is ignored, and its templates are not the number's.</summary>
    private async Task<SendOutcome?> FaultOfAccountAsync(CancellationToken cancellationToken)
    {
        var (numbers, problem) = await AskAsync($"{settings.WabaId}/phone_numbers", "fields=id&limit=100", cancellationToken).ConfigureAwait(false);
        using (numbers)
        {
            if (problem is not null) return problem;
            var isThere = numbers!.RootElement.Items("data").Any(n => n.Text("id") == settings.PhoneNumberId) || numbers.RootElement.Member("paging").Text("next") is not null;
            return isThere ? null : Misconfigured("The number does not belong to this WhatsApp Business Account.");
        }
    }

    private async Task<(JsonDocument? Document, SendOutcome? Problem)> AskAsync(string path, string query, CancellationToken cancellationToken)
    {
        var (answer, failure) = await graph.GetAsync(path, query, cancellationToken).ConfigureAwait(false);
        return answer is null ? (null, failure) : answers.OfCall(answer);
    }

    private static string Words(JsonElement number) =>
        $"Status {number.Text("status")}, quality {number.Text("quality_rating")}, limit {number.Text("whatsapp_business_manager_messaging_limit")}.";

    private static SendOutcome Misconfigured(string words) => SendOutcome.ChannelFault(FailureReason.Misconfigured, words);
}
