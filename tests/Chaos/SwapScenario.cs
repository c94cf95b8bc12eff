using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>The channel's transport is replaced again and again while a broadcast runs at full speed.</summary>
internal static class SwapScenario
{
    private const int FullSwaps = 50;
    private const int PeacefulBroadcasts = 3;
    private const int Parts = 5;
    private const int BetweenLooks = 5;
    private const string Simulator = "Broadcasts.Transports.Simulator";

    /// <summary>A machine that is shared stands still for some tens of milliseconds by itself.</summary>
    private const long LongestPauseMs = 250;
    private const double MostMemory = 1.05;

    /// <summary>Until every process of a cluster serves with the version that one of them was told to.</summary>
    private const double LongestFollowMs = 10_000;
    private static readonly TimeSpan Unloaded = TimeSpan.FromMinutes(4);

    /// <summary>First some broadcasts in peace, then one with the swaps: the same pace, the same memory afterwards, every old load gone.</summary>
    public static async Task RunAsync(ChaosRun run)
    {
        var silos = run.Label == Scenario.Cluster ? 3 : 1;
        await run.BeginAsync(new ProviderSetup { LatencyMs = 5 }, silos, Parts, fullSpeed: true);
        await run.CompletedAsync();
        var versions = await InstallAsync(run);
        var first = run.Journal.Read().Count;
        // Caches of a process grow with its first broadcasts: some more with both versions loaded once.
        var grown = new List<long>();
        for (var i = 0; i < run.Size.Of(PeacefulBroadcasts, 1); i++)
        {
            first = run.Journal.Read().Count;
            await run.SendAsync(Parts);
            await run.CompletedAsync();
            grown.Add(await SettledAsync(run, 0) / 1024);
        }

        var peace = Pace(run.Journal.Read().Skip(first));
        var before = grown[^1] * 1024;
        var taken = run.Journal.Read().Count;

        await run.SendAsync(Parts);
        await run.TakenAsync(taken + 100);
        var took = new List<double>();
        var followed = new List<double>();
        var bad = new Queue<(byte[] Package, string Why)>(Broken());
        var refused = bad.Count;
        var swaps = run.Size.Of(FullSwaps, refused);
        var beforeTheEnd = 0;
        for (var i = 0; i < swaps; i++)
        {
            if (i % (swaps / refused) == 0 && bad.TryDequeue(out var version)) await RefusedAsync(run, version.Package, version.Why);
            var begin = TimeProvider.System.GetTimestamp();
            await run.Installation.PostAsync("plugins/simulator/activate", new { version = versions[i % 2] });
            took.Add(TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds);
            run.Faults++;
            if (i % BetweenLooks == BetweenLooks - 1)
            {
                // The others of a cluster may pass over versions that are changed faster than they look.
                await run.UntilAsync(async () => await run.Ledger.ServingAsync("simulator", versions[i % 2]) == silos, "every process serves with the version", TimeSpan.FromSeconds(30));
                followed.Add(TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds);
            }

            if (run.Journal.Read().Count < taken + (run.Size.Recipients * Parts)) beforeTheEnd++;
        }

        await run.CompletedAsync();
        var swapped = Pace(run.Journal.Read().Skip(taken));
        var after = await SettledAsync(run, before);
        var (state, unloading) = await StateAsync(run);
        took.Sort();
        run.Notes.Add(Text($"{took.Count} swaps, {beforeTheEnd} of them before the last message was taken; each took {took[took.Count / 2]:0} ms, at most {took[^1]:0} ms; {refused} broken versions were refused between them"));
        if (silos > 1) run.Notes.Add(Text($"all {silos} processes served with a version after {followed.Order().ElementAt(followed.Count / 2):0} ms, at most {followed.Max():0} ms"));
        if (followed.Max() > LongestFollowMs) run.Broken.Add(Text($"a process followed a swap after {followed.Max():0} ms"));
        run.Notes.Add(Text($"in peace {peace.PerSecond:0}/s, longest pause {peace.LongestMs} ms; with the swaps {swapped.PerSecond:0}/s, longest pause {swapped.LongestMs} ms"));
        run.Notes.Add(Text($"memory after each peaceful broadcast {string.Join(", ", grown)} MB, after the swaps {after / 1024} MB ({(double)after / before - 1:P1}); {unloading} old loads in memory, state {state}"));
        // While an audience is frozen, and at its end, nothing need go out.
        if (swapped.LongestMs > Math.Max(LongestPauseMs, peace.LongestMs)) run.Broken.Add(Text($"a pause of {swapped.LongestMs} ms, in peace at most {peace.LongestMs} ms"));
        if (unloading > 0 || state != "loaded") run.Broken.Add(Text($"{unloading} old loads are still in memory, state {state}"));
        if (run.Size.IsFull && after > before * MostMemory) run.Broken.Add(Text($"{after / 1024} MB after the swaps, {before / 1024} MB before"));
    }

    private static async Task<string[]> InstallAsync(ChaosRun run)
    {
        var built = await File.ReadAllBytesAsync(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(ProcessUnderTest.Executable)!, "bundled-transports"), "*.Simulator.*.nupkg").Single());
        string[] versions = ["90.1.0", "90.2.0"];
        foreach (var version in versions) await run.Installation.PostFileAsync("plugins?activate=false", LabPackages.Versioned(built, version));
        // Once each, so that what is loaded for the first time is not taken for a leak.
        foreach (var version in versions) await run.Installation.PostAsync("plugins/simulator/activate", new { version });
        return versions;
    }

    /// <summary>Versions that must not take the place of one that works, and what is said of each.</summary>
    private static IEnumerable<(byte[] Package, string Why)> Broken()
    {
        yield return (Impostor("91.1.0", "throw-in-constructor"), "no licence");
        yield return (Impostor("91.2.0", "throw-in-create"), "not today");
        yield return (Impostor("91.3.0", assembly: Tiny("1.9")), "needs contract 1.9");
        yield return (Impostor("91.4.0", assembly: Tiny("1.0", ("Acme.Missing", new Version(1, 0, 0, 0)))), "needs Acme.Missing 1.0.0.0, which is not in the package");
        yield return (LabPackages.Impostor("simulator", "Acme.Pigeon.dll", "91.5.0"), "is another plugin of the same id");
        yield return (Impostor("91.6.0")[..^100], "cut off");
    }

    private static byte[] Impostor(string version, string? behaviour = null, byte[]? assembly = null) => LabPackages.Impostor("simulator", Simulator + ".dll", version, behaviour, assembly);

    private static byte[] Tiny(string stamp, params (string Name, Version Version)[] references) => TinyAssembly.Make(Simulator, "Some.Plugin", stamp, references: references);

    private static async Task RefusedAsync(ChaosRun run, byte[] package, string why)
    {
        try
        {
            await run.Installation.PostFileAsync("plugins", package);
            run.Broken.Add($"a broken version took the place of one that works: {why}");
        }
        catch (InvalidOperationException e)
        {
            if (!e.Message.Contains(why, StringComparison.Ordinal)) run.Broken.Add($"a broken version was refused, but for another reason than '{why}': {e.Message}");
        }
    }

    /// <summary>Resident memory in KB of all processes, once every retired load is gone and it is back where it was, or their time is up.</summary>
    private static async Task<long> SettledAsync(ChaosRun run, long was)
    {
        for (var since = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(since) < Unloaded;)
        {
            var isBack = was == 0 || !run.Size.IsFull || await ResidentAsync(run) <= was * MostMemory;
            if ((await StateAsync(run)).Unloading == 0 && isBack) break;
            await ChaosRun.PauseAsync(TimeSpan.FromSeconds(1));
        }

        return await ResidentAsync(run);
    }

    private static async Task<long> ResidentAsync(ChaosRun run)
    {
        var total = 0L;
        foreach (var process in run.Installation.Processes)
        {
            var status = await File.ReadAllLinesAsync(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Id}/status"));
            total += long.Parse(status.Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
        }

        return total;
    }

    private static async Task<(string State, int Unloading)> StateAsync(ChaosRun run)
    {
        var states = new HashSet<string>();
        var unloading = 0;
        foreach (var process in run.Installation.Processes)
        {
            await run.Installation.UseAsync(process);
            var plugin = (await run.Installation.GetAsync("plugins")).GetProperty("items").EnumerateArray().Single(p => p.GetProperty("id").GetString() == "simulator");
            states.Add(plugin.GetProperty("state").GetString()!);
            unloading += plugin.GetProperty("unloading").GetInt32();
        }

        return (string.Join(", ", states), unloading);
    }

    private static (double PerSecond, long LongestMs) Pace(IEnumerable<Taken> taken)
    {
        var moments = taken.Select(t => t.At).Order().ToArray();
        var longest = moments.Skip(1).Zip(moments, (next, at) => next - at).Max();
        return (moments.Length * 1000.0 / Math.Max(1, moments[^1] - moments[0]), longest);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
