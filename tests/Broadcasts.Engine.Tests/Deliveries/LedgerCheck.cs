using Broadcasts.Storage;
using Dapper;
using Xunit;

namespace Broadcasts.Deliveries;

/// <summary>The counts that people see must be the rows' own: counted anew, slice by slice and reason by reason.</summary>
internal static class LedgerCheck
{
    private const string RowsSql = """
        SELECT s.id AS slice_id, d.status, d.reason, COUNT(*) AS n
          FROM slices s JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to
         WHERE s.broadcast_id = @id
         GROUP BY s.id, d.status, d.reason
        """;

    private const string CountsSql = "SELECT id AS slice_id, pending, sending, sent, delivered, read, failed, skipped, unknown FROM slices WHERE broadcast_id = @id";

    private const string ReasonsSql = """
        SELECT r.slice_id, r.status, r.reason, r.rows AS n
          FROM slices s JOIN slice_reasons r ON r.slice_id = s.id WHERE s.broadcast_id = @id AND r.rows <> 0
        """;

    private const string OutsideSql = """
        SELECT COUNT(*) FROM deliveries d
         WHERE d.id BETWEEN @from AND @to AND NOT EXISTS (SELECT 1 FROM slices s WHERE s.broadcast_id = @id AND d.id BETWEEN s.id_from AND s.id_to)
        """;

    public static Task AssertCountsAsync(Database database, long broadcastId) => database.ReadAsync(async c =>
    {
        var id = broadcastId;
        var rows = (await c.QueryAsync<Count>(RowsSql, new { id })).AsList();
        var slices = (await c.QueryAsync<Slice>(CountsSql, new { id })).AsList();
        var fromRows = rows.GroupBy(r => (r.Status, r.SliceId)).ToDictionary(g => g.Key, g => g.Sum(r => r.N));
        foreach (var slice in slices)
        {
            long[] counted = [.. Enum.GetValues<DeliveryStatus>().Select(s => fromRows.GetValueOrDefault(((int)s, slice.SliceId)))];
            Assert.Equal(counted, slice.Counts);
        }

        var reasons = (await c.QueryAsync<Count>(ReasonsSql, new { id })).Select(r => (r.SliceId, r.Status, r.Reason!.Value, r.N)).Order();
        Assert.Equal(rows.Where(r => r.Reason is not null).Select(r => (r.SliceId, r.Status, r.Reason!.Value, r.N)).Order(), reasons);
        Assert.Equal(0, await c.ExecuteScalarAsync<long>(OutsideSql, new { id, from = DeliveryId.First(id), to = DeliveryId.Last(id) }));
        return 0;
    });

    private sealed class Count
    {
        public long SliceId { get; init; }

        public int Status { get; init; }

        public int? Reason { get; init; }

        public long N { get; init; }
    }

    private sealed class Slice
    {
        public long SliceId { get; init; }

        public long Pending { get; init; }

        public long Sending { get; init; }

        public long Sent { get; init; }

        public long Delivered { get; init; }

        public long Read { get; init; }

        public long Failed { get; init; }

        public long Skipped { get; init; }

        public long Unknown { get; init; }

        public long[] Counts => [Pending, Sending, Sent, Delivered, Read, Failed, Skipped, Unknown];
    }
}
