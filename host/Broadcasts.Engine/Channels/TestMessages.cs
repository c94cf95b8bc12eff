using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Templates;
using NodaTime;

namespace Broadcasts.Channels;

/// <summary>What became of a test message.</summary>
internal sealed record TestResult(bool Accepted, string? Reason, string? Code, string? Detail, string? ProviderId)
{
    /// <summary>What is wrong with what was given, when that is why.</summary>
    public Problem? Problem { get; init; }
}

/// <summary>Sends one message to try a channel or a text: really rendered, really sent, never counted.</summary>
internal sealed class TestMessages(ChannelRuntimes channels, ContactQueries contacts, FieldStore fields, FileStore files, AuditStore audit, SafeHold hold, MessageLinks links, TimeProvider time)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    /// <summary>Sends a part to an address, within the channel's rate and before any broadcast, with the values of a contact when one is named, otherwise with none.</summary>
    public async Task<TestResult> SendAsync(long channelId, string address, BroadcastPart part, long? asContactId, string actor, CancellationToken cancellationToken = default)
    {
        if (await hold.RefusalAsync() is { } held) return Refused(held);
        if (await channels.OpenAsync(channelId, cancellationToken) is not { } channel) return Refused(new Problem("channelId", "channelGone", $"Channel {channelId} does not exist.", $"{channelId}"));
        if (channel.Transport.Problem is { } problem) return new(false, NameOf(problem), problem.Code, problem.Detail, null);
        if (!AddressNormalizer.TryNormalize(channel.Channel.AddressKind, address, null, out var to, out var refusal)) return Refused(new Problem("address", refusal.Code, refusal.Message));

        var schema = ContentCompiler.SchemaOf(await fields.ListAsync(cancellationToken));
        var compiler = new ContentCompiler(schema);
        var compiled = compiler.Compile([part]);
        if (compiler.Problems.Count > 0) return Refused(compiler.Problems[0]);
        var renderer = new PartRenderer(new CompiledContent(compiled), schema, await files.LoadAsync([part]));
        await FillAsync(renderer.Values, channel, asContactId, cancellationToken);
        var rendered = renderer.Render(0);
        if (rendered.Content is null) return new(false, Reasons.NameOf((int)rendered.Reason), null, rendered.Detail, null);

        var permits = new Permits(channel.Budget, new PermitRequest { BroadcastId = 0, Wanted = 1 }, default, 0, channel.Unused, new ClaimNotice(), time);
        if (!await permits.WaitForAsync(0, 1, time.GetUtcNow().Add(LongestWait).ToUnixTimeMilliseconds(), cancellationToken))
            return Refused(new Problem("channelId", "noRoom", "The channel's rate leaves no room now. Try again later."));
        await audit.AppendAsync(actor, "channel.testMessage", string.Create(CultureInfo.InvariantCulture, $"channel:{channelId}"), null, cancellationToken);
        var sink = new Sink();
        var message = new OutboundMessage { Id = $"test-{Guid.NewGuid():N}", To = to, Content = rendered.Content, IsTest = true };
        await channel.Transport.SendAsync(new MessageBatch([message], sink), cancellationToken);
        var outcome = sink.Outcome ?? SendOutcome.InDoubt(FailureReason.TransportFault);
        return new(outcome.Kind == SendOutcomeKind.Accepted, NameOf(outcome), outcome.Code, outcome.Detail, outcome.ProviderIds.FirstOrDefault());
    }

    private async Task FillAsync(RenderValues values, ChannelRuntime channel, long? contactId, CancellationToken cancellationToken)
    {
        values.Now = time.GetUtcNow();
        values.Set(TemplateSchema.ChannelName, channel.Channel.Name);
        values.Set(TemplateSchema.BroadcastName, "Test");
        values.SetLinks(links.Samples.OptOut, links.Samples.Confirm);
        if (contactId is not { } id || await contacts.GetAsync(id, cancellationToken) is not { } contact) return;
        values.SetContact(contact.FirstName, contact.LastName, FirstOf(contact, AddressKind.Email), FirstOf(contact, AddressKind.Phone), contact.Language, contact.Country);
        values.SetFields(contact.Fields.Select(f => KeyValuePair.Create(f.Key, (string?)f.Value)));
        values.Culture = RenderCulture.Of(contact.Language, contact.Country);
        values.Zone = contact.TimeZone is { } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is { } known ? known : DateTimeZone.Utc;
    }

    private static string? FirstOf(ContactDetails contact, AddressKind kind) => contact.Addresses.FirstOrDefault(a => a.Kind == kind)?.Value;

    private static TestResult Refused(Problem problem) => new(false, null, null, problem.Message, null) { Problem = problem };

    private static string? NameOf(SendOutcome outcome) => outcome.Reason is { } reason ? Reasons.NameOf((int)reason) : null;

    private sealed class Sink : IOutcomeSink
    {
        public SendOutcome? Outcome { get; private set; }

        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome) => Outcome = outcome;
    }
}
