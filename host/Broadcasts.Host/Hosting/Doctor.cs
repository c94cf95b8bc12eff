using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Host.Hosting;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">What: <c>database</c>, <c>keys</c>.</param>
/// <param name="Well">It is as it should be.</param>
/// <param name="Found">What was found, in one sentence.</param>
/// <param name="Do">What to do about it; null when nothing is to be done.</param>
internal sealed record DoctorCheck(string Name, bool Well, string Found, string? Do = null);

/// <summary>How deep it looks.</summary>
internal sealed record DoctorOrder
{
    /// <summary>The ledgers of finished broadcasts too: each row is read.</summary>
    public bool All { get; init; }

    /// <summary>Counts that are not those of their rows are set to them.</summary>
    public bool Mend { get; init; }
}

/// <summary>Looks at everything that an installation needs, one thing after the other; what fails does not keep the next from being looked at.</summary>
internal sealed class Doctor(IServiceProvider services)
{
    private const long LeastFreeBytes = 200L << 20;

    private const string SchemaSql = "SELECT MAX(ScriptName) FROM schema_versions";

    public async Task<IReadOnlyList<DoctorCheck>> LookAsync(DoctorOrder order, CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        foreach (var (name, look) in new (string, Func<Task<DoctorCheck>>)[]
        {
            ("database", () => DatabaseAsync(cancellationToken)), ("data directory", () => Task.FromResult(Directory())), ("keys", KeysAsync),
            ("safe hold", HoldAsync), ("transports", () => TransportsAsync(cancellationToken)), ("ledger", () => LedgerAsync(order, cancellationToken)),
        })
        {
            try
            {
                checks.Add(await look());
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                checks.Add(new(name, false, $"could not be looked at: {e.Message}", "See the service's log."));
            }
        }

        return checks;
    }

    private async Task<DoctorCheck> DatabaseAsync(CancellationToken cancellationToken)
    {
        var step = await Get<Database>().ReadAsync(c => c.QuerySingleAsync<string>(SchemaSql), cancellationToken);
        return new("database", true, $"{Options.Database.Provider} answers; its schema is at step {step.Split('.')[^2]}.");
    }

    private DoctorCheck Directory()
    {
        var folder = Options.DataDirectory;
        var probe = Path.Combine(folder, $".doctor-{Guid.NewGuid():N}");
        File.WriteAllText(probe, "x");
        File.Delete(probe);
        var free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < LeastFreeBytes) return new("data directory", false, $"{folder} has {free >> 20} MB left.", "Make room: a full disk stops sending.");
        return Get<SafeHold>().FileProblem is { } problem
            ? new("data directory", false, $"Broadcasts:HostDirectory can't be written: {problem}", "Set Broadcasts:HostDirectory to a folder that the service may write; without it restored data is not noticed.")
            : new("data directory", true, $"{folder} can be written; {free >> 30} GB are left.");
    }

    private async Task<DoctorCheck> KeysAsync()
    {
        var protector = Get<ISecretProtector>();
        if (protector.Unprotect(protector.Protect("x")) != "x") return new("keys", false, "What is encrypted can't be read again.", "Put the folder 'keys' of the same backup beside the database.");
        var channels = await Get<ChannelStore>().ListAsync();
        var unreadable = new List<string>();
        foreach (var channel in channels)
        {
            try
            {
                await Get<ChannelStore>().ReadSettingsAsync(channel.Id);
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                unreadable.Add(channel.Name);
            }
        }

        return unreadable.Count > 0
            ? new("keys", false, $"The secrets of these channels can't be read: {string.Join(", ", unreadable)}.", "Put the folder 'keys' of the same backup beside the database, or write the secrets again.")
            : new("keys", true, $"The secrets of {channels.Count} channels can be read.");
    }

    private async Task<DoctorCheck> HoldAsync()
    {
        if (await Get<SafeHold>().GetAsync() is not { } held) return new("safe hold", true, "Not held.");
        return new("safe hold", false, $"Held: this data was {(held.Reason == "copied" ? "copied" : "put back from a backup")}. Nothing is sent.", "If it is the data that is to send: broadcasts safe-hold release.");
    }

    // Without a service no plugin is loaded: what is installed must do.
    private async Task<DoctorCheck> TransportsAsync(CancellationToken cancellationToken)
    {
        var desired = await Get<PluginStore>().DesiredAsync(cancellationToken);
        var host = Get<PluginHost>();
        var wanted = (await Get<ChannelStore>().ListAsync()).Select(c => c.Transport).Distinct().ToList();
        if (wanted.Where(t => !desired.ContainsKey(t)).ToList() is { Count: > 0 } gone)
            return new("transports", false, $"Channels use transports that are not installed: {string.Join(", ", gone)}.", "Install their packages (console: Plugins).");
        if (host.Infos().Count > 0 && desired.Keys.Where(t => host.FindInfo(t) is null).ToList() is { Count: > 0 } broken)
            return new("transports", false, $"Not loaded here: {string.Join(", ", broken.Select(t => $"{t} ({host.LastRefusal(t)})"))}.", "Install another version of them.");
        return new("transports", true, desired.Count == 0 ? "None is installed yet: the first start does it." : $"{desired.Count} are installed: {string.Join(", ", desired.Select(d => $"{d.Key} {d.Value}").Order(StringComparer.Ordinal))}.");
    }

    private async Task<DoctorCheck> LedgerAsync(DoctorOrder order, CancellationToken cancellationToken)
    {
        var ledger = Get<LedgerAudit>();
        var wrong = new List<string>();
        var ids = await ledger.BroadcastsAsync(order.All);
        foreach (var id in ids)
        {
            if (await Get<BroadcastStore>().GetAsync(id) is not { } broadcast) continue;
            var found = order.Mend ? await ledger.MendAsync(broadcast, cancellationToken) : await ledger.LookAsync(broadcast, cancellationToken);
            if (!found.IsSound) wrong.Add(Describe(found));
        }

        if (order.Mend) services.GetService<DispatchSignal>()?.Set();
        var which = order.All ? "broadcasts" : "broadcasts in progress or paused";
        return wrong.Count == 0 ? new("ledger", true, $"{char.ToUpperInvariant(which[0])}{which[1..]}: {ids.Count}. Their counts are those of the rows.")
            : new("ledger", false, $"{string.Join(" ", wrong)}{(order.Mend ? " Counts are set to those of the rows." : "")}",
                order.Mend ? "Somebody changed the ledger by hand: the broadcast's activity says what was found." : "Somebody changed the ledger by hand. To set counts to those of the rows: broadcasts doctor --mend.");
    }

    private static string Describe(LedgerFindings found)
    {
        var parts = found.Slices.Select(s => string.Create(CultureInfo.InvariantCulture, $"slice {s.Id}: {s.Difference}"))
            .Concat(found.Rows.Take(5).Select(r => string.Create(CultureInfo.InvariantCulture, $"row {r.Id} has the status {r.Status}")))
            .Concat(found.Missing == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(found.Missing)} rows are {(found.Missing > 0 ? "missing" : "too many")}")]);
        return string.Create(CultureInfo.InvariantCulture, $"Broadcast {found.BroadcastId}: {string.Join("; ", parts)}.");
    }

    private EngineOptions Options => Get<EngineOptions>();

    private T Get<T>() where T : notnull => services.GetRequiredService<T>();
}
