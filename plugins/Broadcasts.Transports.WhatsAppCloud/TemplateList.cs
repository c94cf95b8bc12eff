using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Lists the templates of the account, page by page.</summary>
internal sealed partial class TemplateList(WhatsAppCloudSettings settings, GraphClient graph, GraphAnswers answers)
{
    private const int PageSize = 100;
    private const int MostPages = 100;
    private const string Fields = "name,language,status,category,components,parameter_format";

    /// <exception cref="TransportConfigurationException">Meta refuses the settings.</exception>
    /// <exception cref="IOException">Meta can't be reached or answers with another error.</exception>
    public async IAsyncEnumerable<ProviderTemplate> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        for (var page = 0; page < MostPages; page++)
        {
            using var document = await PageAsync(cursor, cancellationToken).ConfigureAwait(false);
            foreach (var template in document.RootElement.Items("data").Select(Of).OfType<ProviderTemplate>()) yield return template;

            // A cursor comes with the last page too; only "next" says that there is more. Its address holds the token: the cursor is used instead.
            var paging = document.RootElement.Member("paging");
            var after = paging.Member("cursors").Text("after");
            if (paging.Text("next") is null || after is null || after == cursor) yield break;
            cursor = after;
        }
    }

    /// <summary>One template out of Meta's list; null when it has no name or language.</summary>
    public static ProviderTemplate? Of(JsonElement template)
    {
        if (template.Text("name") is not { } name || template.Text("language") is not { } language) return null;
        var state = template.Text("status") ?? "";
        return new ProviderTemplate
        {
            Name = name,
            Language = language.Replace('_', '-'),
            State = state,
            IsUsable = state == "APPROVED",
            Body = template.Items("components").FirstOrDefault(c => TypeOf(c) == "BODY").Text("text"),
            Parameters = [.. template.Items("components").SelectMany(ParametersOf)],
        };
    }

    private async Task<JsonDocument> PageAsync(string? cursor, CancellationToken cancellationToken)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"fields={Fields}&limit={PageSize}") + (cursor is null ? "" : "&after=" + Uri.EscapeDataString(cursor));
        var (answer, failure) = await graph.GetAsync($"{settings.WabaId}/message_templates", query, cancellationToken).ConfigureAwait(false);
        if (answer is null) throw new IOException(failure!.ToString());
        var (document, problem) = answers.OfCall(answer);
        return document ?? throw (problem!.Kind == SendOutcomeKind.ChannelFault ? new TransportConfigurationException(problem.ToString()) : new IOException(problem.ToString()));
    }

    private static IEnumerable<string> ParametersOf(JsonElement component) => TypeOf(component) switch
    {
        "HEADER" => HeaderParameters(component),
        "BODY" => Placeholders(component.Text("text")).Select(p => "body." + p),
        "BUTTONS" => component.Items("buttons").SelectMany(ButtonParameters),
        // Their contents can't be filled by this transport; named, so that nobody is surprised.
        "CAROUSEL" => ["carousel"],
        "LIMITED_TIME_OFFER" => ["limited_time_offer"],
        _ => [],
    };

    private static IEnumerable<string> HeaderParameters(JsonElement header) => header.Text("format")?.ToUpperInvariant() switch
    {
        "IMAGE" => ["header.image"],
        "VIDEO" => ["header.video"],
        "DOCUMENT" => ["header.document"],
        "LOCATION" => ["header.location"],
        _ => Placeholders(header.Text("text")).Select(p => "header." + p),
    };

    // Only what a call must give: a quick reply's payload and a flow's token are optional.
    private static IEnumerable<string> ButtonParameters(JsonElement button, int index)
    {
        var place = "button." + index.ToString(CultureInfo.InvariantCulture);
        return TypeOf(button) switch
        {
            "URL" when Placeholders(button.Text("url")).Any() => [place],
            "OTP" => [place],
            "COPY_CODE" => [place + ".copy_code"],
            _ => [],
        };
    }

    private static IEnumerable<string> Placeholders(string? text) => Placeholder().Matches(text ?? "").Select(m => m.Groups[1].Value).Distinct();

    private static string? TypeOf(JsonElement part) => part.Text("type")?.ToUpperInvariant();

    [GeneratedRegex(@"\{\{\s*([A-Za-z0-9_]+)\s*\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
