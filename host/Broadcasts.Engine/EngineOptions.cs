using Broadcasts.Security;

namespace Broadcasts;

/// <summary>What the operator wrote about the engine, under <c>Broadcasts:</c>.</summary>
public sealed class EngineOptions
{
    /// <summary>Folder of everything this installation keeps on this machine. Default: <c>data</c>.</summary>
    public string DataDirectory { get; set; } = "data";

    /// <summary>Folder outside of the data directory in which this machine remembers which data it worked with, so that a restored copy is noticed. Default: none; the service sets <c>broadcasts</c> in the user's local application data.</summary>
    public string? HostDirectory { get; set; }

    /// <summary>Where the ledger lives.</summary>
    public DatabaseOptions Database { get; set; } = new();

    /// <summary>Address under which the outside reaches this installation, for opt-out links and webhooks. Default: none.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>How the processes of a cluster find and reach each other.</summary>
    public ClusterSettings Cluster { get; set; } = new();

    /// <summary>Time that messages in flight get to finish when the service stops. Default: 8 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>Folder whose plugin packages are installed, from the data directory on when it is relative. Default: <c>drop</c>; null or empty for none.</summary>
    public string? PluginDropDirectory { get; set; } = "drop";

    /// <summary>SHA-256 fingerprints (lower-case hexadecimal) of the certificates whose signed plugin packages are taken. Default: none, and packages need no signature.</summary>
    public IReadOnlySet<string> TrustedPluginSigners { get; set; } = new HashSet<string>();

    /// <summary>Largest plugin package that the API and the console take, in MB. Default: 100.</summary>
    public int MaxPluginMegabytes { get; set; } = 100;

    /// <summary>What of the inside addresses that somebody typed may lead to: <c>private</c>, networks, addresses, names of hosts. Default: nothing.</summary>
    public IReadOnlyList<string> AllowedInside { get; set; } = [];

    /// <summary>Time for which the file that a job made can be downloaded. Default: 7 days.</summary>
    public TimeSpan JobFileLifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Largest file of contacts or addresses that the API and the console take, in MB. Default: 1024.</summary>
    public int MaxImportMegabytes { get; set; } = 1024;

    /// <summary>An OpenID provider by which people may sign in.</summary>
    public OpenIdOptions OpenId { get; set; } = new();

    /// <summary>Time zone in which schedules are written when nothing else is said, IANA. Default: <c>Etc/UTC</c>.</summary>
    public string TimeZone { get; set; } = "Etc/UTC";

    /// <summary>Country for telephone numbers without a country code, ISO 3166. Default: none.</summary>
    public string? DefaultCountry { get; set; }
}

/// <summary>Where the ledger lives.</summary>
public sealed class DatabaseOptions
{
    /// <summary><c>sqlite</c> or <c>postgres</c>. Default: <c>sqlite</c>.</summary>
    public string Provider { get; set; } = "sqlite";

    /// <summary>For PostgreSQL. On SQLite the file is <c>broadcasts.db</c> in the data directory. Default: none.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>True for PostgreSQL.</summary>
    public bool IsPostgres => Provider.Equals("postgres", StringComparison.OrdinalIgnoreCase);
}

/// <summary>How the processes of a cluster find and reach each other.</summary>
public sealed class ClusterSettings
{
    /// <summary>Name that all processes of one installation share. Default: <c>broadcasts</c>.</summary>
    public string Name { get; set; } = "broadcasts";

    /// <summary>Address that other processes reach this one at. There is no authentication on it: loopback or a private network. Default: <c>127.0.0.1</c>.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>Port for the other processes; 0 takes a free one. Default: 0.</summary>
    public int Port { get; set; }
}
