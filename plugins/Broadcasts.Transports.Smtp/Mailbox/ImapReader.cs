using System.Globalization;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;

namespace Broadcasts.Transports.Smtp;

/// <summary>
/// IMAP: the cursor is UIDVALIDITY and the last UID (RFC 9051, 2.3.1.1). When the server gives the folder new UIDs, all is read again: what the
/// mails say has keys that do not depend on UIDs, so nothing happens twice. The folder is opened read-only; no flag changes, nothing is deleted.
/// </summary>
internal sealed class ImapReader(SmtpSettings settings, ChannelContext context, OAuthTokens? tokens) : IMailboxReader
{
    private const string Version = "imap1";
    // UIDs asked for at once, so that the list of a large mailbox stays short.
    private const uint Window = 5000;

    public async Task ReadAsync(string? cursor, MailPage page, CancellationToken cancellationToken)
    {
        using var client = new ImapClient();
        await MailboxConnection.OpenAsync(client, settings, context, tokens, cancellationToken).ConfigureAwait(false);
        var folder = settings.MailboxFolder.Equals("INBOX", StringComparison.OrdinalIgnoreCase)
            ? client.Inbox ?? throw new FolderNotFoundException("INBOX")
            : await client.GetFolderAsync(settings.MailboxFolder, cancellationToken).ConfigureAwait(false);
        await folder.OpenAsync(FolderAccess.ReadOnly, cancellationToken).ConfigureAwait(false);
        var last = LastOf(cursor, folder.UidValidity);
        var (uids, end) = await NextAsync(folder, last, cancellationToken).ConfigureAwait(false);
        foreach (var uid in uids.Take(MailboxConnection.MostMails))
        {
            if (page.IsTimeUp) break;
            await page.TakeAsync($"{folder.UidValidity}:{uid.Id}", () => FetchAsync(folder, uid, cancellationToken), () => CursorOf(folder, last = uid.Id)).ConfigureAwait(false);
        }

        if (uids.Count == 0) page.MoveTo(CursorOf(folder, last = Math.Max(last, end)));
        page.HasMore = folder.UidNext is { } next ? last + 1 < next.Id : uids.Count > 0 && uids[^1].Id > last;
        await client.DisconnectAsync(quit: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>UIDs after the last one, in order, and how far was looked.</summary>
    private static async Task<(List<UniqueId> Uids, uint End)> NextAsync(IMailFolder folder, uint last, CancellationToken cancellationToken)
    {
        var top = folder.UidNext is { } next ? next.Id - 1 : uint.MaxValue;
        if (last >= top) return ([], last);
        var end = top == uint.MaxValue || top - last <= Window ? top : last + Window;
        var found = await SearchAsync(folder, last, end, cancellationToken).ConfigureAwait(false);
        if (found.Count > 0 || end == top) return (found, end == uint.MaxValue ? last : end);
        // A wide gap, as servers leave that moved many mails: not step by step through it.
        return (await SearchAsync(folder, end, top, cancellationToken).ConfigureAwait(false), top);
    }

    private static async Task<List<UniqueId>> SearchAsync(IMailFolder folder, uint last, uint end, CancellationToken cancellationToken)
    {
        var range = new UniqueIdRange(new UniqueId(last + 1), end == uint.MaxValue ? UniqueId.MaxValue : new UniqueId(end));
        var found = await folder.SearchAsync(SearchQuery.Uids(range), cancellationToken).ConfigureAwait(false);
        // "n:*" always holds the last mail, also when it is older (RFC 9051, 6.4.4).
        return [.. found.Where(u => u.Id > last).OrderBy(u => u.Id)];
    }

    /// <summary>The first part of a mail, up to the limit: a report and a text come first, an attachment behind them. BODY.PEEK leaves it unread.</summary>
    private async Task<Stream?> FetchAsync(IMailFolder folder, UniqueId uid, CancellationToken cancellationToken)
    {
        try
        {
            return await folder.GetStreamAsync(uid, 0, settings.MailboxMaxKilobytes * 1024, cancellationToken).ConfigureAwait(false);
        }
        catch (MessageNotFoundException)
        {
            return null; // somebody deleted it meanwhile
        }
        catch (ImapCommandException e)
        {
            context.Log.Write(TransportLogLevel.Warning, $"The mailbox does not give mail {uid.Id}; it is left out.", e.Response.ToString());
            return null;
        }
    }

    private static string CursorOf(IMailFolder folder, uint last) => string.Create(CultureInfo.InvariantCulture, $"{Version}:{folder.UidValidity}:{last}");

    private static uint LastOf(string? cursor, uint validity) =>
        cursor?.Split(':') is [Version, var known, var last] && known == validity.ToString(CultureInfo.InvariantCulture)
        && uint.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var uid) ? uid : 0;
}
