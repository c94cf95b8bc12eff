using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Chaos;

/// <summary>The simulated provider of a run.</summary>
internal sealed record ProviderSetup
{
    /// <summary>From the hand-over to the answer; the provider takes the message in the middle of it.</summary>
    public int LatencyMs { get; init; } = 40;

    public bool Idempotent { get; init; }

    public bool Lookup { get; init; }

    public bool Resend { get; init; }

    /// <summary>Doubts are settled without a person: none is left in the end.</summary>
    public bool Settles => Lookup || Resend;
}

/// <summary>One scenario on its way: an installation of the built program, a broadcast, and what was done to them.</summary>
internal sealed class ChaosRun : IAsyncDisposable
{
    private const double ClaimMs = 50;

    /// <summary>A permit may be used for so long at a fast rate: 20 ms of guard, 8 of them for the way to the socket.</summary>
    private const double PermitMs = 12;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly TempFolder _folder = new();

    private ChaosRun(ChaosSize size, string database, Installation installation)
    {
        (Size, Label, Installation, Random, MostPerSecond) = (size, database, installation, new Random(size.Seed), size.PerSecond);
        Journal = new TakenJournal(_folder.File("journal"));
        Ledger = database == "sqlite" ? new LedgerView(database, Path.Combine(installation.DataOf(0), "broadcasts.db")) : new LedgerView("postgres", installation.Database.ConnectionString);
    }

    public ChaosSize Size { get; }

    /// <summary>sqlite, postgres or cluster.</summary>
    public string Label { get; }

    public Installation Installation { get; }

    public Random Random { get; }

    public TakenJournal Journal { get; }

    public LedgerView Ledger { get; }

    public ProviderSetup Provider { get; private set; } = new();

    public long Channel { get; private set; }

    public long Broadcast { get; private set; }

    public int Parts { get; private set; } = 1;

    /// <summary>Broadcasts that were sent, each to everybody.</summary>
    public int Broadcasts { get; private set; }

    public int Faults { get; set; }

    /// <summary>The highest rate that was set.</summary>
    public int MostPerSecond { get; set; }

    /// <summary>What the faults so far may have left in doubt.</summary>
    public long AllowedUnknown { get; set; }

    /// <summary>The disk of its own.</summary>
    public SmallDisk? Disk { get; private init; }

    /// <summary>The server of its own.</summary>
    public PrivatePostgres? Server { get; private init; }

    public List<string> Notes { get; } = [];

    public List<string> Broken { get; } = [];

    /// <summary>Prepares one; nothing runs yet.</summary>
    /// <param name="size">How much.</param>
    /// <param name="database">sqlite, postgres or cluster.</param>
    /// <param name="disk">Where the data directories are, and the run's to unmount; by default a temporary folder.</param>
    /// <param name="server">A PostgreSQL of the run's own, and the run's to stop; by default the tests' one.</param>
    public static async Task<ChaosRun> CreateAsync(ChaosSize size, string database, SmallDisk? disk = null, PrivatePostgres? server = null) =>
        new(size, database, await Installation.CreateAsync(database == "sqlite" ? database : "postgres", disk?.Path, server?.ConnectionString)) { Disk = disk, Server = server };

    /// <summary>Fills the contacts, starts the processes and sends the broadcast.</summary>
    public async Task BeginAsync(ProviderSetup provider, int processes = 1, int parts = 1, IReadOnlyDictionary<string, string?>? environment = null, bool fullSpeed = false)
    {
        (Provider, Parts) = (provider, parts);
        if (fullSpeed) MostPerSecond = int.MaxValue;
        var people = _folder.File("people.csv");
        await File.WriteAllLinesAsync(people, Enumerable.Range(0, Size.Recipients).Select(i => string.Create(CultureInfo.InvariantCulture, $"user{i}@example.com")).Prepend("email"));
        await Installation.CommandAsync("import", people, "--consent-source", "made up");
        for (var i = 0; i < processes; i++) await Installation.StartAsync(i, environment);
        Channel = (await Installation.PostAsync("channels", new
        {
            name = "Provider",
            transport = "simulator",
            settings = new { addressKind = "email", seed = Size.Seed, latencyMs = provider.LatencyMs, jitterMs = 0, receipts = false, idempotent = provider.Idempotent, lookup = provider.Lookup, journalFile = Journal.Path },
            rate = fullSpeed ? null : new { count = Size.PerSecond, per = "second" },
            whenInDoubt = provider.Resend ? "resend" : "leave",
            maxAttempts = 50,
        })).GetProperty("id").GetInt64();
        await SendAsync(parts);
    }

    /// <summary>Sends a broadcast to everybody; what is asked and checked from now on is about this one.</summary>
    public async Task SendAsync(int parts)
    {
        Broadcast = (await Installation.PostAsync("broadcasts", new
        {
            name = "Chaos",
            channelId = Channel,
            segment = new { all = Array.Empty<object>() },
            parts = Enumerable.Range(1, parts).Select(p => new { type = "text", text = string.Create(CultureInfo.InvariantCulture, $"{p}: hello {{{{ contact.email }}}}") }),
        })).GetProperty("id").GetInt64();
        Broadcasts++;
        await CommandAsync("send");
    }

    /// <summary>POST of a command to the broadcast.</summary>
    public Task<JsonElement> CommandAsync(string verb) => Installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{Broadcast}/{verb}"));

    /// <summary>Seeded numbers of taken messages at which something happens, in order; none in the last part of the broadcast.</summary>
    public IReadOnlyList<int> Marks(int count)
    {
        var most = (int)(Size.Recipients * Parts * 0.93);
        return [.. Enumerable.Range(0, count).Select(_ => Random.Next(most)).Order()];
    }

    /// <summary>Waits until so many messages were taken.</summary>
    public Task TakenAsync(int atLeast) => UntilAsync(() => Task.FromResult(Journal.Read().Count >= atLeast), $"{atLeast} messages were taken", TimeSpan.FromMinutes(4));

    /// <summary>Waits a seeded moment.</summary>
    public Task MomentAsync(int mostMs) => PauseAsync(TimeSpan.FromMilliseconds(Random.Next(mostMs)));

    public static Task PauseAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    /// <summary>Kills a process and notes what may be in doubt: what the provider took and no row says, what was on its way to it, and one claim.</summary>
    public async Task KillAsync(ProcessUnderTest process)
    {
        var id = process.Id;
        await Installation.KillAsync(process);
        Faults++;
        await AllowAsync(id);
    }

    /// <summary>Notes what a process that is gone, or stands still, may leave in doubt.</summary>
    public async Task AllowAsync(int process)
    {
        var open = (await Ledger.SendingOfAsync(process)).ToHashSet();
        if (open.Count == 0) return;
        var taken = Journal.Read().Count(t => open.Contains(t.Row));
        AllowedUnknown += taken + OnItsWay + OneClaim;
        Notes.Add(string.Create(CultureInfo.InvariantCulture, $"fault {Faults}: {open.Count} claimed and not answered, {taken} of them taken by the provider"));
    }

    /// <summary>Messages that one claim holds at most.</summary>
    public int OneClaim => (int)Math.Ceiling(Size.PerSecond * ClaimMs / 1000);

    /// <summary>Messages that a late timer hands over at once at most: permits are good for so long.</summary>
    public int Together => (int)Math.Ceiling(Size.PerSecond * PermitMs / 1000);

    /// <summary>Messages between the hand-over and the provider, one after the other.</summary>
    public int OnItsWay => (int)Math.Ceiling(Size.PerSecond * Provider.LatencyMs / 2 / 1000.0);

    /// <summary>Waits for the broadcast's end.</summary>
    public Task CompletedAsync(TimeSpan? limit = null) =>
        UntilAsync(async () => await Ledger.StatusAsync(Broadcast) == BroadcastStatus.Completed, "the broadcast is complete", limit ?? TimeSpan.FromMinutes(5), TimeSpan.FromMilliseconds(100));

    /// <summary>Asks until it is so; a process that ended by itself is a fault of its own.</summary>
    public async Task UntilAsync(Func<Task<bool>> isSo, string what, TimeSpan limit, TimeSpan? interval = null)
    {
        for (var begin = TimeProvider.System.GetTimestamp(); !await isSo();)
        {
            if (Installation.Processes.FirstOrDefault(p => p.HasExited) is { } ended) throw new InvalidOperationException($"A process ended by itself before {what}. {Tail(ended)}");
            if (TimeProvider.System.GetElapsedTime(begin) > limit)
            {
                var state = await Installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{Broadcast}/progress"));
                throw new TimeoutException($"Not within {limit.TotalSeconds:0} s: {what}; {Journal.Read().Count} taken, {state}. {Tail(Installation.Processes[^1])}");
            }

            await PauseAsync(interval ?? Look);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Installation.DisposeAsync();
        if (Server is not null) await Server.DisposeAsync();
        if (Disk is not null) await Disk.DisposeAsync();
        Journal.Dispose();
        _folder.Dispose();
    }

    private static string Tail(ProcessUnderTest process) => "Its last lines:\n" + string.Join('\n', process.Lines.TakeLast(40));
}
