using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Templates.Library;
using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>Templates: their versions, what they refuse, and the broadcasts that take them.</summary>
public sealed class TemplateLibraryTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Library_FromFirstSaveToDelete_KeepsEveryVersion(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var (store, queries) = (engine.Get<TemplateStore>(), engine.Get<TemplateQueries>());
        var (id, made) = await store.CreateAsync(Edit("Welcome", ("en", "Hello")), "test");
        EngineUnderTest.Require(made);

        Assert.Equal("templateExists", Assert.Single((await store.CreateAsync(Edit("WELCOME", ("en", "Hi")), "test")).Result.Problems).Code);
        Assert.Equal(2, (await store.UpdateAsync(id, Edit("Welcome", ("en", "Hello"), ("Spanish", "Hola")) with { Note = " Spanish too " }, 1, "user:1")).Version);
        Assert.Equal(2, (await store.UpdateAsync(id, Edit("Welcome", ("en", "Hello"), ("es", "Hola")) with { Note = "nothing" }, 2, "test")).Version);
        Assert.Equal((CommandCode.Changed, 2), await store.UpdateAsync(id, Edit("Welcome", ("en", "Other")), 1, "test") is var stale ? (stale.Code, stale.Version) : default);
        Assert.Equal(3, (await store.RestoreAsync(id, 1, 2, "user:2")).Version);
        Assert.Equal(CommandCode.NotFound, (await store.RestoreAsync(id, 9, 3, "test")).Code);

        var versions = await queries.VersionsAsync(id, null, 10);
        Assert.Equal([(3, null, 1, "user:2"), (2, "Spanish too", null, "user:1"), (1, null, (int?)null, "test")], versions.Select(v => (v.Version, v.Note, v.RestoredFrom, v.Author)));
        Assert.Equal([2, 1], (await queries.VersionsAsync(id, 3, 10)).Select(v => v.Version));
        Assert.Equal(["en", "es"], (await queries.GetVersionAsync(id, 2))!.ReadContent().Select(c => c.Language));
        Assert.Equal("en", (await queries.GetAsync(id))!.Languages);

        var (copy, copied) = await store.DuplicateAsync(id, "test");
        EngineUnderTest.Require(copied);
        Assert.Equal("Welcome (copy)", (await queries.GetAsync(copy))!.Name);
        Assert.Equal("Welcome (copy 2)", (await queries.GetAsync((await store.DuplicateAsync(id, "test")).Id))!.Name);
        var first = await queries.PageAsync("welcome", archived: false, null, 2);
        Assert.Equal(["Welcome", "Welcome (copy 2)"], first.Items.Select(t => t.Name));
        Assert.Equal("Welcome (copy)", Assert.Single((await queries.PageAsync("welcome", archived: false, first.Next, 2)).Items).Name);

        EngineUnderTest.Require(await store.ArchiveAsync(copy, true, "test"));
        EngineUnderTest.Require(await store.ArchiveAsync(copy, true, "test"));
        Assert.Equal(copy, Assert.Single((await queries.PageAsync(null, archived: true, null, 10)).Items).Id);
        var problems = new List<Problem>();
        Assert.Null(await engine.Get<TakeTemplate>().IntoAsync(new BroadcastDraft { Name = "B" }, copy, null, problems));
        Assert.Equal("templateArchived", Assert.Single(problems).Code);
        EngineUnderTest.Require(await store.ArchiveAsync(copy, false, "test"));
        EngineUnderTest.Require(await store.DeleteAsync(copy, "test"));
        Assert.Empty(await queries.VersionsAsync(copy, null, 10));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Broadcast_MadeFromATemplate_SpeaksEverybodysLanguageAndStaysAsItWas(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var (id, _) = await engine.Get<TemplateStore>().CreateAsync(Edit("Welcome", ("en", "Hello"), ("pt-BR", "{{ contact.first_name | number 2 }}"), ("es", "Hola {{ contact.last_name }}")), "test");
        var people = await engine.AddPeopleAsync(5);
        await engine.ExecuteAsync("UPDATE contacts SET language = CASE id WHEN @a THEN 'es-MX' WHEN @b THEN 'pt' WHEN @c THEN 'fr' WHEN @d THEN NULL ELSE 'es' END", new { a = people[0], b = people[1], c = people[2], d = people[3] });
        var channel = await engine.AddSimulatorAsync();
        var problems = new List<Problem>();
        var draft = await engine.Get<TakeTemplate>().IntoAsync(EngineUnderTest.DraftOf(channel.Id, people), id, null, problems);
        var broadcast = await engine.AddBroadcastAsync(draft!);

        // Whoever edits what he sees does not lose the other languages; and what the template says later changes nothing.
        var edited = EngineUnderTest.DraftOf(channel.Id, people, "Good day");
        EngineUnderTest.Require(await engine.Grain(broadcast).EditAsync(edited, 1, "test"));
        Assert.Equal("otherParts", (await engine.Grain(broadcast).EditAsync(EngineUnderTest.DraftOf(channel.Id, people, "One", "Two"), 2, "test")).Problems[0].Code);
        EngineUnderTest.Require(await engine.Get<TemplateStore>().UpdateAsync(id, Edit("Welcome", ("en", "Bye")), 1, "test"));
        var details = await engine.Get<Reporting.BroadcastQueries>().GetAsync(broadcast);
        Assert.Equal(("Welcome", 1, 2, true), (details!.Template!.Name, details.Template.Version, details.Template.Latest, details.Template.IsOld));

        await engine.StartBroadcastAsync(broadcast);
        await engine.CompletedAsync(broadcast);

        // The Spanish text prints what none of them has, the Portuguese one counts with a name: who stopped where tells who got which.
        var rows = (await engine.RowsAsync(broadcast)).ToDictionary(r => r.ContactId, r => (r.Status, r.Reason));
        var (spanish, portuguese, sent) = (((int)DeliveryStatus.Skipped, (int?)SkipReason.MissingValue), ((int)DeliveryStatus.Skipped, (int?)SkipReason.TemplateFault), ((int)DeliveryStatus.Sent, (int?)null));
        Assert.Equal([spanish, portuguese, sent, sent, spanish], people.Select(p => ((int)rows[p].Status, (int?)rows[p].Reason)));
        var refused = await engine.Get<TemplateStore>().DeleteAsync(id, "test");
        Assert.Equal((CommandCode.Refused, "templateInUse", "Test"), (refused.Code, refused.Problems[0].Code, refused.Problems[0].Arguments[0]));
        Assert.Equal((broadcast, 1), Assert.Single(await engine.Get<TemplateQueries>().UsesAsync(id, null, 10)) is var use ? (use.BroadcastId, use.Version) : default);
        Assert.Equal(1, (await engine.Get<TemplateQueries>().UseCountsAsync([id]))[id]);
    }

    [Fact]
    public async Task CreateAsync_HostileTexts_AreRefusedWithTheirPlaces()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"));
        var store = engine.Get<TemplateStore>();

        var misspelt = (await ProblemsAsync(Edit("A", ("en", "x"), ("es", "Hola,\n {{ contact.frist_name }}")))).Single();
        Assert.Equal(("languages[1].parts[0].text", "unknownName", "2", "5", "contact.first_name"), (misspelt.Path, misspelt.Code, misspelt.Arguments[0], misspelt.Arguments[1], misspelt.Arguments[3]));
        Assert.Equal("unclosed", (await ProblemsAsync(Edit("A", ("en", "Hello {{ contact.first_name")))).Single().Code);
        Assert.Equal("templateTooLong", (await ProblemsAsync(Edit("A", ("en", new string('x', 10_000_000))))).Single().Code);
        Assert.Contains(await ProblemsAsync(Edit("A", ("en", string.Concat(Enumerable.Repeat("{{now}} ", 6_000))))), p => p.Code == "tooComplex");
        Assert.Equal(["badLanguage", "languageTwice", "otherParts"], (await ProblemsAsync(new TemplateEdit { Name = "A", Languages = [Of("<script>", "a"), Of("en", "a"), Of("EN", "a"), new LanguageParts { Language = "de", Parts = [new FilePart { FileId = 1 }, new TextPart { Text = "b" }] }] })).Select(p => p.Code).Where(c => c != "fileGone").Distinct());
        Assert.Equal(["required", "tooLong", "noContent"], (await ProblemsAsync(new TemplateEdit { Name = " ", Description = new string('d', 501), Languages = [] })).Select(p => p.Code));
        Assert.Equal("noPart", (await ProblemsAsync(new TemplateEdit { Name = "A", Languages = [new LanguageParts { Language = "en", Parts = [null!] }] })).Single().Code);
        Assert.Equal("unsafePlace", (await ProblemsAsync(new TemplateEdit { Name = "A", Languages = [new LanguageParts { Language = "en", Parts = [new EmailPart { Subject = "s", Html = "<script>{{ contact.name }}</script>" }] }] })).First().Code);
        Assert.Equal(0, await engine.Database.ReadAsync(c => c.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM templates")));

        async Task<Problem[]> ProblemsAsync(TemplateEdit edit)
        {
            var (_, result) = await store.CreateAsync(edit, "test");
            Assert.Equal(CommandCode.Invalid, result.Code);
            return result.Problems;
        }
    }

    [Fact]
    public async Task RenderAsync_EdgeContacts_ShowsWhatTheyGetOrWhyTheyGetNothing()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"));
        EngineUnderTest.Require((await engine.Get<FieldStore>().CreateAsync("City", FieldType.Text, "test")).Result);
        var edges = EdgeContacts.Of(["en", "es"], await engine.Get<FieldStore>().ListAsync());
        var problems = new List<Problem>();

        var shown = await engine.Get<TemplatePreviews>().RenderAsync([Of("en", "Hi {{ contact.first_name }} {{ contact.city | fallback \"x\" }}"), Of("es", "Hola")], [.. edges.Select(e => e.Reader)], problems);

        Assert.Empty(problems);
        var byKey = edges.Zip(shown!).ToDictionary(e => e.First.Key, e => e.Second);
        Assert.Equal(("en", "Hi Laura City"), (byKey["usual"].Language, ((TextContent)byKey["usual"].Parts[0].Content!).Text));
        Assert.Equal((SkipReason.MissingValue, "text"), (byKey["noName"].Parts[0].Reason, byKey["noName"].Parts[0].Field!));
        Assert.Equal("Hi Laura x", ((TextContent)byKey["noFields"].Parts[0].Content!).Text);
        Assert.Equal((13, 1, Templates.SmsEncoding.Ucs2), (byKey["emoji"].Parts[0].Characters, byKey["emoji"].Parts[0].Sms!.Value.Parts, byKey["emoji"].Parts[0].Sms!.Value.Encoding));
        Assert.Equal("es", byKey["language:es"].Language);
    }

    [Theory]
    [InlineData("one two three", "one 2 three", "=one |-two|+2|= three")]
    [InlineData("", "new", "+new")]
    [InlineData("same", "same", "=same")]
    [InlineData("a b c d", "a c d e", "=a |-b |=c d|+ e")]
    public void Between_TwoTexts_NamesTheWordsThatDiffer(string before, string after, string expected) =>
        Assert.Equal(expected, string.Join('|', WordDiff.Between(before, after).Select(p => $"{(p.Kind == DiffKind.Same ? "=" : p.Kind == DiffKind.Deleted ? "-" : "+")}{p.Text}")));

    [Fact]
    public void Between_LongTextsWithNothingInCommon_AreBothWhole()
    {
        var (before, after) = (string.Join(' ', Enumerable.Range(0, 10_000)), string.Join(' ', Enumerable.Range(20_000, 10_000)));
        var pieces = WordDiff.Between(before, after);
        Assert.Equal(before, string.Concat(pieces.Where(p => p.Kind != DiffKind.Inserted).Select(p => p.Text)));
        Assert.Equal(after, string.Concat(pieces.Where(p => p.Kind != DiffKind.Deleted).Select(p => p.Text)));
    }

    [Theory]
    [InlineData("es", 1), InlineData("ES", 1), InlineData("es-MX", 1), InlineData("pt", 2), InlineData("pt-PT", 2), InlineData("fr", 0), InlineData(null, 0), InlineData("", 0), InlineData("espanol", 0)]
    public void Choose_SpokenLanguage_IsTheNearest(string? spoken, int expected) => Assert.Equal(expected, ContentLanguages.Choose(["en", "es", "pt-BR"], spoken));

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task DeleteAsync_FileThatSomethingAttaches_IsRefusedWithIt(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        var files = engine.Get<FileStore>();
        var (free, used) = (await files.AddAsync("free.png", "image/png", [1], "test"), await files.AddAsync("used.png", "image/png", [1, 2], "test"));
        var channel = await engine.AddSimulatorAsync();
        BroadcastPart[] parts = [new FilePart { FileId = used }, new TextPart { Text = $"not \"fileId\":{free}, at all" }];
        var broadcast = await engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, []) with { AudienceJson = null, PartsJson = JsonSerializer.Serialize(parts, BroadcastJson.Options) });
        var (template, made) = await engine.Get<TemplateStore>().CreateAsync(new TemplateEdit { Name = "With a picture", Languages = [new LanguageParts { Language = "en", Parts = [new FilePart { FileId = used, Caption = "x" }] }] }, "test");
        EngineUnderTest.Require(made);

        Assert.Equal([("broadcast", broadcast), ("template", template)], (await files.UsesAsync(used)).Select(u => (u.Kind, u.Id)).Order());
        Assert.Equal(new Dictionary<long, int> { [used] = 2 }, await files.UseCountsAsync([free, used]));
        var refused = await files.DeleteAsync(used, "test");
        Assert.Equal((CommandCode.Refused, 2), (refused.Code, refused.Problems.Length));
        EngineUnderTest.Require(await files.DeleteAsync(free, "test"));
        Assert.Equal([used], (await files.PageAsync("PNG", null, 10)).Select(f => f.Id));
    }

    private static TemplateEdit Edit(string name, params (string Language, string Text)[] contents) => new() { Name = name, Languages = [.. contents.Select(c => Of(c.Language, c.Text))] };

    private static LanguageParts Of(string language, string text) => new() { Language = language, Parts = [new TextPart { Text = text }] };
}
