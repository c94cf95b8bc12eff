using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Plugins;

/// <summary>An installed version, without its package. <c>TakenBack</c> says why it was taken out of service again, null while nothing speaks against it; <c>Signer</c> who signed its package, null for nobody.</summary>
internal sealed record InstalledPlugin(string Id, string Version, string Sha256, long Size, string Contract, long InstalledAt, string InstalledBy, string? TakenBack, string? Signer);

/// <summary>Which version shall serve, and which served before it.</summary>
internal sealed record DesiredPlugin(string Id, string Version, string? Previous);

/// <summary>What a process of the cluster runs, or why it does not run what it should.</summary>
internal sealed record ObservedPlugin(string Id, string Silo, string Version, PluginState State, string? Detail, long At);

/// <summary>The packages, the version that every silo shall run, and the one that each of them runs.</summary>
internal sealed class PluginStore(Database database)
{
    private const string ListSql = """
        SELECT id, version, sha256, size, contract, installed_at AS InstalledAt, installed_by AS InstalledBy, taken_back AS TakenBack, signer
          FROM plugins
         ORDER BY id, installed_at
        """;

    public Task<IReadOnlyList<InstalledPlugin>> ListAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<InstalledPlugin>>(async c => [.. await c.QueryAsync<InstalledPlugin>(ListSql)], cancellationToken);

    private const string FindSql = """
        SELECT id, version, sha256, size, contract, installed_at AS InstalledAt, installed_by AS InstalledBy, taken_back AS TakenBack, signer
          FROM plugins
         WHERE id = @id AND version = @version
        """;

    public Task<InstalledPlugin?> FindAsync(string id, string version, CancellationToken cancellationToken) =>
        database.ReadAsync(c => c.QuerySingleOrDefaultAsync<InstalledPlugin>(FindSql, new { id, version }), cancellationToken);

    private const string PackageSql = "SELECT package FROM plugins WHERE id = @id AND version = @version";

    public Task<byte[]?> PackageAsync(string id, string version, CancellationToken cancellationToken) =>
        database.ReadAsync(c => c.QuerySingleOrDefaultAsync<byte[]>(PackageSql, new { id, version }), cancellationToken);

    // Only a bundled package replaces one of its own version: a rebuilt host brings rebuilt transports of the same number.
    private const string AddSql = """
        INSERT INTO plugins (id, version, sha256, size, contract, package, installed_at, installed_by, signer)
        VALUES (@id, @version, @sha256, @size, @contract, @package, @now, @actor, @signer)
        ON CONFLICT (id, version) DO UPDATE
           SET sha256 = excluded.sha256, size = excluded.size, contract = excluded.contract, package = excluded.package,
               installed_at = excluded.installed_at, installed_by = excluded.installed_by, signer = excluded.signer
        """;

    public Task AddAsync(PluginPackage package, string actor, DateTimeOffset now, CancellationToken cancellationToken) =>
        ExecuteAsync(AddSql, new
        {
            id = package.Manifest.Id,
            version = package.Manifest.Version,
            sha256 = package.Sha256,
            size = (long)package.Bytes.Length,
            contract = package.Manifest.Contract,
            package = package.Bytes,
            now = now.ToUnixTimeMilliseconds(),
            actor,
            signer = package.Signer?.ToString(),
        }, cancellationToken);

    private const string RemoveSql = "DELETE FROM plugins WHERE id = @id AND version = @version";

    public Task RemoveAsync(string id, string version, CancellationToken cancellationToken) => ExecuteAsync(RemoveSql, new { id, version }, cancellationToken);

    private const string DesiredSql = "SELECT id, version, previous FROM plugin_desired";

    /// <summary>What shall serve, with the version before it.</summary>
    public Task<IReadOnlyList<DesiredPlugin>> ChoicesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DesiredPlugin>>(async c => [.. await c.QueryAsync<DesiredPlugin>(DesiredSql)], cancellationToken);

    public Task<IReadOnlyDictionary<string, string>> DesiredAsync(CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyDictionary<string, string>>(
            async c => (await c.QueryAsync<DesiredPlugin>(DesiredSql)).ToDictionary(d => d.Id, d => d.Version), cancellationToken);

    private const string DesireSql = """
        INSERT INTO plugin_desired (id, version, changed_at)
        VALUES (@id, @version, @now)
        ON CONFLICT (id) DO UPDATE
           SET previous = CASE WHEN plugin_desired.version = excluded.version THEN plugin_desired.previous ELSE plugin_desired.version END,
               version = excluded.version, changed_at = excluded.changed_at
        """;

    private const string ForgiveSql = "UPDATE plugins SET taken_back = NULL WHERE id = @id AND version = @version";

    /// <summary>Chooses the version that shall serve; the one that did is remembered as the way back.</summary>
    public Task DesireAsync(string id, string version, DateTimeOffset now, CancellationToken cancellationToken) => database.WriteAsync(async t =>
    {
        await Connection(t).ExecuteAsync(DesireSql, new { id, version, now = now.ToUnixTimeMilliseconds() }, t);
        await Connection(t).ExecuteAsync(ForgiveSql, new { id, version }, t);
    }, cancellationToken);

    private const string TakeBackSql = "UPDATE plugins SET taken_back = @why WHERE id = @id AND version = @version";

    /// <summary>Notes why a version serves no more.</summary>
    public Task TakeBackAsync(string id, string version, string why, CancellationToken cancellationToken) => ExecuteAsync(TakeBackSql, new { id, version, why }, cancellationToken);

    private const string UndesireSql = "DELETE FROM plugin_desired WHERE id = @id AND version = @version";

    private const string ForgetSilosSql = "DELETE FROM plugin_observed WHERE id = @id";

    /// <summary>No version shall serve any more.</summary>
    public Task UndesireAsync(string id, string version, CancellationToken cancellationToken) => database.WriteAsync(async t =>
    {
        await Connection(t).ExecuteAsync(UndesireSql, new { id, version }, t);
        await Connection(t).ExecuteAsync(ForgetSilosSql, new { id }, t);
    }, cancellationToken);

    private const string ObservedSql = "SELECT id, silo, version, state, detail, at FROM plugin_observed WHERE at > @since ORDER BY id, silo";

    /// <summary>What each process said last, of those that spoke since.</summary>
    public Task<IReadOnlyList<ObservedPlugin>> ObservedAsync(DateTimeOffset since, CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<ObservedPlugin>>(
        async c => [.. (await c.QueryAsync<ObservedRow>(ObservedSql, new { since = since.ToUnixTimeMilliseconds() })).Select(r => new ObservedPlugin(r.Id, r.Silo, r.Version, (PluginState)r.State, r.Detail, r.At))], cancellationToken);

    private const string ServedElsewhereSql = """
        SELECT COUNT(*)
          FROM plugin_observed
         WHERE id = @id AND silo <> @silo AND at > @since AND state IN (0, 1, 5)
        """;

    /// <summary>Whether another process said since then that it serves with the plugin.</summary>
    public Task<bool> IsServedElsewhereAsync(string id, string silo, DateTimeOffset since) =>
        database.ReadAsync(async c => await c.QuerySingleAsync<long>(ServedElsewhereSql, new { id, silo, since = since.ToUnixTimeMilliseconds() }) > 0);

    private const string ObserveSql = """
        INSERT INTO plugin_observed (id, silo, version, state, detail, at)
        VALUES (@id, @silo, @version, @state, @detail, @now)
        ON CONFLICT (id, silo) DO UPDATE SET version = excluded.version, state = excluded.state, detail = excluded.detail, at = excluded.at
        """;

    /// <summary>Notes what this silo runs, or why it does not run what it should.</summary>
    public Task ObserveAsync(IReadOnlyCollection<(string Id, string Version, PluginState State, string? Detail)> seen, string silo, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(async t =>
        {
            foreach (var (id, version, state, detail) in seen)
            {
                await Connection(t).ExecuteAsync(ObserveSql, new { id, silo, version, state = (short)state, detail, now = now.ToUnixTimeMilliseconds() }, t);
            }
        }, cancellationToken);

    private Task ExecuteAsync(string sql, object parameters, CancellationToken cancellationToken) =>
        database.WriteAsync(async t => { await Connection(t).ExecuteAsync(sql, parameters, t); }, cancellationToken);

    private sealed class ObservedRow
    {
        public string Id { get; init; } = "";

        public string Silo { get; init; } = "";

        public string Version { get; init; } = "";

        public int State { get; init; }

        public string? Detail { get; init; }

        public long At { get; init; }
    }

    private static DbConnection Connection(DbTransaction transaction) => transaction.Connection!;
}
