using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Dapper;
using Xunit;

namespace Broadcasts.Audiences;

public abstract class SegmentStoreTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    protected SegmentStoreTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task CreateAsync_NameInOtherCase_IsRefused()
    {
        var name = Unique();
        var (id, made) = await _f.Segments.CreateAsync(name, SegmentRule.Everyone, "test", "All of them", _ct);
        Assert.True(made.IsDone, made.Message);

        Assert.Equal("segmentExists", Assert.Single((await _f.Segments.CreateAsync(name.ToUpperInvariant(), SegmentRule.Everyone, "test", cancellationToken: _ct)).Result.Problems).Code);
        Assert.Equal("""{"all":[]}""", (await _f.Segments.GetAsync(id, _ct))!.Rule);
        Assert.Contains(await _f.Segments.ListAsync(_ct), s => s.Id == id);
    }

    [Fact]
    public async Task UpdateAsync_OldVersion_IsRefused()
    {
        var (id, _) = await _f.Segments.CreateAsync(Unique(), SegmentRule.Everyone, "test", cancellationToken: _ct);

        Assert.Equal(2, (await _f.Segments.UpdateAsync(id, Unique(), SegmentRule.Everyone, null, 1, "test", _ct)).Version);
        Assert.Equal(CommandCode.Changed, (await _f.Segments.UpdateAsync(id, Unique(), SegmentRule.Everyone, null, 1, "test", _ct)).Code);
        Assert.Equal(CommandCode.NotFound, (await _f.Segments.UpdateAsync(long.MaxValue, Unique(), SegmentRule.Everyone, null, 1, "test", _ct)).Code);
    }

    [Fact]
    public async Task CreateAsync_FieldThatIsNotThereOrOfAnotherType_IsRefused()
    {
        var slug = "f" + Guid.NewGuid().ToString("N")[..8];
        var rule = SegmentRule.Parse($$"""{"field":"contact.{{slug}}","op":"greaterThan","value":5}""", out _)!;
        Assert.Equal("unknownField", Assert.Single((await _f.Segments.CreateAsync(Unique(), rule, "test", cancellationToken: _ct)).Result.Problems).Code);

        var (id, _) = await _f.Fields.CreateAsync(slug, FieldType.Text, "test", cancellationToken: _ct);
        Assert.Equal("operatorNotForType", Assert.Single((await _f.Segments.CreateAsync(Unique(), rule, "test", cancellationToken: _ct)).Result.Problems).Code);

        await _f.Fields.UpdateAsync(id, slug, FieldType.Number, "test", cancellationToken: _ct);
        Assert.True((await _f.Segments.CreateAsync(Unique(), rule, "test", cancellationToken: _ct)).Result.IsDone);
    }

    [Fact]
    public async Task DeleteAsync_SegmentOfAWaitingBroadcast_IsRefusedWithItsName()
    {
        var (id, _) = await _f.Segments.CreateAsync(Unique(), SegmentRule.Everyone, "test", cancellationToken: _ct);
        var broadcast = await _f.Database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<long>(
            "INSERT INTO broadcasts (name, status, segment_id, created_by, created_at, updated_at) VALUES ('Spring', 0, @id, 'test', 1, 1) RETURNING id", new { id }, t), _ct);

        var refused = await _f.Segments.DeleteAsync(id, "test", _ct);

        Assert.Contains("Spring", Assert.Single(refused.Problems).Message, StringComparison.Ordinal);
        Assert.Equal(broadcast, Assert.Single(await _f.Segments.UsedByAsync(id, _ct)).BroadcastId);
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("DELETE FROM broadcasts WHERE id = @broadcast", new { broadcast }, t), _ct);
        Assert.True((await _f.Segments.DeleteAsync(id, "test", _ct)).IsDone);
    }

    [Fact]
    public async Task DeleteAsync_SegmentThatADraftTakesOut_IsRefusedUntilItHasStarted()
    {
        var (id, _) = await _f.Segments.CreateAsync(Unique(), SegmentRule.Everyone, "test", cancellationToken: _ct);
        var audience = $$"""{"contactIds":[1],"excludeSegmentIds":[999,{{id}}]}""";
        var broadcast = await _f.Database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<long>(
            "INSERT INTO broadcasts (name, status, audience, created_by, created_at, updated_at) VALUES ('Less', 1, @audience, 'test', 1, 1) RETURNING id", new { audience }, t), _ct);

        var refused = await _f.Segments.DeleteAsync(id, "test", _ct);

        Assert.Equal((CommandCode.Refused, "segmentExcluded"), (refused.Code, Assert.Single(refused.Problems).Code));
        Assert.Equal((broadcast, true), Assert.Single(await _f.Segments.UsedByAsync(id, _ct)) is var use ? (use.BroadcastId, use.IsExcluded) : default);
        await _f.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync("UPDATE broadcasts SET status = 2, started_at = 1 WHERE id = @broadcast", new { broadcast }, t);
            await Exclusions.SetAsync(t, broadcast, [new() { SegmentId = id, Name = "Less", Rule = "{}" }]);
        }, _ct);
        Assert.Equal(broadcast, Assert.Single(await _f.Segments.UsedByAsync(id, _ct)).BroadcastId);
        Assert.True((await _f.Segments.DeleteAsync(id, "test", _ct)).IsDone);
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("DELETE FROM broadcasts WHERE id = @broadcast", new { broadcast }, t), _ct);
    }

    [Fact]
    public async Task DeleteAsync_FieldOrTagOrSegmentThatARuleNames_IsRefusedWithThatRule()
    {
        var slug = "f" + Guid.NewGuid().ToString("N")[..8];
        var tag = Unique();
        var (field, _) = await _f.Fields.CreateAsync(slug, FieldType.Text, "test", cancellationToken: _ct);
        var (tagId, _) = await _f.Tags.CreateAsync(tag, "test", _ct);
        var (part, _) = await _f.Segments.CreateAsync(Unique(), SegmentRule.Everyone, "test", cancellationToken: _ct);
        var name = Unique();
        var (segment, _) = await _f.Segments.CreateAsync(name, SegmentRule.Parse($$$"""{"all":[{"field":"contact.{{{slug}}}","op":"exists"},{"not":{"field":"tag","op":"hasAnyOf","value":["{{{tag.ToUpperInvariant()}}}"]}}]}""", out _)!, "test", cancellationToken: _ct);
        var audience = $$$"""{"segment":{"any":[{"field":"contact.{{{slug}}}","op":"exists"},{"field":"segment","op":"is","value":{{{part}}}},{"field":"tag","op":"hasNoneOf","value":["{{{tag}}}"]}]}}""";
        var broadcast = await _f.Database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<long>(
            "INSERT INTO broadcasts (name, status, audience, created_by, created_at, updated_at) VALUES ('Inline', 1, @audience, 'test', 1, 1) RETURNING id", new { audience }, t), _ct);

        foreach (var refused in new[] { await _f.Fields.DeleteAsync(field, "test", _ct), await _f.Tags.DeleteAsync(tagId, "test", _ct) })
        {
            Assert.Equal(CommandCode.Refused, refused.Code);
            Assert.Equal([($"segments/{segment}", "usedBySegment", name), ($"broadcasts/{broadcast}", "usedByBroadcast", "Inline")], refused.Problems.Select(p => (p.Path, p.Code, p.Arguments[0])));
        }

        Assert.Equal($"broadcasts/{broadcast}", Assert.Single((await _f.Segments.DeleteAsync(part, "test", _ct)).Problems).Path);
        Assert.Equal((broadcast, BroadcastStatus.Scheduled), (Assert.Single(await _f.Segments.UsedByAsync(part, _ct)) is var use ? use.BroadcastId : 0, use.Status));

        // It has sent: what it started with is frozen.
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE broadcasts SET status = 4 WHERE id = @broadcast", new { broadcast }, t), _ct);
        Assert.True((await _f.Segments.DeleteAsync(segment, "test", _ct)).IsDone);
        Assert.True((await _f.Fields.DeleteAsync(field, "test", _ct)).IsDone);
        Assert.True((await _f.Tags.DeleteAsync(tagId, "test", _ct)).IsDone);
        Assert.True((await _f.Segments.DeleteAsync(part, "test", _ct)).IsDone);
    }

    [Fact]
    public async Task RenameAsync_Tag_GoesOnMeaningTheSamePeople()
    {
        var (old, renamed) = (Unique(), Unique());
        var (tag, _) = await _f.Tags.CreateAsync(old, "test", _ct);
        var rule = $$$"""{"any":[{"field":"tag","op":"hasAnyOf","value":["other","{{{old.ToUpperInvariant()}}}"]},{"not":{"field":"tag","op":"hasNoneOf","value":["{{{old}}}"]}}]}""";
        var (segment, _) = await _f.Segments.CreateAsync(Unique(), SegmentRule.Parse(rule, out _)!, "test", cancellationToken: _ct);
        var broadcast = await _f.Database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<long>(
            "INSERT INTO broadcasts (name, status, audience, created_by, created_at, updated_at) VALUES ('Inline', 0, @audience, 'test', 1, 1) RETURNING id", new { audience = $$"""{"segment":{{rule}}}""" }, t), _ct);

        Assert.True((await _f.Tags.RenameAsync(tag, renamed, "test", _ct)).IsDone);

        var after = (await _f.Segments.GetAsync(segment, _ct))!;
        Assert.Equal($$$"""{"any":[{"field":"tag","op":"hasAnyOf","value":["other","{{{renamed}}}"]},{"not":{"field":"tag","op":"hasNoneOf","value":["{{{renamed}}}"]}}]}""", after.Rule);
        Assert.Equal(2, after.Version);
        Assert.Contains(renamed, await _f.Database.ReadAsync(c => c.ExecuteScalarAsync<string>("SELECT audience FROM broadcasts WHERE id = @broadcast", new { broadcast }), _ct), StringComparison.Ordinal);
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("DELETE FROM broadcasts WHERE id = @broadcast", new { broadcast }, t), _ct);
    }

    [Fact]
    public async Task PageAsync_BySearch_ComesInPagesByNameAndKeepsWhatWasCounted()
    {
        var mark = Unique();
        for (var i = 0; i < 5; i++) await _f.Segments.CreateAsync($"{mark} {i}", SegmentRule.Everyone, "test", i == 4 ? null : "the same", _ct);
        var first = await _f.Segments.PageAsync(mark.ToUpperInvariant(), null, 3, _ct);
        var second = await _f.Segments.PageAsync(mark, first.Next, 3, _ct);
        Assert.Equal([$"{mark} 0", $"{mark} 1", $"{mark} 2"], first.Items.Select(s => s.Name));
        Assert.Equal([$"{mark} 3", $"{mark} 4"], second.Items.Select(s => s.Name));
        Assert.Null(second.Next);

        var segment = first.Items[0];
        await _f.Segments.KeepCountAsync(segment.Id, segment.Version, 12);
        await _f.Segments.UpdateAsync(segment.Id, $"{mark} 0", SegmentRule.Everyone, "another text", 1, "test", _ct);
        Assert.Equal(12, (await _f.Segments.GetAsync(segment.Id, _ct))!.Counted);
        // A count that ends after the rule was changed is of a rule that is not there any more.
        await _f.Segments.UpdateAsync(segment.Id, $"{mark} 0", SegmentRule.Parse("""{"field":"country","op":"is","value":"ES"}""", out _)!, null, 2, "test", _ct);
        await _f.Segments.KeepCountAsync(segment.Id, 2, 13);
        Assert.Null((await _f.Segments.GetAsync(segment.Id, _ct))!.Counted);
    }

    [Fact]
    public async Task Members_ArePutInTheirPlaceAndNeverInACircle()
    {
        var tag = Unique();
        foreach (var i in Enumerable.Range(0, 6))
            await _f.Contacts.CreateAsync(new ContactEdit { Addresses = [new AddressEdit(AddressKind.Telegram, tag + i)], Tags = i < 4 ? [tag] : [tag, tag + "x"] }, "test", _ct);
        var (tagged, inner, outer) = (tag + " inner", tag + " middle", tag + " outer");
        var (first, _) = await _f.Segments.CreateAsync(tagged, Rule($$"""{"field":"tag","op":"hasAnyOf","value":["{{tag}}"]}"""), "test", cancellationToken: _ct);
        var (second, _) = await _f.Segments.CreateAsync(inner, Rule($$$"""{"all":[{"field":"segment","op":"is","value":{{{first}}}},{"not":{"field":"tag","op":"hasAnyOf","value":["{{{tag}}}x"]}}]}"""), "test", cancellationToken: _ct);
        var rest = Rule($$$"""{"all":[{"any":[{"all":[{"field":"segment","op":"is","value":{{{first}}}},{"field":"segment","op":"isNot","value":{{{second}}}}]}]}]}""");
        var (third, made) = await _f.Segments.CreateAsync(outer, rest, "test", cancellationToken: _ct);
        Assert.True(made.IsDone, made.Message);

        Assert.Equal((4, 2), (await _f.SegmentQueries.CountAsync(Rule((await _f.Segments.GetAsync(second, _ct))!.Rule), cancellationToken: _ct), await _f.SegmentQueries.CountAsync(rest, cancellationToken: _ct)));
        Assert.Equal(2, (await _f.Queries.ListAsync(new ContactFilter { Rule = rest }, null, 10, _ct)).Items.Count);
        // As deep as it becomes: what a started broadcast keeps can be read again.
        Assert.NotNull(SegmentRule.ParseExpanded((await _f.Segments.ExpandAsync(rest, _ct)).ToJson(), out _));

        var circle = await _f.Segments.UpdateAsync(first, tagged, Rule($$"""{"field":"segment","op":"is","value":{{third}}}"""), null, 1, "test", _ct);
        Assert.Contains($"{tagged} → {outer} → {tagged}", Assert.Single(circle.Problems).Message, StringComparison.Ordinal);
        Assert.Equal("segmentCircle", Assert.Single((await _f.Segments.UpdateAsync(first, tagged, Rule($$$"""{"not":{"field":"segment","op":"is","value":{{{first}}}}}"""), null, 1, "test", _ct)).Problems).Code);
        Assert.Equal("segmentGone", Assert.Single((await _f.Segments.CreateAsync(Unique(), Rule("""{"field":"segment","op":"is","value":999999}"""), "test", cancellationToken: _ct)).Result.Problems).Code);

        Assert.Equal("broadcastNotStarted", Assert.Single((await _f.Segments.CreateAsync(Unique(), Rule("""{"field":"contacted","op":"notSinceBroadcast","value":999999}"""), "test", cancellationToken: _ct)).Result.Problems).Code);

        Assert.Equal([(second, inner), (third, outer)], await _f.Segments.MemberOfAsync(first, _ct));
        var used = await _f.Segments.DeleteAsync(first, "test", _ct);
        Assert.Equal((CommandCode.Refused, "segmentIsMember"), (used.Code, used.Problems[0].Code));
        foreach (var id in new[] { third, second, first }) Assert.True((await _f.Segments.DeleteAsync(id, "test", _ct)).IsDone);
    }

    [Fact]
    public async Task UpdateAsync_SegmentsThatGrowByLayers_AreRefusedAtTheLimitAndNotWorkedThrough()
    {
        // Each has the one before it twice: thirty layers would be a thousand million conditions, by as many ways.
        var (below, _) = await _f.Segments.CreateAsync(Unique(), Rule("""{"field":"country","op":"is","value":"ES"}"""), "test", cancellationToken: _ct);
        var bottom = below;
        CommandResult result;
        var layers = 0;
        do
        {
            (var id, result) = await _f.Segments.CreateAsync(Unique(), Rule($$$"""{"any":[{"field":"segment","op":"is","value":{{{below}}}},{"not":{"field":"segment","op":"is","value":{{{below}}}}}]}"""), "test", cancellationToken: _ct);
            if (result.IsDone) (below, layers) = (id, layers + 1);
        }
        while (result.IsDone && layers < 30);

        Assert.Equal(("segmentTooLarge", 9), (Assert.Single(result.Problems).Code, layers));
        // What grows at the bottom is counted at the top.
        var grown = await _f.Segments.UpdateAsync(bottom, Unique(), Rule("""{"any":[{"field":"country","op":"is","value":"ES"},{"field":"country","op":"is","value":"MX"}]}"""), null, 1, "test", _ct);
        Assert.Equal("segmentTooLarge", Assert.Single(grown.Problems).Code);
    }

    [Fact]
    public async Task WhyAsync_TellsEachConditionAndTheWhole()
    {
        var tag = Unique();
        var (id, _) = await _f.Contacts.CreateAsync(new ContactEdit { Addresses = [new AddressEdit(AddressKind.Telegram, tag)], Tags = [tag], Country = "ES" }, "test", _ct);
        var rule = Rule($$$"""{"all":[{"field":"tag","op":"hasAnyOf","value":["{{{tag}}}"]},{"not":{"field":"country","op":"is","value":"ES"}},{"any":[{"field":"blocked","op":"is","value":false}]}]}""");

        var why = await _f.SegmentQueries.WhyAsync(rule, id, _ct);

        Assert.False(why.IsMember);
        Assert.Equal([("all[0]", true), ("all[1].not", true), ("all[2].any[0]", true)], why.Reasons.Select(r => (r.Path, r.Fits)));
    }

    private static SegmentRule Rule(string json) => SegmentRule.Parse(json, out var problems) ?? throw new InvalidOperationException(problems[0].Message);

    [Fact]
    public async Task CountAndSample_Tag_AreThePeopleWithIt()
    {
        var tag = Unique();
        foreach (var i in Enumerable.Range(0, 25))
            await _f.Contacts.CreateAsync(new ContactEdit { Addresses = [new AddressEdit(AddressKind.Telegram, tag + i)], Tags = [tag] }, "test", _ct);
        var rule = SegmentRule.Parse($$"""{"field":"tag","op":"hasAllOf","value":["{{tag.ToUpperInvariant()}}"]}""", out _)!;

        Assert.Equal(25, await _f.SegmentQueries.CountAsync(rule, cancellationToken: _ct));
        Assert.Equal(10, await _f.SegmentQueries.CountAsync(rule, 10, _ct));
        var sample = await _f.SegmentQueries.SampleAsync(rule, cancellationToken: _ct);
        Assert.Equal(20, sample.Count);
        Assert.All(sample, c => Assert.Contains(tag, c.Tags));
    }

    private static string Unique() => "s" + Guid.NewGuid().ToString("N")[..12];
}

public sealed class SqliteSegmentStoreTests(SqliteContactsFixture fixture) : SegmentStoreTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresSegmentStoreTests(PostgresContactsFixture fixture) : SegmentStoreTests(fixture), IClassFixture<PostgresContactsFixture>;
