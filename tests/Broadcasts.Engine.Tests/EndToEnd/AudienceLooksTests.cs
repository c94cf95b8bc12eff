using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>Whom a draft reaches is said before it is sent, by what decides it then.</summary>
public sealed class AudienceLooksTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task LookAsync_PeopleOfEveryKind_SaysWhatTheForecastSaysAndTheSendingDoes(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path, provider == "postgres" ? test.ConnectionString : null);
        await engine.Get<PluginInstaller>().InstallAsync(new MemoryStream(LabPackages.Of("1.0.0", "messaging-window")), "test", activate: true, Token);
        var channel = await engine.AddChannelAsync(new ChannelEdit("Window", "lab", """{"token":"secret-token"}""", null));
        var other = await engine.AddChannelAsync(new ChannelEdit("Other window", "lab", """{"token":"secret-token"}""", null));
        var p = await engine.AddPeopleAsync(13);
        await engine.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, 'n' || id || '@example.org', 1 FROM contacts WHERE id <> @without", new { kind = (int)AddressKind.Email, without = p[2] });
        await HeardAsync(engine, channel, TimeSpan.FromHours(25), p[1]);
        await HeardAsync(engine, channel, TimeSpan.FromHours(2), p[0], p[3], p[4], p[5], p[6], p[7], p[8], p[10], p[12]);
        // Wrote on this channel too, before the other one.
        await HeardAsync(engine, other, TimeSpan.FromHours(1), p[10], p[11]);
        await SuppressAsync(engine, p[3], SuppressionReason.OptedOut);
        await engine.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id = @id", new { id = p[4] });
        await SuppressAsync(engine, p[5], SuppressionReason.Bounced);
        await SuppressAsync(engine, p[8], SuppressionReason.Manual);
        await engine.ExecuteAsync("UPDATE contacts SET country = 'PT' WHERE id = @id", new { id = p[7] });
        await engine.ExecuteAsync("UPDATE contacts SET country = 'FR' WHERE id = @id", new { id = p[12] });
        Assert.Empty(await engine.Get<SendingRulesStore>().SetAsync(new SendingRules { FrequencyCap = new FrequencyCap(1, 1) }, "test"));
        var before = await engine.AddBroadcastAsync(channel, [p[6]]);
        await engine.StartBroadcastAsync(before);
        await engine.CompletedAsync(before);
        long[] segments = [await SegmentAsync(engine, "Portugal", """{"field":"country","op":"is","value":"PT"}"""), await SegmentAsync(engine, "Abroad", """{"field":"country","op":"isAnyOf","value":["PT","FR"]}""")];
        var id = await engine.AddBroadcastAsync(DraftOf(channel, new BroadcastAudience { Segment = JsonDocument.Parse("""{"all":[]}""").RootElement, ExcludeSegmentIds = segments, InteractedOnly = true }));

        var look = (await engine.Get<AudienceLooks>().LookAsync((await engine.Get<BroadcastStore>().GetAsync(id))!, Token))!;
        var forecast = (await engine.Get<Forecasts>().ForecastAsync(id, Token))!;
        await engine.StartBroadcastAsync(id);
        await engine.CompletedAsync(id);

        var rows = await engine.RowsAsync(id);
        var held = rows.Where(r => r.Reason is not null).GroupBy(r => Reasons.NameOf(r.Reason!.Value)).Select(g => (g.Key, (long)g.Count())).Order();
        Assert.Equal([("contactBlocked", 1), ("deadAddress", 1), ("frequencyCapped", 1), ("neverInteracted", 2), ("noAddress", 1), ("optedOut", 1), ("suppressed", 1), ("windowClosed", 1)], held);
        Assert.Equal(held, look.Held.Select(h => (h.Key, h.Value)).Order());
        Assert.Equal(held, forecast.Skipped.Select(h => (h.Key, h.Value)).Order());
        Assert.Equal([p[0], p[10]], rows.Where(r => (DeliveryStatus)r.Status == DeliveryStatus.Sent).Select(r => r.ContactId));
        Assert.Equal((2, 11, 2, 11), (look.Reached, look.Matching, forecast.Sendable, forecast.Recipients));
        Assert.Equal(rows.OrderBy(r => r.ContactId).Select(r => (r.ContactId, r.Reason is { } reason ? Reasons.NameOf(reason) : null)), look.Sample.Select(s => (s.Id, s.Reason)));
        Assert.Equal([(segments[0], "Portugal", 1L), (segments[1], "Abroad", 1L)], look.Excluded.Select(x => (x.SegmentId, x.Name, x.Contacts)));
        Assert.Equal(look.Excluded, forecast.Excluded);
        Assert.Equal(look.Excluded.Select(x => new ExcludedPart(x.SegmentId, x.Name, x.Contacts)), (await engine.Get<BroadcastQueries>().GetAsync(id, Token))!.Excluded);
    }

    [Fact]
    public async Task CreateAsync_WhatCanNotBeTakenOut_IsSaid()
    {
        var engine = fixture.Engine;
        var channel = await engine.AddSimulatorAsync();
        var parent = await engine.AddBroadcastAsync(channel.Id, await engine.AddPeopleAsync(1));

        Assert.Equal(["segmentGone"], await ProblemsAsync(new BroadcastAudience { ContactIds = [1], ExcludeSegmentIds = [999_999] }));
        Assert.Contains("tooManyExcluded", await ProblemsAsync(new BroadcastAudience { ContactIds = [1], ExcludeSegmentIds = [1, 2, 3, 4, 5, 6] }));
        Assert.Equal(["excludeResend", "segmentGone", "interactedResend"], await ProblemsAsync(new BroadcastAudience { RetryOf = parent, ExcludeSegmentIds = [999_999], InteractedOnly = true }));

        async Task<IEnumerable<string>> ProblemsAsync(BroadcastAudience audience) => (await engine.Get<BroadcastFactory>().CreateAsync(DraftOf(channel.Id, audience), "test")).Result.Problems.Select(p => p.Code);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task HeardOn_AnAddressThatIsDeleted_IsForgotten(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        var people = await kit.AddPeopleAsync(2);
        await kit.ExecuteAsync("INSERT INTO interactions (address_id, channel_id) SELECT id, 1 FROM addresses");

        await kit.ExecuteAsync("DELETE FROM addresses WHERE contact_id = @id", new { id = people[0] });

        Assert.Equal(1, await kit.ScalarAsync<long>("SELECT COUNT(*) FROM interactions"));
    }

    private static BroadcastDraft DraftOf(long channel, BroadcastAudience audience) => EngineUnderTest.DraftOf(channel, []) with { AudienceJson = JsonSerializer.Serialize(audience, BroadcastJson.Options) };

    private static Task HeardAsync(EngineUnderTest engine, long channel, TimeSpan ago, params long[] people) => engine.Get<ProviderEvents>().ApplyAsync(
        channel, [.. people.Select(p => new InboundMessage { Key = $"{channel}-{p}", At = TimeProvider.System.GetUtcNow() - ago, From = $"n{p}@example.org", Text = "hello" })], cancellationToken: Token);

    private static Task<int> SuppressAsync(EngineUnderTest engine, long contact, SuppressionReason reason) => engine.ExecuteAsync(
        "INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) VALUES (@kind, @value, 0, @reason, 'test', 1)", new { kind = (int)AddressKind.Email, value = $"n{contact}@example.org", reason = (int)reason });

    private static async Task<long> SegmentAsync(EngineUnderTest engine, string name, string rule)
    {
        var (id, result) = await engine.Get<SegmentStore>().CreateAsync(name, SegmentRule.Parse(rule, out _)!, "test", cancellationToken: Token);
        EngineUnderTest.Require(result);
        return id;
    }
}
