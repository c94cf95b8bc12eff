using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>The data directory's disk fills up for a while: nothing new goes out, what was in flight is recorded when there is room again.</summary>
internal static class DiskScenario
{
    private const int FullTimes = 3;
    private const int FullSeconds = 8;

    public static async Task RunAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup());
        var ballast = Path.Combine(run.Disk!.Path, "ballast");
        foreach (var mark in run.Marks(run.Size.Of(FullTimes)))
        {
            await run.TakenAsync(mark);
            Fill(ballast);
            await ChaosRun.PauseAsync(TimeSpan.FromSeconds(run.Size.Of(FullSeconds, 4)));
            File.Delete(ballast);
            run.Faults++;
            run.AllowedUnknown += run.OneClaim;
        }

        await run.CompletedAsync();
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1);
        // Large pieces first, then what is left of the room, page by page.
        foreach (var size in (int[])[1 << 20, 1 << 12])
        {
            var piece = new byte[size];
            try
            {
                while (true) file.Write(piece);
            }
            catch (IOException)
            {
                // Full.
            }
        }
    }
}

/// <summary>A small disk of its own: a tmpfs, which root alone may mount.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly TempFolder _folder;

    private SmallDisk(TempFolder folder) => _folder = folder;

    public string Path => _folder.Path;

    public static async Task<SmallDisk> MountAsync(int megabytes)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") throw new ScenarioSkippedException("a small disk needs Linux and root", canBeInstalled: false);
        var disk = new SmallDisk(new TempFolder());
        if (await RunAsync("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m"), "broadcasts-chaos", disk.Path) == 0) return disk;
        disk._folder.Dispose();
        throw new ScenarioSkippedException("a tmpfs can't be mounted here", canBeInstalled: false);
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "--lazy", Path);
        _folder.Dispose();
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(arguments, executable: program, workingDirectory: "/");
        return await process.ExitCodeAsync(TimeSpan.FromSeconds(30));
    }
}
