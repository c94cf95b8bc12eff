using System.Data.Common;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Plugins;

/// <summary>An installed version, without its package. <c>TakenBack</c> says why it was taken out of service again, null while nothing speaks against it; <c>Signer</c> who signed its package, null for nobody.</summary>
internal sealed record InstalledPlugin(string Id, string Version, string Sha256, long Size, string Contract, long InstalledAt, string InstalledBy, string? TakenBack, string? Signer);

/// <summary>Which version shall serve, and which served before it.</summary>
internal sealed record DesiredPlugin(string Id, string Version, string? Previous);

/// <summary>What a process of the cluster runs, or why it does not run what it should.</summary>
internal sealed record ObservedPlugin(string Id, string Silo, string Version, PluginState State, string? Detail, long At);

/// <summary>An act on a plugin, as the audit names it: what is done to the rows and its entry are one transaction.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Verb">What: the entry's action is <c>plugin.VERB</c>.</param>
/// <param name="Detail">What there is to say beside version and hash.</param>
internal sealed record PluginAct(string Actor, string Verb, string? Detail = null);

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

    /// <param name="package">What is stored.</param>
    /// <param name="actor">Who installed it.</param>
    /// <param name="now">When.</param>
    /// <param name="act">What is written down of it; null for a package that came with the host.</param>
    /// <param name="cancellationToken">Stops it before it is stored.</param>
    public Task AddAsync(PluginPackage package, string actor, DateTimeOffset now, PluginAct? act, CancellationToken cancellationToken) => database.WriteAsync(async t =>
    {
        await Connection(t).ExecuteAsync(AddSql, new
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
        }, t);
        Append(t, act, package.Manifest.Id, package.Manifest.Version, package.Sha256, now);
    }, cancellationToken);

    private const string RemoveSql = "DELETE FROM plugins WHERE id = @id AND version = @version";

    private const string UndesireSql = "DELETE FROM plugin_desired WHERE id = @id AND version = @version";

    private const string ForgetSilosSql = "DELETE FROM plugin_observed WHERE id = @id";

    /// <summary>Takes a version away. True when it was the one that shall serve: then none shall any more.</summary>
    /// <param name="plugin">Which.</param>
    /// <param name="now">When.</param>
    /// <param name="act">What is written down of it.</param>
    /// <param name="cancellationToken">Stops it before it is done.</param>
    public Task<bool> RemoveAsync(InstalledPlugin plugin, DateTimeOffset now, PluginAct act, CancellationToken cancellationToken) => database.WriteAsync(async t =>
    {
        var served = await Connection(t).ExecuteAsync(UndesireSql, new { id = plugin.Id, version = plugin.Version }, t) == 1;
        if (served) await Connection(t).ExecuteAsync(ForgetSilosSql, new { id = plugin.Id }, t);
        await Connection(t).ExecuteAsync(RemoveSql, new { id = plugin.Id, version = plugin.Version }, t);
        Append(t, act, plugin.Id, plugin.Version, plugin.Sha256, now, AuditDiff.Between(new { version = plugin.Version }, null));
        return served;
    }, cancellationToken);

    /// <summary>Forgets a package whose code was refused: nothing is left of it.</summary>
    public Task ForgetAsync(string id, string version, CancellationToken cancellationToken) => ExecuteAsync(RemoveSql, new { id, version }, cancellationToken);

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

    private const string ChosenSql = "SELECT version FROM plugin_desired WHERE id = @id";

    private const string ForgiveSql = "UPDATE plugins SET taken_back = NULL WHERE id = @id AND version = @version";

    /// <summary>Chooses the version that shall serve; the one that did is remembered as the way back.</summary>
    /// <param name="id">The transport's id.</param>
    /// <param name="version">The version that shall serve.</param>
    /// <param name="sha256">The hash of its package.</param>
    /// <param name="now">When.</param>
    /// <param name="act">What is written down of it; null for a package that came with the host.</param>
    public Task DesireAsync(string id, string version, string sha256, DateTimeOffset now, PluginAct? act) => database.WriteAsync(async t =>
    {
        var before = await Connection(t).QuerySingleOrDefaultAsync<string?>(ChosenSql, new { id }, t);
        await Connection(t).ExecuteAsync(DesireSql, new { id, version, now = now.ToUnixTimeMilliseconds() }, t);
        await Connection(t).ExecuteAsync(ForgiveSql, new { id, version }, t);
        Append(t, act, id, version, sha256, now, AuditDiff.Between(new { version = before }, new { version }));
    });

    /// <summary>Writes down by itself what is about to happen: that a version's code runs is no write to the database.</summary>
    public Task AnnounceAsync(InstalledPlugin plugin, DateTimeOffset now, PluginAct act) => database.WriteAsync(t =>
    {
        Append(t, act, plugin.Id, plugin.Version, plugin.Sha256, now);
        return Task.CompletedTask;
    });

    private static void Append(DbTransaction transaction, PluginAct? act, string id, string version, string sha256, DateTimeOffset now, IReadOnlyCollection<AuditChange>? changes = null)
    {
        if (act is null) return;
        var detail = $"{version} sha256:{sha256}{(act.Detail is null ? "" : $" {act.Detail}")}";
        AuditChain.Append(transaction, new AuditAct { At = now.ToUnixTimeMilliseconds(), Actor = act.Actor, Action = $"plugin.{act.Verb}", Subject = $"plugin:{id}", Detail = detail, Changes = AuditChange.Write(changes) });
    }

    private const string TakeBackSql = "UPDATE plugins SET taken_back = @why WHERE id = @id AND version = @version";

    /// <summary>Notes why a version serves no more.</summary>
    public Task TakeBackAsync(string id, string version, string why, CancellationToken cancellationToken) => ExecuteAsync(TakeBackSql, new { id, version, why }, cancellationToken);

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
