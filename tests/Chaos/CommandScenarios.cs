using System.Globalization;

namespace Broadcasts.Chaos;

/// <summary>People who can't make up their minds.</summary>
internal static class CommandScenarios
{
    private const int FullPauses = 100;
    private const int FullRates = 50;

    /// <summary>The answer of a pause names what is still in flight; nothing beyond that reaches the provider.</summary>
    public static async Task PauseAsync(ChaosRun run)
    {
        await run.BeginAsync(new ProviderSetup(), parts: 2);
        var (most, named) = (0, 0L);
        foreach (var mark in run.Marks(run.Size.Of(FullPauses, 10)))
        {
            await run.TakenAsync(mark);
            await run.MomentAsync(20);
            var inFlight = (await run.CommandAsync("pause")).TryGetProperty("inFlight", out var n) && n.ValueKind == System.Text.Json.JsonValueKind.Number ? n.GetInt64() : 0;
            var before = run.Journal.Read().Count;
            await run.UntilAsync(async () => await run.Ledger.SendingAsync() == 0, "what was in flight is answered", TimeSpan.FromSeconds(30));
            var after = run.Journal.Read().Count - before;
            if (after > inFlight) run.Broken.Add(string.Create(CultureInfo.InvariantCulture, $"{after} went out after a pause that named {inFlight}"));
            (most, named) = (Math.Max(most, after), Math.Max(named, inFlight));
            run.Faults++;
            await run.CommandAsync("resume");
        }

        await run.CompletedAsync();
        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"after a pause at most {most} went out, at most {named} were named"));
    }

    /// <summary>Rates of channel and broadcast, the lower one counts; looked at from a moment after each change.</summary>
    public static async Task RateAsync(ChaosRun run)
    {
        const int SettledMs = 300;
        await run.BeginAsync(new ProviderSetup(), parts: 2);
        var (channel, broadcast) = (run.Size.PerSecond, int.MaxValue);
        List<(long At, int Rate)> rates = [(TakenJournal.Now, channel)];
        foreach (var mark in run.Marks(run.Size.Of(FullRates, 5)))
        {
            await run.TakenAsync(mark);
            var rate = run.Random.Next(run.Size.PerSecond / 4, run.Size.PerSecond * 2);
            var body = new { count = rate, per = "second" };
            if (run.Random.Next(2) == 0)
            {
                await run.Installation.PatchAsync(string.Create(CultureInfo.InvariantCulture, $"channels/{run.Channel}/budget"), new { rate = body });
                channel = rate;
            }
            else
            {
                await run.Installation.PatchAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{run.Broadcast}/rate"), new { sendRate = body });
                broadcast = rate;
            }

            run.Faults++;
            run.MostPerSecond = Math.Max(run.MostPerSecond, Math.Min(channel, broadcast));
            rates.Add((TakenJournal.Now, Math.Min(channel, broadcast)));
        }

        await run.CompletedAsync();
        rates.Add((TakenJournal.Now, 0));
        var worst = 0.0;
        var taken = run.Journal.Read();
        for (var i = 0; i + 1 < rates.Count; i++)
        {
            var (at, rate) = rates[i];
            var most = TakenJournal.MostInASecond(taken.Where(t => t.At > at + SettledMs && t.At < rates[i + 1].At));
            worst = Math.Max(worst, (double)most / rate);
            if (most > rate * 1.05 + 3) run.Broken.Add(string.Create(CultureInfo.InvariantCulture, $"{most} within a second after the rate was set to {rate}/s"));
        }

        run.Notes.Add(string.Create(CultureInfo.InvariantCulture, $"the fullest second had {worst:P0} of the rate of its time"));
    }
}
