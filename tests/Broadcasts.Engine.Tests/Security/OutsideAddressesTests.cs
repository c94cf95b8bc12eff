using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Broadcasts.Security;

public sealed class OutsideAddressesTests
{
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1::1", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.9.9.9", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:93.184.216.34", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    public void Allows_NothingNamed_OutsideAlone(string address, bool allowed) => Assert.Equal(allowed, new OutsideAddresses([]).Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("private", "127.0.0.1", true)]
    [InlineData("private", "::ffff:10.0.0.1", true)]
    [InlineData("private", "fd00::1", true)]
    [InlineData("private", "169.254.169.254", false)]
    [InlineData("10.1.0.0/16", "10.1.2.3", true)]
    [InlineData("10.1.0.0/16", "10.2.2.3", false)]
    [InlineData("169.254.169.254", "169.254.169.254", true)]
    public void Allows_Named_TheseToo(string entry, string address, bool allowed) => Assert.Equal(allowed, new OutsideAddresses([entry]).Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("private", true)]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("::1", true)]
    [InlineData("crm.internal", true)]
    [InlineData("10.0.0.0/33", false)]
    [InlineData("http://crm.internal", false)]
    public void Fault_Entry_IsSaid(string entry, bool isOne) => Assert.Equal(isOne, OutsideAddresses.Fault(entry) is null);

    [Theory]
    [InlineData("http://10.0.0.1/x", true)]
    [InlineData("https://[::ffff:192.168.0.1]/", true)]
    [InlineData("http://2130706433/", true)]
    [InlineData("http://localhost:8080/", true)]
    [InlineData("https://example.org/", false)]
    public void Refuses_WrittenOutAddress_OfTheInside(string address, bool refused) => Assert.Equal(refused, new OutsideAddresses([]).Refuses(new Uri(address)));

    // A name is looked at where it leads when the connection is made, whatever it led to before.
    [Theory]
    [InlineData("127.0.0.1", null, false)]
    [InlineData("localhost", null, false)]
    [InlineData("[::ffff:127.0.0.1]", null, false)]
    [InlineData("127.0.0.1", "private", true)]
    [InlineData("localhost", "LOCALHOST", true)]
    [InlineData("127.0.0.1", "localhost", false)]
    public async Task ConnectAsync_AServerOnThisMachine_OnlyWhenItIsNamed(string host, string? allowed, bool reached)
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var answering = AnswerAsync(server);
        using var http = Client(allowed);
        var address = new Uri($"http://{host}:{((IPEndPoint)server.LocalEndpoint).Port}/");

        if (reached) Assert.Equal("hello", await http.GetStringAsync(address, _ct));
        else
        {
            var refused = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(address, _ct));
            // Surely not sent: transports may try again.
            Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
            Assert.Contains("Broadcasts:Network:Allow", refused.Message, StringComparison.Ordinal);
        }

        server.Stop();
        await answering;
    }

    [Fact]
    public async Task ConnectAsync_ByTheOperatorsProxy_ReachesIt()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var answering = AnswerAsync(proxy);
        using var http = Client(null, new WebProxy($"http://127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}"));

        Assert.Equal("hello", await http.GetStringAsync(new Uri("http://example.org/"), _ct));
        proxy.Stop();
        await answering;
    }

    private static HttpClient Client(string? allowed, IWebProxy? proxy = null) =>
        new(new SocketsHttpHandler { ConnectCallback = new OutsideAddresses(allowed is null ? [] : [allowed]).ConnectAsync, Proxy = proxy, UseProxy = proxy is not null });

    private static async Task AnswerAsync(TcpListener server)
    {
        try
        {
            using var client = await server.AcceptTcpClientAsync();
            var stream = client.GetStream();
            _ = await stream.ReadAsync(new byte[4096]);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"));
        }
        catch (SocketException)
        {
            // Nobody came.
        }
    }
}
