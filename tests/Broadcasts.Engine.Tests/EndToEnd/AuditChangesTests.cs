using System.Text.RegularExpressions;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Forms;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Broadcasts.Testing;
using Dapper;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>Every edit says what was and what is; secrets, and what is known of people, never get there.</summary>
public sealed partial class AuditChangesTests
{
    private const string Secret = "a-secret-of-16-characters";

    private const string Person = "zoe.quill@example.com";

    // What each kind of edit leaves behind, of the fields that the test changes.
    private static readonly Dictionary<string, string[]> Edits = new(StringComparer.Ordinal)
    {
        ["tag.created"] = ["name:  → Gold"], ["tag.renamed"] = ["name: Gold → Silver"], ["tag.deleted"] = ["name: Silver → "],
        ["field.created"] = ["name:  → Plan", "type:  → list", "options:  → A, B"], ["field.updated"] = ["options: A, B → A, C"], ["field.deleted"] = ["name: Plan → ", "type: list → ", "options: A, C → "],
        ["segment.created"] = ["name:  → Her", """rule:  → {"field":"email","op":"is","value":"…"}"""],
        ["segment.updated"] = ["name: Her → Spain", """rule: {"field":"email","op":"is","value":"…"} → {"field":"country","op":"is","value":"…"}"""],
        ["segment.deleted"] = ["name: Spain → ", """rule: {"field":"country","op":"is","value":"…"} → """],
        ["contact.created"] = [], ["contact.updated"] = ["firstName", "addresses"], ["contact.tagged"] = ["tags"], ["contact.blocked"] = [], ["contact.unblocked"] = [], ["contact.consent"] = ["consent"], ["contact.deleted"] = [],
        ["suppression.added"] = ["reason:  → manual", "source:  → test"], ["suppression.removed"] = ["reason: manual → ", "source: test → "],
        ["settings.sending"] = ["approvalAbove:  → 500", "undoSeconds: 10 → 20"], ["settings.missedSchedule"] = ["action: hold → expire"],
        ["channel.create"] = ["name:  → Hook", "transport:  → webhook", "settings.secret"], ["channel.edit"] = ["name: Hook → Hook 2", "settings.url: https://a.example/ → https://b.example/", "settings.secret"],
        ["channel.limits"] = ["rate.count:  → 5", "rate.perMs:  → 1000"], ["channel.pause"] = ["status: active → paused"], ["channel.resume"] = ["status: paused → active"], ["channel.delete"] = ["name: Hook 2 → ", "settings.secret"],
        ["role.create"] = ["name:  → Helpers", "permissions:  → read, contacts.edit"], ["role.edit"] = ["name: Helpers → Readers", "permissions: read, contacts.edit → read"], ["role.delete"] = ["name: Readers → ", "permissions: read → "],
        ["user.invite"] = ["email:  → staff@example.com", "role:  → Viewer"], ["user.role"] = ["role: Viewer → Editor"], ["user.disable"] = ["disabled: false → true"], ["user.enable"] = ["disabled: true → false"],
        ["key.create"] = ["name:  → Shop", "scopes:  → read"], ["key.revoke"] = ["revoked: false → true"],
        ["form.created"] = ["name:  → News", "title:  → The news"], ["form.updated"] = ["title: The news → Our news"], ["form.deleted"] = ["name: News → "],
        ["template.created"] = ["name:  → Welcome", "languages[1].language:  → en", "languages[1].parts[1].text:  → Hello"], ["template.updated"] = ["languages[1].parts[1].text: Hello → Bye"],
        ["template.restored"] = ["languages[1].parts[1].text: Bye → Hello"], ["template.duplicated"] = ["name:  → Welcome (copy)"], ["template.archived"] = ["archived: false → true"],
        ["template.unarchived"] = ["archived: true → false"], ["template.deleted"] = ["name: Welcome → "], ["file.added"] = ["name:  → a.png", "mediaType:  → image/png"], ["file.deleted"] = ["name: a.png → "],
        ["broadcast.create"] = ["name:  → Test", "status:  → draft", "parts[1].text:  → Hello"], ["broadcast.edit"] = ["name: Test → Other", "parts[1].text: Hello → Good day"],
        ["broadcast.rename"] = ["name: Other → Third", "labels:  → spring"], ["broadcast.rate"] = ["rate.count:  → 2", "rate.perMs:  → 1000"],
        ["broadcast.schedule"] = ["status: draft → scheduled", "at:  → 2099-01-02T10:00", "timeZone:  → Europe/Madrid"], ["broadcast.unschedule"] = ["status: scheduled → draft"],
        ["label.renamed"] = ["name: spring → summer"], ["label.deleted"] = ["name: summer → "],
        ["broadcast.duplicate"] = ["name:  → Third (copy)", "status:  → draft"], ["broadcast.delete"] = ["name: Third → "],
    };

    // Acts that change no field that somebody could have set: what happened is in their detail, or their states are tested where they come about.
    private static readonly string[] Others =
    [
        "audit.broken", "audit.export", "audit.exported", "broadcast.approve", "broadcast.archive", "broadcast.ask", "broadcast.canary", "broadcast.cancel", "broadcast.complete", "broadcast.fail", "broadcast.fix", "broadcast.ledger", "broadcast.move", "broadcast.occurrence",
        "broadcast.pause", "broadcast.reject", "broadcast.resend", "broadcast.resume", "broadcast.send", "broadcast.settle", "broadcast.skipNext", "broadcast.start", "broadcast.undo",
        "channel.fault", "channel.news", "channel.test", "channel.testMessage", "contact.distinct", "contact.merged", "contact.unmerged", "import.begun", "import.checked", "import.continued", "import.undone", "job.downloaded",
        "plugin.activate", "plugin.install", "plugin.refused", "plugin.remove", "plugin.rollback", "plugin.store", "plugin.try", "safeHold.release", "suppressions.import", "suppressions.imported",
        "user.add", "user.created", "user.edit", "user.endSessions", "user.link", "user.linked", "user.password", "user.recoveryCode", "user.recoveryCodesNew", "user.secondFactorOff", "user.secondFactorOn", "user.secondFactorReset", "user.signedIn", "user.signedOut",
    ];

    [GeneratedRegex("""(?:Append|AppendAsync|Audit|AuditAsync)\([^;]*?"(?<action>[a-z][a-zA-Z]*\.[a-zA-Z]+)"|"(?<action>[a-z][a-zA-Z]*\.[a-zA-Z]+)" : "[a-z]+\.[a-zA-Z]+", Su""")]
    private static partial Regex ActionPattern { get; }

    [GeneratedRegex("""new (?<kind>Broadcast|Channel|Plugin)Act\([^,]+, [^",]*"(?<verb>[a-zA-Z]+)"(?: : "(?<verb>[a-zA-Z]+)")?""")]
    private static partial Regex ActPattern { get; }

    [GeneratedRegex("""MoveAsync\(BroadcastCommand\.\w+, "(?<verb>[a-zA-Z]+)"|AddAsync\([^"]*"(?<verb>[a-z]+)"\)""")]
    private static partial Regex VerbPattern { get; }

    [Fact]
    public void Actions_OfTheSources_AreAllNamedHere()
    {
        var sources = ((string[])["host", "admin"]).SelectMany(folder => Directory.EnumerateFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)).Where(p => !p.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText).ToList();
        var written = sources.SelectMany(text => ActionPattern.Matches(text).Select(m => m.Groups["action"].Value)).Concat(sources.Where(text => text.Contains("IBroadcastGrain", StringComparison.Ordinal) || text.Contains("class BroadcastFactory", StringComparison.Ordinal) || text.Contains("class BroadcastGrain", StringComparison.Ordinal))
            .SelectMany(text => VerbPattern.Matches(text).Select(m => "broadcast." + m.Groups["verb"].Value)))
            .Concat(sources.SelectMany(text => ActPattern.Matches(text).SelectMany(m => m.Groups["verb"].Captures.Select(c => $"{m.Groups["kind"].Value.ToLowerInvariant()}.{c.Value}")))).ToHashSet(StringComparer.Ordinal);

        Assert.Contains("broadcast.approve", written);
        Assert.Contains("tag.renamed", written);
        Assert.Contains("channel.limits", written);
        Assert.Contains("plugin.store", written);
        Assert.Empty(written.Except(Edits.Keys).Except(Others).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Edits_OfEveryKind_SayWhatWasAndWhatIsAndNothingOfPeopleOrSecrets(string provider)
    {
        using var folder = new TempFolder();
        await using var database = provider == "postgres" ? await TestDatabase.CreateAsync(provider) : null;
        await using var engine = await EngineUnderTest.StartAsync(folder.File("data"), database?.ConnectionString);
        engine.Get<EngineOptions>().PublicUrl = new Uri("https://news.example/");
        await DictionariesAsync(engine);
        await PeopleAsync(engine);
        await SettingsAndChannelsAsync(engine);
        await AccessAsync(engine);
        await ContentAsync(engine);
        await BroadcastsAsync(engine);

        var entries = (await engine.Get<AuditStore>().ListAsync(new AuditFilter { Actor = "test" }, limit: 1_000)).ToLookup(e => e.Action, e => e.Changes);
        Assert.Empty(entries.SelectMany(e => e).SelectMany(changes => changes).SelectMany(change => AuditedFields.In(change.Field)).Distinct().Except(AuditedFields.Names));
        foreach (var (action, expected) in Edits)
        {
            Assert.True(entries.Contains(action), $"There is no {action}.");
            var said = entries[action].SelectMany(changes => changes).Select(Words).ToList();
            if (expected.Length == 0) Assert.Empty(said);
            else Assert.All(expected, change => Assert.True(said.Contains(change), $"{action}: {string.Join(" | ", said)}"));
        }

        var stored = await engine.Database.ReadAsync(async c => string.Join('\n', await c.QueryAsync<string>("SELECT action || ' ' || subject || ' ' || COALESCE(detail, '') || ' ' || COALESCE(told, '') || ' ' || COALESCE(changes, '') FROM audit")));
        Assert.DoesNotContain(Secret, stored, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", stored, StringComparison.OrdinalIgnoreCase);
        Assert.Null((await engine.Get<AuditCheck>().LookAsync()).Fault);
    }

    [Fact]
    public void Between_LongText_IsCutAndStillDiffers()
    {
        var change = Assert.Single(AuditDiff.Between(new { text = new string('a', 600) + "b" }, new { text = new string('a', 600) + "c" }));
        Assert.Equal(new AuditChange("text"), change);
        Assert.Equal(501, Assert.Single(AuditDiff.Between(null, new { text = new string('a', 600) })).After!.Length);
        Assert.Empty(AuditDiff.Between(Some, Some with { Labels = ["x"] }));
    }

    private static async Task DictionariesAsync(EngineUnderTest engine)
    {
        var (tags, fields, segments) = (engine.Get<TagStore>(), engine.Get<FieldStore>(), engine.Get<SegmentStore>());
        var (tag, _) = await tags.CreateAsync("Gold", "test");
        await tags.RenameAsync(tag, "Silver", "test");
        await tags.DeleteAsync(tag, "test");
        var (field, _) = await fields.CreateAsync("Plan", FieldType.List, "test", ["A", "B"]);
        await fields.UpdateAsync(field, "Plan", FieldType.List, "test", ["A", "C"]);
        await fields.DeleteAsync(field, "test");
        var (segment, made) = await segments.CreateAsync("Her", SegmentRule.Parse($$"""{"field":"email","op":"is","value":"{{Person}}"}""", out _)!, "test");
        EngineUnderTest.Require(made);
        await segments.UpdateAsync(segment, "Spain", SegmentRule.Parse("""{"field":"country","op":"is","value":"ES"}""", out _)!, null, 1, "test");
        await segments.DeleteAsync(segment, "test");
    }

    private static async Task ContentAsync(EngineUnderTest engine)
    {
        var (store, files) = (engine.Get<TemplateStore>(), engine.Get<FileStore>());
        var (id, made) = await store.CreateAsync(Saying("Hello"), "test");
        EngineUnderTest.Require(made);
        EngineUnderTest.Require(await store.UpdateAsync(id, Saying("Bye"), 1, "test"));
        EngineUnderTest.Require(await store.RestoreAsync(id, 1, 2, "test"));
        await store.DuplicateAsync(id, "test");
        await store.ArchiveAsync(id, true, "test");
        await store.ArchiveAsync(id, false, "test");
        EngineUnderTest.Require(await store.DeleteAsync(id, "test"));
        EngineUnderTest.Require(await files.DeleteAsync(await files.AddAsync("a.png", "image/png", [1], "test"), "test"));

        static TemplateEdit Saying(string text) => new() { Name = "Welcome", Languages = [new LanguageParts { Language = "en", Parts = [new TextPart { Text = text }] }] };
    }

    private static async Task PeopleAsync(EngineUnderTest engine)
    {
        var contacts = engine.Get<ContactStore>();
        var (id, made) = await contacts.CreateAsync(new ContactEdit { FirstName = "Zoe", LastName = "Quill", Addresses = [new(AddressKind.Email, Person)] }, "test");
        EngineUnderTest.Require(made);
        await contacts.UpdateAsync(id, new ContactEdit { FirstName = "Zoë", Addresses = [new(AddressKind.Email, Person), new(AddressKind.Email, "z." + Person)] }, null, "test");
        await contacts.AddTagsAsync(id, ["Friend of Quill"], "test");
        await contacts.BlockAsync(id, true, "test");
        await contacts.BlockAsync(id, false, "test");
        await engine.Get<ConsentStore>().SayAsync(id, new ConsentEdit { Kind = AddressKind.Email, State = ConsentState.Granted, Source = "shop" }, "test");
        await contacts.DeleteAsync(id, "test");
        await engine.Get<SuppressionStore>().AddAsync(AddressKind.Email, "other@example.com", SuppressionReason.Manual, "test");
        await engine.Get<SuppressionStore>().RemoveAsync(AddressKind.Email, "other@example.com", "test");
    }

    private static async Task SettingsAndChannelsAsync(EngineUnderTest engine)
    {
        await engine.Get<SendingRulesStore>().SetAsync(new SendingRules { ApprovalAbove = 500, UndoSeconds = 20 }, "test");
        await engine.Get<MissedSchedules>().SetAsync(new MissedSchedule { Action = MissedAction.Expire }, "test");
        var channels = engine.Get<ChannelService>();
        var edit = new ChannelEdit("Hook", "webhook", $$"""{"url":"https://a.example/","secret":"{{Secret}}","addressKind":"email"}""", null);
        var id = await engine.AddChannelAsync(edit);
        EngineUnderTest.Require(await channels.UpdateAsync(id, edit with { Name = "Hook 2", SettingsJson = $$"""{"url":"https://b.example/","secret":"{{Secret}}!","addressKind":"email"}""" }, 1, "test"));
        EngineUnderTest.Require(await channels.SetLimitsAsync(id, new ChannelLimits(new SendRate(5, 1000), [], 0), "test"));
        EngineUnderTest.Require(await channels.PauseAsync(id, "test"));
        EngineUnderTest.Require(await channels.ResumeAsync(id, "test"));
        var (form, made) = await engine.Get<FormStore>().CreateAsync(Form(id, "The news"), "test");
        EngineUnderTest.Require(made);
        EngineUnderTest.Require(await engine.Get<FormStore>().UpdateAsync(form, Form(id, "Our news"), 1, "test"));
        EngineUnderTest.Require(await engine.Get<FormStore>().DeleteAsync(form, "test"));
        EngineUnderTest.Require(await channels.DeleteAsync(id, "test"));
    }

    private static async Task AccessAsync(EngineUnderTest engine)
    {
        var caller = new Caller("test", PermissionSet.Everything);
        var roles = engine.Get<RoleStore>();
        var (role, made) = await roles.CreateAsync("Helpers", PermissionSet.Of(Permission.Read, Permission.EditContacts), caller);
        EngineUnderTest.Require(made);
        EngineUnderTest.Require(await roles.UpdateAsync(role, "Readers", PermissionSet.Of(Permission.Read), caller));
        EngineUnderTest.Require(await roles.DeleteAsync(role, caller));
        var accounts = engine.Get<UserAccounts>();
        var (user, _, invited) = await accounts.InviteAsync("staff@example.com", null, Role.BuiltIn[(int)UserRole.Viewer], caller);
        EngineUnderTest.Require(invited);
        EngineUnderTest.Require(await accounts.SetRoleAsync(user, Role.BuiltIn[(int)UserRole.Editor], caller));
        EngineUnderTest.Require(await accounts.DisableAsync(user, withKeys: true, caller));
        EngineUnderTest.Require(await accounts.EnableAsync(user, caller));
        var (key, _, created) = await engine.Get<ApiKeyStore>().CreateAsync("Shop", PermissionSet.Of(Permission.Read), caller);
        EngineUnderTest.Require(created);
        Assert.True(await engine.Get<ApiKeyStore>().RevokeAsync(key!.Id, "test"));
    }

    private static FormEdit Form(long channel, string title) =>
        new() { Name = "News", Title = title, Consent = "Yes", ChannelId = channel, Part = new EmailPart { Subject = "Confirm", Text = "{{ links.confirm }}" } };

    private static async Task BroadcastsAsync(EngineUnderTest engine)
    {
        var channel = (await engine.AddSimulatorAsync()).Id;
        var people = await engine.AddPeopleAsync(1);
        var id = await engine.AddBroadcastAsync(channel, people);
        var grain = engine.Grain(id);
        EngineUnderTest.Require(await grain.EditAsync(EngineUnderTest.DraftOf(channel, people, "Good day") with { Name = "Other" }, 1, "test"));
        EngineUnderTest.Require(await grain.RenameAsync("Third", ["spring"], "test"));
        EngineUnderTest.Require(await grain.LabelAsync("spring", true, "test"));
        EngineUnderTest.Require(await engine.Get<LabelStore>().RenameAsync("spring", "summer", "test"));
        EngineUnderTest.Require(await engine.Get<LabelStore>().DeleteAsync("summer", "test"));
        EngineUnderTest.Require(await grain.ScheduleAsync(new BroadcastSchedule { LocalTime = "2099-01-02T10:00", TimeZone = "Europe/Madrid" }, "test"));
        EngineUnderTest.Require(await grain.UnscheduleAsync("test"));
        var (copy, made) = await engine.Get<BroadcastFactory>().DuplicateAsync(id, "test");
        EngineUnderTest.Require(made);
        EngineUnderTest.Require(await engine.Get<ChannelService>().PauseAsync(channel, "test"));
        await engine.StartBroadcastAsync(copy);
        EngineUnderTest.Require(await engine.Grain(copy).SetRateAsync(new SendRate(2, 1000), "test"));
        EngineUnderTest.Require(await grain.DeleteAsync("test"));
    }

    private static BroadcastDraft Some { get; } = new() { Name = "a", Labels = ["x"] };

    private static string Words(AuditChange change) => change is { Before: null, After: null } ? change.Field : $"{change.Field}: {change.Before} → {change.After}";
}
