using System.Globalization;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Deliveries;
using CsCheck;
using Dapper;
using Xunit;

namespace Broadcasts.Audiences;

/// <summary>Random rules over random contacts: the database and the plain evaluation in memory name the same people.</summary>
public abstract class SegmentPropertyTests
{
    private const int People = 300;
    private const int Rules = 800;

    private static readonly string[] Words = ["Ana", "ana", "ANA", "José", "JOSÉ", "Zoë", "a%b", "a_b", "a\\b", "Łukasz", "李", "🙂", "O'Neil", "x\"y", "ana maría", "İ", "ß"];
    private static readonly string[] Countries = ["ES", "US", "MX", "Cataluña"];
    private static readonly string[] Languages = ["es", "en", "pt-BR"];
    private static readonly string[] TagNames = ["vip", "New", "Viejo", "ÑANDÚ", "a,b"];
    private static readonly string[] Slugs = ["city", "score", "birthday", "vip"];
    private static readonly string[] FieldTexts =
        ["Madrid", "MADRID", "5", "5.5", "-12.25", "007", "1e5", "10", "100", "", ".5", "5.", "-", "2026-11-20", "2026-11-22", "1999-01-01", "9999-12-31", "2026-1-1", "____-__-__", "true", "false", "José", "Gold", "Gold, Silver", "silver, Bronze", "a_b, Gold"];

    private static readonly string[] Days = ["2026-11-15", "2026-11-20", "2026-11-22", "2026-03-29", "1999-01-01"];
    private static readonly long?[] Starts = [null, ContactsFixture.Start.AddDays(-10).ToUnixTimeMilliseconds(), ContactsFixture.Start.AddDays(-3).ToUnixTimeMilliseconds(), null];
    private static readonly string[] Zones = ["Europe/Madrid", "America/Bogota", "Pacific/Auckland"];

    private readonly ContactsFixture _f;
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    protected SegmentPropertyTests(ContactsFixture fixture)
    {
        Assert.SkipWhen(fixture.Missing is not null, fixture.Missing ?? "");
        _f = fixture;
    }

    [Fact]
    public async Task Compile_RandomRulesOverRandomContacts_AgreeWithTheEvaluator()
    {
        var people = await SeedAsync();
        var now = ContactsFixture.Start.ToUnixTimeMilliseconds();
        await using var connection = await _f.Database.OpenReadAsync(_ct);
        var matches = 0L;
        var bound = (Empty: 0, Full: 0);

        RuleJson.Sample(json =>
        {
            var rule = SegmentRule.Parse(json, out var problems);
            Assert.True(rule is not null, $"{json}: {string.Join("; ", problems.Select(p => p.Path + " " + p.Message))}");

            var condition = SegmentCompiler.Compile(rule, _f.Database.Dialect, now);
            var found = connection.Query<long>($"SELECT c.id FROM contacts c WHERE c.id > @after AND c.id <= @upTo AND ({condition.Sql}) ORDER BY c.id", Parameters(condition)).ToList();
            var expected = people.Where(p => SegmentEvaluator.Matches(rule, p.Value, now, b => b < Starts.Length ? Starts[b] : null)).Select(p => p.Key).Order().ToList();

            Assert.True(expected.SequenceEqual(found), $"{json}\n{condition.Sql}\nonly in memory: {Show(expected.Except(found))}\nonly in the database: {Show(found.Except(expected))}");
            Interlocked.Add(ref matches, found.Count);
            bound = (bound.Empty + (found.Count == 0 ? 1 : 0), bound.Full + (found.Count == People ? 1 : 0));
        }, iter: Rules, threads: 1);

        // Rules that mean nobody or everybody would agree on anything.
        Assert.InRange(bound.Empty + bound.Full, 0, Rules * 6 / 10);
        TestContext.Current.TestOutputHelper?.WriteLine($"{Rules} rules, {People} contacts, {matches} matches, {bound.Empty} empty, {bound.Full} full");

        string Show(IEnumerable<long> ids) => string.Join(", ", ids.Take(3).Select(id => $"{id}: {System.Text.Json.JsonSerializer.Serialize(people[id])}"));
    }

    private static DynamicParameters Parameters(SqlCondition condition)
    {
        var parameters = new DynamicParameters(condition.Parameters);
        parameters.Add("after", 0L);
        parameters.Add("upTo", long.MaxValue);
        return parameters;
    }

    private async Task<Dictionary<long, SegmentContact>> SeedAsync()
    {
        // The same people in every run, so that a failure can be looked at again; the rules are new each time.
        var people = Enumerable.Range(0, People).Select(i => Contact.Generate(new PCG((uint)i + 1, 42), null, out _)).ToList();
        return await _f.Database.WriteAsync(async transaction =>
        {
            var tagIds = await _f.Tags.EnsureAsync(transaction, TagNames, 1);
            var byId = new Dictionary<long, SegmentContact>();
            for (var b = 1; b < Starts.Length; b++)
                await transaction.Connection!.ExecuteAsync("INSERT INTO broadcasts (id, name, status, started_at, created_at, updated_at, created_by) VALUES (@b, 'b', 2, @at, 1, 1, 'test')", new { b, at = Starts[b] }, transaction);
            await transaction.Connection!.ExecuteAsync("INSERT INTO imports (id, name, status, options, created_by, started_at, consent_source) VALUES (1, 'fair.csv', 2, '{}', 'test', 1, 'the fair'), (2, 'old.csv', 2, '{}', 'test', 1, NULL)", transaction: transaction);
            for (var i = 0; i < people.Count; i++)
            {
                var person = people[i];
                var id = await transaction.Connection!.ExecuteScalarAsync<long>(
                    $"""
                    INSERT INTO contacts (first_name, last_name, language, country, time_zone, fields, created_at, updated_at, last_interaction_at, blocked_at)
                    VALUES (@FirstName, @LastName, @Language, @Country, @TimeZone, {_f.Database.Dialect.ToJson("@Json")}, @CreatedAt, @UpdatedAt, @LastInteractionAt, @blocked) RETURNING id
                    """,
                    new { person.FirstName, person.LastName, person.Language, person.Country, person.TimeZone, Json = ContactReader.WriteFields(person.Fields), person.CreatedAt, person.UpdatedAt, person.LastInteractionAt, blocked = person.IsBlocked ? 1L : (long?)null },
                    transaction);
                // Addresses are unique: the drawn ones get the contact's number, but for those that only one contact drew.
                var addresses = person.Addresses.Select(a => (a.Kind, Value: a.Kind == AddressKind.Phone ? $"+346{i:00000000}" : $"{a.Value}{i}")).Distinct().ToList();
                foreach (var (kind, value) in addresses)
                    await transaction.Connection!.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) VALUES (@id, @kind, @value, 1)", new { id, kind = (short)kind, value }, transaction);
                foreach (var tag in person.Tags)
                    await transaction.Connection!.ExecuteAsync("INSERT INTO contact_tags (contact_id, tag_id) VALUES (@id, @tag)", new { id, tag = tagIds[TagStore.Key(tag)] }, transaction);
                foreach (var import in person.Imports)
                    await transaction.Connection!.ExecuteAsync("INSERT INTO import_contacts (import_id, contact_id, outcome) VALUES (@import, @id, 1)", new { import, id }, transaction);
                foreach (var (n, d) in person.Deliveries.Index())
                    await transaction.Connection!.ExecuteAsync(
                        """
                        INSERT INTO deliveries (id, contact_id, sent_at, delivered_at, read_at, ended_at, replied_at, clicked_at, opted_out_at, contact_revision, channel_id, part, status, attempt)
                        VALUES (@row, @id, @SentAt, @DeliveredAt, @ReadAt, @EndedAt, @RepliedAt, @ClickedAt, @OptedOutAt, 1, 1, 1, @status, 1)
                        """, new { row = DeliveryId.Of(d.BroadcastId, (i * 10) + n), id, d.SentAt, d.DeliveredAt, d.ReadAt, d.EndedAt, d.RepliedAt, d.ClickedAt, d.OptedOutAt, status = (short)d.Status }, transaction);
                if (addresses.Count == 0) person = person with { SuppressedOn = [] };
                foreach (var channel in person.SuppressedOn)
                    await transaction.Connection!.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) VALUES (@kind, @value, @channel, 1, 'test', 1)", new { kind = (short)addresses[0].Kind, value = addresses[0].Value, channel }, transaction);
                byId.Add(id, await SayAsync(transaction, person with { Addresses = addresses }));
            }

            return byId;
        }, _ct);
    }

    // What was said about the first address; whoever was in the first file agreed there, unless he said otherwise since.
    private static async Task<SegmentContact> SayAsync(System.Data.Common.DbTransaction transaction, SegmentContact person)
    {
        var byFile = person.Imports.Contains(1) ? ConsentState.Granted : (ConsentState?)null;
        if (person.Addresses is not [var first, ..] || person.Consent is not { } state) return person with { Consent = byFile };
        await ConsentLog.SayAsync(transaction, new ConsentEvent { Kind = first.Kind, Value = first.Value, ChannelId = 900, State = state, Source = "test", Actor = "test", At = 1 });
        return person with { Consent = state == ConsentState.Granted ? byFile ?? state : state, SuppressedOn = state == ConsentState.Granted ? person.SuppressedOn : [.. person.SuppressedOn, 900] };
    }

    private static readonly Gen<string?> Word = Gen.Frequency<string?>((1, Gen.Const((string?)null)), (4, Pick(Words).Select(w => (string?)w)));

    private static readonly Gen<long> Moment = Gen.Long[-20, 3].Select(Gen.Long[0, 86_399_999], (day, ms) => ContactsFixture.Start.ToUnixTimeMilliseconds() + day * 86_400_000 + ms);

    private static readonly Gen<long?> MaybeMoment = Gen.Frequency<long?>((1, Gen.Const((long?)null)), (1, Moment.Select(m => (long?)m)));

    private static readonly Gen<SegmentDelivery> Delivery =
        from broadcast in Gen.Long[1, 4]
        from status in Gen.Enum<DeliveryStatus>()
        from times in MaybeMoment.Array[7]
        select new SegmentDelivery(broadcast, status) { SentAt = times[0], DeliveredAt = times[1], ReadAt = times[2], EndedAt = times[3], RepliedAt = times[4], ClickedAt = times[5], OptedOutAt = times[6] };

    private static readonly Gen<SegmentContact> Contact =
        from first in Word
        from last in Word
        from language in Pick<string?>([null, .. Languages])
        from country in Pick<string?>([null, .. Countries])
        from zone in Pick<string?>([null, .. Zones])
        from created in Moment
        from interaction in Gen.Frequency<long?>((1, Gen.Const((long?)null)), (2, Moment.Select(m => (long?)m)))
        from addresses in Pick(AddressKind.Email, AddressKind.Phone, AddressKind.Telegram, AddressKind.WebChat).Select(Pick("ana", "Bob", "x_y", "z%"), (k, v) => (k, v)).List[0, 3]
        from tags in Pick(TagNames).List[0, 3]
        from fields in Pick(Slugs).Select(Pick(FieldTexts), (slug, text) => (slug, text)).List[0, 4]
        from imports in Gen.Long[1, 3].List[0, 2]
        from isBlocked in Gen.Bool
        from suppressed in Gen.Long[0, 2].List[0, 2]
        from deliveries in Delivery.List[0, 3]
        from consent in Pick<ConsentState?>(null, ConsentState.Granted, ConsentState.Withdrawn, ConsentState.Pending)
        select new SegmentContact
        {
            FirstName = first,
            LastName = last,
            Language = language,
            Country = country,
            TimeZone = zone,
            CreatedAt = created,
            UpdatedAt = created,
            LastInteractionAt = interaction,
            Addresses = addresses,
            Tags = [.. tags.Distinct()],
            Fields = fields.GroupBy(f => f.slug).ToDictionary(g => g.Key, g => g.First().text),
            Imports = [.. imports.Distinct()],
            IsBlocked = isBlocked,
            SuppressedOn = [.. suppressed.Distinct()],
            Deliveries = deliveries,
            Consent = consent,
        };

    private static readonly Gen<string> TextValue = Pick([.. Words, .. Countries, .. Languages, "an", "a", "5"]).Select(Quote);
    private static readonly Gen<string> FieldValue = Pick([.. FieldTexts.Where(t => t.Length > 0), "Mad", "5.0"]).Select(Quote);
    private static readonly Gen<string> Number = Pick("-12.25", "0", "5", "5.5", "7", "10", "99.999", "100000");
    private static readonly Gen<string> Day = Pick(Days).Select(Quote);
    private static readonly Gen<string> When = Gen.Frequency<string>((3, Day), (1, Moment.Select(m => Quote(DateTimeOffset.FromUnixTimeMilliseconds(m).ToString("O", CultureInfo.InvariantCulture)))));
    private static readonly Gen<string> Zone = Gen.Frequency<string>((2, Gen.Const("")), (1, Pick(Zones).Select(z => $",\"timeZone\":{Quote(z)}")));

    private static readonly Gen<string> Past = Pick([.. SegmentHistory.All.Select(h => h.Name)]);

    private static readonly Gen<string> Condition = AnyOf(
        Texts(Pick("first_name", "last_name", "language", "country", "time_zone"), TextValue),
        Texts(Pick("email", "phone", "telegram", "webchat"), Pick("ana1", "ANA2", "Bob7", "x_y", "z%", "+34600000003", "6000", "o").Select(Quote)),
        Texts(Pick(Slugs).Select(s => "contact." + s), FieldValue),
        Gen.Select(Pick(Slugs), Pick("greaterThan", "lessThan"), Number, (s, op, n) => Json("contact." + s, op, n)),
        Gen.Select(Pick(Slugs), Number, Number, (s, a, b) => Json("contact." + s, "between", $"[{a},{b}]")),
        Gen.Select(Pick(Slugs), Pick("before", "after"), Day, (s, op, d) => Json("contact." + s, op, d)),
        Gen.Select(Pick(Slugs), Day, Day, (s, a, b) => Json("contact." + s, "between", $"[{a},{b}]")),
        Gen.Select(Pick([.. Slugs.Select(s => "contact." + s), "created_at", "last_interaction_at"]), Gen.Int[1, 30], Zone, (s, n, z) => Json(s, "inLastDays", n.ToString(CultureInfo.InvariantCulture), z)),
        Gen.Select(Pick("created_at", "last_interaction_at"), Pick("is", "before", "after"), When, Zone, (s, op, d, z) => Json(s, op, d, z)),
        Gen.Select(When, When, Zone, (a, b, z) => Json("last_interaction_at", "between", $"[{a},{b}]", z)),
        Pick("exists", "doesNotExist").Select(op => Json("last_interaction_at", op, null)),
        Gen.Select(Pick("hasAnyOf", "hasAllOf", "hasNoneOf"), Pick([.. TagNames, "VIP", "ñandú", "unknown"]).Select(Quote).List[1, 3], (op, tags) => Json("tag", op, List(tags))),
        Gen.Select(Pick(Slugs), Pick("hasAnyOf", "hasAllOf", "hasNoneOf"), Pick("Gold", "SILVER", "bronze", "a_b", "axb", "5").Select(Quote).List[1, 3], (s, op, held) => Json("contact." + s, op, List(held))),
        Pick("email", "phone", "telegram", "instagram").Select(Quote).List[1, 2].Select(k => Json("channel", "hasAddress", List(k))),
        Gen.Select(Past, Pick("inBroadcast", "notInBroadcast"), Gen.Int[1, 5].Select(b => b.ToString(CultureInfo.InvariantCulture)).List[1, 2], (s, op, b) => Json(s, op, List(b))),
        Gen.Select(Past, Pick("sinceBroadcast", "notSinceBroadcast"), Gen.Int[1, 5], (s, op, b) => Json(s, op, b.ToString(CultureInfo.InvariantCulture))),
        Gen.Select(Past, Pick("inLastDays", "notInLastDays"), Gen.Int[1, 25], (s, op, n) => Json(s, op, n.ToString(CultureInfo.InvariantCulture))),
        Gen.Select(Past, Pick("exists", "doesNotExist"), (s, op) => Json(s, op, null)),
        Gen.Select(Pick("blocked", "suppressed"), Pick("true", "false"), (s, v) => Json(s, "is", v)),
        Gen.Select(Pick("is", "isNot"), Pick(SegmentConsent.Words).Select(Quote), (op, v) => Json("consent", op, v)),
        Gen.Select(Pick("onChannel", "notOnChannel"), Gen.Int[1, 3], (op, c) => Json("suppressed", op, c.ToString(CultureInfo.InvariantCulture))),
        Gen.Select(Pick("is", "isNot"), Gen.Int[1, 4], (op, n) => Json("import", op, n.ToString(CultureInfo.InvariantCulture))));

    private static readonly Gen<string> RuleJson = Node(SegmentRule.Deepest);

    private static Gen<string> Node(int depth)
    {
        if (depth == 0) return Condition;
        var group = Gen.Select(Pick("all", "any"), Node(depth - 1).List[1, 3], (join, members) => $$"""{"{{join}}":{{List(members)}}}""");
        return Gen.Frequency<string>((2, Condition), (3, group), (1, group.Select(g => $$"""{"not":{{g}}}""")));
    }

    private static Gen<string> Texts(Gen<string> subject, Gen<string> value) => AnyOf(
        Gen.Select(subject, Pick("is", "isNot", "contains", "startsWith"), value, (s, op, v) => Json(s, op, v)),
        Gen.Select(subject, Pick("isAnyOf", "isNoneOf"), value.List[1, 3], (s, op, v) => Json(s, op, List(v))),
        Gen.Select(subject, Pick("exists", "doesNotExist"), (s, op) => Json(s, op, null)));

    private static string Json(string field, string op, string? value, string more = "") =>
        $$"""{"field":"{{field}}","op":"{{op}}"{{(value is null ? "" : $",\"value\":{value}")}}{{more}}}""";

    private static Gen<T> Pick<T>(params T[] values) => Gen.OneOf(values);

    private static Gen<string> AnyOf(params IGen<string>[] gens) => Gen.OneOf(gens);

    private static string List(IEnumerable<string> members) => "[" + string.Join(",", members) + "]";

    private static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}

public sealed class SqliteSegmentPropertyTests(SqliteContactsFixture fixture) : SegmentPropertyTests(fixture), IClassFixture<SqliteContactsFixture>;

public sealed class PostgresSegmentPropertyTests(PostgresContactsFixture fixture) : SegmentPropertyTests(fixture), IClassFixture<PostgresContactsFixture>;
