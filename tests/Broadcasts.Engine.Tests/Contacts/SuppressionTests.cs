using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Export;
using Broadcasts.Security;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

/// <summary>The suppression list on both databases.</summary>
public abstract class SuppressionTests
{
    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;
    private readonly string _tag = "s" + Guid.NewGuid().ToString("N")[..10];

    protected SuppressionTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task AddAsync_TwiceAndRemoved_TheFirstReasonStaysAndTheAuditSaysWhatWasThere()
    {
        var address = Mail("a");

        var (first, isNew, _) = await _f.Suppressions.AddAsync(AddressKind.Email, address.ToUpperInvariant(), SuppressionReason.OptedOut, _tag, cancellationToken: _ct);
        var (second, again, _) = await _f.Suppressions.AddAsync(AddressKind.Email, address, SuppressionReason.Manual, "somebody else", cancellationToken: _ct);

        Assert.Equal((true, false, address), (isNew, again, first!.Value));
        Assert.Equal(first, second);
        Assert.True((await _f.Suppressions.RemoveAsync(AddressKind.Email, address, _tag, cancellationToken: _ct)).IsDone);
        Assert.Equal(CommandCode.NotFound, (await _f.Suppressions.RemoveAsync(AddressKind.Email, address, _tag, cancellationToken: _ct)).Code);
        var audit = await _f.Audit.ListAsync(new AuditFilter { Subject = $"suppression:email:{address}" }, cancellationToken: _ct);
        Assert.Equal([("suppression.removed", _tag), ("suppression.added", _tag)], audit.Select(e => (e.Action, e.Actor)));
        Assert.Equal($"optedOut, {_tag}, 2026-11-22 12:00:00Z; all channels", audit[0].Detail);
    }

    [Fact]
    public async Task AddAsync_OutlivesTheContactAndHoldsForOneChannelOrAll()
    {
        var channel = await AddChannelAsync(AddressKind.Email);
        var (one, all) = (Mail("one"), Mail("all"));
        var (id, _) = await _f.Contacts.CreateAsync(new ContactEdit { Addresses = [new AddressEdit(AddressKind.Email, one), new AddressEdit(AddressKind.Email, all)] }, "test", _ct);
        await _f.Suppressions.AddAsync(AddressKind.Email, one, SuppressionReason.Bounced, "test", channel, _ct);
        await _f.Suppressions.AddAsync(AddressKind.Email, all, SuppressionReason.Manual, "test", cancellationToken: _ct);

        Assert.True((await _f.Contacts.DeleteAsync(id, "test", _ct)).IsDone);

        Assert.Equal([all], await _f.Suppressions.IsSuppressedAsync(AddressKind.Email, [one, all], channel + 1, _ct));
        Assert.Equal(2, (await _f.Suppressions.IsSuppressedAsync(AddressKind.Email, [one, all], channel, _ct)).Count);
        Assert.Equal(["Channel " + _tag, null], (await ListAsync(new SuppressionFilter { Search = _tag })).OrderBy(s => s.ChannelId == 0).Select(s => s.ChannelName));
        Assert.Equal(one, Assert.Single(await ListAsync(new SuppressionFilter { ChannelId = channel })).Value);
        Assert.Equal(all, Assert.Single(await ListAsync(new SuppressionFilter { ChannelId = 0, Search = _tag })).Value);
    }

    [Theory]
    [InlineData("nobody", 0, "noAt")]
    [InlineData("ana@example.com", 999_999, "channelGone")]
    [InlineData("ana@example.com", -1, "suppressionOtherKind")]
    public async Task AddAsync_WhatWouldStopNothing_IsRefused(string address, long channel, string code)
    {
        if (channel < 0) channel = await AddChannelAsync(AddressKind.Phone);

        var (entry, _, result) = await _f.Suppressions.AddAsync(AddressKind.Email, address, SuppressionReason.Manual, "test", channel, _ct);

        Assert.Null(entry);
        Assert.Equal(code, Assert.Single(result.Problems).Code);
    }

    [Fact]
    public async Task ListAsync_RowsComeAndGoBetweenPages_NothingTwiceAndNothingLost()
    {
        foreach (var n in Enumerable.Range(10, 20)) await _f.Suppressions.AddAsync(AddressKind.Email, Mail($"{n}"), SuppressionReason.Manual, "test", cancellationToken: _ct);
        var seen = new List<string>();
        SuppressionCursor? cursor = null;
        for (var page = 0; ; page++)
        {
            var found = await _f.Suppressions.ListAsync(new SuppressionFilter { Search = _tag }, cursor, 3, _ct);
            seen.AddRange(found.Items.Select(s => s.Value));
            if (found.Next is not { } next) break;
            Assert.True(SuppressionCursor.TryParse(next.ToString(), out var read));
            cursor = read;
            // Behind the page: the very entry that the cursor names goes, and one comes. Before it: one comes that would move every offset.
            await _f.Suppressions.RemoveAsync(AddressKind.Email, seen[^1], "test", cancellationToken: _ct);
            await _f.Suppressions.AddAsync(AddressKind.Email, Mail($"0{page}"), SuppressionReason.Manual, "test", cancellationToken: _ct);
        }

        Assert.Equal(Enumerable.Range(10, 20).Select(n => Mail($"{n}")), seen);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("MS4w")]
    [InlineData("no cursor!")]
    public void TryParse_NoCursor_IsFalse(string text) => Assert.False(SuppressionCursor.TryParse(text, out _));

    [Fact]
    public async Task ListAsync_Filters_NarrowTheList()
    {
        var digits = Random.Shared.Next(10_000_000, 99_999_999).ToString(System.Globalization.CultureInfo.InvariantCulture);
        await _f.Suppressions.AddAsync(AddressKind.Email, Mail("one"), SuppressionReason.Bounced, "test", cancellationToken: _ct);
        await _f.Suppressions.AddAsync(AddressKind.Email, Mail("two"), SuppressionReason.OptedOut, "test", cancellationToken: _ct);
        await _f.Suppressions.AddAsync(AddressKind.Phone, "+346" + digits, SuppressionReason.OptedOut, "test", cancellationToken: _ct);

        Assert.Equal([Mail("one")], (await ListAsync(new SuppressionFilter { Search = _tag, Reason = SuppressionReason.Bounced })).Select(s => s.Value));
        Assert.Equal(["+346" + digits], (await ListAsync(new SuppressionFilter { Kind = AddressKind.Phone, Search = $"+34 6{digits[..2]} {digits[2..5]} {digits[5..]}" })).Select(s => s.Value));
        Assert.Equal([Mail("two")], (await ListAsync(new SuppressionFilter { Search = Mail("TWO").ToUpperInvariant() })).Select(s => s.Value));
        Assert.Empty(await ListAsync(new SuppressionFilter { Search = _tag + "%" }));
        Assert.Empty(await ListAsync(new SuppressionFilter { Search = "\0" + _tag + "none" }));
    }

    [Fact]
    public async Task WriteAsync_HostileValues_CannotRunAndTheAuditSaysWhoTookThem()
    {
        await _f.Database.WriteAsync(t => _f.Suppressions.AddAsync(t, AddressKind.Telegram, ["=cmd|'" + _tag, "-100" + _tag, "a,\"" + _tag], SuppressionReason.Manual, "list:=1+1", 0), _ct);
        using var output = new StringWriter();

        Assert.Equal(3, await new SuppressionExport(_f.Suppressions, _f.Audit).WriteAsync(new SuppressionFilter { Search = _tag }, _tag, output, _ct));

        var lines = output.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("kind,address,channel,reason,source,since", lines[0]);
        Assert.Equal(
            [$"telegram,\"'=cmd|'{_tag}\",", $"telegram,\"a,\"\"{_tag}\",", $"telegram,'-100{_tag},"],
            lines[1..].Select(l => l.Replace(",manual,list:=1+1,2026-11-22T12:00:00Z", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(["3 entries; a search", "a search"], (await _f.Audit.ListAsync(new AuditFilter { Subject = "suppressions", Actor = _tag }, cancellationToken: _ct)).Select(e => e.Detail));
    }

    private string Mail(string name) => $"{name}-{_tag}@example.com".ToLowerInvariant();

    private async Task<IReadOnlyList<Suppression>> ListAsync(SuppressionFilter filter) => (await _f.Suppressions.ListAsync(filter, null, 100, _ct)).Items;

    private Task<long> AddChannelAsync(AddressKind kind) => _f.Database.WriteAsync(t => t.Connection!.QuerySingleAsync<long>(
        "INSERT INTO channels (name, name_key, transport, address_kind, settings, status, created_at, updated_at) VALUES (@name, @name, 'test', @kind, '{}', 0, 1, 1) RETURNING id",
        new { name = "Channel " + _tag, kind = (short)kind }, t), _ct);
}

public sealed class SqliteSuppressionTests(SqliteContactsFixture fixture) : SuppressionTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresSuppressionTests(PostgresContactsFixture fixture) : SuppressionTests(fixture), IClassFixture<PostgresContactsFixture>;
