using System.Globalization;
using System.Text;
using Broadcasts.Security;

namespace Broadcasts.Contacts.Export;

/// <summary>Writes a CSV file page by page; who took out how much of what is in the audit, also when it is broken off.</summary>
/// <param name="audit">The record of acts.</param>
/// <param name="what">Contacts or suppressions, as the audit names them.</param>
/// <param name="unit">What is counted.</param>
internal sealed class PagedCsv(AuditStore audit, string what, string unit)
{
    /// <summary>Adds the next page's lines; answers how many, and whether another page follows.</summary>
    public delegate Task<(int Written, bool HasMore)> NextPage(StringBuilder lines);

    /// <param name="asked">The filter in words, for the audit.</param>
    /// <param name="actor">Who takes them out.</param>
    /// <param name="output">Where to.</param>
    /// <param name="nextPage">The lines; the first call adds the header too.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <returns>How many were written.</returns>
    public async Task<long> WriteAsync(string asked, string actor, TextWriter output, NextPage nextPage, CancellationToken cancellationToken)
    {
        // Before the first of them: whoever begins to take people out is on record, also when the process dies here.
        await audit.AppendAsync(actor, $"{what}.export", what, asked, cancellationToken);
        long total = 0;
        var isWhole = false;
        try
        {
            var lines = new StringBuilder();
            do
            {
                var (written, hasMore) = await nextPage(lines);
                await output.WriteAsync(lines, cancellationToken);
                await output.FlushAsync(cancellationToken);
                total += written;
                lines.Clear();
                isWhole = !hasMore;
            }
            while (!isWhole);
            return total;
        }
        finally
        {
            await audit.AppendAsync(actor, $"{what}.exported", what, string.Create(CultureInfo.InvariantCulture, $"{total} {unit}{(isWhole ? "" : ", broken off")}; {asked}"), CancellationToken.None);
        }
    }
}
