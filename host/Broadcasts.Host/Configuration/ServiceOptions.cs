using System.Net;

namespace Broadcasts.Host.Configuration;

/// <summary>Everything an operator can set, read and checked. See <see cref="ConfigKeys"/>.</summary>
internal sealed class ServiceOptions
{
    /// <summary>What the engine needs of it.</summary>
    public EngineOptions Engine { get; } = new();

    /// <summary>Addresses that the console and the API listen on. Default: <c>http://127.0.0.1:5080</c>.</summary>
    public IReadOnlyList<Uri> Urls { get; set; } = [new("http://127.0.0.1:5080")];

    /// <summary>Reverse proxies whose word counts for where a request came from. Default: none.</summary>
    public IReadOnlyList<IPAddress> TrustedProxies { get; set; } = [];

    /// <summary>A file with the key that wraps the keys in a PostgreSQL database. Default: none.</summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>Largest file of a message, in MB. Default: 25.</summary>
    public int MaxFileMegabytes { get; set; } = 25;

    /// <summary>Requests to the API that one key may make within a minute; 0 for any number. Default: 6000.</summary>
    public int MaxApiRequestsPerMinute { get; set; } = 6000;
}
