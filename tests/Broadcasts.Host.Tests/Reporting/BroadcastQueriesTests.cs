using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Dapper;

namespace Broadcasts.Host.Tests.Reporting;

public sealed class BroadcastQueriesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 10, 12, 0, 0, TimeSpan.Zero);

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ListAsync_DefaultOrder_DraftsOnTopThenNewest(string provider)
    {
        await using var test = await SeededAsync(provider);
        var list = await new BroadcastQueries(test.Database).ListAsync(BroadcastFilter.All, new Page());

        Assert.Equal(4, list.Total);
        Assert.Equal(["Draft one", "Later", "Running", "Over"], list.Items.Select(b => b.Name));
        var over = list.Items[3];
        Assert.True(over.HasFailures);
        Assert.Equal((3L, 3L), (over.Recipients!.Value, over.Messages!.Value));
        Assert.Equal(["summer", "vip"], over.Labels);
        Assert.Equal("Main", over.ChannelName);
        Assert.Equal("Everyone", over.SegmentName);
        Assert.True(list.Items[0].IsForecast);
        Assert.Equal((12L, 24L), (list.Items[0].Recipients!.Value, list.Items[0].Messages!.Value));
        Assert.Null(list.Items[1].Recipients);
    }

    public static IEnumerable<object[]> Filters => from provider in (string[])["sqlite", "postgres"]
                                                   from filter in (object[][])
                                                   [
                                                       ["status", "Later"], ["scheduled", "Later"], ["history", "Over"], ["label", "Over"], ["search-label", "Over"], ["search-name", "Running"],
                                                       ["failures", "Over"], ["outcome-clean", ""], ["outcome-unknown", ""], ["outcome-skipped", "Over"], ["day", "Over"], ["percent", ""], ["creator", "Draft one"],
                                                   ]
                                                   select (object[])[provider, filter[0], filter[1]];

    [Theory, MemberData(nameof(Filters))]
    public async Task ListAsync_EachFilter_FindsWhatItNames(string provider, string filter, string expected)
    {
        await using var test = await SeededAsync(provider);
        var wanted = filter switch
        {
            "status" => new BroadcastFilter { Status = BroadcastStatus.Scheduled },
            "scheduled" => new BroadcastFilter { View = BroadcastView.Scheduled },
            "history" => new BroadcastFilter { View = BroadcastView.History },
            "label" => new BroadcastFilter { Label = "vip" },
            "search-label" => new BroadcastFilter { Search = "SUMM" },
            "search-name" => new BroadcastFilter { Search = "unni" },
            "failures" => new BroadcastFilter { Outcome = BroadcastOutcome.Failed },
            "outcome-clean" => new BroadcastFilter { Outcome = BroadcastOutcome.Clean },
            "outcome-unknown" => new BroadcastFilter { Outcome = BroadcastOutcome.Unknown },
            "outcome-skipped" => new BroadcastFilter { Outcome = BroadcastOutcome.Skipped },
            "day" => new BroadcastFilter { From = Noon.AddDays(-2), To = Noon.AddDays(-1) },
            "creator" => new BroadcastFilter { CreatedBy = "ana" },
            _ => new BroadcastFilter { Search = "%" },
        };
        var list = await new BroadcastQueries(test.Database).ListAsync(wanted, new Page());
        Assert.Equal(expected, string.Join(",", list.Items.Select(b => b.Name)));
        Assert.Equal(list.Items.Count, list.Total);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ListAsync_EverySortBothWays_ReturnsEverything(string provider)
    {
        await using var test = await SeededAsync(provider);
        var queries = new BroadcastQueries(test.Database);
        foreach (var sort in Enum.GetValues<BroadcastSort>())
        {
            var up = await queries.ListAsync(BroadcastFilter.All, new Page { Sort = sort, Descending = false });
            var down = await queries.ListAsync(BroadcastFilter.All, new Page { Sort = sort });
            Assert.Equal(up.Items.Select(b => b.Id).Reverse(), down.Items.Select(b => b.Id));
        }

        var second = await queries.ListAsync(BroadcastFilter.All, new Page { Sort = BroadcastSort.Name, Descending = false, Offset = 1, Limit = 1 });
        Assert.Equal("Later", Assert.Single(second.Items).Name);
        Assert.Equal([3L, 2L], (await queries.ListBeforeAsync(BroadcastFilter.All, 4, 2)).Select(b => b.Id));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task StatusCountsAsync_IgnoresItsStatus_CountsAllSeven(string provider)
    {
        await using var test = await SeededAsync(provider);
        var counts = await new BroadcastQueries(test.Database).StatusCountsAsync(new BroadcastFilter { Status = BroadcastStatus.Draft });
        Assert.Equal(7, counts.Count);
        Assert.Equal((1, 1, 1, 1, 0), (counts[BroadcastStatus.Draft], counts[BroadcastStatus.Scheduled], counts[BroadcastStatus.InProgress], counts[BroadcastStatus.Completed], counts[BroadcastStatus.Failed]));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CalendarAsync_Range_HasSpanningAndCreationDays(string provider)
    {
        await using var test = await SeededAsync(provider);
        var items = await new BroadcastQueries(test.Database).CalendarAsync(Noon.AddHours(-3), Noon.AddHours(3), BroadcastFilter.All);
        Assert.Equal(["Running", "Draft one"], items.Select(i => i.Name));
        Assert.True(items[1].IsOnCreation);
        Assert.Equal(Noon.AddDays(-1), items[0].From);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task GetAsync_AChild_NamesItsParentAndRate(string provider)
    {
        await using var test = await SeededAsync(provider);
        var queries = new BroadcastQueries(test.Database);
        var details = await queries.GetAsync(3);
        Assert.Equal(("Over", 20.0, "simulator"), (details!.ParentName, details.Rate!.PerSecond, details.Transport));
        Assert.IsType<TextPart>(Assert.Single(details.Parts));
        Assert.Contains(BroadcastCommand.Pause, details.Allowed);
        Assert.Equal("Running", Assert.Single((await queries.GetAsync(4))!.Children).Name);
        Assert.Null(await queries.GetAsync(99));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task RecipientsAsync_PagesAndFilters_NobodyTwiceNobodyLost(string provider)
    {
        await using var test = await SeededAsync(provider);
        var queries = new BroadcastQueries(test.Database);
        var first = await queries.RecipientsAsync(4, RecipientFilter.All, null, 2);
        var second = await queries.RecipientsAsync(4, RecipientFilter.All, first.Next, 2);
        Assert.Equal([DeliveryId.Of(4, 1), DeliveryId.Of(4, 2), DeliveryId.Of(4, 3)], first.Items.Concat(second.Items).Select(r => r.Id));
        Assert.Null(second.Next);

        var failed = Assert.Single((await queries.RecipientsAsync(4, new RecipientFilter { Status = DeliveryStatus.Failed })).Items);
        Assert.Equal(("mailboxFull", "Ana Pérez", "ana@example.com"), (failed.Reason, failed.ContactName, failed.Address));
        Assert.Empty((await queries.RecipientsAsync(4, new RecipientFilter { Status = DeliveryStatus.Read })).Items);
        Assert.Single((await queries.RecipientsAsync(4, new RecipientFilter { Reason = (int)SkipReason.OptedOut })).Items);
        Assert.Equal(2, (await queries.RecipientsAsync(4, new RecipientFilter { Search = "ben@" })).Items[0].ContactId);
        Assert.Single((await queries.RecipientsAsync(4, new RecipientFilter { Search = "ana p" })).Items);
        Assert.Equal(3, await queries.AllRecipientsAsync(4, RecipientFilter.All).CountAsync());
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task RecipientAsync_AFailure_SaysInTheProvidersWords(string provider)
    {
        await using var test = await SeededAsync(provider);
        var queries = new BroadcastQueries(test.Database);
        var timeline = await queries.RecipientAsync(4, 1);
        var part = Assert.Single(timeline!.Parts);
        Assert.Equal(DeliveryStatus.Failed, part.Row.Status);
        var attempt = Assert.Single(part.Attempts);
        Assert.Equal((SendOutcomeKind.RecipientRejected, "552", "full"), (attempt.Outcome, attempt.Code, attempt.Detail));
        Assert.Null(await queries.RecipientAsync(3, 1));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Progress_CountsOfSlices_SumUpAndTellReasons(string provider)
    {
        await using var test = await SeededAsync(provider);
        var queries = new ProgressQueries(test.Database, TimeProvider.System);
        var progress = await queries.GetAsync(4);
        Assert.Equal((3, 1, 1, 1), (progress!.Messages, progress.Counts.Sent, progress.Counts.Failed, progress.Counts.Skipped));
        Assert.Equal([("mailboxFull", 1L), ("optedOut", 1L)], progress.Reasons.Select(r => (r.Reason, r.Rows)));
        Assert.Equal(1, progress.Funnel.Sent);
        Assert.Equal(0, (await queries.GetAsync(1))!.Messages);
        Assert.Null(await queries.GetAsync(99));

        var latest = await new ProgressFeed(queries, new WaitingBroadcasts(), TimeProvider.System).WatchAsync(4, TestContext.Current.CancellationToken).FirstAsync(TestContext.Current.CancellationToken);
        Assert.Equal(BroadcastStatus.Completed, latest.Status);
        Assert.Empty(await new ProgressFeed(queries, new WaitingBroadcasts(), TimeProvider.System).WatchAsync(99, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<TestDatabase> SeededAsync(string provider)
    {
        var test = await TestDatabase.CreateAsync(provider);
        var noon = Noon.ToUnixTimeMilliseconds();
        const long Day = 86_400_000;
        await test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync("""
                INSERT INTO channels (id, name, name_key, transport, address_kind, settings, status, rate_count, rate_per_ms, created_at, updated_at)
                VALUES (1, 'Main', 'main', 'simulator', 1, '{}', 0, 50, 1000, 0, 0);
                INSERT INTO segments (id, name, name_key, rule, created_at, updated_at) VALUES (1, 'Everyone', 'everyone', '{"all":[]}', 0, 0);
                INSERT INTO contacts (id, first_name, last_name, created_at, updated_at) VALUES (1, 'Ana', 'Pérez', 0, 0), (2, 'Ben', NULL, 0, 0), (3, NULL, NULL, 0, 0);
                INSERT INTO addresses (id, contact_id, kind, value, created_at) VALUES (1, 1, 1, 'ana@example.com', 0), (2, 2, 1, 'ben@example.com', 0), (3, 3, 1, 'x@example.com', 0);
                """, transaction: t);
            await t.Connection!.ExecuteAsync("""
                INSERT INTO broadcasts (id, kind, name, labels, status, parent_id, channel_id, segment_id, audience, parts, rate_count, rate_per_ms, scheduled_at, created_by, created_at,
                                        updated_at, started_at, finished_at, freeze_done, recipients, forecast)
                VALUES (1, 0, 'Draft one', '[]', 0, NULL, NULL, NULL, NULL, '[]', NULL, NULL, NULL, 'ana', @noon, 0, NULL, NULL, 0, 0, '{"recipients":12,"messages":24}'),
                       (2, 0, 'Later', '[]', 1, NULL, 1, 1, '{"segmentId":1}', '[{"type":"text","text":"hi"}]', NULL, NULL, @later, 'bob', @noon, 0, NULL, NULL, 0, 0, NULL),
                       (3, 0, 'Running', '[]', 2, 4, 1, NULL, '{"contactIds":[1]}', '[{"type":"text","text":"hi"}]', 20, 1000, NULL, 'bob', @noon, 0, @yesterday, NULL, 1, 1, NULL),
                       (4, 0, 'Over', '["summer","vip"]', 4, NULL, 1, 1, '{"segmentId":1}', '[{"type":"text","text":"hi"}]', NULL, NULL, NULL, 'bob', @noon, 0, @before, @before, 1, 3, NULL),
                       (5, 1, 'system', '[]', 2, NULL, 1, NULL, NULL, '[]', NULL, NULL, NULL, 'system', 0, 0, 0, NULL, 1, 0, NULL)
                """, new { noon, later = noon + Day, yesterday = noon - Day, before = noon - 2 * Day }, t);
            await t.Connection!.ExecuteAsync("""
                INSERT INTO broadcast_labels (broadcast_id, label) VALUES (4, 'summer'), (4, 'vip');
                """, transaction: t);
            await t.Connection!.ExecuteAsync("""
                INSERT INTO slices (id, broadcast_id, channel_id, id_from, id_to, sent, failed, skipped) VALUES (1, 4, 1, @a, @b, 1, 1, 0), (2, 4, 1, @c, @c, 0, 0, 1);
                INSERT INTO slice_reasons (slice_id, status, reason, rows) VALUES (1, 5, 5, 1), (2, 6, 100, 1);
                INSERT INTO deliveries (id, contact_id, address_id, contact_revision, channel_id, part, status, reason, attempt, due_at)
                VALUES (@a, 1, 1, 1, 1, 1, 5, 5, 1, NULL), (@b, 2, 2, 1, 1, 1, 2, NULL, 1, 9223372036854775807), (@c, 3, 3, 1, 1, 1, 6, 100, 0, NULL);
                INSERT INTO attempts (delivery_id, attempt, at, outcome, reason, code, detail) VALUES (@a, 1, 5, 4, 5, '552', 'full');
                """, new { a = DeliveryId.Of(4, 1), b = DeliveryId.Of(4, 2), c = DeliveryId.Of(4, 3) }, t);
        });
        return test;
    }
}
