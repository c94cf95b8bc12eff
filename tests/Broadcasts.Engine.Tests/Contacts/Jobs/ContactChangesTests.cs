using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Consent;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts.Jobs;

/// <summary>Acts on many contacts: each with what the act on one contact guarantees.</summary>
public abstract class ContactChangesTests(ContactsFixture fixture) : JobsTest(fixture)
{
    private const int Many = 620;

    [Fact]
    public async Task AddTag_OfASearch_ChangesWhoHasItNotAndKeepsWhatWas()
    {
        var ids = await CreateAsync(Many);
        await F.Contacts.AddTagsAsync(ids[7], ["VIP " + Own], "somebody", Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.AddTag, Tag = " vip " + Own, Search = Own });

        Assert.Equal("Done 620/620: 619 1 0", Counts(job));
        var contact = await ContactAsync(ids[0]);
        Assert.Equal((2, 2), (contact.Revision, contact.Tags.Count));
        Assert.Equal((2, 2), ((await ContactAsync(ids[7])).Revision, (await ContactAsync(ids[7])).Tags.Count));
        Assert.Equal(Own, Assert.Single(ContactRevisions.Read(await ScalarAsync<string>("SELECT body FROM contact_revisions WHERE contact_id = @id AND revision = 1", new { id = ids[0] })).Tags));
        var line = (await AuditAsync($"contact/{ids[619]}"))[0];
        Assert.Equal(("contact.tagged", Own, $"job:{job.Id}"), (line.Action, line.Actor, line.Detail));
        Assert.Equal(619, await ScalarAsync<long>("SELECT COUNT(*) FROM audit WHERE detail = @detail", new { detail = $"job:{job.Id}" }));
        Assert.Equal([("job.done", "620 of 620: 619 changed, 1 unchanged, 0 refused"), ("job.addTag", $"620: a search; 'vip {Own}'")], (await AuditAsync($"job:{job.Id}")).Select(a => (a.Action, a.Detail ?? "")));
    }

    // The job takes away what it is found by: whoever pages by place instead of by id leaves out every second piece.
    [Fact]
    public async Task RemoveTag_OfThoseWhoHaveIt_LeavesNobodyOut()
    {
        var ids = await CreateAsync(Many);

        var job = await RunAsync(new JobRequest { Act = JobAct.RemoveTag, Tag = Own.ToUpperInvariant(), WithTag = Own });

        Assert.Equal("Done 620/620: 620 0 0", Counts(job));
        Assert.Equal((2, 0), ((await ContactAsync(ids[^1])).Revision, (await ContactAsync(ids[^1])).Tags.Count));
        Assert.Equal("Done 0/0: 0 0 0", Counts(await RunAsync(new JobRequest { Act = JobAct.RemoveTag, Tag = Own, WithTag = Own })));
    }

    [Fact]
    public async Task SetField_ThenClearIt_WritesTheStoredFormAndCountsWhoHadIt()
    {
        var ids = await CreateAsync(3);
        await F.Fields.CreateAsync("Since " + Own, FieldType.Date, "test", cancellationToken: Ct);
        var field = "fields.since_" + Own;
        await F.Contacts.UpdateAsync(ids[1], new ContactEdit { Fields = new Dictionary<string, string?> { ["since_" + Own] = "2026-11-29" } }, null, "test", Ct);

        var set = await RunAsync(new JobRequest { Act = JobAct.SetField, Field = field, Value = "29.11.2026", WithTag = Own });
        var language = await RunAsync(new JobRequest { Act = JobAct.SetField, Field = "language", Value = "Spanish", WithTag = Own });

        Assert.Equal(("Done 3/3: 2 1 0", "Done 3/3: 3 0 0"), (Counts(set), Counts(language)));
        foreach (var id in ids) Assert.Equal(("2026-11-29", "es"), ((await ContactAsync(id)).Fields["since_" + Own], (await ContactAsync(id)).Language));
        var cleared = await RunAsync(new JobRequest { Act = JobAct.SetField, Field = field, Contacts = ids });
        Assert.Equal("Done 3/3: 3 0 0", Counts(cleared));
        Assert.Empty((await ContactAsync(ids[0])).Fields);
    }

    [Theory]
    [InlineData("fields.nothing", "x", "unknownField")]
    [InlineData("timeZone", "Mars", "unknownTimeZone")]
    [InlineData(null, "x", "noField")]
    public async Task SetField_ThatNoContactWouldTake_IsRefusedBeforeItBegins(string? field, string value, string code)
    {
        var (_, result) = await F.JobService.StartAsync(new JobRequest { Act = JobAct.SetField, Field = field, Value = value, WithTag = Own }, Own, Ct);
        Assert.Equal((CommandCode.Invalid, code), (result.Code, Assert.Single(result.Problems).Code));
    }

    [Fact]
    public async Task SetField_OfAFieldThatIsDeletedMeanwhile_FailsAndSaysSo()
    {
        var ids = await CreateAsync(2);
        var (field, _) = await F.Fields.CreateAsync("Gone " + Own, FieldType.Text, "test", cancellationToken: Ct);
        var id = await AskAsync(new JobRequest { Act = JobAct.SetField, Field = "fields.gone_" + Own, Value = "x", WithTag = Own });
        await F.Fields.DeleteAsync(field, "test", Ct);

        await F.Runner.RunAsync(id, Ct);

        var job = await GetAsync(id);
        Assert.Equal(("Failed 0/2: 0 0 0", "unknownField"), (Counts(job), job.Told!.Code));
        Assert.Equal("job.failed", (await AuditAsync($"job:{id}"))[0].Action);
        Assert.Equal(1, (await ContactAsync(ids[0])).Revision);
    }

    [Fact]
    public async Task Block_AndUnblock_KeepTheFirstTimeAndMakeNoRevision()
    {
        var ids = await CreateAsync(3);
        await F.Contacts.BlockAsync(ids[0], true, "test", Ct);
        var since = (await ContactAsync(ids[0])).BlockedAt;
        F.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("Done 3/3: 2 1 0", Counts(await RunAsync(new JobRequest { Act = JobAct.Block, WithTag = Own })));
        Assert.Equal((since, 1), ((await ContactAsync(ids[0])).BlockedAt, (await ContactAsync(ids[0])).Revision));
        Assert.Equal(since + 5_000, (await ContactAsync(ids[1])).BlockedAt);
        Assert.Equal("contact.blocked", (await AuditAsync($"contact/{ids[1]}"))[0].Action);

        Assert.Equal("Done 3/3: 3 0 0", Counts(await RunAsync(new JobRequest { Act = JobAct.Unblock, WithTag = Own })));
        Assert.Null((await ContactAsync(ids[0])).BlockedAt);
        Assert.Equal("Done 3/3: 0 3 0", Counts(await RunAsync(new JobRequest { Act = JobAct.Unblock, WithTag = Own })));
    }

    [Fact]
    public async Task Delete_ErasesPeopleAsOneByOneAndKeepsTheCounts()
    {
        var ids = await CreateAsync(230);
        var address = $"{Own}.5@example.com";
        var import = await F.Import.RunAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes($"email,telegram\nnobody,see {address.ToUpperInvariant()}\nelse,where\n")), new Import.ImportOptions { Name = "x.csv", Actor = "test", ConsentSource = "test" }, cancellationToken: Ct);
        await SqlAsync("INSERT INTO deliveries (id, contact_id, contact_revision, channel_id, part, status, attempt) VALUES (@id, @id, 1, 1, 0, 4, 1)", new { id = ids[5] });
        var consents = new ConsentStore(F.Database, F.Audit, F.Time);
        await consents.SayAsync(ids[5], new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Granted, Source = "shop" }, "test", Ct);
        await consents.SayAsync(ids[6], new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Withdrawn, Source = "call" }, "test", Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.Delete, WithTag = Own, Expected = 230 });

        Assert.Equal("Done 230/230: 230 0 0", Counts(job));
        Assert.Empty((await F.Queries.ListAsync(new ContactFilter { Search = Own }, null, 10, Ct)).Items);
        Assert.Equal(0, await ScalarAsync<long>("SELECT COUNT(*) FROM addresses WHERE value LIKE @own", new { own = Own + "%" }));
        Assert.Equal(1, await ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE contact_id = @id", new { id = ids[5] }));
        Assert.Equal(["2"], await F.Database.ReadAsync(async c => (await c.QueryAsync<string>("SELECT CAST(state AS TEXT) FROM consents WHERE value LIKE @own", new { own = Own + "%" })).AsList(), Ct));
        Assert.Equal([true, false], (await F.Imports.ErrorsAsync(import.Id, 0, 10, Ct)).Select(e => e.Cells is null));
        Assert.Equal(("contact.deleted", $"job:{job.Id}"), ((await AuditAsync($"contact/{ids[229]}"))[0].Action, (await AuditAsync($"contact/{ids[229]}"))[0].Detail));
    }

    // A search understands its words by what there is: the first one of an address, and only when no address begins so, also within one.
    [Fact]
    public async Task Delete_WhatASearchFound_FindsNobodyElseWhenTheyAreGone()
    {
        await CreateAsync(1);
        var others = await CreateAsync(3, prefix: "x");

        var job = await RunAsync(new JobRequest { Act = JobAct.Delete, Search = Own + "." });

        Assert.Equal("Done 1/1: 1 0 0", Counts(job));
        foreach (var other in others) Assert.NotNull(await ContactAsync(other));
    }

    [Fact]
    public async Task Contacts_NamedOneByOne_AreDoneOnceAndWhoIsGoneIsTold()
    {
        var ids = await CreateAsync(3);
        await F.Contacts.DeleteAsync(ids[1], "test", Ct);

        var job = await RunAsync(new JobRequest { Act = JobAct.Block, Contacts = [ids[2], ids[0], ids[2], ids[1]] });

        Assert.Equal(("Done 3/3: 2 0 1", true), (Counts(job), job.IsPicked));
        Assert.Equal((ids[1], "jobContactGone"), (await F.Jobs.RefusalsAsync(job.Id, 0, 10, Ct)).Select(r => (r.ContactId, r.Code)).Single());
    }

    [Fact]
    public async Task Contacts_ThatTheDatabaseDoesNotTake_CostThemselvesAlone()
    {
        var ids = await CreateAsync(300);
        await RefuseTagsOfAsync(ids[123]);
        try
        {
            var job = await RunAsync(new JobRequest { Act = JobAct.AddTag, Tag = "new " + Own, WithTag = Own });

            Assert.Equal("Done 300/300: 299 0 1", Counts(job));
            Assert.Equal((ids[123], "contactNotWritten"), (await F.Jobs.RefusalsAsync(job.Id, 0, 10, Ct)).Select(r => (r.ContactId, r.Code)).Single());
            Assert.Equal((1, 2), ((await ContactAsync(ids[123])).Revision, (await ContactAsync(ids[124])).Revision));
        }
        finally
        {
            await SqlAsync(F.Database.Dialect.IsPostgres ? "DROP TRIGGER refuse_tags ON contact_tags" : "DROP TRIGGER refuse_tags");
        }
    }

    [Fact]
    public async Task Segment_ChangedOrJoinedAfterwards_MeansWhomItMeantThen()
    {
        var ids = await CreateAsync(2);
        var (segment, _) = await F.Segments.CreateAsync(Own, Rule($$"""{"field":"tag","op":"hasAnyOf","value":["{{Own}}"]}"""), "test", cancellationToken: Ct);
        var id = await AskAsync(new JobRequest { Act = JobAct.Block, SegmentId = segment });
        await F.Segments.UpdateAsync(segment, Own, SegmentRule.Everyone, null, 1, "test", Ct);
        var later = await CreateAsync(1, prefix: "later");

        await F.Runner.RunAsync(id, Ct);

        Assert.Equal("Done 2/2: 2 0 0", Counts(await GetAsync(id)));
        Assert.NotNull((await ContactAsync(ids[1])).BlockedAt);
        Assert.Null((await ContactAsync(later[0])).BlockedAt);
    }

    [Fact]
    public async Task Requests_ThatCanNotBeMeant_AreRefused()
    {
        var rule = Rule("""{"field":"contact.no_such_field","op":"isNot","value":"x"}""");
        Assert.Equal("unknownField", await CodeAsync(new JobRequest { Act = JobAct.Delete, Rule = rule }));
        Assert.Equal("segmentGone", await CodeAsync(new JobRequest { Act = JobAct.Delete, SegmentId = 987_654 }));
        Assert.Equal("twoAudiences", await CodeAsync(new JobRequest { Act = JobAct.Block, SegmentId = 1, Rule = SegmentRule.Everyone }));
        Assert.Equal("contactsAndFilter", await CodeAsync(new JobRequest { Act = JobAct.Block, Contacts = [1], Search = "x" }));
        Assert.Equal("jobContacts", await CodeAsync(new JobRequest { Act = JobAct.Block, Contacts = [] }));
        Assert.Equal("jobContacts", await CodeAsync(new JobRequest { Act = JobAct.Block, Contacts = [.. Enumerable.Range(1, 10_001).Select(i => (long)i)] }));
        Assert.Equal("required", await CodeAsync(new JobRequest { Act = JobAct.AddTag, Tag = " ", WithTag = Own }));
        await CreateAsync(2);
        Assert.Equal("jobCountDiffers", await CodeAsync(new JobRequest { Act = JobAct.Delete, WithTag = Own, Expected = 3 }));
    }

    private static SegmentRule Rule(string json) => SegmentRule.Parse(json, out _)!;

    private async Task<string> CodeAsync(JobRequest request) => Assert.Single((await F.JobService.StartAsync(request, Own, Ct)).Result.Problems).Code;

    private async Task RefuseTagsOfAsync(long id)
    {
        if (!F.Database.Dialect.IsPostgres)
        {
            await SqlAsync($"CREATE TRIGGER refuse_tags BEFORE INSERT ON contact_tags WHEN NEW.contact_id = {id} BEGIN SELECT RAISE(ABORT, 'refused'); END");
            return;
        }

        await SqlAsync("CREATE OR REPLACE FUNCTION refuse_tags() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE check_violation; END'");
        await SqlAsync($"CREATE TRIGGER refuse_tags BEFORE INSERT ON contact_tags FOR EACH ROW WHEN (NEW.contact_id = {id}) EXECUTE FUNCTION refuse_tags()");
    }
}

public sealed class SqliteContactChangesTests(SqliteContactsFixture fixture) : ContactChangesTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresContactChangesTests(PostgresContactsFixture fixture) : ContactChangesTests(fixture), IClassFixture<PostgresContactsFixture>;
