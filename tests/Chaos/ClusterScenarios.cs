using System.Globalization;
using System.IO.Compression;
using System.Text.Json.Nodes;

namespace Broadcasts.Chaos;

/// <summary>Three processes on one PostgreSQL.</summary>
internal static class ClusterScenarios
{
    private const int Silos = 3;
    private const int FullFreeze = 60;

    /// <summary>After this the claims of a process that stands still are overdue.</summary>
    private const int LeastFreeze = 16;

    private static readonly TimeSpan KilledLimit = TimeSpan.FromSeconds(5);

    /// <summary>Nobody resets the connections of a process that stands still: it is voted out later than a dead one.</summary>
    private static readonly TimeSpan FrozenLimit = TimeSpan.FromSeconds(10);

    /// <summary>Two processes that own slices are killed, one after the other, and started again.</summary>
    public static async Task KillAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup(), Silos);
        await InstallAsync(run);
        foreach (var share in (double[])[0.2, 0.5])
        {
            await run.TakenAsync((int)(run.Size.Recipients * share));
            await run.MomentAsync(200);
            var victim = await OwnerAsync(run);
            var number = run.Installation.NumberOf(victim);
            var lost = await run.Ledger.OpenSlicesOfAsync(victim.Id);
            var at = TakenJournal.Now;
            await run.KillAsync(victim);
            await NoteTakeOverAsync(run, lost, at, KilledLimit);
            run.Installation.Launch(number);
        }

        await run.Installation.UseAsync(run.Installation.Processes[0]);
        await run.CompletedAsync();
        NoteShares(run);
    }

    /// <summary>A process stands still for longer than everybody waits for it, and goes on.</summary>
    public static async Task FreezeAsync(ChaosRun run, ProviderSetup provider)
    {
        await run.BeginAsync(provider, Silos);
        await run.TakenAsync((int)(run.Size.Recipients * 0.2));
        await run.MomentAsync(200);
        var victim = await OwnerAsync(run);
        var number = run.Installation.NumberOf(victim);
        var lost = await run.Ledger.OpenSlicesOfAsync(victim.Id);
        Freeze(run, victim);
        var at = TakenJournal.Now;
        run.Faults++;
        await run.AllowAsync(victim.Id);
        await run.Installation.UseAsync(run.Installation.Processes.First(p => p != victim));
        await NoteTakeOverAsync(run, lost, at, FrozenLimit);
        await ChaosRun.PauseAsync(TimeSpan.FromSeconds(run.Size.Of(FullFreeze, LeastFreeze)) - TimeSpan.FromMilliseconds(TakenJournal.Now - at));
        var woken = TakenJournal.Now;
        var before = run.Journal.Read().Count(t => t.Process == victim.Id);
        victim.Thaw();

        // Its own kind has voted it out meanwhile: it ends, as a service manager expects, and is started again.
        var code = await run.Installation.EndAsync(victim);
        var afterwards = run.Journal.Read().Count(t => t.Process == victim.Id) - before;
        // The simulator's network is inside the process and froze with it: what had been written before arrives now.
        var onItsWay = run.OnItsWay + run.Together;
        if (afterwards > onItsWay) run.Broken.Add(string.Create(CultureInfo.InvariantCulture, $"{afterwards} messages reached the provider after the waking, at most {onItsWay} can have been on their way"));
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"frozen for {(woken - at) / 1000.0:0} s; {afterwards} messages that were on their way then arrived after the waking; the process ended with code {code} after {(TakenJournal.Now - woken) / 1000.0:0.0} s"));
        run.Installation.Launch(number);
        await run.CompletedAsync(TimeSpan.FromMinutes(8));
    }

    /// <summary>Every process is stopped as a service manager does and started again, the second time as another copy of the program.</summary>
    public static async Task RollingAsync(ChaosRun run)
    {
        using var folder = new TempFolder();
        var copy = folder.File("new-version");
        CopyOf(Path.GetDirectoryName(ProcessUnderTest.Executable)!, copy);
        await run.BeginAsync(new ProviderSetup(), Silos);
        var codes = new List<int>();
        for (var round = 0; round < 2; round++)
        {
            for (var number = 0; number < Silos; number++)
            {
                await run.TakenAsync((int)(run.Size.Recipients * (0.1 + 0.13 * (round * Silos + number))));
                var process = run.Installation.Processes[0];
                process.Terminate();
                codes.Add(await run.Installation.EndAsync(process));
                await run.Installation.StartAsync(number, executable: round == 0 ? null : Path.Combine(copy, Path.GetFileName(ProcessUnderTest.Executable)));
                run.Faults++;
            }
        }

        await run.CompletedAsync();
        if (codes.Exists(c => c != 0)) run.Broken.Add($"exit codes {string.Join(", ", codes)}");
        NoteShares(run);
    }

    // Put in at one process, it is to serve in all of them.
    private static async Task InstallAsync(ChaosRun run)
    {
        const string Version = "99.0.0";
        var bundled = Directory.GetFiles(Path.Combine(Path.GetDirectoryName(ProcessUnderTest.Executable)!, "bundled-transports"), "*FileDrop*.nupkg")[0];
        var begin = TakenJournal.Now;
        await run.Installation.PostFileAsync("plugins", WithVersion(await File.ReadAllBytesAsync(bundled), Version));
        await run.UntilAsync(async () => await run.Ledger.ServingAsync("filedrop", Version) == Silos, "the plugin serves in every process", TimeSpan.FromSeconds(30));
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"a plugin installed at one process served in all {Silos} after {(TakenJournal.Now - begin) / 1000.0:0.0} s"));
    }

    private static byte[] WithVersion(byte[] package, string version)
    {
        using var stream = new MemoryStream();
        stream.Write(package);
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            var entry = archive.GetEntry("transport.json")!;
            JsonNode manifest;
            using (var old = entry.Open()) manifest = JsonNode.Parse(old)!;
            manifest["version"] = version;
            entry.Delete();
            using var writer = new StreamWriter(archive.CreateEntry("transport.json").Open());
            writer.Write(manifest.ToJsonString());
        }

        return stream.ToArray();
    }

    private static async Task NoteTakeOverAsync(ChaosRun run, List<SliceLine> lost, long at, TimeSpan limit)
    {
        await run.UntilAsync(async () =>
        {
            var now = (await run.Ledger.SlicesAsync()).ToDictionary(s => s.Id, s => s.Epoch);
            return lost.TrueForAll(s => now[s.Id] > s.Epoch);
        }, "the slices of the process that is gone have another owner", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(20));
        var taken = TakenJournal.Now - at;
        var begin = run.Journal.Read().Count;
        await run.UntilAsync(() => Task.FromResult(run.Journal.Read().Count > begin), "messages go out again", TimeSpan.FromSeconds(30));
        var sent = TakenJournal.Now - at;
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{lost.Count} slices taken over after {taken / 1000.0:0.0} s, messages went out again after {sent / 1000.0:0.0} s at the latest"));
        // A short run shares its machine with others.
        if (sent > limit.TotalMilliseconds * (run.Size.IsFull ? 1 : 3)) run.Broken.Add(string.Create(CultureInfo.InvariantCulture, $"slices went on elsewhere after {sent / 1000.0:0.0} s, promised are {limit.TotalSeconds:0} s"));
    }

    // Frozen while it holds the lock of the journal, it would freeze the provider.
    private static void Freeze(ChaosRun run, ProcessUnderTest process)
    {
        process.Freeze();
        while (run.Journal.IsHeld())
        {
            process.Thaw();
            process.Freeze();
        }
    }

    private static async Task<ProcessUnderTest> OwnerAsync(ChaosRun run)
    {
        foreach (var process in run.Installation.Processes.OrderBy(_ => run.Random.Next()).ToList())
        {
            if ((await run.Ledger.OpenSlicesOfAsync(process.Id)).Count > 0) return process;
        }

        throw new InvalidOperationException("No process owns a slice with rows to send.");
    }

    private static void NoteShares(ChaosRun run)
    {
        var shares = run.Journal.Read().GroupBy(t => t.Process).Select(g => g.Count());
        run.Notes.Add($"messages by process: {string.Join(", ", shares)}");
    }

    private static void CopyOf(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
