using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Export;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Jobs;

/// <summary>The file of contacts, as the import reads it again; those with lower ids first.</summary>
internal sealed class ContactLines(Database database, JobContacts whom) : IJobWork
{
    public async Task<JobPiece?> NextAsync(Job job, long[]? picked, int most, CancellationToken cancellationToken)
    {
        var ids = await whom.NextAsync(job, picked, most, cancellationToken);
        var contacts = await database.ReadAsync(connection => ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken), cancellationToken);
        return JobLines.Piece(job, ids, ContactExport.Header(job.Spec.Columns!), contacts.Count, lines =>
        {
            foreach (var contact in contacts) ContactExport.Append(lines, contact, job.Spec.Columns!);
        });
    }
}

/// <summary>The suppression list, as its import reads it again.</summary>
internal sealed class SuppressionLines(SuppressionStore suppressions) : IJobWork
{
    public async Task<JobPiece?> NextAsync(Job job, long[]? picked, int most, CancellationToken cancellationToken)
    {
        SuppressionCursor? after = SuppressionCursor.TryParse(job.Position, out var cursor) && job.Position.Length > 0 ? cursor : null;
        var page = await suppressions.ListAsync(job.Spec.Suppressions!, after, most, cancellationToken);
        if (page.Items.Count == 0 && job.Position.Length > 0) return null;

        var lines = new StringBuilder(job.Position.Length == 0 ? SuppressionExport.Header : "");
        foreach (var entry in page.Items) SuppressionExport.Append(lines, entry);
        var last = page.Items.Count == 0 ? default : new SuppressionCursor(page.Items[^1].Kind, page.Items[^1].Value, page.Items[^1].ChannelId);
        return new JobPiece { Position = last.ToString(), Counts = new JobCounts { Done = page.Items.Count, Written = page.Items.Count }, Lines = Encoding.UTF8.GetBytes(lines.ToString()) };
    }
}

/// <summary>
/// What people said about being written to, with its proof: one line for each thing said, contact by contact, and in a file of everybody what is kept of addresses that belong to nobody any more. An import speaks
/// for every address of the row that it took.
/// </summary>
internal sealed class ConsentLines(Database database, JobContacts whom) : IJobWork
{
    private const string Header = "contact_id,name,kind,address,channel,state,said_at_utc,source,detail,written_by\r\n";

    // Behind the contacts come addresses without one, by the ids of what was said.
    private const string Orphans = "orphans:";

    // CROSS JOIN is how SQLite is told to begin with the few imports: left to itself it reads the contacts of all of them for every piece.
    private readonly string _ofContactsSql = $"""
        SELECT a.contact_id AS ContactId, c.kind AS Kind, c.value AS Value, c.channel_id AS ChannelId, h.name AS Channel, c.state AS State, c.source AS Source, c.detail AS Detail, c.actor AS Actor, c.at AS At, c.id AS Id
          FROM addresses a
          JOIN consents c ON c.kind = a.kind AND c.value = a.value
          LEFT JOIN channels h ON h.id = c.channel_id
         WHERE {database.Dialect.InList("a.contact_id", "@ids")}
        UNION ALL
        SELECT ic.contact_id, 0, '', 0, NULL, 1, 'import:' || i.id, i.consent_source, i.created_by, i.started_at, 0
          FROM imports i
         CROSS JOIN import_contacts ic
         WHERE ic.import_id = i.id AND {database.Dialect.InList("ic.contact_id", "@ids")} AND i.consent_source IS NOT NULL AND i.is_trial = 0 AND i.undone_at IS NULL
         ORDER BY ContactId, At, Id
        """;

    private const string OrphansSql = """
        SELECT c.id AS Id, c.kind AS Kind, c.value AS Value, c.channel_id AS ChannelId, h.name AS Channel, c.state AS State, c.source AS Source, c.detail AS Detail, c.actor AS Actor, c.at AS At
          FROM consents c
          LEFT JOIN channels h ON h.id = c.channel_id
         WHERE c.id > @after AND NOT EXISTS (SELECT 1 FROM addresses a WHERE a.kind = c.kind AND a.value = c.value)
         ORDER BY c.id
         LIMIT @most
        """;

    public async Task<JobPiece?> NextAsync(Job job, long[]? picked, int most, CancellationToken cancellationToken)
    {
        if (job.Position.StartsWith(Orphans, StringComparison.Ordinal)) return await OrphansAsync(job, long.Parse(job.Position.AsSpan(Orphans.Length), CultureInfo.InvariantCulture), most, cancellationToken);
        var ids = await whom.NextAsync(job, picked, most, cancellationToken);
        if (ids.Count == 0 && job.Position.Length > 0) return job.Spec.Audience?.IsEverybody == true ? await OrphansAsync(job, 0, most, cancellationToken) : null;

        var (contacts, said) = await database.ReadAsync(async connection => (
            (await ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken)).ToDictionary(c => c.Id),
            (await connection.QueryAsync<Said>(new CommandDefinition(_ofContactsSql, new { ids = database.Dialect.List(ids) }, cancellationToken: cancellationToken))).AsList()), cancellationToken);
        return JobLines.Piece(job, ids, Header, said.Count, lines =>
        {
            foreach (var line in said) Append(lines, line, contacts.GetValueOrDefault(line.ContactId)?.Name);
        });
    }

    private async Task<JobPiece?> OrphansAsync(Job job, long after, int most, CancellationToken cancellationToken)
    {
        var said = await database.ReadAsync(async connection =>
            (await connection.QueryAsync<Said>(new CommandDefinition(OrphansSql, new { after, most }, cancellationToken: cancellationToken))).AsList(), cancellationToken);
        if (said.Count == 0) return null;
        var lines = new StringBuilder();
        foreach (var line in said) Append(lines, line, null);
        return new JobPiece { Position = FormattableString.Invariant($"{Orphans}{said[^1].Id}"), Counts = new JobCounts { Written = said.Count }, Lines = Encoding.UTF8.GetBytes(lines.ToString()) };
    }

    private static void Append(StringBuilder lines, Said said, string? name)
    {
        if (said.ContactId > 0) lines.Append(CultureInfo.InvariantCulture, $"{said.ContactId}");
        Add(name);
        Add(said.Kind == 0 ? null : ((AddressKind)said.Kind).Name());
        Add(said.Kind == 0 ? null : ContactExport.Address((AddressKind)said.Kind, said.Value));
        Add(said.ChannelId == 0 ? null : said.Channel ?? said.ChannelId.ToString(CultureInfo.InvariantCulture));
        Add(JsonNamingPolicy.CamelCase.ConvertName(((ConsentState)said.State).ToString()));
        Add(ContactExport.Time(said.At));
        Add(said.Source);
        Add(said.Detail);
        Add(said.Actor);
        lines.Append("\r\n");

        void Add(string? text)
        {
            lines.Append(',');
            CsvText.Append(lines, text);
        }
    }

    private sealed class Said
    {
        public long Id { get; init; }

        public long ContactId { get; init; }

        public int Kind { get; init; }

        public string Value { get; init; } = "";

        public long ChannelId { get; init; }

        public string? Channel { get; init; }

        public int State { get; init; }

        public string Source { get; init; } = "";

        public string? Detail { get; init; }

        public string Actor { get; init; } = "";

        public long At { get; init; }
    }
}

/// <summary>Lines of a file over contacts.</summary>
internal static class JobLines
{
    /// <summary>The next piece. Nobody at all is a file of the header alone.</summary>
    public static JobPiece? Piece(Job job, List<long> ids, string header, int written, Action<StringBuilder> write)
    {
        var isFirst = job.Position.Length == 0;
        if (ids.Count == 0 && !isFirst) return null;
        var lines = new StringBuilder(isFirst ? header : "");
        write(lines);
        return new JobPiece { Position = JobContacts.Position(ids.Count == 0 ? job.Mark : ids[^1]), Counts = new JobCounts { Done = ids.Count, Written = written }, Lines = Encoding.UTF8.GetBytes(lines.ToString()) };
    }
}
