using System.Data.Common;
using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>
/// Compares what slices say of their rows with the rows. Both are written together: where they differ somebody changed one by hand. The rows are the truth,
/// so counts are set to theirs; rows that can't be made sense of are named and left as they are.
/// </summary>
internal sealed partial class LedgerAudit(Database database, LedgerWriter writer, AuditStore audit, TimeProvider time, ILogger<LedgerAudit> logger)
{
    private const string Action = "broadcast.ledger";

    private const int MostNamed = 20;

    // One statement: both databases then look at one moment, and what is being written does not count as a difference.
    private const string TallySql = """
        SELECT 0 AS kind, d.status AS status, d.reason AS reason, COUNT(*) AS n
          FROM slices s JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to WHERE s.id = @slice GROUP BY d.status, d.reason
         UNION ALL SELECT 1, r.status, r.reason, r.rows FROM slice_reasons r WHERE r.slice_id = @slice
         UNION ALL SELECT 2, 0, NULL, pending FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 1, NULL, sending FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 2, NULL, sent FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 3, NULL, delivered FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 4, NULL, read FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 5, NULL, failed FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 6, NULL, skipped FROM slices WHERE id = @slice
         UNION ALL SELECT 2, 7, NULL, unknown FROM slices WHERE id = @slice
        """;

    private const string SlicesSql = "SELECT id FROM slices WHERE broadcast_id = @id ORDER BY id_from";

    private const string OwnedSql = "SELECT s.id FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id WHERE b.status = 2 AND b.kind = 0 AND s.owner = @owner ORDER BY s.id";

    private const string RunningSql = "SELECT id FROM broadcasts WHERE kind = 0 AND status IN (2, 3) ORDER BY id";

    private const string StartedSql = "SELECT id FROM broadcasts WHERE kind = 0 AND started_at IS NOT NULL ORDER BY id";

    private const string RowsSql = "SELECT COUNT(*) FROM deliveries WHERE id BETWEEN @from AND @to";

    // In flight without a claim; out without a time; out without a try; a number that no status has.
    private const string StrangeSql = """
        SELECT id, status, claim, attempt FROM deliveries d
         WHERE id BETWEEN @from AND @to
           AND (status NOT BETWEEN 0 AND 7 OR (status = 1 AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.id = d.claim))
                OR (status BETWEEN 2 AND 4 AND (sent_at IS NULL OR (claim IS NOT NULL AND attempt < 1))))
         ORDER BY id LIMIT 1000
        """;

    private const string ToldSql = "SELECT COUNT(*) FROM audit WHERE subject = @subject AND action = @action AND detail = @detail";

    private const string RangeSql = "SELECT id_from, id_to FROM slices WHERE id = @slice";

    private const string SetSql = """
        UPDATE slices
           SET pending = @pending, sending = @sending, sent = @sent, delivered = @delivered, read = @read, failed = @failed, skipped = @skipped, unknown = @unknown
         WHERE id = @slice
        """;

    private const string DropReasonsSql = "DELETE FROM slice_reasons WHERE slice_id = @slice";

    private const string AddReasonsSql = """
        INSERT INTO slice_reasons (slice_id, status, reason, rows)
        SELECT @slice, status, reason, COUNT(*) FROM deliveries WHERE id BETWEEN @from AND @to AND status BETWEEN 0 AND 7 AND reason IS NOT NULL GROUP BY status, reason
        """;

    private const string SetClaimsSql = """
        UPDATE claims SET open_rows = (SELECT COUNT(*) FROM deliveries d WHERE d.id BETWEEN @from AND @to AND d.claim = claims.id AND d.status = 1) WHERE slice_id = @slice
        """;

    private const string DropClaimsSql = "DELETE FROM claims WHERE slice_id = @slice AND open_rows <= 0";

    // In the order of whoever records answers: claims before slices. Else the two would wait for each other.
    private readonly string _lockClaimsSql = $"SELECT id FROM claims WHERE slice_id = @slice ORDER BY id {database.Dialect.ForUpdate}";

    private readonly string _lockSliceSql = $"SELECT broadcast_id FROM slices WHERE id = @slice {database.Dialect.ForUpdate}";

    /// <summary>Looks and changes nothing.</summary>
    public async Task<LedgerFindings> LookAsync(Broadcast broadcast, CancellationToken cancellationToken = default)
    {
        var slices = await database.ReadAsync(async c => (await c.QueryAsync<long>(SlicesSql, new { id = broadcast.Id })).AsList(), cancellationToken);
        var wrong = new List<WrongSlice>();
        foreach (var slice in slices)
        {
            // Slice by slice: no read keeps a log of a large database from being shortened.
            cancellationToken.ThrowIfCancellationRequested();
            var tally = await TallyAsync(slice);
            if (!tally.IsSound) wrong.Add(new(slice, tally.Difference()));
        }

        var (from, to) = (DeliveryId.First(broadcast.Id), DeliveryId.Last(broadcast.Id));
        var strange = await StrangeAsync(from, to);
        var all = await database.ReadAsync(c => c.QuerySingleAsync<long>(RowsSql, new { from, to }), cancellationToken);
        var isCounted = broadcast.FreezeDone == 1 && broadcast.ReadAudience() is { RetryOf: null };
        return new LedgerFindings
        {
            BroadcastId = broadcast.Id,
            Slices = wrong,
            Rows = strange,
            Missing = isCounted ? (broadcast.Recipients * broadcast.ReadParts().Count) - all : 0,
        };
    }

    /// <summary>Looks, sets counts to those of the rows, calls rows in doubt that nobody will answer for, and tells what it found: once.</summary>
    public async Task<LedgerFindings> MendAsync(Broadcast broadcast, CancellationToken cancellationToken = default)
    {
        var found = await LookAsync(broadcast, cancellationToken);
        if (found.IsSound) return found;
        foreach (var slice in found.Slices) await MendSliceAsync(slice.Id);
        await DoubtAsync(found.Rows);
        var subject = SubjectOf(broadcast.Id);
        if (found.Rows.Count > 0)
        {
            var named = string.Join(", ", found.Rows.Take(MostNamed).Select(r => FormattableString.Invariant($"{r.Id} ({r.Status})"))) + (found.Rows.Count > MostNamed ? " …" : "");
            await TellOnceAsync(broadcast.Id, subject, new Problem("", "ledgerRows", $"Rows in a state that can't be, with their status: {named}.", named));
        }

        if (found.Missing > 0) await TellOnceAsync(broadcast.Id, subject, new Problem("", "ledgerMissing", $"{found.Missing} rows are missing: the audience had more.", $"{found.Missing}"));
        if (found.Missing < 0) await TellOnceAsync(broadcast.Id, subject, new Problem("", "ledgerExtra", $"{-found.Missing} rows are too many: the audience had fewer.", $"{-found.Missing}"));
        return found;
    }

    /// <summary>Sets one slice's counts to those of its rows.</summary>
    /// <returns>False when they were equal.</returns>
    public async Task<bool> MendSliceAsync(long slice)
    {
        if ((await TallyAsync(slice)).IsSound) return false;
        var range = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<SliceRange>(RangeSql, new { slice }));
        if (range is null) return false;
        var said = await database.WriteAsync(t => SetAsync(t, slice, range));
        if (said is null) return false;
        await DoubtAsync(await StrangeAsync(range.IdFrom, range.IdTo));
        return true;
    }

    /// <summary>Slices of broadcasts in progress that this process owns.</summary>
    public Task<IReadOnlyList<long>> OwnedAsync(string owner) => database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(OwnedSql, new { owner })]);

    /// <summary>Broadcasts in progress or paused, or all that ever began.</summary>
    public Task<IReadOnlyList<long>> BroadcastsAsync(bool all) => database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(all ? StartedSql : RunningSql)]);

    // Under the locks counted anew: what differed a moment ago may have been mended by another process.
    private async Task<Problem?> SetAsync(DbTransaction transaction, long slice, SliceRange range)
    {
        var connection = transaction.Connection!;
        await connection.QueryAsync<long>(_lockClaimsSql, new { slice }, transaction);
        var broadcast = await connection.QuerySingleAsync<long>(_lockSliceSql, new { slice }, transaction);
        var tally = new SliceTally(await connection.QueryAsync<TallyLine>(TallySql, new { slice }, transaction));
        if (tally.IsSound) return null;
        var n = tally.Counted;
        await connection.ExecuteAsync(SetSql, new { slice, pending = n[0], sending = n[1], sent = n[2], delivered = n[3], read = n[4], failed = n[5], skipped = n[6], unknown = n[7] }, transaction);
        await connection.ExecuteAsync(DropReasonsSql, new { slice }, transaction);
        await connection.ExecuteAsync(AddReasonsSql, new { slice, from = range.IdFrom, to = range.IdTo }, transaction);
        await connection.ExecuteAsync(SetClaimsSql, new { slice, from = range.IdFrom, to = range.IdTo }, transaction);
        await connection.ExecuteAsync(DropClaimsSql, new { slice }, transaction);
        var difference = tally.Difference();
        var said = new Problem("", "ledgerCounts", $"Counts of slice {slice} were not those of its rows and are set to them: {difference}.", $"{slice}", difference);
        await audit.AppendAsync(transaction, "system", Action, SubjectOf(broadcast), said);
        LogCounts(broadcast, slice, difference);
        return said;
    }

    private async Task<SliceTally> TallyAsync(long slice) => new(await database.ReadAsync(async c => (await c.QueryAsync<TallyLine>(TallySql, new { slice })).AsList()));

    private Task<IReadOnlyList<StrangeRow>> StrangeAsync(long from, long to) =>
        database.ReadAsync(async c => (IReadOnlyList<StrangeRow>)[.. await c.QueryAsync<StrangeRow>(StrangeSql, new { from, to })]);

    // The ordinary way of what was in flight when its process died: in doubt, and settled like any other doubt.
    private async Task DoubtAsync(IReadOnlyList<StrangeRow> rows)
    {
        var unclaimed = rows.Where(r => r.IsUnclaimed).ToList();
        if (unclaimed.Count == 0) return;
        foreach (var row in unclaimed)
        {
            writer.Record(new DeliveryRecord
            {
                Id = row.Id, Event = DeliveryEvent.Doubt, Claim = row.Claim, At = time.Now(), Attempt = row.Attempt, Reason = (int)FailureReason.ProcessEnded,
                Outcome = SendOutcomeKind.InDoubt, Detail = "It was in flight and nobody had a claim on it.",
            });
        }

        await writer.FlushAsync();
    }

    // The same finding is told once, whoever finds it and however often.
    private async Task TellOnceAsync(long broadcast, string subject, Problem said)
    {
        var isNew = await database.WriteAsync(async t =>
        {
            if (await t.Connection!.QuerySingleAsync<long>(ToldSql, new { subject, action = Action, detail = said.Message }, t) > 0) return false;
            await audit.AppendAsync(t, "system", Action, subject, said);
            return true;
        });
        if (isNew) LogRows(broadcast, said.Message);
    }

    private static string SubjectOf(long broadcast) => string.Create(CultureInfo.InvariantCulture, $"broadcast:{broadcast}");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Broadcast {Broadcast}: the counts of slice {Slice} were not those of its rows and are set to them (stored → counted: {Difference}). Somebody changed the ledger by hand")]
    private partial void LogCounts(long broadcast, long slice, string difference);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Broadcast {Broadcast}: somebody changed the ledger by hand. {What}")]
    private partial void LogRows(long broadcast, string what);
}
