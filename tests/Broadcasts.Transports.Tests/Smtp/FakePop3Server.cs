using System.Globalization;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>As much of a POP3 server as reading and deleting takes. Deletes at QUIT alone, as RFC 1939 has it.</summary>
internal sealed class FakePop3Server : FakeLineServer
{
    /// <summary>The mails with their unique ids.</summary>
    public List<(string Uidl, string Mail)> Mails { get; } = [];

    protected override string Greeting => "+OK fake\r\n";

    protected override bool IsFarewell(string line) => line == "QUIT";

    protected override Func<string, byte[]> NewSession()
    {
        var deleted = new HashSet<int>();
        return line =>
        {
            var parts = line.Split(' ');
            return Text(parts[0] switch
            {
                "CAPA" => "+OK\r\nUIDL\r\nTOP\r\nUSER\r\nSASL PLAIN\r\n.\r\n",
                "STAT" => $"+OK {Mails.Count} {Mails.Sum(m => m.Mail.Length)}\r\n",
                "UIDL" when parts.Length == 1 => Listing(m => m.Uidl),
                "LIST" when parts.Length == 1 => Listing(m => Encoding.UTF8.GetByteCount(m.Mail).ToString(CultureInfo.InvariantCulture)),
                "RETR" => "+OK\r\n" + Stuffed(Mail(parts[1])) + ".\r\n",
                "TOP" => "+OK\r\n" + Stuffed(Mail(parts[1])).Split("\r\n\r\n", 2)[0] + "\r\n\r\n.\r\n",
                "DELE" => deleted.Add(Index(parts[1])) ? "+OK\r\n" : "-ERR\r\n",
                "QUIT" => Leave(deleted),
                _ => "+OK\r\n",
            });
        };
    }

    private string Leave(HashSet<int> deleted)
    {
        foreach (var index in deleted.OrderDescending()) Mails.RemoveAt(index);
        return "+OK bye\r\n";
    }

    private string Listing(Func<(string Uidl, string Mail), string> what) =>
        "+OK\r\n" + string.Concat(Mails.Select((m, i) => $"{i + 1} {what(m)}\r\n")) + ".\r\n";

    private string Mail(string number) => Mails[Index(number)].Mail.ReplaceLineEndings("\r\n");

    private static int Index(string number) => int.Parse(number, CultureInfo.InvariantCulture) - 1;

    private static string Stuffed(string mail) =>
        string.Concat(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(mail)).TrimEnd().Split("\r\n").Select(l => (l.StartsWith('.') ? "." + l : l) + "\r\n"));
}
