using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Broadcasts.Transports.Smtp;

/// <summary>The connections of one channel: a bounded number, used again and again, closed when they have sent their share or idle.</summary>
internal sealed class SmtpConnections : IAsyncDisposable
{
    // Well below the five minutes of RFC 5321, after which servers hang up.
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan QuitLimit = TimeSpan.FromSeconds(2);
    private readonly SmtpSettings _settings;
    private readonly ChannelContext _context;
    private readonly OAuthTokens? _tokens;
    private readonly SemaphoreSlim _free;
    private readonly ConcurrentStack<SmtpConnection> _idle = new();
    private readonly ITimer _sweep;
    private bool _disposed;

    public SmtpConnections(SmtpSettings settings, ChannelContext context, OAuthTokens? tokens)
    {
        (_settings, _context, _tokens) = (settings, context, tokens);
        _free = new SemaphoreSlim(settings.MaxConnections, settings.MaxConnections);
        _sweep = context.Time.CreateTimer(static self => _ = ((SmtpConnections)self!).CloseIdleAsync(), this, IdleLimit, IdleLimit / 2);
    }

    public string ServerName => $"{_settings.Host}:{_settings.EffectivePort}";

    /// <summary>A place for one connection. Cancelled while it waits: nothing was sent.</summary>
    public Task WaitForPlaceAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    public void GivePlaceBack() => _free.Release();

    /// <summary>A connection that was used before and is fresh enough, or null.</summary>
    public SmtpConnection? TakeIdle()
    {
        while (_idle.TryPop(out var connection))
        {
            if (connection.Client.IsConnected && _context.Time.GetElapsedTime(connection.LastUsed) < IdleLimit) return connection;
            connection.Dispose();
        }

        return null;
    }

    public async Task<SmtpConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(_settings.ConnectTimeoutSeconds), _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await SmtpConnector.ConnectAsync(_settings, _context, _tokens, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SmtpRefusedException(SendOutcome.RetryLater(FailureReason.ProviderDown, $"{ServerName} did not answer within {_settings.ConnectTimeoutSeconds} s."));
        }
    }

    /// <summary>Keeps a connection in good order for the next message, or closes it when it has sent its share.</summary>
    public async Task ReturnAsync(SmtpConnection connection)
    {
        connection.LastUsed = _context.Time.GetTimestamp();
        if (!_disposed && connection.Client.IsConnected && connection.Sent < _settings.MessagesPerConnection)
        {
            _idle.Push(connection);
            return;
        }

        await QuitAsync(connection).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await _sweep.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(Drain().Select(QuitAsync)).ConfigureAwait(false);
        _free.Dispose();
    }

    private async Task CloseIdleAsync()
    {
        foreach (var connection in Drain())
        {
            if (_context.Time.GetElapsedTime(connection.LastUsed) < IdleLimit) _idle.Push(connection);
            else await QuitAsync(connection).ConfigureAwait(false);
        }
    }

    private List<SmtpConnection> Drain()
    {
        var all = new List<SmtpConnection>();
        while (_idle.TryPop(out var connection)) all.Add(connection);
        return all;
    }

    [SuppressMessage("Design", "CA1031", Justification = "A farewell that fails changes nothing.")]
    private async Task QuitAsync(SmtpConnection connection)
    {
        try
        {
            using var limit = new CancellationTokenSource(QuitLimit, _context.Time);
            await connection.Client.DisconnectAsync(quit: true, limit.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It is closed below in any case.
        }

        connection.Dispose();
    }
}
