// Disturbs the built program in seeded ways and checks the ledger's promise afterwards. See CONTRIBUTING.md; tests/chaos.sh runs it.

using System.Globalization;
using Broadcasts.Chaos;
using Microsoft.Extensions.Configuration;

var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
var size = new ChaosSize(settings.GetValue("seed", 1), settings.GetValue("recipients", 20_000), settings.GetValue("kills", 30));
var wanted = settings["scenario"];
var database = settings["database"];
var chosen = Scenario.All.Where(s => wanted is null || s.Name.StartsWith(wanted, StringComparison.Ordinal) && (s.Name == wanted || Scenario.All.All(o => o.Name != wanted))).ToList();
var runs = chosen.SelectMany(s => s.Databases.Where(d => database is null || d == database).Select(d => (Scenario: s, Database: d))).ToList();
if (runs.Count == 0)
{
    Console.Error.WriteLine($"Nothing to run. Scenarios: {string.Join(", ", Scenario.All.Select(s => s.Name))}. Databases: sqlite, postgres, cluster.");
    return 2;
}

var results = new List<ChaosResult>();
Console.WriteLine(ResultTable.Header);
foreach (var (scenario, on) in runs)
{
    var result = await scenario.RunAsync(size, on);
    results.Add(result);
    Console.WriteLine(ResultTable.Line(result));
    foreach (var line in ResultTable.Remarks(result)) Console.WriteLine(line);
}

var broken = results.Count(r => r.Broken.Count > 0);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{results.Count(r => r.Verdict == "held")} held, {broken} broken, {results.Count(r => r.Skipped is not null)} skipped"));
return broken > 0 ? 1 : 0;
