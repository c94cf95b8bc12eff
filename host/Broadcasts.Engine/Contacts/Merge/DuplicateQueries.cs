using System.Data.Common;
using System.Runtime.InteropServices;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>Why two contacts look like one person.</summary>
internal enum DuplicateReason
{
    /// <summary>One has the number as a telephone, the other on WhatsApp.</summary>
    SameNumber = 1,

    /// <summary>One has the e-mail address as such, the other as the id of another channel.</summary>
    SameEmail = 2,

    /// <summary>Both addresses are one Gmail mailbox.</summary>
    SameMailbox = 3,
}

/// <summary>An address of each that says so.</summary>
internal sealed record DuplicateSign(DuplicateReason Reason, string First, string Second);

/// <summary>Two contacts that look like one person; the older first.</summary>
internal sealed record DuplicatePair(ContactDetails First, ContactDetails Second, IReadOnlyList<DuplicateSign> Signs);

/// <summary>A page of pairs, and where the next one begins; null when all was looked through. A page can be empty and have a next one.</summary>
internal sealed record DuplicatePage(IReadOnlyList<DuplicatePair> Items, long? Next);

/// <summary>
/// Finds contacts that are probably one person. It goes up the addresses a piece at a time and asks an index for the other one of each, so that a page costs
/// the same however many there are.
/// </summary>
internal sealed class DuplicateQueries(Database database, TimeProvider time)
{
    private const int PieceSize = 2_000;
    private const int MostPieces = 50;

    private const string EndSql = "SELECT MAX(id) FROM (SELECT id FROM addresses WHERE id > @after ORDER BY id LIMIT @size) AS piece";

    private const string Apart = "EXISTS (SELECT 1 FROM contact_distinct n WHERE (n.a_id = a.contact_id AND n.b_id = o.contact_id) OR (n.a_id = o.contact_id AND n.b_id = a.contact_id))";

    // The piece is read first and by its ids, and each of the others by a key of its own: joined freely, both databases read all addresses of a kind for every piece. The mailbox with the lowest
    // id stands for all that are the same: a thousand of one mailbox are a thousand pairs, not half a million.
    private readonly string _pieceSql = $"""
        WITH piece AS MATERIALIZED (SELECT id, contact_id, kind, value FROM addresses WHERE id > @after AND id <= @upTo)
        SELECT f.id, f.mine, f.other, f.reason, f.value, f.other_value
          FROM (SELECT a.id, a.contact_id AS mine, o.contact_id AS other, 1 AS reason, a.value, o.value AS other_value
                  FROM piece a
                  JOIN addresses o ON o.kind = 4 AND o.value IN (substr(a.value, 2), CASE WHEN length(a.value) = 14 AND substr(a.value, 2, 3) IN ('521', '549') THEN substr(a.value, 2, 2) || substr(a.value, 5) ELSE '' END)
                 WHERE a.kind = 2 AND o.contact_id <> a.contact_id AND NOT {Apart}
                 UNION ALL
                SELECT a.id, a.contact_id, o.contact_id, 2, a.value, o.value
                  FROM piece a
                  JOIN addresses o ON o.id = (SELECT e.id FROM addresses e WHERE e.kind = 1 AND e.value = {database.Dialect.AsciiLower("a.value")})
                 WHERE a.kind IN (3, 5, 6, 7) AND o.contact_id <> a.contact_id AND NOT {Apart}
                 UNION ALL
                SELECT a.id, a.contact_id, b.contact_id, 3, a.value, b.value
                  FROM piece a
                  JOIN addresses b ON b.id = (SELECT MIN(o.id + 0) FROM addresses o
                                               WHERE {SqlDialect.IsGmail("o.")} AND {database.Dialect.GmailKey("o.value")} = {database.Dialect.GmailKey("a.value")}
                                                 AND o.id < a.id AND o.contact_id <> a.contact_id AND NOT {Apart})
                 WHERE {SqlDialect.IsGmail("a.")}) AS f
         ORDER BY f.id, f.other
        """;

    /// <summary>Up to so many pairs, or two more, behind the cursor. A pair with two signs can come twice, on different pages.</summary>
    public Task<DuplicatePage> ListAsync(long? cursor, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
    {
        var found = new Dictionary<(long, long), List<DuplicateSign>>();
        var after = cursor ?? 0;
        for (var pieces = 0; pieces < MostPieces && found.Count < limit; pieces++)
        {
            var end = await connection.QuerySingleAsync<long?>(new CommandDefinition(EndSql, new { after, size = PieceSize }, cancellationToken: cancellationToken));
            if (end is not { } upTo) return await PageAsync(connection, found, null, cancellationToken);
            after = Take(await connection.QueryAsync<Found>(new CommandDefinition(_pieceSql, new { after, upTo }, cancellationToken: cancellationToken)), found, limit) ?? upTo;
        }

        var isEnd = await connection.QuerySingleAsync<long?>(new CommandDefinition(EndSql, new { after, size = 1 }, cancellationToken: cancellationToken)) is null;
        return await PageAsync(connection, found, isEnd ? null : after, cancellationToken);
    }, cancellationToken);

    private const string DismissSql = """
        INSERT INTO contact_distinct (a_id, b_id, at, actor)
        VALUES (@a, @b, @now, @actor)
        ON CONFLICT (a_id, b_id) DO NOTHING
        """;

    private const string KnownSql = "SELECT id FROM contacts WHERE id IN (@a, @b)";

    /// <summary>Says that two contacts are two people: the pair does not come again.</summary>
    public async Task<CommandResult> DismissAsync(long first, long second, string actor, CancellationToken cancellationToken = default)
    {
        if (first == second) return CommandResult.Invalid(new Problem("b", "mergeSelf", "A contact can't be merged with itself. Name another one."));
        var (a, b) = (Math.Min(first, second), Math.Max(first, second));
        return await database.WriteAsync(async transaction =>
        {
            await ContactTurns.ShareAsync(database.Dialect, transaction);
            var known = (await transaction.Connection!.QueryAsync<long>(KnownSql, new { a, b }, transaction)).AsList();
            if (known.Count < 2) return CommandResult.NotFound($"Contact {(known.Contains(a) ? b : a)}");
            if (await transaction.Connection!.ExecuteAsync(DismissSql, new { a, b, now = time.Now(), actor }, transaction) == 1)
            {
                foreach (var (one, other) in new[] { (a, b), (b, a) }) AuditChain.Append(transaction, new AuditAct { At = time.Now(), Actor = actor, Action = "contact.distinct", Subject = $"contact/{one}", Detail = $"contact/{other}" });
            }

            return new CommandResult();
        }, cancellationToken);
    }

    // The id behind which the next page begins when this one is full; null when all was taken.
    private static long? Take(IEnumerable<Found> rows, Dictionary<(long, long), List<DuplicateSign>> found, int limit)
    {
        long last = 0;
        foreach (var row in rows)
        {
            if (found.Count >= limit && row.Id != last) return last;
            last = row.Id;
            var isFirst = row.Mine < row.Other;
            var key = isFirst ? (row.Mine, row.Other) : (row.Other, row.Mine);
            (CollectionsMarshal.GetValueRefOrAddDefault(found, key, out _) ??= []).Add(new DuplicateSign((DuplicateReason)row.Reason, isFirst ? row.Value : row.OtherValue, isFirst ? row.OtherValue : row.Value));
        }

        return null;
    }

    private async Task<DuplicatePage> PageAsync(DbConnection connection, Dictionary<(long First, long Second), List<DuplicateSign>> found, long? next, CancellationToken cancellationToken)
    {
        long[] ids = [.. found.Keys.SelectMany(k => new[] { k.First, k.Second }).Distinct()];
        var contacts = (await ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken)).ToDictionary(c => c.Id);
        // Whoever was merged or deleted between the two reads is no pair any more.
        return new DuplicatePage([.. found.Where(f => contacts.ContainsKey(f.Key.First) && contacts.ContainsKey(f.Key.Second)).Select(f => new DuplicatePair(contacts[f.Key.First], contacts[f.Key.Second], f.Value))], next);
    }

    private sealed class Found
    {
        public long Id { get; init; }

        public long Mine { get; init; }

        public long Other { get; init; }

        public int Reason { get; init; }

        public string Value { get; init; } = "";

        public string OtherValue { get; init; } = "";
    }
}
