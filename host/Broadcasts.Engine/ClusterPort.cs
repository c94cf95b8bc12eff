using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broadcasts;

/// <summary>The port for the other processes when none is configured: the one of the last start while it is free, otherwise any free one.</summary>
/// <remarks>
/// Whoever starts on an address declares dead what ran there before. On another port a killed process' entry looks alive until it has been
/// silent for long enough, and its successor waits for it: half a minute in which nothing is sent.
/// </remarks>
internal static class ClusterPort
{
    public static int Choose(IPAddress address, string dataDirectory)
    {
        var file = Path.Combine(dataDirectory, "cluster.port");
        if (Read(file) is { } last && TryListen(address, last) is { } again) return again;
        var port = TryListen(address, 0) ?? throw new InvalidOperationException($"There is no free port on {address}.");
        File.WriteAllText(file, port.ToString(CultureInfo.InvariantCulture));
        return port;
    }

    private static int? Read(string file) =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue ? port : null;

    internal static int? TryListen(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException) when (port != 0)
        {
            return null;
        }
    }
}
