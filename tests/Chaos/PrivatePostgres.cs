using System.Globalization;
using System.Security.Cryptography;

namespace Broadcasts.Chaos;

/// <summary>A PostgreSQL server of the scenario's own, to be restarted without disturbing anybody else.</summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly string _bin;
    private readonly int _port = FreePort.Next();
    private readonly string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));

    private PrivatePostgres(string bin) => _bin = bin;

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=postgres;Password={_password};Database=postgres");

    public static async Task<PrivatePostgres> StartAsync()
    {
        var bin = Environment.GetEnvironmentVariable("BROADCASTS_TEST_POSTGRES_BIN") is { Length: > 0 } folder ? folder : throw new ScenarioSkippedException("BROADCASTS_TEST_POSTGRES_BIN does not say where PostgreSQL's programs are");
        var server = new PrivatePostgres(bin);
        try
        {
            await File.WriteAllTextAsync(server._folder.File("password"), server._password);
            if (IsRoot) await MustAsync("chown", "-R", "postgres", server._folder.Path);
            await server.ToolAsync("initdb", "-D", server.Data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", $"--pwfile={server._folder.File("password")}");
            await server.ControlAsync("start");
            return server;
        }
        catch
        {
            server._folder.Dispose();
            throw;
        }
    }

    /// <summary>As after a crash: connections break, the log is replayed.</summary>
    public Task RestartAsync() => ControlAsync("restart", "-m", "immediate");

    public async ValueTask DisposeAsync()
    {
        await ControlAsync("stop", "-m", "immediate");
        _folder.Dispose();
    }

    private static bool IsRoot => Environment.UserName == "root";

    private string Data => _folder.File("data");

    private Task ControlAsync(string verb, params string[] more) => ToolAsync("pg_ctl", [
        "-D", Data, "-w", "-t", "50", "-l", _folder.File("log"),
        "-o", string.Create(CultureInfo.InvariantCulture, $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder.Path} -c max_connections=100 -c shared_buffers=64MB"),
        .. more, verb]);

    // PostgreSQL refuses to run as root.
    private Task ToolAsync(string tool, params string[] arguments) =>
        IsRoot ? MustAsync("runuser", ["-u", "postgres", "--", Path.Combine(_bin, tool), .. arguments]) : MustAsync(Path.Combine(_bin, tool), arguments);

    private static async Task MustAsync(string program, params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(arguments, executable: program, workingDirectory: "/");
        await process.AssertExitCodeAsync(0, Limit);
    }
}
