using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Consent;

/// <summary>What somebody learned of a contact's consent, outside of what the program hears itself.</summary>
internal sealed record ConsentEdit
{
    public required AddressKind Kind { get; init; }

    /// <summary>One of the contact's addresses; null for all of the kind.</summary>
    public string? Value { get; init; }

    /// <summary>0 for all channels.</summary>
    public long ChannelId { get; init; }

    public required ConsentState State { get; init; }

    /// <summary>Where it was said: the form, the shop, the call.</summary>
    public required string Source { get; init; }

    /// <summary>What proves it: the words, the ticket.</summary>
    public string? Detail { get; init; }

    /// <summary>When it was said; null for now.</summary>
    public DateTimeOffset? At { get; init; }
}

/// <summary>Consent, with its proof: who agreed, withdrew or came back, when and by what.</summary>
internal sealed class ConsentStore(Database database, AuditStore audit, TimeProvider time)
{
    private const int LongestSource = 200;
    private const int LongestDetail = 1000;

    // An import has no rows here: whoever was in its file agreed where it says.
    private const string OfContactSql = """
        SELECT c.id AS Id, c.kind AS Kind, c.value AS Value, c.channel_id AS ChannelId, c.state AS State, c.source AS Source, c.detail AS Detail, c.actor AS Actor, c.at AS At
          FROM addresses a JOIN consents c ON c.kind = a.kind AND c.value = a.value
         WHERE a.contact_id = @id
        UNION ALL
        SELECT 0, 0, '', 0, 1, 'import:' || i.id, i.consent_source, i.created_by, i.started_at
          FROM imports i
         WHERE i.consent_source IS NOT NULL AND i.is_trial = 0 AND i.undone_at IS NULL AND i.must_confirm = 0
           AND EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = i.id AND ic.contact_id = @id)
         ORDER BY At, Id
        """;

    /// <summary>Everything that is known of a contact's consent, the oldest first.</summary>
    public Task<IReadOnlyList<ConsentEvent>> OfContactAsync(long id, CancellationToken cancellationToken = default) => database.ReadAsync<IReadOnlyList<ConsentEvent>>(async connection =>
        (await connection.QueryAsync<ConsentEvent>(new CommandDefinition(OfContactSql, new { id }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string AddressesSql = "SELECT value FROM addresses WHERE contact_id = @id AND kind = @kind ORDER BY id";

    /// <summary>Writes down what somebody said elsewhere, and does what follows from it.</summary>
    public Task<CommandResult> SayAsync(long contactId, ConsentEdit edit, string actor, CancellationToken cancellationToken = default)
    {
        var now = time.Now();
        var at = edit.At?.ToUnixTimeMilliseconds() ?? now;
        if (Fault(edit, at, now) is { } fault) return Task.FromResult(CommandResult.Invalid(fault));
        return database.WriteAsync(async transaction =>
        {
            var own = (await transaction.Connection!.QueryAsync<string>(AddressesSql, new { id = contactId, kind = (short)edit.Kind }, transaction)).AsList();
            var meant = edit.Value is null ? own : own.Where(v => v == AddressNormalizer.Normal(edit.Kind, edit.Value)).ToList();
            if (meant.Count == 0) return CommandResult.Invalid(new Problem("value", "notTheirAddress", $"Contact {contactId} has no such address of the kind {edit.Kind.Name()}."));
            foreach (var value in meant)
            {
                await ConsentLog.SayAsync(transaction, new ConsentEvent
                {
                    Kind = edit.Kind, Value = value, ChannelId = edit.ChannelId, State = edit.State, Source = edit.Source.Trim(), Detail = edit.Detail?.Trim(), Actor = actor, At = at,
                });
            }

            await audit.AppendAsync(transaction, actor, "contact.consent", $"contact/{contactId}", $"{edit.Kind.Name()} {edit.State.ToString().ToLowerInvariant()}: {edit.Source.Trim()}", [new AuditChange("consent")]);
            return new CommandResult();
        }, cancellationToken);
    }

    private static Problem? Fault(ConsentEdit edit, long at, long now) =>
        string.IsNullOrWhiteSpace(edit.Source) ? new Problem("source", "required", "Say where the person said it: the form, the shop, the call. Without it this proves nothing.")
        : edit.Source.Length > LongestSource ? new Problem("source", "tooLong", $"At most {LongestSource} characters.", $"{LongestSource}")
        : edit.Detail?.Length > LongestDetail ? new Problem("detail", "tooLong", $"At most {LongestDetail} characters.", $"{LongestDetail}")
        : at > now ? new Problem("at", "inTheFuture", "Nobody has said it yet: the time is in the future.")
        : null;
}
