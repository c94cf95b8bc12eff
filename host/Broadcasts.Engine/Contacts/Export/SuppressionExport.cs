using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcasts.Security;

namespace Broadcasts.Contacts.Export;

/// <summary>Writes the suppression list as a CSV file that its import reads again. One page is in memory at a time, and no transaction stays open.</summary>
internal sealed class SuppressionExport(SuppressionStore suppressions, AuditStore audit)
{
    internal const string Header = "kind,address,channel,reason,source,since\r\n";

    private const int EntriesPerPage = 1_000;

    /// <summary>Writes the entries of the filter, in the order of kind and address.</summary>
    /// <returns>How many were written.</returns>
    public Task<long> WriteAsync(SuppressionFilter filter, string actor, TextWriter output, CancellationToken cancellationToken)
    {
        var isFirst = true;
        SuppressionCursor? cursor = null;
        return new PagedCsv(audit, "suppressions", "entries").WriteAsync(InWords(filter), actor, output, async lines =>
        {
            if (isFirst) lines.Append(Header);
            isFirst = false;
            var page = await suppressions.ListAsync(filter, cursor, EntriesPerPage, cancellationToken);
            foreach (var entry in page.Items) Append(lines, entry);
            cursor = page.Next;
            return (page.Items.Count, cursor is not null);
        }, cancellationToken);
    }

    internal static void Append(StringBuilder lines, Suppression entry)
    {
        lines.Append(entry.Kind.Name());
        Add(ContactExport.Address(entry.Kind, entry.Value));
        Add(entry.ChannelId == 0 ? null : entry.ChannelName ?? entry.ChannelId.ToString(CultureInfo.InvariantCulture));
        Add(JsonNamingPolicy.CamelCase.ConvertName(entry.Reason.ToString()));
        Add(entry.Source);
        Add(ContactExport.Time(entry.CreatedAt));
        lines.Append("\r\n");

        void Add(string? text)
        {
            lines.Append(',');
            CsvText.Append(lines, text);
        }
    }

    internal static string InWords(SuppressionFilter filter)
    {
        var words = new List<string>();
        if (filter.Kind is { } kind) words.Add(kind.Name());
        if (!string.IsNullOrWhiteSpace(filter.Search)) words.Add("a search");
        if (filter.ChannelId is { } channel) words.Add(channel == 0 ? "for all channels" : string.Create(CultureInfo.InvariantCulture, $"channel:{channel}"));
        if (filter.Reason is { } reason) words.Add(JsonNamingPolicy.CamelCase.ConvertName(reason.ToString()));
        return words.Count == 0 ? "everything" : string.Join(", ", words);
    }
}
