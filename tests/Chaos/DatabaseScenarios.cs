namespace Broadcasts.Chaos;

/// <summary>The database is busy, away, or refuses to write, for a while.</summary>
internal static class DatabaseScenarios
{
    private const int FullTimes = 5;
    private const int FullReadOnly = 20;
    private const int MostBusyMs = 13_000;

    /// <summary>Another program holds SQLite's write lock, at times for longer than the program waits for it.</summary>
    public static async Task BusyAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup());
        foreach (var mark in run.Marks(run.Size.Of(FullTimes, 2)))
        {
            await run.TakenAsync(mark);
            await using var other = await run.Ledger.OpenAsync();
            await ExecuteAsync(other, "BEGIN IMMEDIATE");
            await ChaosRun.PauseAsync(TimeSpan.FromMilliseconds(run.Random.Next(run.Size.Of(MostBusyMs, 3000))));
            await ExecuteAsync(other, "ROLLBACK");
            run.Faults++;
        }

        await run.CompletedAsync();
    }

    /// <summary>PostgreSQL is restarted as after a crash; a claim whose commit got no answer may have been made.</summary>
    public static async Task RestartAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup());
        foreach (var mark in run.Marks(run.Size.Of(FullTimes, 2)))
        {
            await run.TakenAsync(mark);
            await run.MomentAsync(100);
            await run.Server!.RestartAsync();
            run.Faults++;
            run.AllowedUnknown += run.OneClaim;
        }

        await run.CompletedAsync();
    }

    /// <summary>The database takes no writes: nothing new goes out, and what was in flight is recorded when it does again.</summary>
    public static async Task ReadOnlyAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup());
        await run.TakenAsync(run.Size.Recipients / 3);
        await using (var other = await run.Ledger.OpenAsync())
        {
            await ExecuteAsync(other, Every("SET default_transaction_read_only = on"));
            await ExecuteAsync(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
            run.Faults++;
            run.AllowedUnknown += run.OneClaim;
            await ChaosRun.PauseAsync(TimeSpan.FromSeconds(run.Size.Of(FullReadOnly, 5)));
        }

        var before = run.Journal.Read().Count;
        await using (var other = await run.Ledger.OpenAsync())
        {
            await ExecuteAsync(other, "SET default_transaction_read_only = off");
            await ExecuteAsync(other, Every("RESET default_transaction_read_only"));
            await ExecuteAsync(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        await run.UntilAsync(() => Task.FromResult(run.Journal.Read().Count > before), "messages go out again", TimeSpan.FromSeconds(30));
        await run.CompletedAsync();
    }

    private static string Every(string what) => $"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {what}', current_database()); END $$";

    private static async Task ExecuteAsync(System.Data.Common.DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
