using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What people say about being written to: what is sent afterwards, and what proves it.</summary>
public sealed class ConsentTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow().AddMinutes(-30);

    private EngineUnderTest Engine => fixture.Engine;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stop_InAnAnswer_EndsEveryChannelOfTheAddress_AndStartBringsItBack()
    {
        var (channel, other) = (await Engine.AddSimulatorAsync(), await Engine.AddSimulatorAsync());
        var people = await Engine.AddPeopleAsync(2);
        var number = await PhoneAsync(people[0]);

        await HearAsync(channel.Id, number, "  ¡Baja! ", 5);
        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.OptedOut), (DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.OptedOut), (DeliveryStatus.Sent, null)], await SendAsync(other.Id, people));

        await HearAsync(other.Id, number, "ALTA", 9);
        // Delivered again, by a provider that got no answer: of a time before the return.
        await HearAsync(channel.Id, number, "  ¡Baja! ", 5);
        Assert.Equal([(DeliveryStatus.Sent, null), (DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));

        var said = await Engine.Get<ConsentStore>().OfContactAsync(people[0], Token);
        Assert.Equal([(ConsentState.Withdrawn, "word", "¡Baja!", "contact"), (ConsentState.Granted, "word", "ALTA", "contact")], said.Select(s => (s.State, s.Source, s.Detail!, s.Actor)));
        Assert.Equal([5, 9], said.Select(s => (int)Math.Round((Times.Of(s.At) - Start).TotalMinutes)));
    }

    [Fact]
    public async Task Start_AfterAColleagueEnteredTheOptOut_LeavesIt()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        EngineUnderTest.Require(await SayAsync(people[0], ConsentState.Withdrawn, "call of 3 May"));

        await HearAsync(channel.Id, await PhoneAsync(people[0]), "start", 25);
        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.OptedOut)], await SendAsync(channel.Id, people));

        EngineUnderTest.Require(await SayAsync(people[0], ConsentState.Granted, "call of 9 May"));
        Assert.Equal([(DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
    }

    [Fact]
    public async Task Pending_GetsNothingUntilItIsGranted()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        EngineUnderTest.Require(await SayAsync(people[0], ConsentState.Pending, "form of the fair"));
        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.Suppressed)], await SendAsync(channel.Id, people));

        EngineUnderTest.Require(await SayAsync(people[0], ConsentState.Granted, "confirmed by mail"));
        Assert.Equal([(DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
    }

    [Fact]
    public async Task Granted_LeavesWhatIsNoMatterOfConsent()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        await Engine.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) VALUES (@kind, @value, 0, @reason, 'delivery:1', 1)", new { kind = (int)AddressKind.Phone, value = await PhoneAsync(people[0]), reason = (int)SuppressionReason.Bounced });

        EngineUnderTest.Require(await SayAsync(people[0], ConsentState.Granted, "form"));

        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.DeadAddress)], await SendAsync(channel.Id, people));
    }

    [Theory]
    [InlineData("", 0, null, "source", "required")]
    [InlineData("form", 1, null, "at", "inTheFuture")]
    [InlineData("form", 0, "+34600999999", "value", "notTheirAddress")]
    public async Task Say_WithoutProofOrAddress_IsRefusedWhole(string source, int hours, string? value, string path, string code)
    {
        var people = await Engine.AddPeopleAsync(1);
        var edit = new ConsentEdit { Kind = AddressKind.Phone, Value = value, State = ConsentState.Withdrawn, Source = source, At = TimeProvider.System.GetUtcNow().AddHours(hours).AddSeconds(-1) };

        var refused = await Engine.Get<ConsentStore>().SayAsync(people[0], edit, "ana", Token);

        Assert.Equal((path, code), (Assert.Single(refused.Problems).Path, refused.Problems[0].Code));
        Assert.Empty(await Engine.Get<ConsentStore>().OfContactAsync(people[0], Token));
    }

    [Fact]
    public async Task Answer_IsNotedWithTheMessageThatWentBefore()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(3);
        var (first, second) = (await RunAsync(channel.Id, people), await RunAsync(channel.Id, people));
        var rows = await Engine.RowsAsync(second);

        await HearAsync(channel.Id, await PhoneAsync(people[0]), "thanks", 40);
        await HearAsync(channel.Id, await PhoneAsync(people[0]), "and more", 41);
        await HearAsync(channel.Id, await PhoneAsync(people[1]), "STOP", 40);
        await HearAsync(channel.Id, await PhoneAsync(people[2]), "an answer to the first", 40, Engine.Get<MessageIds>().Of((await Engine.RowsAsync(first))[2].Id));

        Assert.Equal([(40, null), (40, 40), (null, null)], await MarksAsync(second));
        Assert.Equal([(null, null), (null, null), (40, null)], await MarksAsync(first));
        Assert.Equal(3, rows.Length);
        await LedgerCheck.AssertCountsAsync(Engine.Database, second);
    }

    private async Task<(int?, int?)[]> MarksAsync(long broadcast)
    {
        var marks = await Engine.Database.ReadAsync(c => c.QueryAsync<(long? Replied, long? OptedOut)>("SELECT replied_at, opted_out_at FROM deliveries WHERE id BETWEEN @from AND @to ORDER BY id", new { from = DeliveryId.First(broadcast), to = DeliveryId.Last(broadcast) }));
        return [.. marks.Select(m => (Minute(m.Replied), Minute(m.OptedOut)))];

        static int? Minute(long? at) => at is { } ms ? (int)Math.Round((Times.Of(ms) - Start).TotalMinutes) : null;
    }

    private Task<CommandResult> SayAsync(long contact, ConsentState state, string source) =>
        Engine.Get<ConsentStore>().SayAsync(contact, new ConsentEdit { Kind = AddressKind.Phone, State = state, Source = source }, "ana", Token);

    private Task HearAsync(long channel, string number, string text, int minute, string? answered = null) => Engine.Get<ProviderEvents>().ApplyAsync(
        channel, [new InboundMessage { Key = $"{number}-{minute}", At = Start.AddMinutes(minute), From = number, Text = text, InReplyTo = answered }], cancellationToken: Token);

    private Task<string> PhoneAsync(long contact) => Engine.Database.ReadAsync(c => c.QuerySingleAsync<string>("SELECT value FROM addresses WHERE contact_id = @contact", new { contact }));

    private async Task<long> RunAsync(long channel, long[] people)
    {
        var id = await Engine.AddBroadcastAsync(channel, people);
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);
        return id;
    }

    private async Task<(DeliveryStatus, int?)[]> SendAsync(long channel, long[] people) => [.. (await Engine.RowsAsync(await RunAsync(channel, people))).Select(r => ((DeliveryStatus)r.Status, (int?)r.Reason))];
}
