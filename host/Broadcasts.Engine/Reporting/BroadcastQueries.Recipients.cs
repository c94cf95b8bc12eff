using System.Data.Common;
using System.Runtime.CompilerServices;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

internal sealed partial class BroadcastQueries
{
    private const int MostSearched = 10_000;

    private const string RecipientColumns = """
        d.id AS Id, d.contact_id AS ContactId, c.first_name AS FirstName, c.last_name AS LastName, a.value AS Address, d.part AS Part, d.status AS Status,
        d.reason AS Reason, d.attempt AS Attempts, d.provider_id AS ProviderId, d.due_at AS DueAt, d.sent_at AS SentAt, d.delivered_at AS DeliveredAt,
        d.read_at AS ReadAt, d.ended_at AS EndedAt, d.replied_at AS RepliedAt, d.clicked_at AS ClickedAt, d.opted_out_at AS OptedOutAt,
        d.contact_revision AS ContactRevision
        """;

    private const string RecipientsFrom = "deliveries d LEFT JOIN contacts c ON c.id = d.contact_id LEFT JOIN addresses a ON a.id = d.address_id";

    private const string RecipientSql = $"""
        SELECT {RecipientColumns}
          FROM {RecipientsFrom}
         WHERE d.contact_id = @contactId AND d.id BETWEEN @first AND @last
         ORDER BY d.part, d.id
        """;

    private const string AttemptsSql = """
        SELECT delivery_id AS DeliveryId, attempt AS Attempt, at AS At, outcome AS Outcome, reason AS Reason, code AS Code, detail AS Detail
          FROM attempts
         WHERE delivery_id BETWEEN @first AND @last
         ORDER BY delivery_id, at, attempt
        """;

    private const string TroubleSql = """
        SELECT a.attempt AS Attempt, a.at AS At, a.outcome AS Outcome, a.reason AS Reason, a.code AS Code, a.detail AS Detail
          FROM attempts a JOIN deliveries d ON d.id = a.delivery_id
         WHERE a.delivery_id BETWEEN @first AND @last AND d.status = 0
         ORDER BY a.at DESC
         LIMIT 1
        """;

    /// <summary>Why messages of a broadcast were handed back to be tried again, the latest; null when none was. For a broadcast that stands still: it reads all tries.</summary>
    public Task<RecipientAttempt?> LatestTroubleAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
            (await connection.QueryFirstOrDefaultAsync<AttemptRecord>(Command(TroubleSql, new { first = DeliveryId.First(id), last = DeliveryId.Last(id) }, cancellationToken)))?.ToAttempt(), cancellationToken);

    /// <summary>One page of a broadcast's ledger in its own order. <paramref name="cursor"/>: the <see cref="RecipientPage.Next"/> of the page before.</summary>
    public Task<RecipientPage> RecipientsAsync(long id, RecipientFilter filter, long? cursor = null, int limit = 100, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => ReadPageAsync(connection, id, filter, cursor, Math.Clamp(limit, 1, 1_000), cancellationToken), cancellationToken);

    /// <summary>The whole ledger of a broadcast for an export: read page by page, so that no long read holds the database back.</summary>
    public async IAsyncEnumerable<RecipientRow> AllRecipientsAsync(long id, RecipientFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long? cursor = null; ;)
        {
            var page = await RecipientsAsync(id, filter, cursor, 1_000, cancellationToken);
            foreach (var row in page.Items) yield return row;
            if (page.Next is null) yield break;
            cursor = page.Next;
        }
    }

    /// <summary>One recipient, part by part; null when the contact is not in the broadcast.</summary>
    public Task<RecipientTimeline?> RecipientAsync(long id, long contactId, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var range = new { contactId, first = DeliveryId.First(id), last = DeliveryId.Last(id) };
            var rows = (await connection.QueryAsync<RecipientRecord>(Command(RecipientSql, range, cancellationToken))).AsList();
            if (rows.Count == 0) return null;

            var parts = new List<RecipientPart>();
            foreach (var row in rows)
            {
                var attempts = await connection.QueryAsync<AttemptRecord>(Command(AttemptsSql, new { first = row.Id, last = row.Id }, cancellationToken));
                parts.Add(new RecipientPart(row.ToRow(), [.. attempts.Select(a => a.ToAttempt())]));
            }

            return new RecipientTimeline { ContactId = contactId, ContactName = parts[0].Row.ContactName, ContactRevision = rows[0].ContactRevision, Parts = parts };
        }, cancellationToken);

    private async Task<RecipientPage> ReadPageAsync(DbConnection connection, long id, RecipientFilter filter, long? cursor, int limit, CancellationToken cancellationToken)
    {
        var first = Math.Max(DeliveryId.First(id), (cursor ?? -1) + 1);
        // The slices know how many rows of a status they hold: ranges without any are not read, and a status without any costs nothing.
        if (filter.Status is { } wanted)
        {
            var from = await FirstWithAsync(connection, id, wanted, first, cancellationToken);
            if (from is null) return new RecipientPage([], null);
            first = Math.Max(first, from.Value);
        }

        var parameters = new DynamicParameters(new { first, last = DeliveryId.Last(id), limit = limit + 1 });
        var sql = $"""
            SELECT {RecipientColumns}
              FROM {RecipientsFrom}
             WHERE d.id BETWEEN @first AND @last{Conditions(filter, parameters)}
             ORDER BY d.id
             LIMIT @limit
            """;
        var rows = (await connection.QueryAsync<RecipientRecord>(Command(sql, parameters, cancellationToken))).AsList();
        var more = rows.Count > limit;
        if (more) rows.RemoveAt(limit);
        return new RecipientPage([.. rows.Select(r => r.ToRow())], more ? rows[^1].Id : null);
    }

    private string Conditions(RecipientFilter filter, DynamicParameters parameters)
    {
        var conditions = "";
        Add(filter.Status is not null, "d.status = @status", "status", (int?)filter.Status);
        Add(filter.Reason is not null, "d.reason = @reason", "reason", filter.Reason);
        Add(filter.Part is not null, "d.part = @part", "part", filter.Part - 1);
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            var dialect = database.Dialect;
            Add(true,
                $"""
                d.contact_id IN (SELECT id FROM contacts WHERE {dialect.Contains("COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')", "@search")}
                                 UNION SELECT contact_id FROM addresses WHERE {dialect.Contains("value", "@search")} LIMIT {MostSearched})
                """,
                "search", SqlDialect.LikePattern(filter.Search.Trim()));
        }

        return conditions;

        void Add(bool applies, string condition, string name, object? value)
        {
            if (!applies) return;
            conditions += $"\n   AND {condition}";
            parameters.Add(name, value);
        }
    }

    private static async Task<long?> FirstWithAsync(DbConnection connection, long id, DeliveryStatus status, long after, CancellationToken cancellationToken)
    {
        var column = status switch
        {
            DeliveryStatus.Pending => "pending",
            DeliveryStatus.Sending => "sending",
            DeliveryStatus.Sent => "sent",
            DeliveryStatus.Delivered => "delivered",
            DeliveryStatus.Read => "read",
            DeliveryStatus.Failed => "failed",
            DeliveryStatus.Skipped => "skipped",
            _ => "unknown",
        };
        return await connection.ExecuteScalarAsync<long?>(Command(
            $"SELECT MIN(id_from) FROM slices WHERE broadcast_id = @id AND id_to >= @after AND {column} > 0", new { id, after }, cancellationToken));
    }

    private class RecipientRecord
    {
        public long Id { get; set; }

        public long ContactId { get; set; }

        public string? FirstName { get; set; }

        public string? LastName { get; set; }

        public string? Address { get; set; }

        public int Part { get; set; }

        public int Status { get; set; }

        public int? Reason { get; set; }

        public int Attempts { get; set; }

        public string? ProviderId { get; set; }

        public long? DueAt { get; set; }

        public long? SentAt { get; set; }

        public long? DeliveredAt { get; set; }

        public long? ReadAt { get; set; }

        public long? EndedAt { get; set; }

        public long? RepliedAt { get; set; }

        public long? ClickedAt { get; set; }

        public long? OptedOutAt { get; set; }

        public int ContactRevision { get; set; }

        public RecipientRow ToRow() => new()
        {
            Id = Id,
            ContactId = ContactId,
            ContactName = string.Join(' ', new[] { FirstName, LastName }.Where(n => !string.IsNullOrWhiteSpace(n))) is { Length: > 0 } name ? name : null,
            Address = Address,
            Part = Part + 1,
            Status = DeliveryStatuses.Read(Status),
            Reason = Reason is { } reason ? Reasons.NameOf(reason) : null,
            Attempts = Attempts,
            ProviderId = ProviderId,
            // The largest number: it waits for an earlier part, and no clock will wake it.
            DueAt = Times.Of(DueAt == long.MaxValue ? null : DueAt),
            SentAt = Times.Of(SentAt),
            DeliveredAt = Times.Of(DeliveredAt),
            ReadAt = Times.Of(ReadAt),
            EndedAt = Times.Of(EndedAt),
            RepliedAt = Times.Of(RepliedAt),
            ClickedAt = Times.Of(ClickedAt),
            OptedOutAt = Times.Of(OptedOutAt),
        };
    }

    private sealed class AttemptRecord
    {
        public int Attempt { get; set; }

        public long At { get; set; }

        public int Outcome { get; set; }

        public int? Reason { get; set; }

        public string? Code { get; set; }

        public string? Detail { get; set; }

        public RecipientAttempt ToAttempt() => new()
        {
            Number = Attempt,
            At = Times.Of(At),
            Outcome = (SendOutcomeKind)Outcome,
            Reason = Reason is { } reason ? Reasons.NameOf(reason) : null,
            Code = Code,
            Detail = Detail,
        };
    }
}
