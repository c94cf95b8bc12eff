using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>The wall clock of the process is set forth and back by up to an hour while it sends.</summary>
internal static class ClockScenario
{
    private const int FullSteps = 20;
    private const int MostSeconds = 3600;

    /// <summary>Longer than this without a message, at a step, is a stall.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(ChaosRun run)
    {
        var library = Requirements.FakeTime ?? throw new ScenarioSkippedException("libfaketime is not here (package faketime)");
        using var folder = new TempFolder();
        var clock = folder.File("clock");
        await SetAsync(0);
        await run.BeginAsync(new ProviderSetup(), environment: new Dictionary<string, string?>
        {
            ["LD_PRELOAD"] = library,
            ["FAKETIME_TIMESTAMP_FILE"] = clock,
            ["FAKETIME_CACHE_DURATION"] = "1",
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            // The library mends a fault of an older libc; with today's it ends every timed wait at once, that for the database's first answer too.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
        });
        foreach (var mark in run.Marks(run.Size.Of(FullSteps, 4)))
        {
            await run.TakenAsync(mark);
            await SetAsync(run.Random.Next(-MostSeconds, MostSeconds));
            run.Faults++;
            // What was claimed under another time goes back, or counts as one claim in doubt until its answer comes.
            run.AllowedUnknown += run.OneClaim;
        }

        await run.CompletedAsync();
        var taken = run.Journal.Read();
        var longest = taken.Zip(taken.Skip(1), (a, b) => b.At - a.At).Max();
        if (longest > Stall.TotalMilliseconds) run.Broken.Add(string.Create(CultureInfo.InvariantCulture, $"nothing went out for {longest / 1000.0:0.0} s"));
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"longest pause between two messages {longest} ms"));

        // Looked at once a second: written beside and moved into place, so that it is never half a line.
        async Task SetAsync(int seconds)
        {
            await File.WriteAllTextAsync(clock + ".new", string.Create(CultureInfo.InvariantCulture, $"{seconds:+0;-0;+0}\n"));
            File.Move(clock + ".new", clock, overwrite: true);
        }
    }
}
