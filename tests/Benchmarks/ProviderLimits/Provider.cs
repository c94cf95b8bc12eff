using System.Diagnostics;

namespace Broadcasts.Benchmarks.ProviderLimits;

/// <summary>A provider on loopback that refuses what exceeds its limit in any sliding second, and remembers when each request came.</summary>
internal sealed class Provider : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<double> _taken = new();
    private readonly int _limit;
    private readonly WebApplication _app;

    private Provider(int limit)
    {
        _limit = limit;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Arrivals in order, milliseconds.</summary>
    public List<double> Arrivals { get; } = [];

    /// <summary>Those of the arrivals that were refused.</summary>
    public List<double> Refused { get; } = [];

    /// <summary>Where it takes messages.</summary>
    public string Address => _app.Urls.First();

    public static async Task<Provider> StartAsync(int limit)
    {
        var provider = new Provider(limit);
        await provider._app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var isRefused = IsRefused(Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency);
        context.Response.StatusCode = isRefused ? StatusCodes.Status429TooManyRequests : StatusCodes.Status200OK;
        if (isRefused) context.Response.Headers.RetryAfter = "1";
        return Task.CompletedTask;
    }

    private bool IsRefused(double now)
    {
        lock (_lock)
        {
            Arrivals.Add(now);
            while (_taken.TryPeek(out var first) && now - first >= 1000) _taken.Dequeue();
            if (_taken.Count >= _limit)
            {
                Refused.Add(now);
                return true;
            }

            _taken.Enqueue(now);
            return false;
        }
    }
}
