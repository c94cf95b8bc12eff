using System.Security.Cryptography;
using System.Text;
using MailKit.Net.Pop3;

namespace Broadcasts.Transports.Smtp;

/// <summary>
/// POP3: the cursor holds the unique ids (UIDL, shortened) of the mails that were read and are still there, the newest of them. Deleting, if
/// wanted, waits until the next poll: only then is what a mail said surely stored.
/// </summary>
internal sealed class Pop3Reader(SmtpSettings settings, ChannelContext context, OAuthTokens? tokens) : IMailboxReader
{
    private const string Version = "pop1:";
    private const int MostKnown = 2000;
    private const int NameLength = 8;

    public async Task ReadAsync(string? cursor, MailPage page, CancellationToken cancellationToken)
    {
        using var client = new Pop3Client();
        await MailboxConnection.OpenAsync(client, settings, context, tokens, cancellationToken).ConfigureAwait(false);
        if (!client.Capabilities.HasFlag(Pop3Capabilities.UIDL)) throw new NotSupportedException("The POP3 server gives no unique ids (UIDL).");
        var names = client.Count == 0 ? [] : (await client.GetMessageUidsAsync(cancellationToken).ConfigureAwait(false)).Select(Name).ToList();
        var sizes = client.Count == 0 ? [] : await client.GetMessageSizesAsync(cancellationToken).ConfigureAwait(false);
        var known = Known(cursor);
        var fresh = Fresh(names, known);
        // Only those that are there still, in the order of the mailbox.
        var read = new Queue<string>(names.Where(known.Contains));
        if (settings.DeleteAfterRead) await DeleteAsync(client, names, known, cancellationToken).ConfigureAwait(false);
        var done = 0;
        foreach (var index in fresh.Take(MailboxConnection.MostMails))
        {
            if (page.IsTimeUp) break;
            await page.TakeAsync(names[index], () => FetchAsync(client, index, sizes[index], cancellationToken), () => CursorOf(read, names[index])).ConfigureAwait(false);
            done++;
        }

        if (done == 0) page.MoveTo(Version + string.Concat(read));
        page.HasMore = done < fresh.Count;
        // QUIT: only now does the server delete.
        await client.DisconnectAsync(quit: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Mails that were not read yet. With more than are remembered, those in front of the oldest remembered one were read before it.</summary>
    private static List<int> Fresh(List<string> names, HashSet<string> known)
    {
        var first = known.Count < MostKnown ? 0 : Math.Max(0, names.FindIndex(known.Contains));
        return [.. Enumerable.Range(first, names.Count - first).Where(i => !known.Contains(names[i]))];
    }

    private static async Task DeleteAsync(Pop3Client client, List<string> names, HashSet<string> stored, CancellationToken cancellationToken)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (stored.Contains(names[i])) await client.DeleteMessageAsync(i, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>POP3 knows the whole mail or its headers: of a mail over the limit the headers alone.</summary>
    private async Task<Stream?> FetchAsync(Pop3Client client, int index, int size, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetStreamAsync(index, headersOnly: size > settings.MailboxMaxKilobytes * 1024, cancellationToken).ConfigureAwait(false);
        }
        catch (Pop3CommandException e)
        {
            context.Log.Write(TransportLogLevel.Warning, $"The mailbox does not give mail {index + 1}; it is left out.", e.StatusText);
            return null;
        }
    }

    private static string CursorOf(Queue<string> read, string name)
    {
        read.Enqueue(name);
        while (read.Count > MostKnown) read.Dequeue();
        return Version + string.Concat(read);
    }

    private static HashSet<string> Known(string? cursor) => cursor?.StartsWith(Version, StringComparison.Ordinal) == true
        ? [.. Enumerable.Range(0, (cursor.Length - Version.Length) / NameLength).Select(i => cursor.Substring(Version.Length + (i * NameLength), NameLength))]
        : [];

    private static string Name(string uidl) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(uidl)), 0, NameLength * 3 / 4);
}
