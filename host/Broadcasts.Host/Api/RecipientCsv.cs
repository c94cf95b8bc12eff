using System.Globalization;
using System.Text.Json;
using Broadcasts.Reporting;

namespace Broadcasts.Host.Api;

/// <summary>Ledger rows as lines of CSV that a spreadsheet can't mistake for formulas.</summary>
internal static class RecipientCsv
{
    public const string Header = "contact_id,name,address,part,status,reason,attempts,provider_id,sent_at,delivered_at,read_at,ended_at\r\n";

    public static string Line(RecipientRow row) => string.Join(',',
        row.ContactId.ToString(CultureInfo.InvariantCulture),
        Cell(row.ContactName),
        Cell(row.Address),
        row.Part.ToString(CultureInfo.InvariantCulture),
        JsonNamingPolicy.CamelCase.ConvertName(row.Status.ToString()),
        row.Reason ?? "",
        row.Attempts.ToString(CultureInfo.InvariantCulture),
        Cell(row.ProviderId),
        Time(row.SentAt),
        Time(row.DeliveredAt),
        Time(row.ReadAt),
        Time(row.EndedAt)) + "\r\n";

    private static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        // A spreadsheet runs what begins like a formula; a telephone number begins so too and is harmless.
        if (text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !IsPhone(text)) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static bool IsPhone(string text) => text[0] == '+' && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    private static string Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";
}
