// An audience of a million: how fast it comes in, and how long its questions take.
//
//   dotnet run --project tests/Benchmarks/Audiences -c Release -- [--contacts 1000000] [--database sqlite] [--program PATH] [--sent true] [--seed 1]
//
// --sent true sends a broadcast to a tenth of them first, through the simulator, so that questions about history have something to look at.
// --database postgres needs BROADCASTS_TEST_POSTGRES, a connection string of a role that may create databases. --file PATH only writes the file.
// Times are those that a client on the same machine sees, one request after the other.

using System.Globalization;
using System.Text.Json;
using Broadcasts.Benchmarks.Audiences;
using Broadcasts.Testing;
using Microsoft.Extensions.Configuration;

const int Rounds = 7;
var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
var contacts = settings.GetValue("contacts", 1_000_000);
var database = settings.GetValue("database", "sqlite")!;
using var folder = new TempFolder();
var file = settings["file"] ?? folder.File("people.csv");
await People.WriteAsync(file, contacts, settings.GetValue("seed", 1));
Say($"{contacts:N0} people, {new FileInfo(file).Length / 1024 / 1024:N0} MB");
if (settings["file"] is not null) return;

await using var installation = await Installation.CreateAsync(database);
var service = await installation.StartAsync(0, executable: settings["program"]);
foreach (var (name, type) in People.Typed) await installation.PostAsync("fields", new { name, type });
await ImportAsync();
if (settings.GetValue("sent", false)) await SendAsync();
await QuestionsAsync();

async Task ImportAsync()
{
    var begin = TimeProvider.System.GetTimestamp();
    var import = await installation.PostFileAsync("contacts/imports?createFields=true&consentSource=made%20up", file);
    var seconds = TimeProvider.System.GetElapsedTime(begin).TotalSeconds;
    Say($"import: {seconds:0.0} s, {contacts / seconds:N0} rows/s; {import.GetProperty("created").GetInt64():N0} created, {import.GetProperty("invalid").GetInt64()} invalid; the process had at most {PeakMegabytes():N0} MB");
}

async Task SendAsync()
{
    var channel = (await installation.PostAsync("channels", new { name = "Simulated", transport = "simulator", settings = new { addressKind = "email", latencyMs = 5 } })).GetProperty("id").GetInt64();
    var broadcast = (await installation.PostAsync("broadcasts", new
    {
        name = "Before",
        channelId = channel,
        segment = new { all = new[] { new { field = "contact.plan", op = "is", value = "pro" } } },
        parts = new[] { new { type = "text", text = "Hello" } },
    })).GetProperty("id").GetInt64();
    await installation.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{broadcast}/send"));
    var done = await installation.UntilAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{broadcast}/progress"), p => p.GetProperty("status").GetString() == "completed", TimeSpan.FromMinutes(10));
    Say($"sent to {done.GetProperty("messages").GetInt64():N0} of them");
}

async Task QuestionsAsync()
{
    Say($"{"question",-58} {"answer",12}  {"median",8}  {"most",8}");
    foreach (var (name, rule) in Rules().Where(r => settings.GetValue("sent", false) || !r.Name.Contains("written to", StringComparison.Ordinal) && !r.Name.Contains("received", StringComparison.Ordinal)))
    {
        await AskAsync("count: " + name, () => installation.PostAsync("segments/count", new { rule }), a => $"{a.GetProperty("contacts").GetInt64():N0}");
        await AskAsync("preview: " + name, () => installation.PostAsync("segments/preview", new { rule }), a => a.ToString().Length.ToString(CultureInfo.InvariantCulture) + " B");
    }

    await AskAsync("page of contacts", () => installation.GetAsync("contacts?limit=50"), Items);
    await AskAsync("page of contacts in the middle", () => installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"contacts?limit=50&cursor={contacts / 2}")), Items);
    await AskAsync("search: an e-mail address", () => installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"contacts?search=user{contacts / 3}@")), Items);
    await AskAsync("search: a frequent name", () => installation.GetAsync("contacts?search=garc"), Items);
    await AskAsync("search: a phone number", () => installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"contacts?search=%2B346{contacts / 2:D8}")), Items);
    await AskAsync("search: nobody", () => installation.GetAsync("contacts?search=qqqzzz"), Items);
    await AskAsync("one contact", () => installation.GetAsync(string.Create(CultureInfo.InvariantCulture, $"contacts/{contacts / 2}")), _ => "1");
}

static IEnumerable<(string Name, object Rule)> Rules()
{
    yield return ("received in a broadcast", new { field = "received", op = "inBroadcast", value = new[] { 1 } });
    yield return ("not written to in 30 days", new { field = "contacted", op = "notInLastDays", value = 30 });
    yield return ("not written to since a broadcast, in Spain", new { all = new object[] { new { field = "contacted", op = "notSinceBroadcast", value = 1 }, new { field = "country", op = "is", value = "ES" } } });
    yield return ("three conditions, two on custom fields", new { all = new object[] { new { field = "country", op = "is", value = "ES" }, new { field = "contact.plan", op = "is", value = "pro" }, new { field = "contact.score", op = "greaterThan", value = 500 } } });
    yield return ("tag, language, date", new { all = new object[] { new { field = "tag", op = "hasAnyOf", value = new[] { "vip" } }, new { field = "language", op = "is", value = "es" }, new { field = "contact.joined", op = "after", value = "2024-01-01" } } });
    yield return ("contains, on an address", new { all = new object[] { new { field = "email", op = "contains", value = "99@example7" } } });
}

async Task AskAsync(string name, Func<Task<JsonElement>> ask, Func<JsonElement, string> answerOf)
{
    var took = new List<double>();
    JsonElement answer = default;
    for (var i = 0; i < Rounds; i++)
    {
        var begin = TimeProvider.System.GetTimestamp();
        answer = await ask();
        took.Add(TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds);
    }

    // The first one reads what the others find in memory; it is among the most.
    Say($"{name,-58} {answerOf(answer),12}  {took.Order().ElementAt(Rounds / 2),5:0} ms  {took.Max(),5:0} ms");
}

static string Items(JsonElement answer) => answer.GetProperty("items").GetArrayLength().ToString(CultureInfo.InvariantCulture);

long PeakMegabytes()
{
    var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{service.Id}/status")).Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
    return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
}

static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
