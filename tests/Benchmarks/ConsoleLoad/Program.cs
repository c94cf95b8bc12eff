// The console under load: a million contacts, ten thousand broadcasts, one of them running.
//
//   dotnet run --project tests/Benchmarks/ConsoleLoad -c Release -- [--contacts 1000000] [--broadcasts 10000] [--consoles 200] [--loads 60] [--database sqlite] [--program PATH]
//
// --database postgres needs BROADCASTS_TEST_POSTGRES, a connection string of a role that may create databases. BROADCASTS_TEST_CHROMIUM names the browser for the first paint; without it that row is left out.
// Times are those that a client on the same machine sees, one request after the other, while the running broadcast sends.

using System.Globalization;
using System.Text.Json;
using Broadcasts.Benchmarks.ConsoleLoad;
using Broadcasts.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Playwright;

var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
var contacts = settings.GetValue("contacts", 1_000_000);
var broadcasts = settings.GetValue("broadcasts", 10_000);
var consoles = settings.GetValue("consoles", 200);
var loads = settings.GetValue("loads", 60);
using var folder = new TempFolder();
await using var installation = await Installation.CreateAsync(settings.GetValue("database", "sqlite")!);
var service = await installation.StartAsync(0, new Dictionary<string, string?> { ["Broadcasts__Limits__ApiRequestsPerMinute"] = "0" }, settings["program"]);
var address = new Uri((await service.WaitForLineAsync("is ready: ", TimeSpan.FromMinutes(1))).Split("is ready: ")[1].Trim());

await FillAsync();
var running = await RunAsync();
var draft = await CreateAsync("A draft to everybody", await ChannelAsync("Drafts", 1), new { segment = new { all = Array.Empty<object>() } }, 0);
var link = (await installation.CommandAsync("user", "add", "--email", "owner@example.com", "--name", "Olga", "--role", "Owner"))[^1];
using var visitor = await Visitor.SignInAsync(address, link);
await PagesAsync();
await TransferAsync();
await PaintAsync();
await FreshnessAsync();
await ConsolesAsync();

async Task FillAsync()
{
    var file = folder.File("people.csv");
    await using (var people = new StreamWriter(file))
    {
        await people.WriteLineAsync("email,phone,first_name,last_name,language,country,tags");
        for (var i = 0; i < contacts; i++) await people.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"user{i}@example{i % 40}.com,+346{i:D8},Name{i % 997},Surname{i % 4999},{(i % 3 == 0 ? "en" : "es")},ES,group{i % 50}"));
    }

    await installation.PostFileAsync("contacts/imports?consentSource=made%20up", file);
    Say($"{contacts:N0} contacts");
    var channel = await ChannelAsync("Simulated", 1);
    foreach (var batch in Enumerable.Range(0, broadcasts).Chunk(16))
    {
        await Task.WhenAll(batch.Select(async i =>
        {
            var id = await CreateAsync($"Broadcast {i}", channel, new { contactIds = new[] { i % contacts + 1 } }, i % 7);
            // One of twenty stays a draft.
            if (i % 20 != 0) await installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/send"));
        }));
    }

    await installation.UntilAsync("broadcasts?status=inProgress&limit=1", list => list.GetProperty("items").GetArrayLength() == 0, TimeSpan.FromMinutes(20));
    Say($"{broadcasts:N0} broadcasts");
}

async Task<long> ChannelAsync(string name, int latency) =>
    (await installation.PostAsync("channels", new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = latency } })).GetProperty("id").GetInt64();

async Task<long> CreateAsync(string name, long channelId, object audience, int label)
{
    var body = JsonSerializer.SerializeToNode(new { name, channelId, labels = new[] { $"label {label}" }, parts = new[] { new { type = "text", text = "Hello {{ contact.first_name | fallback \"you\" }}" } } })!.AsObject();
    foreach (var (key, value) in JsonSerializer.SerializeToNode(audience)!.AsObject()) body[key] = value!.DeepClone();
    return (await installation.PostAsync("broadcasts", body)).GetProperty("id").GetInt64();
}

async Task<long> RunAsync()
{
    var channel = await ChannelAsync("Running", 20);
    await installation.PatchAsync(string.Create(CultureInfo.InvariantCulture, $"channels/{channel}"), new { rate = new { count = 100, per = "second" } });
    var id = await CreateAsync("The one that runs", channel, new { segment = new { all = Array.Empty<object>() } }, 0);
    await installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/send"));
    await installation.UntilAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/progress"), p => p.GetProperty("sent").GetInt64() > 100, TimeSpan.FromMinutes(2));
    return id;
}

async Task PagesAsync()
{
    Say($"{"page",-46} {"median",9} {"99 of 100",10} {"most",9} {"bytes",8}");
    var all = new List<double>();
    foreach (var path in Paths())
    {
        var took = new List<double>();
        var bytes = 0;
        await visitor.LoadAsync(path);
        for (var i = 0; i < loads; i++)
        {
            (var milliseconds, bytes) = await visitor.LoadAsync(path);
            took.Add(milliseconds);
        }

        all.AddRange(took);
        Row(path, took, bytes);
    }

    Row("all", all, 0);
    // What a page asks for apart, once it is there.
    foreach (var path in new[] { $"/broadcasts/{draft}/edit/audience?count=true", $"/broadcasts/{draft}/send?count=true" }.Select(p => p.ToString(CultureInfo.InvariantCulture)))
    {
        var (milliseconds, bytes) = await visitor.LoadAsync(path);
        Row($"apart: {path}", [milliseconds], bytes);
    }
}

static void Row(string name, List<double> took, int bytes)
{
    var sorted = took.Order().ToArray();
    Say($"{name,-46} {sorted[sorted.Length / 2],6:0} ms {sorted[(int)Math.Ceiling(sorted.Length * .99) - 1],7:0} ms {sorted[^1],6:0} ms {bytes,8:N0}");
}

IEnumerable<string> Paths() => new[]
{
    "/broadcasts", "/broadcasts?p=100", "/broadcasts?q=roadcast+77", "/broadcasts?status=completed&sort=name", "/broadcasts?label=label+3", $"/broadcasts?open={running}", "/broadcasts?view=history", "/broadcasts/new",
    "/broadcasts/calendar", "/broadcasts/calendar?scale=week", "/broadcasts/calendar?scale=agenda", $"/broadcasts/{running}", $"/broadcasts/{running}/recipients", $"/broadcasts/{running}/recipients?status=sent",
    $"/broadcasts/{running}/recipients?contact={contacts / 2}", $"/broadcasts/{running}/content", $"/broadcasts/{running}/plan", $"/broadcasts/{running}/activity", $"/broadcasts/{running}/related", $"/broadcasts/{draft}/edit/audience", $"/broadcasts/{draft}/edit/channel", $"/broadcasts/{draft}/edit/content", $"/broadcasts/{draft}/edit/delivery", $"/broadcasts/{draft}/send", "/broadcasts/views", "/broadcasts/labels", "/templates", "/templates/new", "/files",
    "/contacts", "/contacts?q=name12", $"/contacts/{contacts / 2}", "/contacts/fields", "/contacts/duplicates", "/contacts/jobs", "/contacts/import", "/suppressions", "/segments", "/segments/new", "/forms", "/channels", "/channels/1", "/plugins",
    "/find?q=broadcast", "/settings", "/settings/users", "/settings/roles", "/settings/keys", "/settings/audit", "/settings/health", "/account",
}.Select(p => p.ToString(CultureInfo.InvariantCulture));

async Task TransferAsync()
{
    using var plain = new HttpClient { BaseAddress = address };
    var page = await plain.GetStringAsync(new Uri("/sign-in", UriKind.Relative));
    var assets = System.Text.RegularExpressions.Regex.Matches(page, "/assets/[^\"]+").Select(m => m.Value).Distinct().ToList();
    // What the first script asks for comes too.
    var folderOfAssets = assets[0][..assets[0].LastIndexOf('/')];
    assets.AddRange(Directory.EnumerateFiles(Repository.File("admin", "Broadcasts.Admin", "wwwroot"), "*.js").Select(f => $"{folderOfAssets}/{Path.GetFileName(f)}"));
    var sum = 0;
    foreach (var asset in assets.Distinct()) sum += (await visitor.LoadAsync(asset)).Bytes;
    var (_, bytes) = await visitor.LoadAsync("/broadcasts");
    Say($"first load of /broadcasts: {bytes + sum:N0} bytes, of which {sum:N0} are kept by the browser");
}

async Task PaintAsync()
{
    if (Environment.GetEnvironmentVariable("BROADCASTS_TEST_CHROMIUM") is not { Length: > 0 } chromium) return;
    using var playwright = await Playwright.CreateAsync();
    await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });
    foreach (var path in new[] { "/broadcasts", string.Create(CultureInfo.InvariantCulture, $"/broadcasts/{running}"), "/contacts" })
    {
        var took = new List<double>();
        for (var i = 0; i < 9; i++)
        {
            // A browser that was never here.
            await using var context = await browser.NewContextAsync();
            await context.AddCookiesAsync(visitor.Cookies.GetCookies(address).Select(c => new Cookie { Name = c.Name, Value = c.Value, Url = address.ToString() }));
            var page = await context.NewPageAsync();
            await page.GotoAsync(new Uri(address, path).ToString());
            took.Add(await page.EvaluateAsync<double>("() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime)).observe({ type: 'paint', buffered: true }))"));
        }

        Row($"first contentful paint of {path}", took, 0);
    }
}

// A broadcast to one contact: when it was sent by its own record, and when the console knew.
async Task FreshnessAsync()
{
    var channel = await ChannelAsync("Singles", 5);
    var took = new List<double>();
    for (var i = 0; i < 20; i++)
    {
        var id = await CreateAsync($"Single {i}", channel, new { contactIds = new[] { i + 1 } }, 0);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = Task.Run(async () =>
        {
            await foreach (var (data, at) in visitor.EventsAsync(id, limit.Token))
            {
                if (JsonDocument.Parse(data).RootElement.GetProperty("sent").GetInt64() == 1) return at;
            }

            return TimeProvider.System.GetUtcNow();
        });
        await installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/send"));
        var known = await seen;
        var recipients = await installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/recipients"));
        var sent = recipients.GetProperty("items")[0].GetProperty("sentAt").GetDateTimeOffset();
        took.Add((known - sent).TotalMilliseconds);
    }

    Row("from sent to seen", took, 0);
}

async Task ConsolesAsync()
{
    var span = TimeSpan.FromSeconds(30);
    var before = await CpuAsync(span);
    using var stop = new CancellationTokenSource();
    var events = 0;
    var watching = Enumerable.Range(0, consoles).Select(_ => Task.Run(async () =>
    {
        try
        {
            await foreach (var _ in visitor.EventsAsync(running, stop.Token)) Interlocked.Increment(ref events);
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }
    })).ToArray();
    await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System);
    Interlocked.Exchange(ref events, 0);
    var with = await CpuAsync(span);
    var came = events;
    var after = stop.CancelAsync();
    await Task.WhenAll([after, .. watching]);
    var again = await CpuAsync(span);
    Say($"{consoles} open consoles: {came / span.TotalSeconds:N0} events/s; the service used {with:0.0} % of a core with them, {before:0.0} % before, {again:0.0} % after");
}

async Task<double> CpuAsync(TimeSpan span)
{
    var before = Used();
    var begin = TimeProvider.System.GetTimestamp();
    await Task.Delay(span, TimeProvider.System);
    return (Used() - before) / TimeProvider.System.GetElapsedTime(begin).TotalSeconds * 100;

    double Used()
    {
        using var process = System.Diagnostics.Process.GetProcessById(service.Id);
        return process.TotalProcessorTime.TotalSeconds;
    }
}

static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
