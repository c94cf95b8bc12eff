using System.Net;
using System.Net.Sockets;

namespace Broadcasts.Testing;

/// <summary>A TCP port on loopback that nobody listened on a moment ago.</summary>
/// <remarks>Another process can take it in between: prefer port 0 and asking the listener wherever the program under test allows it.</remarks>
public static class FreePort
{
    /// <summary>The next free one.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
