using Broadcasts.Broadcasting;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A draft while somebody writes it: what is kept, and whom it reaches.</summary>
public sealed class DraftWritingTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SaveAsync_TextWithAFault_IsKeptAndCannotStart(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var (id, draft) = await DraftAsync(engine, "Hello {{ contact.frist_name }}");
        var saved = await engine.Grain(id).SaveAsync(draft, 1, "test");

        Assert.True(saved.IsDone);
        Assert.Equal("unknownName", Assert.Single(saved.Problems).Code);
        Assert.Contains("frist_name", (await engine.Get<BroadcastStore>().GetAsync(id))!.Parts, StringComparison.Ordinal);
        Assert.Equal(CommandCode.Invalid, (await engine.Grain(id).StartAsync("test")).Code);
        Assert.Equal(CommandCode.Changed, (await engine.Grain(id).SaveAsync(draft, 1, "test")).Code);
        Assert.Equal(CommandCode.Invalid, (await engine.Grain(id).EditAsync(draft, 2, "test")).Code);
        Assert.Equal(CommandCode.Invalid, (await engine.Grain(id).SaveAsync(draft with { Name = "" }, 2, "test")).Code);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task LookAsync_Draft_CountsByChannelAndWhatIsInTheWay(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var (id, draft) = await DraftAsync(engine, "Hello");
        var mail = await engine.AddSimulatorAsync("\"addressKind\":\"email\"");
        var looks = engine.Get<AudienceLooks>();

        var look = (await looks.LookAsync(await BroadcastAsync(engine, id)))!;
        Assert.Equal((3L, 3L, true), (look.Matching, look.Reached, look.IsWhole));
        Assert.All(look.Sample, s => Assert.Null(s.Reason));

        EngineUnderTest.Require(await engine.Grain(id).SaveAsync(draft with { ChannelId = mail.Id }, 1, "test"));
        look = (await looks.LookAsync(await BroadcastAsync(engine, id)))!;
        Assert.Equal((3L, 0L), (look.Matching, look.Reached));
        Assert.Equal(3, look.Held["noAddress"]);
        Assert.Equal(3, look.Sample.Count);

        EngineUnderTest.Require(await engine.Grain(id).SaveAsync(draft with { ChannelId = null }, 2, "test"));
        look = (await looks.LookAsync(await BroadcastAsync(engine, id)))!;
        Assert.Equal((3L, null), (look.Matching, look.Reached));
    }

    private static async Task<Broadcast> BroadcastAsync(EngineUnderTest engine, long id) => (await engine.Get<BroadcastStore>().GetAsync(id))!;

    private static async Task<(long Id, BroadcastDraft Draft)> DraftAsync(EngineUnderTest engine, string text)
    {
        var channel = (await engine.AddSimulatorAsync()).Id;
        var people = await engine.AddPeopleAsync(3);
        return (await engine.AddBroadcastAsync(channel, people), EngineUnderTest.DraftOf(channel, people, text));
    }
}
