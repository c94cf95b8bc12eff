using System.Buffers;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>
/// The record of acts as a chain: each entry has a hash over its own content and the hash of the one before it. Whoever knows the hash of one entry can prove that neither it nor any before it was
/// changed, taken out, put in or moved. What is hashed is written down in docs/audit.md, so that anybody can do it again.
/// </summary>
internal static class AuditChain
{
    /// <summary>What the first entry has before it.</summary>
    public const string Beginning = "";

    private const string Version = "1";

    private const int FewActs = 8;

    private const int Page = 1_000;

    private const string HeadSql = "SELECT position AS Position, hash AS Hash, unplaced AS Unplaced FROM audit_head WHERE one = 1 ";

    private const string InsertSql = """
        INSERT INTO audit (at, actor, action, subject, detail, told, changes, position, previous, hash)
        VALUES (@At, @Actor, @Action, @Subject, @Detail, @Told, @Changes, @position, @previous, @hash);
        """;

    private const string MoveHeadSql = "UPDATE audit_head SET position = @position, hash = @hash WHERE one = 1";

    /// <summary>Adds an entry in the transaction of the act itself, so that neither is there without the other. It gets its place at the end of the transaction.</summary>
    public static void Append(DbTransaction transaction, AuditAct act) => Database.AtEnd<List<AuditAct>>(transaction, WriteAsync).Add(act);

    /// <summary>The hash of an entry behind another one, in lower-case hexadecimal.</summary>
    public static string HashOf(string previous, AuditAct act)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        foreach (var text in (ReadOnlySpan<string?>)[Version, previous, act.At.ToString(CultureInfo.InvariantCulture), act.Actor, act.Action, act.Subject, act.Detail, act.Told, act.Changes]) Write(bytes, text);
        return Convert.ToHexStringLower(SHA256.HashData(bytes.WrittenSpan));
    }

    // The length in bytes, a colon, the text, a comma: no text can look like another division of the same bytes.
    private static void Write(ArrayBufferWriter<byte> bytes, string? text)
    {
        var head = text is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(text)}:");
        Encoding.UTF8.GetBytes($"{head}{text},", bytes);
    }

    private static async Task WriteAsync(SqlDialect dialect, DbTransaction transaction, List<AuditAct> acts)
    {
        var connection = transaction.Connection!;
        var head = await connection.QuerySingleAsync<Head>(HeadSql + dialect.ForUpdate, transaction: transaction);
        var (position, hash) = (head.Position, head.Hash);
        if (acts.Count > FewActs)
        {
            WriteMany(transaction, acts, ref position, ref hash);
            await connection.ExecuteAsync(MoveHeadSql, new { position, hash }, transaction);
            return;
        }

        foreach (var act in acts)
        {
            var previous = hash;
            hash = HashOf(previous, act);
            position++;
            await connection.ExecuteAsync(InsertSql + MoveHeadSql, new { act.At, act.Actor, act.Action, act.Subject, act.Detail, act.Told, act.Changes, position, previous, hash }, transaction);
        }
    }

    private static void WriteMany(DbTransaction transaction, List<AuditAct> acts, ref long position, ref string hash)
    {
        using var rows = BulkInsert.Into(transaction, "audit", ("at", BulkType.BigInt), ("actor", BulkType.Text), ("action", BulkType.Text), ("subject", BulkType.Text), ("detail", BulkType.Text),
            ("told", BulkType.Text), ("changes", BulkType.Text), ("position", BulkType.BigInt), ("previous", BulkType.Text), ("hash", BulkType.Text));
        foreach (var act in acts)
        {
            var previous = hash;
            hash = HashOf(previous, act);
            rows.Write(act.At);
            foreach (var text in (ReadOnlySpan<string?>)[act.Actor, act.Action, act.Subject, act.Detail, act.Told, act.Changes]) rows.Write(text);
            rows.Write(++position);
            rows.Write(previous);
            rows.Write(hash);
            rows.EndRow();
        }

        rows.Complete();
    }

    private const string UnplacedSql = """
        SELECT id AS Id, at AS At, actor AS Actor, action AS Action, subject AS Subject, detail AS Detail, told AS Told, changes AS Changes
          FROM audit
         WHERE position IS NULL AND id <= @unplaced
         ORDER BY id
         LIMIT @most
        """;

    private const string PlaceSql = "UPDATE audit SET position = @position, previous = @previous, hash = @hash WHERE id = @id";

    private const string AllPlacedSql = "UPDATE audit_head SET unplaced = 0 WHERE one = 1";

    /// <summary>Gives entries from before there was a chain their places, oldest first. Processes that start together take turns; a kill costs the page that was being written.</summary>
    public static async Task PlaceOldAsync(Database database, CancellationToken cancellationToken = default)
    {
        while (await database.WriteAsync(transaction => PlacePageAsync(database.Dialect, transaction), cancellationToken)) { }
    }

    // True while there may be more.
    private static async Task<bool> PlacePageAsync(SqlDialect dialect, DbTransaction transaction)
    {
        var connection = transaction.Connection!;
        var head = await connection.QuerySingleAsync<Head>(HeadSql + dialect.ForUpdate, transaction: transaction);
        if (head.Unplaced == 0) return false;
        var (position, hash) = (head.Position, head.Hash);
        var rows = (await connection.QueryAsync<AuditRow>(UnplacedSql, new { unplaced = head.Unplaced, most = Page }, transaction)).AsList();
        foreach (var row in rows)
        {
            var previous = hash;
            hash = HashOf(previous, row.ToAct());
            position++;
            await connection.ExecuteAsync(PlaceSql, new { id = row.Id, position, previous, hash }, transaction);
        }

        await connection.ExecuteAsync(MoveHeadSql, new { position, hash }, transaction);
        if (rows.Count < Page) await connection.ExecuteAsync(AllPlacedSql, transaction: transaction);
        return rows.Count == Page;
    }

    private sealed class Head
    {
        public long Position { get; init; }

        public string Hash { get; init; } = "";

        public long Unplaced { get; init; }
    }
}

/// <summary>An entry as it is stored.</summary>
internal sealed class AuditRow
{
    public long Id { get; init; }

    public long At { get; init; }

    public string Actor { get; init; } = "";

    public string Action { get; init; } = "";

    public string Subject { get; init; } = "";

    public string? Detail { get; init; }

    public string? Told { get; init; }

    public string? Changes { get; init; }

    public long? Position { get; init; }

    public string? Previous { get; init; }

    public string? Hash { get; init; }

    public AuditAct ToAct() => new() { At = At, Actor = Actor, Action = Action, Subject = Subject, Detail = Detail, Told = Told, Changes = Changes };
}
