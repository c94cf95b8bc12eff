using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Broadcasts.Transports;

/// <summary>As much of an IMAP server as reading a folder takes.</summary>
internal sealed partial class FakeImapServer : FakeLineServer
{
    /// <summary>The mails by UID.</summary>
    public SortedDictionary<uint, string> Mails { get; } = [];

    public uint UidValidity { get; set; } = 7;

    public bool AnnouncesUidNext { get; set; } = true;

    protected override string Greeting => "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR] fake\r\n";

    public void Add(string mail) => Mails[Mails.Count == 0 ? 1 : Mails.Keys.Max() + 1] = mail;

    protected override bool IsFarewell(string line) => line.EndsWith(" LOGOUT", StringComparison.OrdinalIgnoreCase);

    protected override Func<string, byte[]> NewSession() => line =>
    {
        var parts = line.Split(' ', 3);
        var (tag, verb, rest) = (parts[0], parts.Length > 1 ? parts[1].ToUpperInvariant() : "", parts.Length > 2 ? parts[2] : "");
        return verb switch
        {
            "CAPABILITY" => Text($"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR\r\n{tag} OK\r\n"),
            "LIST" => Text((rest.Contains("INBOX", StringComparison.OrdinalIgnoreCase) ? "* LIST () \"/\" \"INBOX\"\r\n" : rest == "\"\" \"\"" ? "* LIST (\\Noselect) \"/\" \"\"\r\n" : "") + $"{tag} OK\r\n"),
            "EXAMINE" or "SELECT" => Text($"* FLAGS (\\Seen)\r\n* {Mails.Count} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {UidValidity}] v\r\n{UidNext()}{tag} OK [READ-ONLY] done\r\n"),
            "UID" => Uid(tag, rest),
            "LOGOUT" => Text($"* BYE\r\n{tag} OK\r\n"),
            _ => Text($"{tag} OK\r\n"),
        };
    };

    private string UidNext() => AnnouncesUidNext ? $"* OK [UIDNEXT {(Mails.Count == 0 ? 1 : Mails.Keys.Max() + 1)}] n\r\n" : "";

    private byte[] Uid(string tag, string rest)
    {
        if (Search().Match(rest) is { Success: true } search)
        {
            var from = uint.Parse(search.Groups["from"].Value, CultureInfo.InvariantCulture);
            var to = search.Groups["to"] is { Success: true } end ? end.Value == "*" ? uint.MaxValue : uint.Parse(end.Value, CultureInfo.InvariantCulture) : from;
            // "n:*" holds the last mail whatever n is.
            var found = Mails.Keys.Where(u => (u >= from && u <= to) || (to == uint.MaxValue && u == Mails.Keys.Max()));
            return Text($"* SEARCH {string.Join(' ', found)}\r\n{tag} OK\r\n");
        }

        if (Fetch().Match(rest) is not { Success: true } fetch) return Text($"{tag} BAD what?\r\n");
        var uid = uint.Parse(fetch.Groups["uid"].Value, CultureInfo.InvariantCulture);
        if (!Mails.TryGetValue(uid, out var mail)) return Text($"{tag} OK\r\n");
        var bytes = Encoding.UTF8.GetBytes(mail.ReplaceLineEndings("\r\n"));
        bytes = bytes[..Math.Min(bytes.Length, int.Parse(fetch.Groups["count"].Value, CultureInfo.InvariantCulture))];
        var number = Mails.Keys.ToList().IndexOf(uid) + 1;
        return [.. Text($"* {number} FETCH (UID {uid} BODY[]<0> {{{bytes.Length}}}\r\n"), .. bytes, .. Text($")\r\n{tag} OK\r\n")];
    }

    [GeneratedRegex(@"^SEARCH (RETURN \(\) )?(UID )?(?<from>\d+)(:(?<to>\d+|\*))?", RegexOptions.IgnoreCase)]
    private static partial Regex Search();

    [GeneratedRegex(@"^FETCH (?<uid>\d+) \(?BODY\.PEEK\[\]<0\.(?<count>\d+)>\)?", RegexOptions.IgnoreCase)]
    private static partial Regex Fetch();
}
