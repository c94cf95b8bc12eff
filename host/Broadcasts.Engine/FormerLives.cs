using System.Net;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts;

/// <summary>What the cluster remembers of earlier processes on this one's address.</summary>
/// <remarks>
/// A process' place in the cluster is its address and the second of its start. One that ran here under a clock that was ahead is, by its second,
/// the younger: whoever starts beside its entry is told that it is dead and ends itself, at every start until the clock has caught up.
/// </remarks>
internal sealed class FormerLives(string cluster, IPAddress address, int port)
{
    private const string ForgetSql = "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @cluster AND Address = @address AND Port = @port AND Generation >= @generation";

    // The others read the table anew when its version is another one.
    private const string VersionSql = "UPDATE OrleansMembershipVersionTable SET Version = Version + 1, Timestamp = now() WHERE DeploymentId = @cluster";

    /// <summary>Takes the entries away that a start now would lose against. None while somebody listens on the address: then they are not the past.</summary>
    public async Task ForgetAsync(Database database)
    {
        if (ClusterPort.TryListen(address, port) is null) return;
        var those = new { cluster, address = address.ToString(), port, generation = SiloAddress.AllocateNewGeneration() };
        await database.WriteAsync(async t =>
        {
            if (await t.Connection!.ExecuteAsync(ForgetSql, those, t) > 0) await t.Connection!.ExecuteAsync(VersionSql, those, t);
        });
    }
}
