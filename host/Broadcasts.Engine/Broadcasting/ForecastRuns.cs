using System.Collections.Concurrent;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>Forecasts that go on when whoever asked for one does not wait: a million contacts are rendered in many seconds, and a page is there at once. One runs at a time for each version of a broadcast.</summary>
internal sealed class ForecastRuns(Database database, Forecasts forecasts, TimeProvider time)
{
    /// <summary>Up to so many contacts it is waited for: the answer is there before anybody sees the difference.</summary>
    private const int MostAtOnce = 20_000;

    private const string LastSql = "SELECT COALESCE(MAX(id), 0) FROM contacts";

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>So long after its end it is the answer to whoever waited for it.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(long Id, int Version), Lazy<Task<Forecast>>> _runs = new();

    /// <summary>The forecast as it is now; null when it takes longer than a page may, and then it goes on.</summary>
    public async Task<Forecast?> LookAsync(long id, int version)
    {
        var run = Run(id, version, isKept: false);
        if (await database.ReadAsync(c => c.ExecuteScalarAsync<long>(LastSql)) <= MostAtOnce) return await run;
        await Task.WhenAny(run, Task.Delay(Patience, time));
        return run.IsCompleted ? await run : null;
    }

    /// <summary>The forecast that runs, or ran a moment ago, to its end.</summary>
    public Task<Forecast> WaitAsync(long id, int version, CancellationToken cancellationToken) => Run(id, version, isKept: true).WaitAsync(cancellationToken);

    private Task<Forecast> Run(long id, int version, bool isKept) => _runs.AddOrUpdate((id, version), New, (key, run) => run.Value switch
    {
        { IsCompleted: false } => run,
        { IsCompletedSuccessfully: true } when isKept => run,
        _ => New(key),
    }).Value;

    private Lazy<Task<Forecast>> New((long Id, int Version) key)
    {
        Lazy<Task<Forecast>> run = null!;
        run = new(() =>
        {
            var forecast = Task.Run(async () => await forecasts.ForecastAsync(key.Id) ?? new Forecast());
            _ = ForgetAsync(forecast);
            return forecast;
        });
        return run;

        async Task ForgetAsync(Task<Forecast> forecast)
        {
            // Its fault is told to whoever waits for it.
            await Task.WhenAny(forecast);
            await Task.Delay(Kept, time);
            _runs.TryRemove(new(key, run));
        }
    }
}
