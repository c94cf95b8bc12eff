using System.Net;
using System.Net.Sockets;

namespace Broadcasts.Security;

/// <summary>
/// Where addresses that somebody typed may lead: to the outside. What is inside (this machine, private networks, where clouds keep their credentials) is refused unless the operator named it. The address itself is
/// looked at, after its name was resolved and at each connection: a name that leads elsewhere a moment later gains nothing, and neither does a redirect.
/// </summary>
internal sealed class OutsideAddresses
{
    /// <summary>The operator's word for this machine and private networks.</summary>
    public const string Private = "private";

    private static readonly IPNetwork[] PrivateNetworks = Parse("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7");

    private static readonly IPNetwork[] Inside =
    [
        .. PrivateNetworks,
        .. Parse("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/128", "fe80::/10", "fec0::/10", "ff00::/8"),
    ];

    // Addresses of the one kind in those of the other: the last four bytes, or those behind the first two.
    private static readonly IPNetwork Translated = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork Tunnelled = IPNetwork.Parse("2002::/16");

    private readonly IPNetwork[] _allowed;
    private readonly HashSet<string> _hosts;

    /// <param name="allowed">What of the inside may be reached: <see cref="Private"/>, networks (<c>10.1.0.0/16</c>), addresses, names of hosts.</param>
    public OutsideAddresses(IReadOnlyCollection<string> allowed)
    {
        _allowed = [.. allowed.SelectMany(entry => entry == Private ? PrivateNetworks : NetworkOf(entry) is { } network ? [network] : [])];
        _hosts = allowed.Where(entry => entry != Private && NetworkOf(entry) is null).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>What is wrong with an entry; null when it can be one.</summary>
    public static string? Fault(string entry) =>
        entry == Private || NetworkOf(entry) is not null || (!entry.Contains('/', StringComparison.Ordinal) && Uri.CheckHostName(entry) == UriHostNameType.Dns) ? null
        : $"'{entry}' is neither 'private', nor a network (10.1.0.0/16), an address, or a host's name.";

    /// <summary>True when it may be connected to.</summary>
    public bool Allows(IPAddress address)
    {
        var plain = Plain(address);
        return !Inside.Any(n => n.Contains(plain)) || _allowed.Any(n => n.Contains(plain));
    }

    /// <summary>True for a host that can't be reached by any address: an address of the inside, written out. A name is known only when it is resolved.</summary>
    public bool Refuses(Uri address) => !_hosts.Contains(address.IdnHost) && (address.IdnHost == "localhost" ? !Allows(IPAddress.Loopback) : IPAddress.TryParse(address.IdnHost, out var written) && !Allows(written));

    /// <summary>Connects, for a <see cref="SocketsHttpHandler"/>.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        // A proxy is the operator's choice, and where it goes is the proxy's.
        var isProxy = context.InitialRequestMessage.RequestUri is { } asked && (asked.IdnHost != host.Trim('[', ']') || asked.Port != port);
        var free = isProxy || _hosts.Contains(host) ? addresses : [.. addresses.Where(Allows)];
        if (free.Length == 0) throw new IOException($"{host} leads inside ({string.Join(", ", addresses.Select(a => a.ToString()))}), where addresses that somebody typed may not go. To permit it: Broadcasts:Network:Allow.");

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(free, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPAddress Plain(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        var bytes = address.GetAddressBytes();
        return Translated.Contains(address) ? new IPAddress(bytes.AsSpan(12, 4)) : Tunnelled.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4)) : address;
    }

    private static IPNetwork? NetworkOf(string entry) =>
        IPNetwork.TryParse(entry, out var network) ? network : IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) : null;

    private static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(IPNetwork.Parse)];
}
