// How exactly an installation keeps a provider's limit, seen by a provider that refuses whatever exceeds it in any sliding second.
//
//   dotnet run --project tests/Benchmarks/ProviderLimits -c Release -- [--limits 30,80,100,1000] [--seconds 20] [--processes 1] [--broadcasts 1] [--database sqlite] [--program PATH] [--timeline true]
//
// --recipients N puts that many into each broadcast; --singles N posts N single messages a fifth of a second apart and tells how long they took to arrive;
// --moving 5,50,20 lets the provider's own limit move, equal times each, while the channel's is the one of --limits.
// --warmup N sends for N seconds through another channel before, so that the processes are not fresh: on a machine with fewer cores than processes, compiling is most of what is seen else.
// Several processes need --database postgres and BROADCASTS_TEST_POSTGRES, a connection string of a role that may create databases.
// Use is what was accepted, of what the limit permits, from the first arrival on; warm use is that from the third second on. CoV is the coefficient of variation of the seconds' counts.

using System.Globalization;
using Broadcasts.Benchmarks.ProviderLimits;
using Broadcasts.Testing;

const int Warm = 3000;
var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
var seconds = settings.GetValue("seconds", 20);
var processes = settings.GetValue("processes", 1);
var broadcasts = settings.GetValue("broadcasts", 1);
var warmup = settings.GetValue("warmup", 0);
var singles = settings.GetValue("singles", 0);
var moving = settings["moving"]?.Split(',').Select(int.Parse).ToArray();
var database = settings.GetValue("database", processes > 1 ? "postgres" : "sqlite");

Console.WriteLine("limit/s  processes  broadcasts   arrived  refused      use  warm use  most in 1 s  in 100 ms  first second    CoV  shares and first refusals (s)");
foreach (var limit in settings.GetValue("limits", "30,80,100,1000").Split(',').Select(int.Parse))
{
    await RunAsync(limit);
}

async Task RunAsync(int limit)
{
    await using var provider = await Provider.StartAsync(limit);
    await using var installation = await Installation.CreateAsync(database);
    var file = Path.GetTempFileName();
    await File.WriteAllLinesAsync(file, Enumerable.Range(0, settings.GetValue("recipients", limit * (seconds + 10))).Select(i => $"user{i}@example.com").Prepend("email"));
    await installation.CommandAsync("import", file, "--consent-source", "made up");
    File.Delete(file);
    for (var i = 0; i < processes; i++) await installation.StartAsync(i, executable: settings["program"]);

    if (warmup > 0) await WarmAsync(installation, limit);
    var (channel, ids) = await SendAsync(installation, provider, limit, "Load");
    while (!provider.IsReached) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
    var waits = singles > 0 ? PostSinglesAsync(installation, provider, channel) : Task.FromResult<double[]>([]);
    foreach (var now in moving ?? [limit])
    {
        provider.Limit = now;
        await Task.Delay(TimeSpan.FromSeconds(seconds / (double)(moving?.Length ?? 1)), TimeProvider.System);
    }

    var shares = new List<long>();
    foreach (var id in ids) shares.Add((await installation.GetAsync($"broadcasts/{id}/progress")).GetProperty("sent").GetInt64());
    Print(limit, provider, shares);
    if (await waits is { Length: > 0 } took) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  single messages, ms from the request to the provider: median {took[took.Length / 2]:0}, most {took[^1]:0}, of {singles} {took.Length} arrived"));
    if (settings.GetValue("timeline", false)) PrintSeconds(provider.Arrivals);
}

async Task<(long Channel, List<long> Broadcasts)> SendAsync(Installation installation, Provider provider, int limit, string name)
{
    var channel = (await installation.PostAsync("channels", new
    {
        name, transport = "webhook",
        settings = new { url = provider.Address, secret = "0123456789abcdef", addressKind = "email" },
        rate = new { count = limit, per = "second" },
    })).GetProperty("id").GetInt64();
    var ids = new List<long>();
    for (var i = 0; i < broadcasts; i++)
    {
        ids.Add((await installation.PostAsync("broadcasts", new
        {
            name = $"{name} {i}", channelId = channel, segment = new { all = Array.Empty<object>() },
            parts = new[] { new { type = "text", text = "Hello {{ contact.email }}" } },
        })).GetProperty("id").GetInt64());
    }

    foreach (var id in ids) await installation.PostAsync($"broadcasts/{id}/send");
    return (channel, ids);
}

async Task WarmAsync(Installation installation, int limit)
{
    await using var provider = await Provider.StartAsync(limit);
    var (_, ids) = await SendAsync(installation, provider, limit, "Warm-up");
    await Task.Delay(TimeSpan.FromSeconds(warmup), TimeProvider.System);
    foreach (var id in ids) await installation.PostAsync($"broadcasts/{id}/cancel");
    foreach (var id in ids)
    {
        while ((await installation.GetAsync($"broadcasts/{id}/progress")).GetProperty("pending").GetInt64() > 0) await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
    }
}

async Task<double[]> PostSinglesAsync(Installation installation, Provider provider, long channel)
{
    var begins = new Dictionary<string, double>();
    await Task.Delay(TimeSpan.FromMilliseconds(Warm), TimeProvider.System);
    for (var i = 0; i < singles; i++)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        begins[$"single {i}"] = Provider.Now;
        await installation.PostAsync("messages", new { channelId = channel, address = $"user{i}@example.com", part = new { type = "text", text = $"single {i}" } });
    }

    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
    return [.. begins.Where(b => provider.Singles.ContainsKey(b.Key)).Select(b => provider.Singles[b.Key] - b.Value).Order()];
}

static void PrintSeconds(double[] arrivals) =>
    Console.WriteLine("  per second: " + string.Join(" ", arrivals.CountBy(a => (int)((a - arrivals[0]) / 1000)).OrderBy(c => c.Key).Select(c => c.Value)));

void Print(int limit, Provider provider, List<long> shares)
{
    var all = provider.Arrivals;
    var refused = provider.Refused;
    var first = all[0];
    var arrivals = all.Where(a => a - first < seconds * 1000).ToList();
    var possible = (moving?.Average() ?? limit) * seconds;
    var use = (arrivals.Count - refused.Length) / possible;
    var warm = arrivals.Count(a => a - first >= Warm) - refused.Count(r => r - first >= Warm);
    var warmUse = warm / (possible * (seconds - Warm / 1000) / seconds);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{limit,7}  {processes,9}  {broadcasts,10}  {arrivals.Count,8}  {refused.Length,7}  {use,7:P1}  {warmUse,8:P1}  {MostIn(1000, arrivals),11}  {MostIn(100, arrivals),9}  {arrivals.Count(a => a - first < 1000),12}  {Variation(arrivals, first),5:0.000}  {string.Join(" ", shares)}  {string.Join(" ", refused.Take(5).Select(r => ((r - first) / 1000).ToString("0.0", CultureInfo.InvariantCulture)))}"));
}

// Of the whole seconds after the third: before that a process warms up.
static double Variation(List<double> arrivals, double first)
{
    var counts = arrivals.Where(a => a - first >= 3000).CountBy(a => (int)((a - first) / 1000)).OrderBy(c => c.Key).SkipLast(1).Select(c => (double)c.Value).ToArray();
    if (counts.Length < 2) return 0;
    var mean = counts.Average();
    return Math.Sqrt(counts.Average(c => (c - mean) * (c - mean))) / mean;
}

static int MostIn(double length, List<double> moments)
{
    var most = 0;
    for (int first = 0, last = 0; last < moments.Count; last++)
    {
        while (moments[last] - moments[first] >= length) first++;
        most = Math.Max(most, last - first + 1);
    }

    return most;
}
