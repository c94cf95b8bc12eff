using System.Diagnostics;
using Broadcasts.Benchmarks.LedgerSchemas;

const int Batch = 500;
const int FreezeChunk = 5_000;

if (args.Contains("--help"))
{
    Console.WriteLine("""
        Compares ways to lay out the ledger: bytes per row and rows per second of freeze, claim, record and receipt.

          dotnet run -c Release --project tests/Benchmarks/LedgerSchemas -- [--rows N] [--rounds N] [--no-receipts] [--no-sqlite] [--vacuum-while-sending] [--only TEXT]

        SQLite is always measured; PostgreSQL when BROADCASTS_TEST_POSTGRES holds a connection string (a schema `ledger_bench` is made and dropped).
        """);
    return 0;
}

var rows = int.Parse(Option("--rows") ?? "500000", System.Globalization.CultureInfo.InvariantCulture);
var rounds = int.Parse(Option("--rounds") ?? "1", System.Globalization.CultureInfo.InvariantCulture);
var receipts = !args.Contains("--no-receipts");
var vacuumWhileSending = args.Contains("--vacuum-while-sending");
var postgres = Environment.GetEnvironmentVariable("BROADCASTS_TEST_POSTGRES");

Console.WriteLine($"{"bytes per row:",-58}{"frozen",7}{"sent",7}{"received",9}{"vacuumed",9}{"packed",7}{"log/sent",9} | rows/s: freeze  claim  record  receipt");
for (var round = 0; round < rounds; round++)
{
    foreach (var candidate in args.Contains("--no-sqlite") ? [] : SqliteCandidates.All.Where(IsWanted))
    {
        await MeasureAsync("sqlite   " + candidate.Name, new SqliteLedger(candidate));
    }

    foreach (var candidate in postgres is null ? [] : PostgresCandidates.All.Where(IsWanted))
    {
        await MeasureAsync("postgres " + candidate.Name, await PostgresLedger.OpenAsync(candidate, postgres!));
    }
}

return 0;

async Task MeasureAsync(string name, ILedger ledger)
{
    await using var _ = ledger;
    TimeSpan freeze = default, claim = default, record = default, receive = default;
    for (var from = 0; from < rows; from += FreezeChunk)
    {
        await Timed(() => ledger.FreezeAsync(from, Math.Min(from + FreezeChunk, rows) - 1), spent => freeze += spent);
    }

    await ledger.AnalyzeAsync();
    var frozen = await ledger.MeasureAsync();
    var next = Rows.FirstId;
    for (var number = 1L; next < Rows.FirstId + rows; number++)
    {
        long[] ids = [];
        await Timed(async () => ids = await ledger.ClaimAsync(number, next, Rows.FirstId + rows), spent => claim += spent);
        await Timed(async () => Demand(await ledger.RecordAsync(number, ids), ids.Length), spent => record += spent);
        next = ids[^1] + 1;

        // What autovacuum does in a broadcast that takes longer than its nap.
        if (vacuumWhileSending && number % 100 == 0) await ledger.VacuumAsync(full: false);
    }

    var sent = await ledger.MeasureAsync();
    await ledger.AnalyzeAsync();
    for (var from = 0; receipts && from < rows; from += Batch)
    {
        var ids = Enumerable.Range(from, Batch).Select(position => Rows.FirstId + position).ToArray();
        await Timed(async () => Demand(await ledger.ReceiveAsync(ids), ids.Length), spent => receive += spent);
    }

    var received = await ledger.MeasureAsync();
    await ledger.VacuumAsync(full: false);
    var vacuumed = await ledger.MeasureAsync();
    await ledger.VacuumAsync(full: true);
    var packed = await ledger.MeasureAsync();
    Console.WriteLine($"{name,-58}{PerRow(frozen.Bytes),7}{PerRow(sent.Bytes),7}{PerRow(received.Bytes),9}{PerRow(vacuumed.Bytes),9}" +
        $"{PerRow(packed.Bytes),7}{PerRow(sent.Log - frozen.Log),9} | {PerSecond(freeze),14}{PerSecond(claim),7}{PerSecond(record),8}{PerSecond(receive),9}");
}

static async Task Timed(Func<Task> work, Action<TimeSpan> add)
{
    var start = Stopwatch.GetTimestamp();
    await work();
    add(Stopwatch.GetElapsedTime(start));
}

static void Demand(int changed, int expected)
{
    if (changed != expected) throw new InvalidOperationException($"A statement changed {changed} rows instead of {expected}.");
}

bool IsWanted(Candidate candidate) => candidate.Name.Contains(Option("--only") ?? "", StringComparison.OrdinalIgnoreCase);

string PerRow(long bytes) => (bytes / (double)rows).ToString("0", System.Globalization.CultureInfo.InvariantCulture);

string PerSecond(TimeSpan spent) => spent == default ? "-" : $"{rows / spent.TotalSeconds / 1000:0}k";

string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
