using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>Why nothing is sent.</summary>
/// <param name="Reason"><c>copied</c>: the data was opened elsewhere before; <c>restored</c>: it is older than what this machine has seen.</param>
/// <param name="Since">Unix milliseconds.</param>
public sealed record SafeHoldState(string Reason, long Since);

/// <summary>
/// Data that was copied or put back from a backup starts held: nothing is claimed and nothing scheduled starts before a person agrees.
/// Else a server restored at noon would send the morning's broadcasts a second time.
/// </summary>
internal sealed class SafeHold(Database database, EngineOptions options, AuditStore audit, TimeProvider time)
{
    /// <summary>The problem's code of whatever is refused while held.</summary>
    public const string Code = "safeHold";

    private const string GetSql = "SELECT value FROM settings WHERE name = @name";

    private const string AddSql = "INSERT INTO settings (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING";

    private const string SetSql = "INSERT INTO settings (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = @value";

    private const string RemoveSql = "DELETE FROM settings WHERE name = 'safeHold'";

    private const string BeatOfSql = "SELECT beat FROM incarnations WHERE host = @host";

    private const string AnyHostSql = "SELECT COUNT(*) FROM incarnations";

    private const string BeatSql = "INSERT INTO incarnations (host, beat) VALUES (@host, @beat) ON CONFLICT (host) DO UPDATE SET beat = @beat";

    // The identifier of the server's data, and the database in it: both change when a dump is put into another database.
    private const string PostgresSql = "SELECT (SELECT system_identifier FROM pg_control_system()) || ':' || (SELECT oid FROM pg_database WHERE datname = current_database())";

    private string? _file;

    /// <summary>Why this machine can't remember its data; null when it can.</summary>
    public string? FileProblem { get; private set; }

    /// <summary>What whoever wants to send now is told; null when sending is free.</summary>
    public async Task<Problem?> RefusalAsync() => await GetAsync() is { } state
        ? new Problem("", "safeHold", $"Nothing is sent: this data was {(state.Reason == "copied" ? "copied" : "put back from a backup")}. If it is the one that is to send, release it: 'broadcasts safe-hold release', POST /api/v1/safe-hold/release or the banner of the console.")
        : null;

    /// <summary>Null when sending is free.</summary>
    public async Task<SafeHoldState?> GetAsync() => await ReadAsync("safeHold") is { } json ? JsonSerializer.Deserialize<SafeHoldState>(json, BroadcastJson.Options) : null;

    /// <summary>Looks whether this is the data that this machine worked with last. Call once at the start, before anything is sent.</summary>
    public async Task CheckAsync()
    {
        var (fingerprint, isSure) = await FingerprintAsync();
        var known = await ReadAsync("fingerprint");
        var seen = ReadFile();
        var reason = known is not null && known != fingerprint ? "copied"
            : seen is null ? known is not null && !isSure && await CountHostsAsync() > 0 ? "copied" : null
            : known is null && await CountHostsAsync() == 0 ? null // Made a moment ago, where other data was before.
            : await BeatOfAsync(seen.Host) is not { } beat || beat < seen.Beat ? "restored" : null;
        if (reason is not null) await WriteAsync(AddSql, "safeHold", JsonSerializer.Serialize(new SafeHoldState(reason, time.Now()), BroadcastJson.Options));
        if (await GetAsync() is not null) return;
        await WriteAsync(AddSql, "fingerprint", fingerprint);
        await BeatAsync();
    }

    /// <summary>Moves this machine's count on, in the database first: whoever dies between the two is not taken for a restored copy.</summary>
    public async Task BeatAsync()
    {
        if (File() is not { } file || await GetAsync() is not null) return;
        var next = ReadFile() is { } seen ? seen with { Beat = seen.Beat + 1 } : new HostBeat(Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture), 1);
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(BeatSql, new { host = next.Host, beat = next.Beat }, t));
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await System.IO.File.WriteAllTextAsync(file + ".new", JsonSerializer.Serialize(next));
            System.IO.File.Move(file + ".new", file, overwrite: true);
            FileProblem = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without it an older state in the same place goes unnoticed; that is no reason not to start.
            FileProblem = e.Message;
        }
    }

    /// <summary>A person agreed: this data is the one that sends from here on.</summary>
    /// <returns>False when nothing was held.</returns>
    public async Task<bool> ReleaseAsync(string actor)
    {
        if (await GetAsync() is not { } state) return false;
        var (fingerprint, _) = await FingerprintAsync();
        await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(SetSql, new { name = "fingerprint", value = fingerprint }, t);
            await t.Connection!.ExecuteAsync(RemoveSql, transaction: t);
            await audit.AppendAsync(t, actor, "safeHold.release", "workspace", state.Reason, AuditDiff.Between(new { held = true }, new { held = false }));
        });
        await BeatAsync();
        return true;
    }

    private async Task<(string Text, bool IsSure)> FingerprintAsync()
    {
        if (options.Database.IsPostgres) return ((await database.ReadAsync(c => c.QuerySingleAsync<string>(PostgresSql))), true);
        var machine = MachineId();
        return (Hash($"{machine}:{Path.GetFullPath(options.DataDirectory)}"), machine is not null);
    }

    // A container has none that outlives it: there the file outside of the data directory decides.
    private static string? MachineId()
    {
        if (!OperatingSystem.IsLinux()) return Environment.MachineName;
        try
        {
            return System.IO.File.ReadAllText("/etc/machine-id").Trim() is { Length: > 0 } id ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private string? File() => options.HostDirectory is not { Length: > 0 } folder ? null : _file ??= Path.Combine(folder, Hash($"{options.Database.ConnectionString}:{Path.GetFullPath(options.DataDirectory)}") + ".json");

    private HostBeat? ReadFile() => File() is { } file && System.IO.File.Exists(file) ? JsonSerializer.Deserialize<HostBeat>(System.IO.File.ReadAllText(file)) : null;

    private Task<long?> BeatOfAsync(string host) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(BeatOfSql, new { host }));

    private Task<long> CountHostsAsync() => database.ReadAsync(c => c.ExecuteScalarAsync<long>(AnyHostSql));

    private Task<string?> ReadAsync(string name) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(GetSql, new { name }));

    private Task<int> WriteAsync(string sql, string name, string value) => database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, new { name, value }, t));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];

    private sealed record HostBeat(string Host, long Beat);
}
