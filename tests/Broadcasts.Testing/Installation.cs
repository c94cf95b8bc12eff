using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Testing;

/// <summary>The built program as an installation: one process on SQLite, or several that share a PostgreSQL database, and a client with an administrator's key.</summary>
public sealed class Installation : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly TestDatabase _database;
    private readonly string _root;
    private readonly Dictionary<string, string?> _environment = [];
    private readonly List<ProcessUnderTest> _processes = [];
    private readonly Dictionary<ProcessUnderTest, int> _numbers = [];
    private HttpClient _http = new();

    private Installation(TestDatabase database, string? root) => (_database, _root) = (database, root ?? _folder.Path);

    /// <summary>The processes that were started and not killed.</summary>
    public IReadOnlyList<ProcessUnderTest> Processes => _processes;

    /// <summary>Its database, for looks past the program.</summary>
    public TestDatabase Database => _database;

    /// <summary>Where a process keeps what is its own.</summary>
    public string DataOf(int process) => Path.Combine(_root, process.ToString(CultureInfo.InvariantCulture));

    /// <summary>The number of the data directory that a process was started with.</summary>
    public int NumberOf(ProcessUnderTest process) => _numbers[process];

    /// <summary>Prepares one; nothing runs yet.</summary>
    /// <param name="provider">sqlite or postgres.</param>
    /// <param name="root">Folder for the data directories, which stays; by default one that is deleted at the end.</param>
    /// <param name="server">Connection string of a PostgreSQL of its own; by default the tests' one.</param>
    public static async Task<Installation> CreateAsync(string provider, string? root = null, string? server = null)
    {
        var installation = new Installation(await TestDatabase.CreateAsync(provider, migrate: false, server), root);
        installation._environment["Broadcasts__HostDirectory"] = installation._folder.File("host");
        if (provider == "postgres")
        {
            var key = installation._folder.File("master.key");
            await File.WriteAllTextAsync(key, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(48)));
            installation._environment["Broadcasts__Database__Provider"] = provider;
            installation._environment["Broadcasts__Database__ConnectionString"] = installation._database.ConnectionString;
            installation._environment["Broadcasts__Secrets__MasterKeyFile"] = key;
        }

        return installation;
    }

    /// <summary>Runs a command of the program and returns its standard output.</summary>
    public async Task<IReadOnlyList<string>> CommandAsync(params string[] arguments)
    {
        await using var command = ProcessUnderTest.Start([.. arguments, "--data", DataOf(0)], _environment);
        await command.AssertExitCodeAsync(0, TimeSpan.FromMinutes(5));
        return command.StandardOutput;
    }

    /// <summary>Starts one process more, waits until it is ready and talks to it from now on.</summary>
    /// <param name="data">Number of its data directory.</param>
    /// <param name="environment">Variables for it alone.</param>
    /// <param name="executable">Another copy of the program.</param>
    public async Task<ProcessUnderTest> StartAsync(int data, IReadOnlyDictionary<string, string?>? environment = null, string? executable = null)
    {
        var process = Launch(data, environment, executable);
        await UseAsync(process);
        return process;
    }

    /// <summary>Starts one process more and waits for nothing.</summary>
    public ProcessUnderTest Launch(int data, IReadOnlyDictionary<string, string?>? environment = null, string? executable = null)
    {
        var variables = new Dictionary<string, string?>(_environment);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) variables[name] = value;
        var process = ProcessUnderTest.Start(["run", "--data", DataOf(data), "--urls", "http://127.0.0.1:0"], variables, executable);
        _processes.Add(process);
        _numbers[process] = data;
        return process;
    }

    /// <summary>Talks to this process from now on, as soon as it is ready.</summary>
    public async Task UseAsync(ProcessUnderTest process)
    {
        var address = (await process.WaitForLineAsync("is ready: ", Long)).Split("is ready: ")[1].Trim();
        await UseAsync(new Uri(address));
    }

    /// <summary>Takes one off the list that ended, or was asked to end, and waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(ProcessUnderTest process)
    {
        var code = await process.ExitCodeAsync(Long);
        _processes.Remove(process);
        return code;
    }

    /// <summary>Ends one as a power cut would.</summary>
    public async Task KillAsync(ProcessUnderTest process)
    {
        process.Kill();
        await EndAsync(process);
    }

    /// <summary>GET below /api/v1/.</summary>
    public async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return await ReadAsync(answer);
    }

    /// <summary>POST below /api/v1/.</summary>
    public async Task<JsonElement> PostAsync(string path, object? body = null)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body ?? new { });
        return await ReadAsync(answer);
    }

    /// <summary>POST of a file below /api/v1/.</summary>
    public async Task<JsonElement> PostFileAsync(string path, byte[] file)
    {
        using var body = new ByteArrayContent(file);
        using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), body);
        return await ReadAsync(answer);
    }

    /// <summary>POST of a file on disk below /api/v1/, however large.</summary>
    public async Task<JsonElement> PostFileAsync(string path, string file)
    {
        await using var stream = File.OpenRead(file);
        using var body = new StreamContent(stream);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        using var answer = await _http.SendAsync(request);
        return await ReadAsync(answer);
    }

    /// <summary>PATCH below /api/v1/.</summary>
    public async Task<JsonElement> PatchAsync(string path, object body)
    {
        using var answer = await _http.PatchAsJsonAsync(new Uri(path, UriKind.Relative), body);
        return await ReadAsync(answer);
    }

    /// <summary>Asks until the answer fits.</summary>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> fits, TimeSpan limit)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answer = await GetAsync(path);
            if (fits(answer)) return answer;
            if (TimeProvider.System.GetElapsedTime(begin) > limit) throw new TimeoutException($"After {limit.TotalSeconds:0} s {path} is still {answer}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes) await process.DisposeAsync();
        _http.Dispose();
        await _database.DisposeAsync();
        _folder.Dispose();
    }

    // The key is made once, and the client talks to whoever started last.
    private async Task UseAsync(Uri address)
    {
        var key = _http.DefaultRequestHeaders.Authorization?.Parameter ?? (await CommandAsync("apikey", "create", "--name", "test"))[0];
        _http.Dispose();
        _http = new HttpClient { BaseAddress = new Uri(address, "api/v1/"), Timeout = TimeSpan.FromMinutes(10) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidOperationException($"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri} was answered with {(int)answer.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
