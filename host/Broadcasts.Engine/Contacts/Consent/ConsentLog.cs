using System.Data.Common;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Consent;

/// <summary>Writes down what somebody said about being written to, and does what follows from it, in one transaction.</summary>
internal static class ConsentLog
{
    /// <summary>The person's own act, as actor.</summary>
    public const string Contact = "contact";

    private const string SaidSql = """
        SELECT state AS State, source AS Source, channel_id AS ChannelId, at AS At FROM consents
         WHERE kind = @Kind AND value = @Value AND channel_id IN (0, @ChannelId) ORDER BY id DESC LIMIT 20
        """;

    private const string AppendSql = """
        INSERT INTO consents (kind, value, channel_id, state, source, detail, actor, at)
        VALUES (@Kind, @Value, @ChannelId, @State, @Source, @Detail, @Actor, @At)
        """;

    // The first reason stays: it is the proof. Whoever should have confirmed and opted out instead has opted out.
    private const string SuppressSql = """
        INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) VALUES (@Kind, @Value, @ChannelId, @reason, @Source, @At)
        ON CONFLICT (kind, value, channel_id) DO UPDATE SET reason = excluded.reason, source = excluded.source, created_at = excluded.created_at
         WHERE suppressions.reason = 6 AND excluded.reason = 2
        """;

    // Who comes back lifts what he had said himself by one of the ways that he has. What a colleague or a program entered for him, only such a one lifts, or he himself when he confirms what he asked for; a dead address, a complaint and a list from elsewhere stay.
    private const string LiftSql = """
        DELETE FROM suppressions
         WHERE kind = @Kind AND value = @Value AND (channel_id = @ChannelId OR @ChannelId = 0) AND created_at <= @At
           AND (reason = 6 OR (reason = 2 AND (@Actor <> 'contact' OR @Source = 'confirmed' OR source IN ('link', 'preferences', 'word', 'provider') OR source LIKE 'channel:%')))
        """;

    public static async Task SayAsync(DbTransaction transaction, ConsentEvent said)
    {
        var connection = transaction.Connection!;
        var values = new { Kind = (short)said.Kind, said.Value, said.ChannelId, State = (short)said.State, said.Source, said.Detail, said.Actor, said.At, reason = (short)ReasonOf(said.State) };
        var before = (await connection.QueryAsync<ConsentEvent>(SaidSql, values, transaction)).AsList();
        // Said again by the same way, or delivered again: nothing new. Of a time before something that was said since: kept, and of no effect any more.
        if (before.Exists(b => b.State == said.State && b.Source == said.Source && b.ChannelId == said.ChannelId && (b.At == said.At || b == before[0]))) return;
        await connection.ExecuteAsync(AppendSql, values, transaction);
        if (before.Exists(b => b.At > said.At)) return;
        await connection.ExecuteAsync(said.State == ConsentState.Granted ? LiftSql : SuppressSql, values, transaction);
    }

    /// <summary>Somebody asked to be written to and has to confirm.</summary>
    /// <param name="transaction">Of what else belongs to it.</param>
    /// <param name="asked">A pending one.</param>
    /// <param name="isNew">Nobody had the address: it gets nothing until then. Whoever is written to already goes on to be: it may have been somebody else who typed the address.</param>
    public static Task AskAsync(DbTransaction transaction, ConsentEvent asked, bool isNew) => isNew
        ? SayAsync(transaction, asked)
        : transaction.Connection!.ExecuteAsync(AppendSql, new { Kind = (short)asked.Kind, asked.Value, asked.ChannelId, State = (short)asked.State, asked.Source, asked.Detail, asked.Actor, asked.At }, transaction);

    private const string NewSql = """
          FROM {0}
         WHERE NOT EXISTS (SELECT 1 FROM consents k WHERE k.kind = r.kind AND k.value = r.value AND k.state = 1)
        """;

    private const string AppendAllSql = $"INSERT INTO consents (kind, value, channel_id, state, source, detail, actor, at) SELECT r.kind, r.value, 0, 3, @source, NULL, 'import', @at{NewSql}";

    private const string SuppressAllSql = $"INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) SELECT r.kind, r.value, 0, 6, @source, @at{NewSql} ON CONFLICT (kind, value, channel_id) DO NOTHING";

    /// <summary>New addresses whose owners have to confirm first; whoever agreed before, when somebody had the address, has.</summary>
    public static async Task AskAllAsync(DbTransaction transaction, SqlDialect dialect, IEnumerable<AddressKey> addresses, string source, long at)
    {
        // In one order for everybody: writers that meet wait for each other and never in a circle.
        var rows = JsonSerializer.Serialize(addresses.OrderBy(a => a.Kind).ThenBy(a => a.Value, StringComparer.Ordinal).Select(a => new object[] { (int)a.Kind, a.Value }));
        var list = dialect.Rows("@rows", "r", ("kind", SqlType.Integer), ("value", SqlType.Text));
        foreach (var sql in (string[])[AppendAllSql, SuppressAllSql])
            await transaction.Connection!.ExecuteAsync(sql.Replace("{0}", list, StringComparison.Ordinal), new { rows, source, at }, transaction);
    }

    private static readonly string[] TakeBackSql =
    [
        "DELETE FROM suppressions WHERE reason = 6 AND source = @source AND NOT EXISTS (SELECT 1 FROM addresses a WHERE a.kind = suppressions.kind AND a.value = suppressions.value)",
        "DELETE FROM consents WHERE state = 3 AND source = @source AND NOT EXISTS (SELECT 1 FROM addresses a WHERE a.kind = consents.kind AND a.value = consents.value)",
    ];

    /// <summary>Of an import that was taken back: addresses that nobody has any more wait for nobody's word.</summary>
    public static async Task TakeBackAsync(DbTransaction transaction, long importId)
    {
        foreach (var sql in TakeBackSql) await transaction.Connection!.ExecuteAsync(sql, new { source = SourceOf(importId) }, transaction);
    }

    /// <summary>The name of an import in the proof of consent.</summary>
    public static string SourceOf(long importId) => FormattableString.Invariant($"import:{importId}");

    private static SuppressionReason ReasonOf(ConsentState state) => state == ConsentState.Pending ? SuppressionReason.Unconfirmed : SuppressionReason.OptedOut;
}
