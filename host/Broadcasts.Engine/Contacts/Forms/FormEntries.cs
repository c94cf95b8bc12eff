using System.Security.Cryptography;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Consent;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Forms;

/// <summary>
/// Takes what people write into forms. Anybody can write anybody's address there: a new address gets nothing before its owner confirms, somebody who is known already keeps everything as it is, and nobody
/// can tell from the answer which of the two it was.
/// </summary>
internal sealed class FormEntries(Database database, ChannelStore channels, FieldStore fields, ContactStore contacts, ContactQueries queries, SingleMessages messages, SafeHold hold, EngineOptions options, TimeProvider time)
{
    /// <summary>How often one form writes to one address at most, however often somebody enters it.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromHours(4);

    private const string CountSql = "UPDATE forms SET asked = asked + 1 WHERE id = @id";

    /// <summary>Takes an entry and sends the message with the link.</summary>
    /// <param name="form">An open one.</param>
    /// <param name="entry">As it came.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<CommandResult> EnterAsync(SignUpForm form, FormEntry entry, CancellationToken cancellationToken = default)
    {
        if (await hold.RefusalAsync() is { } held) return CommandResult.Refused(held);
        if (await channels.GetAsync(form.ChannelId) is not { } channel) return CommandResult.Invalid(new Problem("channelId", "channelGone", $"Channel {form.ChannelId} does not exist.", $"{form.ChannelId}"));
        if (!AddressNormalizer.TryNormalize(channel.AddressKind, entry.Address, options.DefaultCountry, out var address, out var refusal)) return CommandResult.Invalid(new Problem("address", refusal.Code, refusal.Message));
        var (edit, problems) = await ReadAsync(form, entry, new AddressEdit(channel.AddressKind, address), cancellationToken);
        if (problems.Length > 0) return CommandResult.Invalid(problems);

        var isNew = await queries.FindAsync(channel.AddressKind, address, cancellationToken: cancellationToken) is null;
        await AskAsync(form, channel.AddressKind, address, isNew);
        // The address gets nothing from here on: that it has an owner in the next line changes nothing of it.
        if (isNew && await contacts.CreateAsync(edit, form.Source, cancellationToken) is { Result: { IsDone: false } wrong } && !wrong.Problems.All(p => p.Code == "addressTaken")) return wrong;
        var (_, unsent) = await messages.SendAsync(form.ChannelId, new MessageRecipient(null, address), form.ReadPart(), form.Source, Identity(form, address));
        return unsent.Count == 0 ? new CommandResult() : CommandResult.Invalid([.. unsent]);
    }

    private async Task<(ContactEdit Edit, Problem[] Problems)> ReadAsync(SignUpForm form, FormEntry entry, AddressEdit address, CancellationToken cancellationToken)
    {
        var known = (await fields.ListAsync(cancellationToken)).ToDictionary(f => f.Slug, StringComparer.Ordinal);
        // A field that was deleted since is not asked any more, nor needed.
        FormField[] asked = [.. form.ReadFields().Where(f => f.Name is SignUpForm.FirstName or SignUpForm.LastName || known.ContainsKey(f.Name))];
        var missing = asked.Where(f => f.IsRequired && string.IsNullOrWhiteSpace(entry.Values.GetValueOrDefault(f.Name))).Select(f => new Problem(f.Name, "required", "This is needed.")).ToArray();
        var values = asked.Where(f => known.ContainsKey(f.Name) && !string.IsNullOrWhiteSpace(entry.Values.GetValueOrDefault(f.Name))).ToDictionary(f => f.Name, f => (string?)entry.Values[f.Name]);
        var edit = new ContactEdit
        {
            FirstName = Asked(SignUpForm.FirstName),
            LastName = Asked(SignUpForm.LastName),
            Addresses = [address],
            Fields = values,
        };
        return (edit, missing.Length > 0 ? missing : [.. ContactEditCheck.Check(edit, known).Problems.Select(p => p with { Path = p.Path.Replace("fields.", "", StringComparison.Ordinal) })]);

        string? Asked(string name) => Array.Exists(asked, f => f.Name == name) && entry.Values.GetValueOrDefault(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;
    }

    private Task AskAsync(SignUpForm form, AddressKind kind, string address, bool isNew) => database.WriteAsync(async transaction =>
    {
        await ConsentLog.AskAsync(transaction, new ConsentEvent { Kind = kind, Value = address, State = ConsentState.Pending, Source = form.Source, Detail = form.Consent, Actor = ConsentLog.Contact, At = time.Now() }, isNew);
        await transaction.Connection!.ExecuteAsync(CountSql, new { id = form.Id }, transaction);
    });

    // Not the address itself: what identifies a message stays when its person is erased.
    private string Identity(SignUpForm form, string address)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)))[..32];
        return $"{form.Source}:{hash}:{time.Now() / (long)AskEvery.TotalMilliseconds}";
    }
}
