using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>What is wrong with an entry of the audit.</summary>
internal enum AuditFaultKind
{
    /// <summary>Its content is not what was written.</summary>
    Changed,

    /// <summary>It, or some before it, were taken out.</summary>
    Missing,

    /// <summary>It was put in.</summary>
    Inserted,

    /// <summary>It stands in another place.</summary>
    Moved,

    /// <summary>It is whole, and not the one that was written down elsewhere: everything up to it was written anew.</summary>
    Rewritten,
}

/// <summary>The first break of the chain.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Number">The entry's place in the chain, from 1; 0 for one that was put in without a place.</param>
internal sealed record AuditFault(AuditFaultKind Kind, long Number)
{
    /// <summary>The same as a sentence.</summary>
    public Problem Said() => Kind switch
    {
        AuditFaultKind.Changed => new Problem("", "auditChanged", $"Entry {Number} was changed after it was written.", $"{Number}"),
        AuditFaultKind.Missing => new Problem("", "auditMissing", $"Entry {Number} is missing.", $"{Number}"),
        AuditFaultKind.Inserted when Number == 0 => new Problem("", "auditUnplaced", "An entry was put in beside the chain."),
        AuditFaultKind.Inserted => new Problem("", "auditInserted", $"Entry {Number} was put in later.", $"{Number}"),
        AuditFaultKind.Moved => new Problem("", "auditMoved", $"Entry {Number} stands in another place than it was written.", $"{Number}"),
        _ => new Problem("", "auditRewritten", $"Entry {Number} is not the one that was written down: the audit was written anew up to there.", $"{Number}"),
    };
}

/// <summary>An entry as somebody wrote it down elsewhere: nothing up to it can be cut off or written anew unseen.</summary>
internal sealed record AuditMark(long Number, string Hash)
{
    /// <summary>Out of <c>12:ab34…</c>; null when it is not one.</summary>
    public static AuditMark? Parse(string text) =>
        text.Split(':') is [var number, { Length: 64 } hash] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at > 0 && hash.All(char.IsAsciiHexDigit)
            ? new AuditMark(at, hash.ToLowerInvariant())
            : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}:{Hash}");
}

/// <summary>What a look at the whole chain found.</summary>
/// <param name="Entries">How many were looked at.</param>
/// <param name="Newest">The newest of those that are whole; null for none.</param>
/// <param name="Fault">The first break; null when the chain is whole.</param>
internal sealed record AuditFindings(long Entries, AuditMark? Newest, AuditFault? Fault);

/// <summary>Goes through the whole chain, beside whoever writes to it.</summary>
internal sealed class AuditCheck(Database database)
{
    private const int Page = 2_000;

    private const string HeadSql = """
        SELECT h.position AS Position, h.hash AS Hash, (SELECT MAX(a.position) FROM audit a) AS Newest,
               (SELECT MIN(a.id) FROM audit a WHERE a.position IS NULL AND a.id > h.unplaced) AS Unplaced
          FROM audit_head h
         WHERE h.one = 1
        """;

    private const string PageSql = """
        SELECT id AS Id, at AS At, actor AS Actor, action AS Action, subject AS Subject, detail AS Detail, told AS Told, changes AS Changes, position AS Position, previous AS Previous, hash AS Hash
          FROM audit
         WHERE position > @after AND position <= @last
         ORDER BY position
         LIMIT @most
        """;

    private const string KnownSql = "SELECT COUNT(*) FROM audit WHERE hash = @hash";

    /// <summary>The newest entry; null when there is none.</summary>
    public async Task<AuditMark?> HeadAsync(CancellationToken cancellationToken = default) => await ReadHeadAsync(cancellationToken) is { Position: > 0 } head ? new AuditMark(head.Position, head.Hash) : null;

    /// <summary>Looks at every entry that there is now.</summary>
    /// <param name="expected">What was written down elsewhere; null for nothing.</param>
    /// <param name="progress">How many of how many are done, after each page.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AuditFindings> LookAsync(AuditMark? expected = null, Action<long, long>? progress = null, CancellationToken cancellationToken = default)
    {
        if (await ReadHeadAsync(cancellationToken) is not { } head) return new(0, null, new(AuditFaultKind.Missing, 1));
        var (walk, last) = (new Walk(expected), Math.Max(head.Position, head.Newest ?? 0));
        while (walk.Fault is null && walk.Number < last)
        {
            var rows = await database.ReadAsync(async c => (await c.QueryAsync<AuditRow>(new CommandDefinition(PageSql, new { after = walk.Number, last, most = Page }, cancellationToken: cancellationToken))).AsList(), cancellationToken);
            if (rows.Count == 0) walk.Break(AuditFaultKind.Missing, walk.Number + 1);
            foreach (var row in rows.TakeWhile(_ => walk.Fault is null)) walk.Step(row);
            progress?.Invoke(walk.Number, last);
        }

        if (walk is { Fault: { Kind: AuditFaultKind.Missing } missing, Stranger: { } stranger } && await IsKnownAsync(stranger, cancellationToken)) return walk.Found with { Fault = missing with { Kind = AuditFaultKind.Moved } };
        return walk.Fault is null ? walk.Found with { Fault = EndOf(walk, head) } : walk.Found;
    }

    private Task<Head?> ReadHeadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(c => c.QuerySingleOrDefaultAsync<Head?>(new CommandDefinition(HeadSql, cancellationToken: cancellationToken)), cancellationToken);

    private Task<bool> IsKnownAsync(string hash, CancellationToken cancellationToken) =>
        database.ReadAsync(async c => await c.ExecuteScalarAsync<long>(new CommandDefinition(KnownSql, new { hash }, cancellationToken: cancellationToken)) > 0, cancellationToken);

    // The entries fit together; do they end where the last writer ended, and where somebody wrote down?
    private static AuditFault? EndOf(Walk walk, Head head) =>
        walk.Number > head.Position ? new(AuditFaultKind.Inserted, head.Position + 1)
        : walk.Hash != head.Hash ? new(AuditFaultKind.Rewritten, walk.Number)
        : head.Unplaced is not null ? new(AuditFaultKind.Inserted, 0)
        : walk.Expected is { } expected && expected.Number > walk.Number ? new(AuditFaultKind.Missing, walk.Number + 1)
        : null;

    private sealed class Head
    {
        public long Position { get; init; }

        public string Hash { get; init; } = "";

        public long? Newest { get; init; }

        public long? Unplaced { get; init; }
    }

    // From one entry to the next.
    private sealed class Walk(AuditMark? expected)
    {
        private string? _beforeLast;

        public AuditMark? Expected => expected;

        public long Number { get; private set; }

        public string Hash { get; private set; } = AuditChain.Beginning;

        public AuditFault? Fault { get; private set; }

        // What the broken entry has before it, when that is not the entry there.
        public string? Stranger { get; private set; }

        public AuditFindings Found => new(Number, Number == 0 ? null : new(Number, Hash), Fault);

        public void Break(AuditFaultKind kind, long number) => Fault = new(kind, number);

        public void Step(AuditRow row)
        {
            var number = Number + 1;
            if (row.Position != number) Break(AuditFaultKind.Missing, number);
            else if (row.Hash is null || row.Previous is null || AuditChain.HashOf(row.Previous, row.ToAct()) != row.Hash) Break(AuditFaultKind.Changed, number);
            else if (row.Previous != Hash) Misfit(row.Previous, number);
            else if (expected?.Number == number && expected.Hash != row.Hash) Break(AuditFaultKind.Rewritten, number);
            else (Number, _beforeLast, Hash) = (number, Hash, row.Hash);
        }

        // Whole in itself, and not made behind the entry before it: that one was put in between, or what stood there went.
        private void Misfit(string previous, long number)
        {
            if (previous == _beforeLast) Break(AuditFaultKind.Inserted, number - 1);
            else (Fault, Stranger) = (new(AuditFaultKind.Missing, number), previous);
        }
    }
}
