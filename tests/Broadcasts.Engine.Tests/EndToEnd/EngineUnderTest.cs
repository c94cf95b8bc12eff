using System.Collections.Concurrent;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit.Sdk;

namespace Broadcasts.EndToEnd;

/// <summary>The whole engine in this process: real silo, real database, the bundled transports out of their packages.</summary>
internal sealed class EngineUnderTest : IAsyncDisposable
{
    private const string PeopleSql = """
        INSERT INTO contacts (first_name, language, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @count) SELECT 'N' || i, 'es', 1, 1 FROM n
        """;

    private const string AddressesSql = "INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, '+346' || (10000000 + id), 1 FROM contacts WHERE id > @after";

    private readonly IHost _host;
    private readonly CapturedLog _log;

    private EngineUnderTest(IHost host, CapturedLog log, string data) => (_host, _log, Data) = (host, log, data);

    public string Data { get; }

    public Database Database => Get<Database>();

    /// <summary>The test changes rows or counts behind the program's back. In all others that the program finds such a change is a false alarm.</summary>
    public bool ExpectsChangedLedger { get; set; }

    /// <summary>Warnings and errors so far.</summary>
    public IEnumerable<string> Log => _log.Lines;

    public static async Task<EngineUnderTest> StartAsync(string data, string? postgres = null)
    {
        Directory.CreateDirectory(data);
        var options = new EngineOptions { DataDirectory = data, StopGrace = TimeSpan.FromSeconds(3) };
        if (postgres is not null) options.Database = new DatabaseOptions { Provider = "postgres", ConnectionString = postgres };
        var log = new CapturedLog();
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "engine-under-test" });
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Warning);
        builder.AddBroadcastsEngine(options);
        builder.Services.AddSingleton<ISecretProtector, PlainSecrets>();
        var host = builder.Build();
        await EngineSetup.PrepareAsync(host.Services);
        await host.StartAsync();
        return new EngineUnderTest(host, log, data);
    }

    /// <summary>For a process of its own: says that it is ready and runs until it is killed.</summary>
    public static async Task<int> RunAsync(string data, string? postgres)
    {
        await using var engine = await StartAsync(data, postgres);
        Console.WriteLine("ready");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
        return 0;
    }

    public T Get<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    public IBroadcastGrain Grain(long id) => Get<IGrainFactory>().GetGrain<IBroadcastGrain>(id);

    /// <summary>People with a telephone number each; their ids.</summary>
    public Task<long[]> AddPeopleAsync(int count) => Database.WriteAsync(async t =>
    {
        var after = await t.Connection!.ExecuteScalarAsync<long>("SELECT COALESCE(MAX(id), 0) FROM contacts", transaction: t);
        await t.Connection!.ExecuteAsync(PeopleSql, new { count }, t);
        await t.Connection!.ExecuteAsync(AddressesSql, new { after, kind = (int)AddressKind.Phone }, t);
        return (await t.Connection!.QueryAsync<long>("SELECT id FROM contacts WHERE id > @after ORDER BY id", new { after }, t)).ToArray();
    });

    public Task<int> ExecuteAsync(string sql, object? parameters = null) => Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, parameters, t));

    /// <summary>A channel over the simulator that writes down what it took.</summary>
    public async Task<SimulatedChannel> AddSimulatorAsync(string settings = "", SendRate? rate = null, int maxAttempts = 5)
    {
        var name = $"sim-{Guid.NewGuid():N}";
        var journal = Path.Combine(Data, name + ".journal");
        var edit = new ChannelEdit(name, "simulator", SimulatorJson(journal, settings), rate) { MaxAttempts = maxAttempts };
        return new SimulatedChannel(await AddChannelAsync(edit), journal, edit);
    }

    public static string SimulatorJson(string journal, string settings) =>
        $$"""{"receipts":false,"latencyMs":5,"jitterMs":0,{{(settings.Length > 0 ? settings + "," : "")}}"journalFile":{{System.Text.Json.JsonSerializer.Serialize(journal)}}}""";

    public async Task<long> AddChannelAsync(ChannelEdit edit)
    {
        var (id, result) = await Get<ChannelService>().CreateAsync(edit, "test");
        Require(result);
        return id;
    }

    public Task<long> AddBroadcastAsync(long channel, long[] people, params string[] texts) => AddBroadcastAsync(DraftOf(channel, people, texts));

    public async Task<long> AddBroadcastAsync(BroadcastDraft draft)
    {
        var (id, result) = await Get<BroadcastFactory>().CreateAsync(draft, "test");
        Require(result);
        return id;
    }

    public static BroadcastDraft DraftOf(long channel, long[] people, params string[] texts) => new()
    {
        Name = "Test",
        ChannelId = channel,
        AudienceJson = System.Text.Json.JsonSerializer.Serialize(new BroadcastAudience { ContactIds = people }, BroadcastJson.Options),
        PartsJson = System.Text.Json.JsonSerializer.Serialize<BroadcastPart[]>([.. (texts.Length == 0 ? ["Hello"] : texts).Select(t => new TextPart { Text = t })], BroadcastJson.Options),
    };

    public async Task StartBroadcastAsync(long id) => Require(await Grain(id).StartAsync("test"));

    public async Task<Progress> ProgressAsync(long id) => (await Get<ProgressQueries>().GetAsync(id))!;

    /// <summary>Waits until the broadcast looks like that.</summary>
    public async Task<Progress> WaitAsync(long id, Func<Progress, bool> looks, string what, int seconds = 40)
    {
        var last = await ProgressAsync(id);
        await Until.TrueAsync(async () => looks(last = await ProgressAsync(id)), () => $"{what}; it is {Describe(last)}\n{string.Join('\n', Log.TakeLast(20))}", seconds);
        return last;
    }

    public async Task<Progress> CompletedAsync(long id, int seconds = 40)
    {
        var progress = await WaitAsync(id, p => p.Status == BroadcastStatus.Completed, $"broadcast {id} is completed", seconds);
        if (!ExpectsChangedLedger) Xunit.Assert.DoesNotContain(Log, l => l.Contains("changed the ledger by hand", StringComparison.Ordinal));
        return progress;
    }

    /// <summary>Rows of the broadcast: id, contact, part, status.</summary>
    public Task<RowState[]> RowsAsync(long id) => Database.ReadAsync(async c =>
        (await c.QueryAsync<RowState>("SELECT id, contact_id, part, status, reason, sent_at FROM deliveries WHERE id BETWEEN @from AND @to ORDER BY id", new { from = DeliveryId.First(id), to = DeliveryId.Last(id) })).ToArray());

    public static void Require(CommandResult result)
    {
        if (!result.IsDone) throw new XunitException($"{result.Code}: {result.Message}");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }

    private static string Describe(Progress p) => $"{p.Status} ({p.StatusReason} {p.StatusDetail}), {p.Recipients} recipients, frozen {p.IsFrozen}: {p.Counts}";

    private sealed class CapturedLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IEnumerable<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose() { }
    }
}

/// <summary>A channel and what its provider wrote down.</summary>
internal sealed record SimulatedChannel(long Id, string Journal, ChannelEdit Edit)
{
    /// <summary>Delivery ids that the provider took, in order, with every repeat.</summary>
    public IReadOnlyList<long> Taken
    {
        get
        {
            if (!File.Exists(Journal)) return [];
            using var reader = new StreamReader(new FileStream(Journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return [.. lines.Select(l => l.Split(' ')[0]).Where(i => !i.StartsWith("test", StringComparison.Ordinal)).Select(i => long.Parse(i.AsSpan(i.IndexOf('-', StringComparison.Ordinal) + 1), System.Globalization.CultureInfo.InvariantCulture))];
        }
    }

    public IEnumerable<long> TakenOf(long broadcast) => Taken.Where(i => DeliveryId.BroadcastOf(i) == broadcast);
}

/// <summary>One engine for the tests of a class: starting one takes longer than most of them.</summary>
public sealed class EngineFixture : Xunit.IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    internal EngineUnderTest Engine { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Engine = await EngineUnderTest.StartAsync(_folder.Path);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _folder.Dispose();
    }
}
