using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts.Merge;

public abstract class MergeTests
{
    private static readonly string[] Standard = ["firstName", "lastName", "language", "country", "timeZone"];

    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "m" + Guid.NewGuid().ToString("N")[..10];

    protected MergeTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task MergeAsync_TwoContacts_OneHasAllOfBoth()
    {
        var city = await FieldAsync("City");
        var (a, b) = (await AddAsync("a", "Ana", null, "es", (city, "Vigo")), await AddAsync("b", "Anna", "García", "en", (city, "Lugo")));
        await SqlAsync("UPDATE contacts SET blocked_at = 7, last_interaction_at = 9, created_at = 5 WHERE id = @b", b);
        var (before, address) = (await GetAsync(a), Assert.Single((await GetAsync(b)).Addresses));

        var (id, result) = await _f.Merges.MergeAsync(Request(a, b, ("language", "secondary")) with { PrimaryRevision = before.Revision, SecondaryRevision = 1 }, "ana", _ct);

        Assert.True(result.IsDone, result.Message);
        var one = await GetAsync(a);
        Assert.Equal(("Ana", "García", "en", "Vigo", 2, 2), (one.FirstName, one.LastName, one.Language, one.Fields[city], one.Revision, result.Version));
        Assert.Equal((7L, 9L, 5L), (one.BlockedAt, one.LastInteractionAt, one.CreatedAt));
        Assert.Equal([before.Addresses[0], address], one.Addresses);
        Assert.Equal([_tag, _tag + "a", _tag + "b"], one.Tags);
        Assert.Null(await _f.Contacts.GetAsync(b, _ct));
        var merge = Assert.Single(await _f.Merges.ListAsync(a, _ct));
        Assert.Equal((id, a, b, "ana", true, "García"), (merge.Id, merge.PrimaryId, merge.SecondaryId, merge.Actor, merge.CanUndo, merge.Snapshot!.Secondary.LastName));
        foreach (var (subject, other) in new[] { (a, b), (b, a) })
            Assert.Contains(await new AuditStore(_f.Database, _f.Time).ListAsync(new AuditFilter { Subject = $"contact/{subject}" }, cancellationToken: _ct), e => (e.Action, e.Actor, e.Detail) == ("contact.merged", "ana", $"contact/{other}"));
    }

    [Fact]
    public async Task MergeAsync_WhatCantBeMerged_IsRefusedWithACode()
    {
        var (a, b) = (await AddAsync("a"), await AddAsync("b"));

        Assert.Equal("mergeSelf", Assert.Single((await _f.Merges.MergeAsync(Request(a, a), "t", _ct)).Result.Problems).Code);
        Assert.Equal("mergeUnknown", Assert.Single((await _f.Merges.MergeAsync(Request(a, long.MaxValue), "t", _ct)).Result.Problems).Code);
        Assert.Equal(CommandCode.NotFound, (await _f.Merges.MergeAsync(Request(long.MaxValue, b), "t", _ct)).Result.Code);
        Assert.Equal((CommandCode.Changed, 1), await ChangedAsync(Request(a, b) with { PrimaryRevision = 9 }));
        Assert.Equal((CommandCode.Changed, 1), await ChangedAsync(Request(a, b) with { SecondaryRevision = 9 }));
        Assert.Equal(["choices.fields.none mergeField", "choices.firstName mergeChoice"],
            (await _f.Merges.MergeAsync(Request(a, b, ("fields.none", "secondary"), ("firstName", "both")), "t", _ct)).Result.Problems.Select(p => $"{p.Path} {p.Code}").Order());
        Assert.NotNull(await _f.Contacts.GetAsync(b, _ct));

        async Task<(CommandCode, int)> ChangedAsync(MergeRequest request)
        {
            var (_, result) = await _f.Merges.MergeAsync(request, "t", _ct);
            return (result.Code, result.Version);
        }
    }

    [Fact]
    public async Task MergeAsync_HistoryOfBoth_IsThePrimarysAndSaysWhatItSaid()
    {
        var (a, b) = (await AddAsync("a", "Ana"), await AddAsync("b", "Bea"));
        await DeliverAsync(b, 1, b * 10);
        await RenameAsync(b, "Berta");
        await DeliverAsync(b, 2, (b * 10) + 1);
        await DeliverAsync(a, 1, a * 10);
        await ImportedAsync(a, 901);
        await ImportedAsync(b, 901);
        await ImportedAsync(b, 902);

        await MergeAsync(a, b);

        Assert.Equal(["Ana", "Bea", "Berta"], await SaidAsync(a));
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM deliveries WHERE contact_id = @id", b));
        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM contact_revisions WHERE contact_id = @id", b));
        Assert.Equal([901, 902], await ImportsAsync(a));
        Assert.Empty(await ImportsAsync(b));
    }

    [Fact]
    public async Task UndoAsync_NothingChangedSince_BothAreAsBefore()
    {
        var random = new Random(4711);
        var field = await FieldAsync("Size");
        for (var round = 0; round < 25; round++)
        {
            var (a, b) = (await AddRandomAsync(random, $"{round}a", field), await AddRandomAsync(random, $"{round}b", field));
            foreach (var id in new[] { a, b })
            {
                await DeliverAsync(id, 1, id * 10);
                await RenameAsync(id, $"R{random.Next(3)}");
                await ImportedAsync(id, 910 + random.Next(2));
            }

            var before = (await DescribeAsync(a), await DescribeAsync(b));
            var (merge, merged) = await _f.Merges.MergeAsync(Request(a, b, [.. Choices(random)]), "t", _ct);
            Assert.True(merged.IsDone);

            var undone = await _f.Merges.UndoAsync(merge, "t", _ct);

            Assert.True(undone.Result.IsDone, undone.Result.Message);
            Assert.Empty(undone.Kept);
            Assert.Equal(before, (await DescribeAsync(a), await DescribeAsync(b)));
        }
    }

    [Fact]
    public async Task UndoAsync_ChangedSince_KeepsTheChangeAndSaysSo()
    {
        var (a, b) = (await AddAsync("a", "Ana"), await AddAsync("b", "Bea", "García", "en"));
        var second = $"{_tag}b2@example.com";
        await _f.Contacts.UpdateAsync(b, new ContactEdit { Addresses = [new(AddressKind.Email, $"{_tag}b@example.com"), new(AddressKind.Email, second)] }, null, "t", _ct);
        var merge = await MergeAsync(a, b);
        await _f.Contacts.UpdateAsync(a, new ContactEdit { LastName = "Gómez", Addresses = [new(AddressKind.Email, $"{_tag}a@example.com"), new(AddressKind.Email, $"{_tag}b@example.com")] }, null, "t", _ct);
        await _f.Contacts.BlockAsync(a, true, "t", _ct);
        await SqlAsync("DELETE FROM contact_tags WHERE tag_id = (SELECT id FROM tags WHERE name = @tag)", a, _tag + "b");
        await SqlAsync("DELETE FROM tags WHERE name = @tag", a, _tag + "b");

        var undone = await _f.Merges.UndoAsync(merge, "t", _ct);

        Assert.Equal(["addresses undoAddress", "blocked undoKept", "lastName undoKept", "tags undoTags"], undone.Kept.Select(k => $"{k.Path} {k.Code}").Order());
        var (ana, bea) = (await GetAsync(a), await GetAsync(b));
        Assert.Equal(("Ana", "Gómez", null), (ana.FirstName, ana.LastName, ana.Language));
        Assert.Equal(("Bea", "García", "en"), (bea.FirstName, bea.LastName, bea.Language));
        Assert.Equal(($"{_tag}a@example.com", $"{_tag}b@example.com"), (Assert.Single(ana.Addresses).Value, Assert.Single(bea.Addresses).Value));
        // Which of the two was meant is not known.
        Assert.NotNull(ana.BlockedAt);
        Assert.NotNull(bea.BlockedAt);
        Assert.Equal(("t", false), (Assert.Single(await _f.Merges.ListAsync(b, _ct)).UndoneBy, Assert.Single(await _f.Merges.ListAsync(a, _ct)).CanUndo));
    }

    [Fact]
    public async Task UndoAsync_WrittenToMeanwhile_TheMessageGoesWithItsAddress()
    {
        var (a, b) = (await AddAsync("a", "Ana"), await AddAsync("b", "Bea", "García"));
        var merge = await MergeAsync(a, b);
        await DeliverAsync(a, 2, a * 10, (await GetAsync(a)).Addresses[0].Id);
        await DeliverAsync(a, 2, (a * 10) + 1, (await GetAsync(a)).Addresses[1].Id);

        await _f.Merges.UndoAsync(merge, "t", _ct);

        Assert.Equal(["Ana García"], await SaidAsync(a));
        Assert.Equal(["Ana García"], await SaidAsync(b));
        Assert.Equal("Bea", (await GetAsync(b)).FirstName);
    }

    [Fact]
    public async Task UndoAsync_SeveralMerges_GoBackInTheOtherOrder()
    {
        var (a, b, c, d) = (await AddAsync("a"), await AddAsync("b"), await AddAsync("c"), await AddAsync("d"));
        foreach (var id in new[] { a, b, c, d }) await DeliverAsync(id, 1, id * 10);
        long[] merges = [await MergeAsync(b, c), await MergeAsync(b, d), await MergeAsync(a, b)];
        Assert.Equal(4, (await SaidAsync(a)).Count);
        Assert.Equal((CommandCode.Refused, "undoLater"), await RefusedAsync(merges[0]));
        Assert.Equal((CommandCode.Refused, "undoLater"), await RefusedAsync(merges[1]));

        foreach (var merge in merges.Reverse()) Assert.True((await _f.Merges.UndoAsync(merge, "t", _ct)).Result.IsDone);

        foreach (var (id, name) in new[] { (a, "a"), (b, "b"), (c, "c"), (d, "d") })
        {
            Assert.Equal($"{_tag}{name}@example.com", Assert.Single((await GetAsync(id)).Addresses).Value);
            Assert.Equal([name], await SaidAsync(id));
        }

        Assert.Equal((CommandCode.Refused, "undoDone"), await RefusedAsync(merges[0]));
        Assert.Equal(CommandCode.NotFound, (await _f.Merges.UndoAsync(long.MaxValue, "t", _ct)).Result.Code);
    }

    [Fact]
    public async Task UndoAsync_NoAddressLeftForOne_IsRefused()
    {
        var (a, b) = (await AddAsync("a"), await AddAsync("b"));
        var merge = await MergeAsync(a, b);
        await _f.Contacts.UpdateAsync(a, new ContactEdit { Addresses = [new(AddressKind.Email, $"{_tag}a@example.com")] }, null, "t", _ct);

        Assert.Equal((CommandCode.Refused, "undoNoAddress"), await RefusedAsync(merge));
    }

    [Fact]
    public async Task DeleteAsync_MergedContact_ErasesWhatWasKeptOfAll()
    {
        var (a, b, c) = (await AddAsync("a"), await AddAsync("b", "Beatriz"), await AddAsync("c", "Carla"));
        await _f.Duplicates.DismissAsync(c, await AddAsync("x"), "t", _ct);
        var first = await MergeAsync(b, c);
        var second = await MergeAsync(a, b);

        await _f.Contacts.DeleteAsync(a, "t", _ct);

        foreach (var id in new[] { a, b, c })
        {
            Assert.All(await _f.Merges.ListAsync(id, _ct), m => Assert.Null(m.Snapshot));
            Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM contact_revisions WHERE contact_id = @id", id));
            Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM contact_distinct WHERE a_id = @id OR b_id = @id", id));
        }

        Assert.Equal((CommandCode.Refused, "undoDeleted"), await RefusedAsync(first));
        Assert.Equal((CommandCode.Refused, "undoDeleted"), await RefusedAsync(second));
    }

    [Fact]
    public async Task DeleteAsync_ContactThatWasMergedOnce_LeavesNothingWithTheOther()
    {
        var (a, b) = (await AddAsync("a", "Ana"), await AddAsync("b", "", "Zuloaga"));
        var merge = await MergeAsync(a, b);
        await RenameAsync(a, "Anna");
        await _f.Merges.UndoAsync(merge, "t", _ct);
        Assert.Equal(2, await CountAsync("SELECT COUNT(*) FROM contact_revisions WHERE contact_id = @id AND body LIKE '%Zuloaga%'", a));

        await _f.Contacts.DeleteAsync(b, "t", _ct);

        Assert.Equal(0, await CountAsync("SELECT COUNT(*) FROM contact_revisions WHERE contact_id = @id AND body LIKE '%Zuloaga%'", a));
        Assert.Equal(1, await CountAsync("SELECT COUNT(*) FROM contact_revisions WHERE contact_id = @id", a));
        Assert.Null(Assert.Single(await _f.Merges.ListAsync(a, _ct)).Snapshot);
    }

    private async Task<long> MergeAsync(long a, long b)
    {
        var (id, result) = await _f.Merges.MergeAsync(Request(a, b), "t", _ct);
        Assert.True(result.IsDone, result.Message);
        return id;
    }

    private async Task<(CommandCode, string)> RefusedAsync(long merge)
    {
        var result = (await _f.Merges.UndoAsync(merge, "t", _ct)).Result;
        return (result.Code, Assert.Single(result.Problems).Code);
    }

    private static MergeRequest Request(long a, long b, params (string Name, string Choice)[] choices) => new() { PrimaryId = a, SecondaryId = b, Choices = choices.ToDictionary(c => c.Name, c => c.Choice) };

    private static IEnumerable<(string, string)> Choices(Random random) =>
        Standard.Where(_ => random.Next(2) == 0).Select(f => (f, random.Next(2) == 0 ? "primary" : "secondary"));

    private async Task<string> FieldAsync(string name)
    {
        await _f.Fields.CreateAsync($"{name} {_tag}", FieldType.Text, "test", cancellationToken: _ct);
        return $"{name} {_tag}".ToLowerInvariant().Replace(' ', '_');
    }

    private async Task<long> AddAsync(string name, string? first = null, string? last = null, string? language = null, params (string Slug, string Value)[] fields)
    {
        var (id, result) = await _f.Contacts.CreateAsync(new ContactEdit
        {
            FirstName = first ?? name, LastName = last, Language = language, Addresses = [new(AddressKind.Email, $"{_tag}{name}@example.com")], Tags = [_tag, _tag + name],
            Fields = fields.ToDictionary(f => f.Slug, f => (string?)f.Value),
        }, "t", _ct);
        Assert.True(result.IsDone, result.Message);
        return id;
    }

    private async Task<long> AddRandomAsync(Random random, string name, string field)
    {
        var id = await AddAsync(name, Maybe("Ana"), Maybe("García"), Maybe("es"), random.Next(2) == 0 ? [] : [(field, $"{random.Next(3)}")]);
        if (random.Next(2) == 0) await SqlAsync("UPDATE contacts SET blocked_at = @b WHERE id = @id", id, random.Next(1, 3));
        if (random.Next(2) == 0) await SqlAsync("UPDATE contacts SET last_interaction_at = @b WHERE id = @id", id, random.Next(1, 3));
        return id;

        string? Maybe(string value) => random.Next(2) == 0 ? "" : value + random.Next(3);
    }

    private async Task<ContactDetails> GetAsync(long id) => (await _f.Contacts.GetAsync(id, _ct))!;

    private Task<CommandResult> RenameAsync(long id, string name) => _f.Contacts.UpdateAsync(id, new ContactEdit { FirstName = name }, null, "t", _ct);

    // Everything of a contact but the numbers that every change moves on.
    private async Task<string> DescribeAsync(long id)
    {
        var contact = await GetAsync(id);
        return string.Join("; ", contact.Name, contact.Language, ContactReader.WriteFields(contact.Fields), string.Join(",", contact.Tags), string.Join(",", contact.Addresses), contact.CreatedAt, contact.BlockedAt,
            contact.LastInteractionAt, string.Join(",", await SaidAsync(id)), string.Join(",", await ImportsAsync(id)));
    }

    // What each message to the contact calls it, in the order of the messages.
    private Task<List<string?>> SaidAsync(long id) => _f.Database.ReadAsync(async connection =>
    {
        var wanted = (await connection.QueryAsync<(long, int)>("SELECT contact_id, contact_revision FROM deliveries WHERE contact_id = @id ORDER BY id", new { id })).AsList();
        var people = await _f.Queries.LoadForRenderingAsync(connection, wanted, [], _ct);
        return wanted.ConvertAll(w => people[w].Name);
    }, _ct);

    private Task<List<long>> ImportsAsync(long id) => _f.Database.ReadAsync(async c => (await c.QueryAsync<long>("SELECT import_id FROM import_contacts WHERE contact_id = @id ORDER BY import_id", new { id })).AsList(), _ct);

    private async Task ImportedAsync(long id, long import)
    {
        await SqlAsync("INSERT INTO imports (id, name, status, options, created_by, started_at) VALUES (@b, 'test', 1, '{}', 'test', @id) ON CONFLICT (id) DO NOTHING", id, import);
        await SqlAsync("INSERT INTO import_contacts (import_id, contact_id, outcome, revision) VALUES (@b, @id, 1, 1)", id, import);
    }

    private Task<int> DeliverAsync(long contact, int revision, long id, long? address = null) => _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync(
        "INSERT INTO deliveries (id, contact_id, contact_revision, address_id, channel_id, part, status, attempt) VALUES (@id, @contact, @revision, @address, 1, 0, 2, 1)", new { id, contact, revision, address }, t), _ct);

    private Task<long> CountAsync(string sql, long id) => _f.Database.ReadAsync(c => c.ExecuteScalarAsync<long>(sql, new { id }), _ct);

    private Task<int> SqlAsync(string sql, long id, long b) => _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, new { id, b }, t), _ct);

    private Task<int> SqlAsync(string sql, long id, string tag) => _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, new { id, tag }, t), _ct);

    private Task<int> SqlAsync(string sql, long b) => SqlAsync(sql, 0, b);
}

public sealed class SqliteMergeTests(SqliteContactsFixture fixture) : MergeTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresMergeTests(PostgresContactsFixture fixture) : MergeTests(fixture), IClassFixture<PostgresContactsFixture>;
