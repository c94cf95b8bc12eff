using Broadcasts.TestKit;
using Broadcasts.Transports.Smtp;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What the tests of mailboxes share: a channel whose mailbox is a server on loopback.</summary>
public abstract class MailboxTests : IAsyncDisposable
{
    private protected const string MailboxPassword = "marked-mailbox-password-31337";
    private readonly List<IAsyncDisposable> _open = [];

    private protected FakeChannelContext? Context { get; private set; }

    private protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

    public virtual async ValueTask DisposeAsync()
    {
        foreach (var transport in _open) await transport.DisposeAsync();
        Context?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task<IEventPoller> OpenAsync(string protocol, int port, string more = "", bool realTime = false)
    {
        Context?.Dispose();
        Context = new FakeChannelContext($$"""
            {"host": "127.0.0.1", "port": 1, "from": "news@example.net", "bounceAddress": "bounce@example.net", "bounceKey": "{{MailSamples.Key}}",
             "mailboxProtocol": "{{protocol}}", "mailboxPort": {{port}}, "mailboxSecurity": "none", "mailboxUsername": "box", "mailboxPassword": "{{MailboxPassword}}"{{more}}}
            """, realTime ? TimeProvider.System : Time);
        var transport = await new SmtpPlugin().CreateAsync(Context, TestContext.Current.CancellationToken);
        _open.Add(transport);
        return (IEventPoller)transport;
    }

    /// <summary>Polls as the host does, until nothing more is waiting.</summary>
    private protected static async Task<(List<TransportEvent> Events, string? Cursor)> PollAllAsync(IEventPoller poller, string? cursor = null)
    {
        var events = new List<TransportEvent>();
        for (var more = true; more;)
        {
            var result = await poller.PollAsync(cursor, TestContext.Current.CancellationToken);
            events.AddRange(result.Events);
            (cursor, more) = (result.Cursor, result.HasMore);
        }

        return (events, cursor);
    }
}
