using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Xunit;

namespace Broadcasts.EndToEnd;

public sealed class SingleMessageTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    private SingleMessageStore Store => Engine.Get<SingleMessageStore>();

    [Fact]
    public async Task SendAsync_ToAContact_IsRenderedSentAndInNoBroadcastList()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();

        var id = await SendAsync(channel.Id, person, "Hi {{ contact.first_name }}");
        var sent = await SettledAsync(id);

        Assert.Equal((DeliveryStatus.Sent, 1), ((DeliveryStatus)sent.Status, sent.Attempt));
        Assert.Equal([id], channel.Taken);
        var home = DeliveryId.BroadcastOf(id);
        Assert.Null(await Engine.Get<BroadcastQueries>().GetAsync(home));
        Assert.Null(await Engine.Get<ProgressQueries>().GetAsync(home, TestContext.Current.CancellationToken));
        Assert.Equal(CommandCode.NotFound, (await Engine.Grain(home).CancelAsync("test")).Code);
    }

    [Fact]
    public async Task SendAsync_SameIdentityTwice_IsOneMessage()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();

        var first = await SendAsync(channel.Id, person, "Hi", "one");
        Assert.Equal(first, await SendAsync(channel.Id, person, "Hi", "one"));
        await SettledAsync(first);

        Assert.Equal([first], channel.Taken);
    }

    [Fact]
    public async Task SendAsync_WithoutAChannel_GoesWhereTheContactWroteLast()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var (first, second) = (await Engine.AddSimulatorAsync(), await Engine.AddSimulatorAsync());
        var part = new TextPart { Text = "Hi" };
        var (_, refused) = await Engine.Get<SingleMessages>().SendAsync(null, new MessageRecipient(person, null), part, "test");
        Assert.Equal("noLastChannel", Assert.Single(refused).Code);

        var number = await Engine.Database.ReadAsync(c => Dapper.SqlMapper.QuerySingleAsync<string>(c, "SELECT value FROM addresses WHERE contact_id = @person", new { person }));
        foreach (var (channel, minute) in new[] { (first, 1), (second, 2) })
        {
            var heard = new InboundMessage { Key = $"{number}-{minute}", At = new DateTimeOffset(2026, 1, 1, 0, minute, 0, TimeSpan.Zero), From = number, Text = "hi" };
            await Engine.Get<ProviderEvents>().ApplyAsync(channel.Id, [heard], cancellationToken: TestContext.Current.CancellationToken);
        }

        var (id, problems) = await Engine.Get<SingleMessages>().SendAsync(null, new MessageRecipient(person, null), part, "test");
        Assert.Empty(problems);
        await SettledAsync(id);
        Assert.Equal([id], second.Taken);
        Assert.Empty(first.Taken);
    }

    [Fact]
    public async Task SendAsync_OneOfManyIsRefused_TheOthersToTheSamePersonGo()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();
        var ids = new List<long>();
        for (var i = 0; i < 6; i++) ids.Add(await SendAsync(channel.Id, person, i == 2 ? "{{ contact.email }}" : "Hi"));

        var settled = new List<SingleMessage>();
        foreach (var id in ids) settled.Add(await SettledAsync(id));

        Assert.Equal([2, 2, 6, 2, 2, 2], settled.Select(m => m.Status));
        Assert.Equal((int)SkipReason.MissingValue, settled[2].Reason);
    }

    [Fact]
    public async Task SendAsync_PersonOptedOut_IsSkippedWithTheReason()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();
        await Engine.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) SELECT kind, value, 0, 2, 'test', 1 FROM addresses WHERE contact_id = @person", new { person });

        var message = await SettledAsync(await SendAsync(channel.Id, person, "Hi"));

        Assert.Equal((DeliveryStatus.Skipped, (int)SkipReason.OptedOut), ((DeliveryStatus)message.Status, message.Reason));
        Assert.Empty(channel.Taken);
    }

    [Fact]
    public async Task SendAsync_AddressTakenOffTheSuppressionList_IsWrittenToAgain()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();
        var list = Engine.Get<SuppressionStore>();
        var address = (await Engine.Get<ContactStore>().GetAsync(person))!.Addresses.First(a => a.Kind == AddressKind.Phone);
        await list.AddAsync(address.Kind, address.Value, SuppressionReason.Manual, "test");

        var held = await SettledAsync(await SendAsync(channel.Id, person, "Hi"));
        Assert.True((await list.RemoveAsync(address.Kind, address.Value, "test")).IsDone);
        var sent = await SettledAsync(await SendAsync(channel.Id, person, "Hi"));

        Assert.Equal((DeliveryStatus.Skipped, (int)SkipReason.Suppressed), ((DeliveryStatus)held.Status, held.Reason));
        Assert.Equal(DeliveryStatus.Sent, (DeliveryStatus)sent.Status);
        Assert.Equal([sent.Id], channel.Taken);
    }

    [Fact]
    public async Task SendAsync_NobodyToFindOrNothingToSay_NamesEveryFault()
    {
        var person = Assert.Single(await Engine.AddPeopleAsync(1));
        var channel = await Engine.AddSimulatorAsync();
        async Task<string[]> CodesAsync(MessageRecipient to, string text) =>
            [.. (await Engine.Get<SingleMessages>().SendAsync(channel.Id, to, new TextPart { Text = text }, "test")).Problems.Select(p => $"{p.Path} {p.Code}")];

        Assert.Equal(["part.text emptyText", "contactId contactGone"], await CodesAsync(new(999_999, null), ""));
        Assert.Equal(["address unknownAddress"], await CodesAsync(new(null, "+34655000111"), "Hi"));
        Assert.Equal(["contactId oneRecipient"], await CodesAsync(new(person, "+34655000111"), "Hi"));
        Assert.Equal(["part.text unknownName"], await CodesAsync(new(person, null), "{{ contact.nothing }}"));
    }

    [Theory, InlineData(100), InlineData(1000)]
    public async Task SendAsync_BehindABigBroadcast_WaitsLittle(int rate)
    {
        var people = await Engine.AddPeopleAsync(rate * 12);
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(rate, 1000));
        var bulk = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(bulk);
        await Engine.WaitAsync(bulk, p => p.Counts.Sent > rate, "the broadcast is at its pace");

        var waits = new List<long>();
        for (var i = 0; i < 9; i++)
        {
            var message = await SettledAsync(await SendAsync(channel.Id, people[i], "Hi"));
            waits.Add(message.SentAt!.Value - message.CreatedAt);
        }

        EngineUnderTest.Require(await Engine.Grain(bulk).CancelAsync("test"));
        // The middle one: on a machine with other load any single one may be held up by the machine.
        Assert.InRange(waits.Order().ElementAt(waits.Count / 2), 0, 250);
    }

    private async Task<long> SendAsync(long channel, long contact, string text, string? identity = null)
    {
        var (id, problems) = await Engine.Get<SingleMessages>().SendAsync(channel, new MessageRecipient(contact, null), new TextPart { Text = text }, "test", identity);
        Assert.Empty(problems);
        return id;
    }

    private async Task<SingleMessage> SettledAsync(long id)
    {
        SingleMessage? last = null;
        await Until.TrueAsync(async () => (last = await Store.GetAsync(id))!.Status > 1, () => $"message {id} is settled; it is {last?.Status}", 20);
        return last!;
    }
}
