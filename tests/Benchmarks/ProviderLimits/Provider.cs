using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Broadcasts.Benchmarks.ProviderLimits;

/// <summary>A provider on loopback that refuses what exceeds its limit in any sliding second, and remembers when each request came.</summary>
internal sealed class Provider : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<double> _arrivals = [];
    private readonly List<double> _refused = [];
    private readonly Queue<double> _taken = new();
    private readonly WebApplication _app;

    private Provider(int limit)
    {
        Limit = limit;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>What it takes in any second; may change while it runs.</summary>
    public int Limit { get; set; }

    /// <summary>When messages that say "single" arrived, by their text.</summary>
    public ConcurrentDictionary<string, double> Singles { get; } = new();

    /// <summary>Milliseconds on this machine's clock.</summary>
    public static double Now => Stopwatch.GetTimestamp() * 1000.0 / Stopwatch.Frequency;

    /// <summary>Arrivals in order so far, milliseconds.</summary>
    public double[] Arrivals
    {
        get
        {
            lock (_lock) return [.. _arrivals];
        }
    }

    /// <summary>Something has arrived.</summary>
    public bool IsReached
    {
        get
        {
            lock (_lock) return _arrivals.Count > 0;
        }
    }

    /// <summary>Those of the arrivals that were refused.</summary>
    public double[] Refused
    {
        get
        {
            lock (_lock) return [.. _refused];
        }
    }

    /// <summary>Where it takes messages.</summary>
    public string Address => _app.Urls.First();

    public static async Task<Provider> StartAsync(int limit)
    {
        var provider = new Provider(limit);
        await provider._app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var now = Now;
        var isRefused = IsRefused(now);
        using var reader = new StreamReader(context.Request.Body);
        if (Regex.Match(await reader.ReadToEndAsync(), "single [0-9]+") is { Success: true } single && !isRefused) Singles.TryAdd(single.Value, now);
        context.Response.StatusCode = isRefused ? StatusCodes.Status429TooManyRequests : StatusCodes.Status200OK;
        if (isRefused) context.Response.Headers.RetryAfter = "1";
    }

    private bool IsRefused(double now)
    {
        lock (_lock)
        {
            _arrivals.Add(now);
            while (_taken.TryPeek(out var first) && now - first >= 1000) _taken.Dequeue();
            if (_taken.Count >= Limit)
            {
                _refused.Add(now);
                return true;
            }

            _taken.Enqueue(now);
            return false;
        }
    }
}
