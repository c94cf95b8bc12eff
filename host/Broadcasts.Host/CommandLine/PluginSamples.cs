using System.Text;
using Broadcasts.Host.Hosting;
using Broadcasts.Plugins;

namespace Broadcasts.Host.CommandLine;

/// <summary>Messages made up for a test, of a kind that the transport takes.</summary>
internal static class SampleMessages
{
    public static OutboundMessage For(TransportInfo info, string settingsJson, string? to, int number) => new()
    {
        Id = $"test-{number}",
        To = to ?? AddressOf(TransportCatalogue.AddressKindOf(info, settingsJson)),
        Content = TransportSelfTest.ContentFor(info.Capabilities.Content),
        IsTest = true,
    };

    private static string AddressOf(string kind) => kind switch
    {
        AddressKinds.Email => "someone@example.org",
        AddressKinds.Phone => "+15550100123",
        AddressKinds.WhatsApp => "15550100123",
        _ => "1234567890",
    };
}

/// <summary>A webhook request out of a file, as it came over the wire.</summary>
internal static class SampleWebhook
{
    /// <summary>Where the channel's webhooks arrive in a test; a request line with a path alone is meant for it.</summary>
    public static readonly Uri Address = new("https://broadcasts.example.org/hooks/1");

    /// <exception cref="StartException">It is not a request.</exception>
    public static WebhookRequest Read(string file)
    {
        var bytes = File.ReadAllBytes(Cli.ExistingFile(file));
        var (head, body) = Split(bytes);
        var lines = head.Split('\n').Select(l => l.TrimEnd('\r')).ToArray();
        if (lines[0].Split(' ') is not [var method, var target, ..] || !Uri.TryCreate(Address, target, out var url))
            throw Wrong(file, "The first line is not a request such as 'POST /hooks/1 HTTP/1.1'.");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon)) throw Wrong(file, $"line {i + 1} is not 'Name: value'.");
            headers[lines[i][..colon].Trim()] = lines[i][(colon + 1)..].Trim();
        }

        return new WebhookRequest { Method = method.ToUpperInvariant(), Url = url, Headers = headers, Body = body };
    }

    private static (string Head, byte[] Body) Split(byte[] bytes)
    {
        foreach (var end in new[] { "\r\n\r\n", "\n\n" })
        {
            if (bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(end)) is >= 0 and var at) return (Encoding.ASCII.GetString(bytes, 0, at), bytes[(at + end.Length)..]);
        }

        return (Encoding.ASCII.GetString(bytes).TrimEnd(), []);
    }

    private static StartException Wrong(string file, string why) => new($"{file}: {why} It must be a request as it came: request line, headers, an empty line, body.", ExitCodes.Usage);
}
