using System.Globalization;
using System.Text;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Export;

namespace Broadcasts.Security;

/// <summary>Writes the audit as a CSV file, the newest entry first. One page is in memory at a time; who takes it out is in it.</summary>
internal sealed class AuditExport(AuditStore audit)
{
    internal const string Header = "number,at,actor,action,subject,detail,changes,hash\r\n";

    private const int EntriesPerPage = 1_000;

    /// <summary>Writes the entries of the filter.</summary>
    /// <returns>How many were written.</returns>
    public Task<long> WriteAsync(AuditFilter filter, string actor, TextWriter output, CancellationToken cancellationToken)
    {
        long? before = null;
        return new PagedCsv(audit, "audit", "entries").WriteAsync(InWords(filter), actor, output, async lines =>
        {
            if (before is null) lines.Append(Header);
            var page = await audit.ListAsync(filter, before, EntriesPerPage, cancellationToken);
            foreach (var entry in page) Append(lines, entry);
            before = page.Count > 0 ? page[^1].Id : before ?? 0;
            return (page.Count, page.Count == EntriesPerPage);
        }, cancellationToken);
    }

    private static void Append(StringBuilder lines, AuditEntry entry)
    {
        lines.Append(CultureInfo.InvariantCulture, $"{entry.Number}");
        foreach (var cell in (ReadOnlySpan<string?>)[entry.At.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), entry.Actor, entry.Action, entry.Subject, entry.Detail, AuditChange.Write(entry.Changes), entry.Hash])
        {
            lines.Append(',');
            CsvText.Append(lines, cell);
        }

        lines.Append("\r\n");
    }

    private static string InWords(AuditFilter filter)
    {
        var words = new List<string>();
        if (filter.Actor is { } actor) words.Add($"by {actor}");
        if (filter.Action is { } action) words.Add(action);
        if (filter.Subject is { } subject) words.Add($"of {subject}");
        if (filter.From is { } from) words.Add(string.Create(CultureInfo.InvariantCulture, $"from {from.UtcDateTime:u}"));
        if (filter.To is { } to) words.Add(string.Create(CultureInfo.InvariantCulture, $"before {to.UtcDateTime:u}"));
        return words.Count == 0 ? "everything" : string.Join(", ", words);
    }
}
