using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports;

/// <summary>An error of the Graph API, out of an answer or a webhook. Logic is built on the code: titles and messages change.</summary>
/// <param name="Code">The code.</param>
/// <param name="Subcode">The subcode, when there is one.</param>
/// <param name="Words">Meta's most exact words: the details, else the message, else the title.</param>
internal sealed record MetaError(int Code, int? Subcode, string Words)
{
    /// <summary>Code and subcode as a report shows them.</summary>
    public string Name => Subcode is { } subcode ? string.Create(CultureInfo.InvariantCulture, $"{Code}/{subcode}") : Code.ToString(CultureInfo.InvariantCulture);

    /// <summary>The error of an answer, whatever its HTTP status: Meta sends some with 200. Null when there is none.</summary>
    public static MetaError? In(JsonElement answer) => answer.Member("error") is { ValueKind: JsonValueKind.Object } error ? Of(error) : null;

    /// <summary>One error object. One without a code counts as code 1, "unknown error".</summary>
    public static MetaError Of(JsonElement error) => new(
        (int)Math.Clamp(error.Whole("code") ?? 1, int.MinValue, int.MaxValue),
        error.Whole("error_subcode") is { } subcode and > 0 and <= int.MaxValue ? (int)subcode : null,
        error.Member("error_data").Text("details") ?? error.Text("message") ?? error.Text("title") ?? error.Text("error_user_msg") ?? "");
}

/// <summary>When Meta lets a throttled caller in again.</summary>
internal static class MetaThrottle
{
    private const string BusinessUsage = "X-Business-Use-Case-Usage";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The later of <c>Retry-After</c> and the usage header's time to regain access; null when neither says one.</summary>
    public static DateTimeOffset? Until(ProviderAnswer answer, DateTimeOffset now)
    {
        var told = answer.RetryAt(now);
        var minutes = MinutesToRegain(answer.Headers);
        var regained = minutes > 0 ? now + TimeSpan.FromMinutes(Math.Min(minutes, Longest.TotalMinutes)) : (DateTimeOffset?)null;
        return told is null || regained > told ? regained ?? told : told;
    }

    /// <summary><c>{"ID":[{"type":…,"estimated_time_to_regain_access":MINUTES}]}</c>. Minutes, where every other API counts seconds.</summary>
    private static long MinutesToRegain(HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues(BusinessUsage, out var values)) return 0;
        using var usage = ProviderJson.Parse(Encoding.UTF8.GetBytes(string.Join(',', values)));
        if (usage is not { RootElement.ValueKind: JsonValueKind.Object }) return 0;
        return usage.RootElement.EnumerateObject().Where(account => account.Value.ValueKind == JsonValueKind.Array)
            .SelectMany(account => account.Value.EnumerateArray()).Select(use => use.Whole("estimated_time_to_regain_access") ?? 0).DefaultIfEmpty().Max();
    }
}
