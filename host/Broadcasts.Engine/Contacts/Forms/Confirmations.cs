using Broadcasts.Contacts.Consent;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Forms;

/// <summary>Whom a link to confirm is for.</summary>
/// <param name="Address">The address that it was sent to.</param>
/// <param name="Form">The form that was filled in last; null when something else asked, or the form is gone.</param>
internal sealed record Confirmation(PreferredAddress Address, SignUpForm? Form);

/// <summary>What follows when somebody confirms that he wants to be written to.</summary>
internal sealed class Confirmations(Database database, FormStore forms, ContactStore contacts, TimeProvider time)
{
    private const string AddressSql = "SELECT a.id AS Id, a.kind AS Kind, a.value AS Value, a.contact_id AS ContactId FROM deliveries d JOIN addresses a ON a.id = d.address_id WHERE d.id = @delivery";

    private const string AskedSql = "SELECT source AS Source, state AS State FROM consents WHERE kind = @Kind AND value = @Value ORDER BY id DESC LIMIT 20";

    private const string CountSql = "UPDATE forms SET confirmed = confirmed + 1 WHERE id = @id";

    /// <summary>Whom the link in a message is for; null when the person is gone.</summary>
    public async Task<Confirmation?> OfAsync(long delivery, CancellationToken cancellationToken = default)
    {
        if (await AddressAsync(delivery, cancellationToken) is not { } address) return null;
        var said = await SaidAsync(address, cancellationToken);
        var form = SignUpForm.IdOf(said.FirstOrDefault(s => s.State == ConsentState.Pending)?.Source) is { } id ? await forms.GetAsync(id, cancellationToken) : null;
        return new Confirmation(new PreferredAddress { Id = address.Id, Kind = address.Kind, Value = address.Value }, form);
    }

    /// <summary>Writes down that the recipient of a message confirmed; twice is the same as once. Null when the person is gone.</summary>
    public async Task<Confirmation?> ConfirmAsync(long delivery, CancellationToken cancellationToken = default)
    {
        if (await OfAsync(delivery, cancellationToken) is not { } confirmation || await AddressAsync(delivery, cancellationToken) is not { } address) return null;
        var isNews = (await SaidAsync(address, cancellationToken)).FirstOrDefault()?.State != ConsentState.Granted;
        await database.WriteAsync(async transaction =>
        {
            await ConsentLog.SayAsync(transaction, new ConsentEvent
            {
                Kind = address.Kind, Value = address.Value, State = ConsentState.Granted, Source = "confirmed", Detail = $"{confirmation.Form?.Source} delivery {delivery}".Trim(), Actor = ConsentLog.Contact, At = time.Now(),
            });
            if (isNews && confirmation.Form is { } form) await transaction.Connection!.ExecuteAsync(CountSql, new { id = form.Id }, transaction);
        }, CancellationToken.None);
        if (confirmation.Form is { } by && by.ReadTags() is { Length: > 0 } tags) await contacts.AddTagsAsync(address.ContactId, tags, by.Source, CancellationToken.None);
        return confirmation;
    }

    private Task<Owner?> AddressAsync(long delivery, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<Owner?>(new CommandDefinition(AddressSql, new { delivery }, cancellationToken: cancellationToken)), cancellationToken);

    private Task<List<ConsentEvent>> SaidAsync(Owner address, CancellationToken cancellationToken) => database.ReadAsync(async connection =>
        (await connection.QueryAsync<ConsentEvent>(new CommandDefinition(AskedSql, new { Kind = (short)address.Kind, address.Value }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private sealed class Owner
    {
        public long Id { get; init; }

        public AddressKind Kind { get; init; }

        public string Value { get; init; } = "";

        public long ContactId { get; init; }
    }
}
