using System.Globalization;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>What is to be done with a broadcast whose canary is out.</summary>
/// <param name="Verdict">What to do.</param>
/// <param name="Said">The numbers in a sentence; null while it is waited for.</param>
internal readonly record struct CanaryJudgement(CanaryVerdict Verdict, Problem? Said = null);

internal enum CanaryVerdict
{
    /// <summary>Answers, or its time, are still to come.</summary>
    Wait,

    /// <summary>It went well: the rest may follow.</summary>
    GoOn,

    /// <summary>It did not: a person must look.</summary>
    Hold,
}

/// <summary>Chooses the first few of a frozen audience, and judges how they fared. The claim gate holds everybody behind them.</summary>
internal sealed class Canaries(Database database, BroadcastStore broadcasts, TimeProvider time)
{
    private const string CountSql = "SELECT COUNT(*) FROM deliveries WHERE id BETWEEN @from AND @to AND part = 0 AND status = 0";

    private const string LastSql = "SELECT id FROM deliveries WHERE id BETWEEN @from AND @to AND part = 0 AND status = 0 ORDER BY id LIMIT 1 OFFSET @skip";

    private const string HoldSql = "UPDATE broadcasts SET claim_to = @to, version = version + 1 WHERE id = @id AND claim_to = 0";

    private const string AnsweredSql = "UPDATE broadcasts SET canary_at = @now WHERE id = @id AND canary_at IS NULL";

    private const string ReleaseSql = "UPDATE broadcasts SET claim_to = NULL, version = version + 1 WHERE id = @id AND claim_to IS NOT NULL";

    // A retry that waits for its time does not hold the canary up, nor a later part that waits for one in doubt; whoever was never tried does.
    private const string FaredSql = """
        SELECT COUNT(*) AS tried, COALESCE(SUM(CASE WHEN status = 5 THEN 1 ELSE 0 END), 0) AS failed,
               COALESCE(SUM(CASE WHEN opted_out_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS opted_out,
               COALESCE(SUM(CASE WHEN status = 1 OR (status = 0 AND (due_at IS NULL OR due_at <= @now OR (attempt = 0 AND due_at < 9223372036854775807))) THEN 1 ELSE 0 END), 0) AS open
          FROM deliveries WHERE id BETWEEN @from AND @to AND status <> 6
        """;

    /// <summary>Chooses the canary of a frozen audience; does nothing when it was chosen before.</summary>
    public async Task ChooseAsync(Broadcast broadcast)
    {
        if (broadcast.ReadSafety().Canary is not { } plan) return;
        var (from, to) = (DeliveryId.First(broadcast.Id), DeliveryId.Last(broadcast.Id));
        var all = await database.ReadAsync(c => c.QuerySingleAsync<long>(CountSql, new { from, to }));
        var size = Math.Max(1, plan.Count ?? (long)Math.Ceiling(all * plan.Percent!.Value / 100));
        long? last = size >= all ? null : await database.ReadAsync(c => c.QuerySingleAsync<long>(LastSql, new { from, to, skip = size - 1 }));
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(HoldSql, new { id = broadcast.Id, to = last + broadcast.ReadParts().Count - 1 }, t));
    }

    /// <summary>How the canary fares.</summary>
    public async Task<CanaryJudgement> JudgeAsync(Broadcast broadcast)
    {
        if (broadcast.ReadSafety().Canary is not { } plan) return new(CanaryVerdict.GoOn);
        var now = time.Now();
        var fared = await database.ReadAsync(c => c.QuerySingleAsync<Fared>(FaredSql, new { from = DeliveryId.First(broadcast.Id), to = broadcast.ClaimTo, now }));
        if (TooMany(fared.Failed, fared.Tried, plan.MaxFailedPercent)) return new(CanaryVerdict.Hold, TooManyOf("canaryFailed", "failed", fared.Failed, fared.Tried, plan.MaxFailedPercent));
        if (TooMany(fared.OptedOut, fared.Tried, plan.MaxOptOutPercent)) return new(CanaryVerdict.Hold, TooManyOf("canaryOptedOut", "opted out", fared.OptedOut, fared.Tried, plan.MaxOptOutPercent));
        if (fared.Open > 0) return new(CanaryVerdict.Wait);
        if (broadcast.CanaryAt is { } answered) return new(answered + plan.WaitMs <= now ? CanaryVerdict.GoOn : CanaryVerdict.Wait, Fares(fared));
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(AnsweredSql, new { id = broadcast.Id, now }, t));
        return new(CanaryVerdict.Wait);
    }

    /// <summary>Lets everybody else follow, because it went well.</summary>
    public Task ReleaseAsync(long id, BroadcastAct act) => broadcasts.ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(ReleaseSql, new { id }, t) == 1);

    /// <summary>Lets everybody else follow at the resume that comes next: whoever resumes is who is written down.</summary>
    public Task ReleaseAsync(long id) => database.WriteAsync(t => t.Connection!.ExecuteAsync(ReleaseSql, new { id }, t));

    private static bool TooMany(long bad, long all, double percent) => bad > 0 && bad * 100.0 > all * percent;

    private static Problem Fares(Fared fared) =>
        new Problem("", "canaryFared", $"{fared.Failed} of {fared.Tried} failed, {fared.OptedOut} opted out.", $"{fared.Failed}", $"{fared.Tried}", $"{fared.OptedOut}");

    private static Problem TooManyOf(string code, string what, long bad, long all, double percent)
    {
        var share = string.Create(CultureInfo.InvariantCulture, $"{bad * 100.0 / all:0.#}");
        var limit = string.Create(CultureInfo.InvariantCulture, $"{percent:0.#}");
        return new Problem("", code, $"{bad} of {all} messages of the canary {what} ({share} %); the limit is {limit} %.", $"{bad}", $"{all}", share, limit);
    }

    private sealed class Fared
    {
        public long Tried { get; init; }

        public long Failed { get; init; }

        public long OptedOut { get; init; }

        public long Open { get; init; }
    }
}
