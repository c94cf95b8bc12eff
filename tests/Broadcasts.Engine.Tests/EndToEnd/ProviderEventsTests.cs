using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What providers tell beside receipts.</summary>
public sealed class ProviderEventsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private EngineUnderTest Engine => fixture.Engine;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ConsentChange_OptedOut_GetsNothingMoreOnThisChannel_UntilItIsTakenBack()
    {
        var (channel, other) = (await Engine.AddSimulatorAsync(), await Engine.AddSimulatorAsync());
        var people = await Engine.AddPeopleAsync(2);
        var number = await PhoneAsync(people[0]);

        await TellAsync(channel.Id, Consent(number, true, 5), Consent(number, true, 5));
        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.OptedOut), (DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
        Assert.Equal([(DeliveryStatus.Sent, null), (DeliveryStatus.Sent, null)], await SendAsync(other.Id, people));

        // Of two in one request the later one holds, whatever their order.
        await TellAsync(channel.Id, Consent(number, false, 9), Consent(number, true, 8));
        Assert.Equal([(DeliveryStatus.Sent, null), (DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
    }

    [Fact]
    public async Task ConsentChange_DeliveredAgainAfterItWasTakenBack_IsNotActedUponAnew()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        var number = await PhoneAsync(people[0]);
        var optOut = Consent(number, true, 5);
        await TellAsync(channel.Id, optOut);
        await TellAsync(channel.Id, Consent(number, false, 9));

        await TellAsync(channel.Id, optOut);

        Assert.Equal([(DeliveryStatus.Sent, null)], await SendAsync(channel.Id, people));
    }

    [Fact]
    public async Task ChannelNews_DeliveredAgainAfterThePersonMendedIt_DoesNotPauseTheChannelAgain()
    {
        var channel = await Engine.AddSimulatorAsync();
        var fault = new ChannelNews { Key = new string('k', 5000), At = Start, Detail = "the account is restricted", Fault = FailureReason.Policy };
        await TellAsync(channel.Id, fault, fault);
        EngineUnderTest.Require(await Engine.Get<ChannelService>().ResumeAsync(channel.Id, "ana"));

        await TellAsync(channel.Id, fault);

        Assert.Equal(ChannelStatus.Active, (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Status);
        await TellAsync(channel.Id, new ChannelNews { Key = "another", At = Start, Detail = "restricted again", Fault = FailureReason.Policy });
        Assert.Equal(ChannelStatus.Paused, (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Status);
    }

    [Fact]
    public async Task ConsentChange_OptedInAgain_LeavesWhatAPersonEntered()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        var number = await PhoneAsync(people[0]);
        Assert.True((await Engine.Get<SuppressionStore>().AddAsync(AddressKind.Phone, number, SuppressionReason.OptedOut, "user:ana", channel.Id, Token)).Result.IsDone);

        await TellAsync(channel.Id, Consent(number, false, 9));

        Assert.Equal([(DeliveryStatus.Skipped, (int?)SkipReason.OptedOut)], await SendAsync(channel.Id, people));
    }

    [Fact]
    public async Task AddressChange_NewNumber_IsWrittenToFromNowOn_AndItsOptOutGoesWithIt()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(3);
        var numbers = await Task.WhenAll(people.Select(PhoneAsync));
        await TellAsync(channel.Id, Consent(numbers[1], true, 1));

        await TellAsync(channel.Id, Moved(numbers[0], "+34600999001"), Moved(numbers[1], "+34600999002"), Moved(numbers[2], numbers[0] + "nonsense"), Moved(numbers[2], "+34600999001"));
        await TellAsync(channel.Id, Moved(numbers[0], "+34600999001"));

        Assert.Equal(["+34600999001", "+34600999002", numbers[2]], await Task.WhenAll(people.Select(PhoneAsync)));
        Assert.Equal(DeliveryStatus.Skipped, (await SendAsync(channel.Id, people))[1].Status);
    }

    [Fact]
    public async Task TemplateChange_Paused_StopsItsBroadcastAndNoOther_AndApprovedGoesOn()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(40);
        await using var slow = await SlowAsync(channel.Id);
        var (mine, other) = (await StartTemplateAsync(channel.Id, people, "order_ready", "es_MX"), await StartTemplateAsync(channel.Id, people, "order_ready", "en"));

        await TellAsync(channel.Id, Template("order_ready", "es_MX", false));

        Assert.Equal(("templateRejected", "order_ready es_MX: PAUSED"), await StandsAsync(mine));
        Assert.Equal(BroadcastStatus.InProgress, await StatusAsync(other));
        EngineUnderTest.Require(await Engine.Grain(other).PauseAsync("ana"));
        await TellAsync(channel.Id, Template("order_ready", null, true), Template("order_ready", null, true));
        Assert.Equal((BroadcastStatus.InProgress, BroadcastStatus.Paused), (await StatusAsync(mine), await StatusAsync(other)));
    }

    [Fact]
    public async Task ChannelNews_WithAFault_PausesTheChannelOnce_WithoutOneIsOnRecord()
    {
        var channel = await Engine.AddSimulatorAsync();

        await TellAsync(channel.Id, News(null, "quality is YELLOW"));
        Assert.Equal(ChannelStatus.Active, (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Status);
        await TellAsync(channel.Id, News(FailureReason.Policy, "ACCOUNT_RESTRICTION"), News(FailureReason.Policy, "ACCOUNT_RESTRICTION"));

        var paused = (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!;
        Assert.Equal((ChannelStatus.Paused, FailureReason.Policy, "ACCOUNT_RESTRICTION"), (paused.Status, paused.StatusReason, paused.StatusDetail));
        var acts = await Engine.Database.ReadAsync(async c => (await Dapper.SqlMapper.QueryAsync<string>(c, "SELECT action FROM audit WHERE subject = @subject AND action IN ('channel.news', 'channel.fault') ORDER BY id", new { subject = $"channel:{channel.Id}" })).ToArray());
        Assert.Equal(["channel.news", "channel.fault"], acts);
    }

    [Fact]
    public async Task RecipientLimitChange_NewTier_HoldsAtOnce_AndNoneTakesItAway()
    {
        var channel = await Engine.AddSimulatorAsync();
        await TellAsync(channel.Id, Limit(2000, "waba-1"));
        Assert.Equal(new RecipientLimit(2000, 86_400_000, "waba-1"), (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Recipients);

        await TellAsync(channel.Id, Limit(10_000, "another word"));
        Assert.Equal(new RecipientLimit(10_000, 86_400_000, "waba-1"), (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Recipients);

        await TellAsync(channel.Id, Limit(0, "waba-1"));
        Assert.Equal(10_000, (await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Recipients!.Count);
        await TellAsync(channel.Id, Limit(null, "waba-1"));
        Assert.Null((await Engine.Get<ChannelStore>().GetAsync(channel.Id))!.Recipients);
    }

    [Fact]
    public async Task AcceptedAt_AnotherAddress_IsKeptForTheNextMessage()
    {
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(1);
        var outcomes = Engine.Get<Outcomes>();

        await outcomes.MoveAsync((await Engine.Get<ChannelRuntimes>().OpenAsync(channel.Id, Token))!, await PhoneAsync(people[0]), "+34600999111");

        Assert.Equal("+34600999111", await PhoneAsync(people[0]));
    }

    private Task TellAsync(long channel, params TransportEvent[] events) => Engine.Get<ProviderEvents>().ApplyAsync(channel, events, cancellationToken: Token);

    private async Task<(DeliveryStatus Status, int? Reason)[]> SendAsync(long channel, long[] people)
    {
        var id = await Engine.AddBroadcastAsync(channel, people);
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);
        return [.. (await Engine.RowsAsync(id)).OrderBy(r => r.ContactId).Select(r => ((DeliveryStatus)r.Status, r.Reason))];
    }

    private async Task<long> StartTemplateAsync(long channel, long[] people, string name, string language)
    {
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel, people, "x") with
        {
            PartsJson = $$"""[{"type":"template","name":"{{name}}","language":"{{language}}"}]""",
        });
        await Engine.StartBroadcastAsync(id);
        return id;
    }

    /// <summary>A message per ten minutes: whatever starts is under way for as long as a test takes.</summary>
    private async Task<IAsyncDisposable> SlowAsync(long channel)
    {
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel, new ChannelLimits(new SendRate(1, 600_000), [], 0), "test"));
        return new Restored(() => Engine.Get<ChannelService>().SetLimitsAsync(channel, new ChannelLimits(null, [], 0), "test"));
    }

    private Task<string> PhoneAsync(long contact) => Engine.Database.ReadAsync(c =>
        Dapper.SqlMapper.QuerySingleAsync<string>(c, "SELECT value FROM addresses WHERE contact_id = @contact AND kind = @kind", new { contact, kind = (int)AddressKind.Phone }));

    private async Task<BroadcastStatus> StatusAsync(long id) => (await Engine.Get<BroadcastStore>().GetAsync(id))!.State;

    private async Task<(string?, string?)> StandsAsync(long id)
    {
        var broadcast = (await Engine.Get<BroadcastStore>().GetAsync(id))!;
        Assert.Equal(BroadcastStatus.Paused, broadcast.State);
        return (broadcast.StatusReason, broadcast.StatusDetail);
    }

    private static ConsentChange Consent(string address, bool isOut, int minute) => new() { Key = $"{address}{minute}", At = Start.AddMinutes(minute), Address = address, IsOptedOut = isOut };

    private static AddressChange Moved(string old, string next) => new() { Key = old + next, At = Start, OldAddress = old, NewAddress = next };

    private static TemplateChange Template(string name, string? language, bool isUsable) => new() { Key = $"{name}{language}{isUsable}", At = Start, Name = name, Language = language, IsUsable = isUsable, Detail = isUsable ? "APPROVED" : "PAUSED" };

    private static ChannelNews News(FailureReason? fault, string detail) => new() { Key = detail, At = Start, Fault = fault, Detail = detail };

    private static RecipientLimitChange Limit(int? recipients, string account) => new() { Key = $"{recipients}", At = Start, Recipients = recipients, Account = account };

    private sealed class Restored(Func<Task> restore) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await restore();
    }
}
