namespace Broadcasts.Chaos;

/// <summary>A way to be in the program's way.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Databases">sqlite, postgres; cluster: three processes on one PostgreSQL.</param>
/// <param name="DisturbAsync">Brings the installation up, disturbs it and waits for the end.</param>
internal sealed record Scenario(string Name, string[] Databases, Func<ChaosRun, Task> DisturbAsync)
{
    public const string Cluster = "cluster";

    private const int DiskMegabytes = 256;

    private static readonly string[] Both = ["sqlite", "postgres"];
    private static readonly string[] Three = [Cluster];

    /// <summary>Its data directories are on a small disk of their own.</summary>
    public bool NeedsDisk { get; init; }

    /// <summary>It has a PostgreSQL server of its own.</summary>
    public bool NeedsServer { get; init; }

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("kill", Both, r => KillScenarios.RunAsync(r, new ProviderSetup())),
        new("kill-idempotent", Both, r => KillScenarios.RunAsync(r, new ProviderSetup { Idempotent = true, Resend = true })),
        new("kill-lookup", Both, r => KillScenarios.RunAsync(r, new ProviderSetup { Lookup = true })),
        new("kill-resend", Both, r => KillScenarios.RunAsync(r, new ProviderSetup { Resend = true })),
        new("pause", Both, CommandScenarios.PauseAsync),
        new("rate", Both, CommandScenarios.RateAsync),
        new("swap", [.. Both, Cluster], SwapScenario.RunAsync),
        new("clock", Both, ClockScenario.RunAsync),
        new("disk-full", ["sqlite"], DiskScenario.RunAsync) { NeedsDisk = true },
        new("database-restart", ["postgres"], DatabaseScenarios.RestartAsync) { NeedsServer = true },
        new("busy", ["sqlite"], DatabaseScenarios.BusyAsync),
        new("read-only", ["postgres"], DatabaseScenarios.ReadOnlyAsync),
        new("cluster-kill", Three, ClusterScenarios.KillAsync),
        new("cluster-freeze", Three, r => ClusterScenarios.FreezeAsync(r, new ProviderSetup())),
        new("cluster-freeze-idempotent", Three, r => ClusterScenarios.FreezeAsync(r, new ProviderSetup { Idempotent = true, Resend = true })),
        new("cluster-freeze-lookup", Three, r => ClusterScenarios.FreezeAsync(r, new ProviderSetup { Lookup = true })),
        new("cluster-freeze-resend", Three, r => ClusterScenarios.FreezeAsync(r, new ProviderSetup { Resend = true })),
        new("cluster-rolling", Three, ClusterScenarios.RollingAsync),
    ];

    /// <summary>Runs it once; whatever happens is a result.</summary>
    public async Task<ChaosResult> RunAsync(ChaosSize size, string database)
    {
        var begin = TimeProvider.System.GetTimestamp();
        ChaosRun? run = null;
        try
        {
            run = await ChaosRun.CreateAsync(size, database, NeedsDisk ? await SmallDisk.MountAsync(DiskMegabytes) : null, NeedsServer ? await PrivatePostgres.StartAsync() : null);
            await DisturbAsync(run);
            return await Invariant.CheckAsync(run, Name, Seconds());
        }
        catch (ScenarioSkippedException e)
        {
            return new ChaosResult { Scenario = Name, Database = database, Size = size, Skipped = e.Message, CanBeInstalled = e.CanBeInstalled };
        }
        catch (Exception e)
        {
            return new ChaosResult { Scenario = Name, Database = database, Size = size, Faults = run?.Faults ?? 0, Seconds = Seconds(), Broken = [$"{e.GetType().Name}: {e.Message}"], Notes = run?.Notes ?? [] };
        }
        finally
        {
            if (run is not null) await run.DisposeAsync();
        }

        double Seconds() => TimeProvider.System.GetElapsedTime(begin).TotalSeconds;
    }
}
