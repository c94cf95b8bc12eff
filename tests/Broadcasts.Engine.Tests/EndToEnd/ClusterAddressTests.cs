using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A process that comes back on its address in the cluster, whatever its clock says.</summary>
public sealed class ClusterAddressTests
{
    private const int Active = 3;
    private const int Dead = 6;

    [Theory, InlineData(Active), InlineData(Dead)]
    public async Task Start_ClockSetBackSinceTheLastLife_JoinsAllTheSame(int status)
    {
        using var folder = new TempFolder();
        await using var database = await TestDatabase.CreateAsync("postgres");
        await using (await EngineUnderTest.StartAsync(folder.Path, database.ConnectionString)) { }

        // Its former lives: of this second and of every one that the start can fall into.
        await database.Database.WriteAsync(t => t.Connection!.ExecuteAsync("""
            INSERT INTO OrleansMembershipTable (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
            SELECT m.DeploymentId, m.Address, m.Port, m.Generation + n, m.SiloName, m.HostName, @status, 0, m.StartTime, now() AT TIME ZONE 'utc'
            FROM (SELECT * FROM OrleansMembershipTable ORDER BY Generation DESC LIMIT 1) m, generate_series(1, 120) n
            """, new { status }, t));

        await using var process = ProcessUnderTest.Start(["engine", folder.Path, database.ConnectionString], executable: Environment.ProcessPath);
        await process.WaitForLineAsync("ready", TimeSpan.FromSeconds(60));

        var alive = await database.Database.ReadAsync(c => c.QueryAsync<int>("SELECT status FROM OrleansMembershipTable WHERE status <> @Dead", new { Dead }));
        Assert.Equal([Active], alive);
    }
}
