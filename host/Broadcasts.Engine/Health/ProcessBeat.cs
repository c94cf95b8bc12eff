using Broadcasts.Plugins;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Health;

/// <summary>Says that this process lives, and which version it is: the others see who does not any more.</summary>
internal sealed class ProcessBeat(Database database, PluginOptions options, TimeProvider time, ILogger<ProcessBeat> logger) : PeriodicWork(TimeSpan.FromSeconds(10), time, logger)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    private const string SaySql = """
        INSERT INTO processes (name, version, seen_at) VALUES (@name, @version, @now)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version, seen_at = excluded.seen_at
        """;

    private const string ForgetSql = "DELETE FROM processes WHERE seen_at < @before";

    private const string LeaveSql = "DELETE FROM processes WHERE name = @name";

    /// <summary>This program's.</summary>
    public static string Version { get; } = typeof(ProcessBeat).Assembly.GetName().Version?.ToString(3) ?? "";

    protected override string Purpose => "Saying that this process lives";

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await DoAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(LeaveSql, new { name = options.SiloName }, t), CancellationToken.None);
    }

    protected override Task DoAsync(CancellationToken cancellationToken) => database.WriteAsync(async t =>
    {
        var now = Time.Now();
        await t.Connection!.ExecuteAsync(SaySql, new { name = options.SiloName, version = Version, now }, t);
        await t.Connection!.ExecuteAsync(ForgetSql, new { before = now - (long)Kept.TotalMilliseconds }, t);
    }, cancellationToken);
}
