using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Consent;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

public abstract class ContactStoreTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    protected ContactStoreTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task CreateAsync_FullContact_ComesBackNormalised()
    {
        var slug = Unique("c");
        await _f.Fields.CreateAsync(slug, FieldType.Number, "test", cancellationToken: _ct);
        var email = Unique("Ana") + "@Example.com";

        var (id, result) = await _f.Contacts.CreateAsync(new ContactEdit
        {
            FirstName = " Ana ",
            LastName = "López",
            Language = "Spanish",
            Country = "España",
            TimeZone = "europe/madrid",
            Addresses = [new AddressEdit(AddressKind.Email, email), new AddressEdit(AddressKind.Phone, "6" + Digits(8))],
            Tags = ["VIP", "vip", "new"],
            Fields = new Dictionary<string, string?> { [slug] = "5.0" },
        }, "test", _ct);

        Assert.True(result.IsDone, result.Message);
        var contact = await _f.Queries.GetAsync(id, _ct);
        Assert.Equal(("Ana", "López", "es", "ES", "Europe/Madrid", "Ana López"), (contact!.FirstName, contact.LastName, contact.Language, contact.Country, contact.TimeZone, contact.Name));
        Assert.Equal(email.ToLowerInvariant(), contact.Addresses[0].Value);
        Assert.StartsWith("+346", contact.Addresses[1].Value);
        Assert.Equal(["new", "VIP"], contact.Tags.Order(StringComparer.OrdinalIgnoreCase));
        Assert.Equal("5", contact.Fields[slug]);
        Assert.Equal(1, contact.Revision);
    }

    [Fact]
    public async Task CreateAsync_EverythingWrong_NamesEveryPlace()
    {
        var (_, result) = await _f.Contacts.CreateAsync(new ContactEdit
        {
            TimeZone = "Mars/Olympus",
            Addresses = [new AddressEdit(AddressKind.Email, "nobody"), new AddressEdit((AddressKind)99, "x")],
            Tags = [" "],
            Fields = new Dictionary<string, string?> { ["no_such_field"] = "1" },
        }, "test", _ct);

        Assert.Equal(CommandCode.Invalid, result.Code);
        Assert.Equal(["timeZone", "addresses[0].value", "addresses[1].kind", "tags[0]", "fields.no_such_field"], result.Problems.Select(p => p.Path));
    }

    [Fact]
    public async Task CreateAsync_AddressOfAnother_NamesTheOwner()
    {
        var email = Unique("a") + "@example.com";
        var (first, _) = await _f.Contacts.CreateAsync(WithEmail(email), "test", _ct);

        var (_, result) = await _f.Contacts.CreateAsync(WithEmail(email.ToUpperInvariant()), "test", _ct);

        var problem = Assert.Single(result.Problems);
        Assert.Equal("addressTaken", problem.Code);
        Assert.Contains($"contact {first}", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpdateAsync_Change_RaisesRevisionAndKeepsTheOldOneForRendering()
    {
        var slug = Unique("c");
        await _f.Fields.CreateAsync(slug, FieldType.Text, "test", cancellationToken: _ct);
        var email = Unique("a") + "@example.com";
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(email) with { FirstName = "Before", Tags = ["t"], Fields = new Dictionary<string, string?> { [slug] = "old" } }, "test", _ct);

        var result = await _f.Contacts.UpdateAsync(id, new ContactEdit
        {
            FirstName = "After",
            Addresses = [new AddressEdit(AddressKind.Email, "new" + email)],
            Fields = new Dictionary<string, string?> { [slug] = "" },
        }, 1, "test", _ct);

        Assert.True(result.IsDone, result.Message);
        Assert.Equal(2, result.Version);
        await using var connection = await _f.Database.OpenReadAsync(_ct);
        var old = (await _f.Queries.LoadForRenderingAsync(connection, [(id, 1)], [slug], _ct))[(id, 1)];
        var current = (await _f.Queries.LoadForRenderingAsync(connection, [(id, 2)], [slug], _ct))[(id, 2)];
        Assert.Equal(("Before", email, "old"), (old.FirstName, old.Email, old.Fields[slug]));
        Assert.Equal(("After", "new" + email), (current.FirstName, current.Email));
        Assert.Empty(current.Fields);
    }

    [Fact]
    public async Task UpdateAsync_NothingNew_ChangesNothing()
    {
        var email = Unique("a") + "@example.com";
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(email) with { FirstName = "Ana", Tags = ["T"] }, "test", _ct);

        var result = await _f.Contacts.UpdateAsync(id, WithEmail(email.ToUpperInvariant()) with { FirstName = "Ana", Tags = ["t"] }, null, "test", _ct);

        Assert.True(result.IsDone);
        Assert.Equal(1, (await _f.Queries.GetAsync(id, _ct))!.Revision);
    }

    [Fact]
    public async Task UpdateAsync_StaleRevision_IsRefused()
    {
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(Unique("a") + "@example.com"), "test", _ct);
        await _f.Contacts.AddTagsAsync(id, ["x"], "test", _ct);

        var result = await _f.Contacts.UpdateAsync(id, new ContactEdit { FirstName = "Late" }, 1, "test", _ct);

        Assert.Equal((CommandCode.Changed, 2), (result.Code, result.Version));
    }

    [Fact]
    public async Task Tags_AddedAndRemoved_AreCaseInsensitive()
    {
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(Unique("a") + "@example.com"), "test", _ct);

        await _f.Contacts.AddTagsAsync(id, ["One", "Two"], "test", _ct);
        await _f.Contacts.AddTagsAsync(id, ["one"], "test", _ct);
        await _f.Contacts.RemoveTagAsync(id, "TWO", "test", _ct);

        var contact = await _f.Queries.GetAsync(id, _ct);
        Assert.Equal("one", Assert.Single(contact!.Tags), ignoreCase: true);
        Assert.Equal(3, contact.Revision);
    }

    [Fact]
    public async Task BlockAsync_SetsAndClearsTheTime()
    {
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(Unique("a") + "@example.com"), "test", _ct);

        await _f.Contacts.BlockAsync(id, true, "test", _ct);
        Assert.NotNull((await _f.Queries.GetAsync(id, _ct))!.BlockedAt);
        await _f.Contacts.BlockAsync(id, false, "test", _ct);
        Assert.Null((await _f.Queries.GetAsync(id, _ct))!.BlockedAt);
    }

    [Fact]
    public async Task DeleteAsync_TakesEverythingOfThePerson()
    {
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(Unique("a") + "@example.com") with { Tags = ["t"] }, "test", _ct);
        await _f.Contacts.UpdateAsync(id, new ContactEdit { FirstName = "X" }, null, "test", _ct);

        Assert.True((await _f.Contacts.DeleteAsync(id, "test", _ct)).IsDone);

        await using var connection = await _f.Database.OpenReadAsync(_ct);
        foreach (var table in (string[])["addresses", "contact_tags", "contact_revisions"])
            Assert.Equal(0, await connection.ExecuteScalarAsync<long>($"SELECT COUNT(*) FROM {table} WHERE contact_id = @id", new { id }));
        Assert.Empty(await _f.Queries.LoadForRenderingAsync(connection, [(id, 1)], [], _ct));
        Assert.Equal(CommandCode.NotFound, (await _f.Contacts.DeleteAsync(id, "test", _ct)).Code);
    }

    [Fact]
    public async Task DeleteAsync_LeavesNoWordOfThePersonButTheOptOut()
    {
        var email = Unique("erase") + "@example.com";
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail(email), "test", _ct);
        await _f.Database.WriteAsync(async t =>
        {
            var values = new { id, email, delivery = 900_000_000_000L + id, cells = $"[\"Ana\",\"{email}\"]", part = $$"""{"type":"text","text":"Dear {{email}}"}""" };
            await t.Connection!.ExecuteAsync(
                """
                INSERT INTO deliveries (id, contact_id, contact_revision, channel_id, part, status, attempt) VALUES (@delivery, @id, 1, 1, 1, 5, 1);
                INSERT INTO attempts (delivery_id, attempt, at, outcome, code, detail) VALUES (@delivery, 1, 1, 3, '550', 'no user ' || @email);
                INSERT INTO messages (delivery_id, part, created_by, created_at) VALUES (@delivery, @part, 'test', 1);
                INSERT INTO import_errors (import_id, row_number, field, value, code, reason, cells) VALUES (@delivery, 1, 'phone', '12', 'length', 'No number.', @cells);
                """, values, t);
            foreach (var state in (ConsentState[])[ConsentState.Granted, ConsentState.Withdrawn])
                await ConsentLog.SayAsync(t, new ConsentEvent { Kind = AddressKind.Email, Value = email, State = state, Source = "form", Actor = "test", At = (long)state });
        }, _ct);

        Assert.True((await _f.Contacts.DeleteAsync(id, "test", _ct)).IsDone);

        await using var connection = await _f.Database.OpenReadAsync(_ct);
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE contact_id = @id", new { id }));
        Assert.Equal(("550", null), await connection.QuerySingleAsync<(string, string?)>("SELECT code, detail FROM attempts WHERE delivery_id = @row", new { row = 900_000_000_000L + id }));
        Assert.DoesNotContain(email, await connection.QuerySingleAsync<string>("SELECT part FROM messages WHERE delivery_id = @row", new { row = 900_000_000_000L + id }), StringComparison.Ordinal);
        Assert.Equal((null, null), await connection.QuerySingleAsync<(string?, string?)>("SELECT value, cells FROM import_errors WHERE import_id = @row", new { row = 900_000_000_000L + id }));
        Assert.Equal(ConsentState.Withdrawn, (ConsentState)await connection.QuerySingleAsync<int>("SELECT state FROM consents WHERE value = @email", new { email }));
        Assert.Single(await _f.Suppressions.IsSuppressedAsync(AddressKind.Email, [email], 0, _ct));
    }

    [Fact]
    public async Task UpsertAsync_MixedBatch_JudgesEachForItself()
    {
        var (known, other) = (Unique("k") + "@example.com", Unique("o") + "@example.com");
        var (knownId, _) = await _f.Contacts.CreateAsync(WithEmail(known) with { FirstName = "Old", Tags = ["a"] }, "test", _ct);
        var (otherId, _) = await _f.Contacts.CreateAsync(WithEmail(other), "test", _ct);
        var fresh = Unique("n") + "@example.com";

        var outcomes = await _f.Contacts.UpsertAsync(
        [
            WithEmail(known) with { FirstName = "New", Tags = ["b"] },
            WithEmail(other),
            WithEmail(fresh),
            WithEmail(fresh.ToUpperInvariant()),
            WithEmail("nonsense"),
            new ContactEdit { FirstName = "No address" },
            new ContactEdit { Addresses = [new AddressEdit(AddressKind.Telegram, Unique("t")), new AddressEdit(AddressKind.Email, Unique("n") + "@example.com")] },
        ], "test", _ct);

        Assert.Equal(
            [UpsertKind.Updated, UpsertKind.Unchanged, UpsertKind.Created, UpsertKind.Duplicate, UpsertKind.Invalid, UpsertKind.Invalid, UpsertKind.Created],
            outcomes.Select(o => o.Kind));
        Assert.Equal([knownId, otherId], outcomes.Take(2).Select(o => o.Id));
        var contact = await _f.Queries.GetAsync(knownId, _ct);
        Assert.Equal("New", contact!.FirstName);
        Assert.Equal(["a", "b"], contact.Tags);
        Assert.Equal(2, (await _f.Queries.GetAsync(outcomes[6].Id, _ct))!.Addresses.Count);
    }

    [Fact]
    public async Task UpsertAsync_AddressesOfTwoContacts_IsRefusedAndNothingMoves()
    {
        var (a, b) = (Unique("a") + "@example.com", Unique("b") + "@example.com");
        await _f.Contacts.CreateAsync(WithEmail(a), "test", _ct);
        await _f.Contacts.CreateAsync(WithEmail(b), "test", _ct);

        var outcome = Assert.Single(await _f.Contacts.UpsertAsync([new ContactEdit { Addresses = [new AddressEdit(AddressKind.Email, a), new AddressEdit(AddressKind.Email, b)] }], "test", _ct));

        Assert.Equal("twoContacts", Assert.Single(outcome.Problems).Code);
    }

    [Fact]
    public async Task UpsertAsync_SamePeopleFromManySidesAtOnce_LosesNoAddress()
    {
        var people = Enumerable.Range(0, 50).Select(_ => Unique("p")).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(side => Task.Run(() => _f.Contacts.UpsertAsync(
            [.. people.Select(p => new ContactEdit { Addresses = [new AddressEdit(AddressKind.Email, p + "@example.com"), new AddressEdit(AddressKind.Telegram, $"{p}-{side}")] })], "test", _ct), _ct)));

        foreach (var p in people)
        {
            var id = await _f.Queries.FindAsync(AddressKind.Email, p + "@example.com", cancellationToken: _ct);
            Assert.Equal(5, (await _f.Queries.GetAsync(id!.Value, _ct))!.Addresses.Count);
        }
    }

    [Fact]
    public async Task ListAsync_SearchAndTag_FindByNameAddressAndTagInPages()
    {
        var word = Unique("zz");
        for (var i = 0; i < 5; i++) await _f.Contacts.CreateAsync(WithEmail($"{word}{i}@example.com") with { FirstName = "Pat%ricia", Tags = i < 3 ? [word + "tag"] : [] }, "test", _ct);

        var first = await _f.Queries.ListAsync(new ContactFilter { Search = $"pat%r {word}" }, null, 3, _ct);
        var second = await _f.Queries.ListAsync(new ContactFilter { Search = $"pat%r {word}" }, first.Next, 3, _ct);

        Assert.Equal((3, 2), (first.Items.Count, second.Items.Count));
        Assert.Null(second.Next);
        Assert.Equal(5, first.Items.Concat(second.Items).Select(c => c.Id).Distinct().Count());
        Assert.Equal(3, (await _f.Queries.ListAsync(new ContactFilter { Tag = (word + "TAG").ToUpperInvariant() }, null, 10, _ct)).Items.Count);
        Assert.Equal(3, (await _f.Queries.ListAsync(new ContactFilter { Search = word + "tag" }, null, 10, _ct)).Items.Count);
        Assert.Equal(new ContactCount(4, false), await _f.Queries.CountAsync(new ContactFilter { Search = word }, 4, _ct));
        Assert.Empty((await _f.Queries.ListAsync(new ContactFilter { Search = "pat_r " + word }, null, 10, _ct)).Items);
    }

    [Fact]
    public async Task ListAsync_SearchForAnAddress_FindsItsBeginningAndOtherwiseAnyPartOfIt()
    {
        var word = Unique("qx");
        var digits = word.Select(c => (char)('0' + (c % 10))).Take(9).Aggregate("", (text, c) => text + c);
        var (one, _) = await _f.Contacts.CreateAsync(WithEmail($"{word}.one@shop.example") with { FirstName = $"{word}named" }, "test", _ct);
        var (two, _) = await _f.Contacts.CreateAsync(WithEmail($"two.{word}.one@shop.example"), "test", _ct);
        var (phone, _) = await _f.Contacts.CreateAsync(new ContactEdit { LastName = word + "phone", Addresses = [new AddressEdit(AddressKind.WhatsApp, "99" + digits)] }, "test", _ct);

        Assert.Equal([one], await FoundAsync(word + ".ONE@"));
        Assert.Equal([two], await FoundAsync($"o.{word}"));
        // A name has it anywhere; an address that begins with it is found, one that merely has it is not.
        Assert.Equal([phone, one], await FoundAsync(word));
        Assert.Equal([phone], await FoundAsync("99" + digits));
        Assert.Equal([phone], await FoundAsync($"{digits} {word}"));
        Assert.Empty(await FoundAsync(word + "%"));

        async Task<IEnumerable<long>> FoundAsync(string search) => (await _f.Queries.ListAsync(new ContactFilter { Search = search }, null, 10, _ct)).Items.Select(c => c.Id);
    }

    [Theory]
    [InlineData("\u00D3scar", "\u00F3SCAR"), InlineData("GARC\u00CDA", "garc\u00EDa"), InlineData("garc\u00EDa", "GARC\u00CDA"), InlineData("O\u011Fuz", "o\u011EUZ"), InlineData("Diego", "iEg"), InlineData("\u00D1[a*?^]", "\u00F1[A*?^]")]
    public async Task ListAsync_SearchForANameInOtherCapitals_IsFound(string name, string search)
    {
        var word = Unique("w");
        var (id, _) = await _f.Contacts.CreateAsync(WithEmail($"{word}@example.com") with { LastName = name }, "test", _ct);

        Assert.Equal([id], (await _f.Queries.ListAsync(new ContactFilter { Search = $"{word} {search}" }, null, 10, _ct)).Items.Select(c => c.Id));
        Assert.Empty((await _f.Queries.ListAsync(new ContactFilter { Search = $"{word} {search}x" }, null, 10, _ct)).Items);
    }

    [Fact]
    public async Task Fields_SameSlug_IsRefusedAndOptionsStay()
    {
        var name = Unique("Nivel");
        var (id, made) = await _f.Fields.CreateAsync(name, FieldType.List, "test", ["Gold", "Silver"], _ct);
        Assert.True(made.IsDone, made.Message);

        Assert.Equal("fieldExists", Assert.Single((await _f.Fields.CreateAsync(name.ToUpperInvariant(), FieldType.Text, "test", cancellationToken: _ct)).Result.Problems).Code);
        Assert.Equal(["Gold", "Silver"], (await _f.Fields.ListAsync(_ct)).Single(f => f.Id == id).Options);
        Assert.True((await _f.Fields.DeleteAsync(id, "test", _ct)).IsDone);
    }

    [Fact]
    public async Task Tags_RenamedOntoAnother_IsRefused()
    {
        var (a, b) = (Unique("A"), Unique("B"));
        var (id, _) = await _f.Tags.CreateAsync(a, "test", _ct);
        await _f.Tags.CreateAsync(b, "test", _ct);

        Assert.Equal("tagExists", Assert.Single((await _f.Tags.RenameAsync(id, b.ToUpperInvariant(), "test", _ct)).Problems).Code);
        Assert.True((await _f.Tags.DeleteAsync(id, "test", _ct)).IsDone);
        Assert.DoesNotContain(await _f.Tags.ListAsync(_ct), t => t.Id == id);
    }

    private static ContactEdit WithEmail(string email) => new() { Addresses = [new AddressEdit(AddressKind.Email, email)] };

    private static string Unique(string prefix) => prefix + Guid.NewGuid().ToString("N")[..12];

    private static string Digits(int count) => string.Concat(Enumerable.Range(0, count).Select(_ => Random.Shared.Next(10)));
}

public sealed class SqliteContactStoreTests(SqliteContactsFixture fixture) : ContactStoreTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresContactStoreTests(PostgresContactsFixture fixture) : ContactStoreTests(fixture), IClassFixture<PostgresContactsFixture>
{
    [Fact]
    public async Task ListAsync_SearchForANameWithTheTurkishCapital_IsFound()
    {
        var (id, _) = await fixture.Contacts.CreateAsync(new ContactEdit { LastName = "\u0130brahim", Addresses = [new AddressEdit(AddressKind.Telegram, "777000777")] }, "test", TestContext.Current.CancellationToken);

        Assert.Equal([id], (await fixture.Queries.ListAsync(new ContactFilter { Search = "777000777 ibrah" }, null, 10, TestContext.Current.CancellationToken)).Items.Select(c => c.Id));
    }
}
