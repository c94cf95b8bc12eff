using Broadcasts.Broadcasting;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts.Merge;

public abstract class DuplicateTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    protected DuplicateTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task ListAsync_PeopleWhoAreThereTwice_ComeWithTheReasonUntilSomebodySaysOtherwise()
    {
        var phone = await AddAsync((AddressKind.Phone, "+34600111222"));
        var whatsapp = await AddAsync((AddressKind.WhatsApp, "34600111222"));
        var mexican = await AddAsync((AddressKind.WhatsApp, "525512345678"));
        var old = await AddAsync((AddressKind.Phone, "+525512345678"));
        var email = await AddAsync((AddressKind.Email, "ana.lopez@example.com"));
        var chat = await AddAsync((AddressKind.WebChat, "Ana.Lopez@example.com"));
        var dots = await AddAsync((AddressKind.Email, "j.doe+shop@gmail.com"), (AddressKind.Phone, "+34600111333"));
        var plain = await AddAsync((AddressKind.Email, "jdoe@googlemail.com"), (AddressKind.WhatsApp, "34600111333"));
        await AddAsync((AddressKind.Email, "j.doe@example.com"));
        await AddAsync((AddressKind.Email, "jdoe@example.com"));
        await AddAsync((AddressKind.Phone, "+34600111444"), (AddressKind.WhatsApp, "34600111444"));
        await _f.Database.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE addresses SET value = '+5215512345678' WHERE kind = 2 AND value = '+525512345678'", transaction: t), _ct);

        var page = await _f.Duplicates.ListAsync(null, 50, _ct);

        Assert.Null(page.Next);
        Assert.Equal(
            [
                (phone, whatsapp, "SameNumber +34600111222 34600111222"), (mexican, old, "SameNumber 525512345678 +5215512345678"), (email, chat, "SameEmail ana.lopez@example.com Ana.Lopez@example.com"),
                (dots, plain, "SameNumber +34600111333 34600111333, SameMailbox j.doe+shop@gmail.com jdoe@googlemail.com"),
            ],
            page.Items.Select(p => (p.First.Id, p.Second.Id, string.Join(", ", p.Signs.Select(s => $"{s.Reason} {s.First} {s.Second}")))));

        Assert.True((await _f.Duplicates.DismissAsync(plain, dots, "t", _ct)).IsDone);
        Assert.True((await _f.Duplicates.DismissAsync(dots, plain, "t", _ct)).IsDone);
        Assert.Equal(CommandCode.NotFound, (await _f.Duplicates.DismissAsync(plain, long.MaxValue, "t", _ct)).Code);
        Assert.Equal(CommandCode.Invalid, (await _f.Duplicates.DismissAsync(plain, plain, "t", _ct)).Code);
        Assert.Equal([phone, mexican, email], (await _f.Duplicates.ListAsync(null, 50, _ct)).Items.Select(p => p.First.Id));

        // What was said of somebody holds for whom they are merged into, and only as long.
        var third = await AddAsync((AddressKind.Email, "third@example.com"));
        var (merge, _) = await _f.Merges.MergeAsync(new MergeRequest { PrimaryId = third, SecondaryId = plain }, "t", _ct);
        Assert.Equal([phone, mexican, email], (await _f.Duplicates.ListAsync(null, 50, _ct)).Items.Select(p => p.First.Id));
        await _f.Merges.UndoAsync(merge, "t", _ct);
        Assert.Equal(1, await _f.Database.ReadAsync(c => c.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM contact_distinct"), _ct));

        List<long> paged = [];
        for (long? cursor = null; ;)
        {
            var one = await _f.Duplicates.ListAsync(cursor, 1, _ct);
            paged.AddRange(one.Items.Select(p => p.First.Id));
            if ((cursor = one.Next) is null) break;
        }

        Assert.Equal([phone, mexican, email], paged);
    }

    private async Task<long> AddAsync(params (AddressKind Kind, string Value)[] addresses)
    {
        var (id, result) = await _f.Contacts.CreateAsync(new ContactEdit { Addresses = [.. addresses.Select(a => new AddressEdit(a.Kind, a.Value))] }, "t", _ct);
        Assert.True(result.IsDone, result.Message);
        return id;
    }
}

public sealed class SqliteDuplicateTests(SqliteContactsFixture fixture) : DuplicateTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresDuplicateTests(PostgresContactsFixture fixture) : DuplicateTests(fixture), IClassFixture<PostgresContactsFixture>;
