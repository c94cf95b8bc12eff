using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>SIGKILL at seeded moments of the broadcast, its start and its restarts included.</summary>
internal static class KillScenarios
{
    /// <summary>Within this time after its start a process is anywhere between its first line and its first message.</summary>
    private const int StartMs = 2500;

    public static async Task RunAsync(ChaosRun run, ProviderSetup provider)
    {
        await run.BeginAsync(provider);
        var process = run.Installation.Processes[0];
        var early = 0;
        foreach (var mark in run.Marks(run.Size.Kills))
        {
            // Passed before the last kill already: this one comes while the process starts.
            if (run.Journal.Read().Count >= mark)
            {
                await run.MomentAsync(StartMs);
                early++;
            }
            else
            {
                await run.TakenAsync(mark);
                await run.MomentAsync(30);
            }

            await run.KillAsync(process);
            process = run.Installation.Launch(0);
        }

        await run.Installation.UseAsync(process);
        await run.CompletedAsync();
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"{early} of the kills came while the process was starting"));
    }
}
