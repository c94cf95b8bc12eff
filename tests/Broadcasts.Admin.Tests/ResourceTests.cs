using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Deliveries;
using Broadcasts.Health;
using Broadcasts.Security;

namespace Broadcasts.Admin.Tests;

/// <summary>The console speaks both languages whole.</summary>
public sealed partial class ResourceTests
{
    // Words that are the same in both languages.
    private static readonly HashSet<string> Same =
    [
        "Audience.None", "Edit.Part", "Edit.PartsOf", "Contacts.MoreThan", "Language.en", "Language.es", "Theme.auto", "Part.Html", "Diff.html", "UserRole.Editor", "Roles.Title", "Settings.Tab.general", "Settings.Tab.roles",
        "Subject.telegram", "Subject.whatsapp", "Subject.messenger", "Subject.instagram", "AddressKind.Telegram", "AddressKind.WhatsApp", "AddressKind.Messenger", "AddressKind.Instagram",
        "No", "Problem.setting", "Plugins.Errors.one",
    ];

    private static readonly Dictionary<string, string> English = Read("");
    private static readonly Dictionary<string, string> Spanish = Read("es");

    [Fact]
    public void Keys_OfBothLanguages_AreEqual() => Assert.Equal(English.Keys.Order(StringComparer.Ordinal), Spanish.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Texts_InSpanish_AreTranslated()
    {
        var untranslated = English.Where(e => !Same.Contains(e.Key) && !e.Key.StartsWith("Time.", StringComparison.Ordinal) && Spanish[e.Key] == e.Value);
        Assert.Empty(untranslated);
    }

    [Fact]
    public void Places_OfBothLanguages_AreEqual() =>
        Assert.All(English, e => Assert.Equal(Places(e.Value), Places(Spanish[e.Key])));

    [Fact]
    public void Keys_ThatPagesName_Exist()
    {
        var sources = Directory.EnumerateFiles(Repository.File("admin", "Broadcasts.Admin"), "*.cs*", SearchOption.AllDirectories).Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".cshtml", StringComparison.Ordinal));
        var missing = from file in sources
                      from Match match in NamedKey().Matches(File.ReadAllText(file))
                      let key = match.Groups["key"].Value
                      where !English.ContainsKey(match.Groups["count"].Success ? key + ".one" : key)
                      select $"{Path.GetFileName(file)}: {key}";
        Assert.Empty(missing.Distinct());
    }

    // Where an entry is written its verb stands in the same statement.
    [Fact]
    public void Acts_OfTheAudit_HaveATextEach()
    {
        var kinds = string.Join('|', AuditLook.Kinds);
        var named = from file in Directory.EnumerateFiles(Repository.File("host", "Broadcasts.Engine"), "*.cs", SearchOption.AllDirectories)
                    from Match match in NamedAct().Matches(File.ReadAllText(file))
                    from verb in match.Groups["verb"].Captures.Select(c => c.Value)
                    select $"{match.Groups["kind"].Value.ToLowerInvariant()}.{verb}";
        var acts = (from folder in (string[])["host", "admin"]
                    from file in Directory.EnumerateFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)
                    from line in File.ReadLines(file).Where(l => l.Contains("Append", StringComparison.Ordinal) || l.Contains("Audit(", StringComparison.Ordinal))
                    from Match match in Regex.Matches(line, $"\"((?:{kinds})\\.[a-zA-Z]+)\"")
                    select match.Groups[1].Value).Concat(named).Distinct().ToList();

        Assert.InRange(acts.Count, 40, 200);
        Assert.All(acts, act => Assert.Contains($"Audit.{act}", English.Keys));
        Assert.All(AuditLook.Kinds, kind => Assert.Contains($"AuditKind.{kind}", English.Keys));
    }

    [Fact]
    public void Fields_OfTheAudit_HaveATextEach() => Assert.All(AuditedFields.Names, name => Assert.Contains($"Audit.Field.{name}", English.Keys));

    [Theory]
    [InlineData("en", "parts[2].text", "Part 2 › Text")]
    [InlineData("es", "safety.canary.maxFailedPercent", "Seguridad › Prueba piloto › Máximo de fallos, %")]
    [InlineData("es", "settings.from", "Ajuste › from")]
    [InlineData("en", "fields.city", "Field › city")]
    public void Field_OfTheAudit_IsShownByWords(string language, string field, string expected)
    {
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo(language);
        Assert.Equal(expected, new AuditLook(null!, new Texts(), null!).Field(field));
    }

    [Fact]
    public void Words_OfTheEngine_HaveATextEach()
    {
        string[] keys =
        [
            .. Enum.GetValues<BroadcastStatus>().Select(s => $"BroadcastStatus.{s}"),
            .. Enum.GetValues<DeliveryStatus>().Select(s => $"DeliveryStatus.{s}"),
            .. Enum.GetValues<HealthLevel>().SelectMany(l => (string[])[$"HealthLevel.{l}", $"Health.Worst.{l}"]),
            .. Enum.GetValues<JobStatus>().Select(s => $"JobStatus.{s}"),
            .. Enum.GetValues<JobAct>().Select(a => $"JobAct.{a}"),
            .. Enum.GetValues<JobAct>().Where(a => a != JobAct.ExportSuppressions).Select(a => $"Jobs.Do.{a}"),
            .. Enum.GetValues<UserRole>().Select(r => $"UserRole.{r}"),
            .. Enum.GetValues<UserState>().Select(s => $"UserState.{s}"),
            .. Enum.GetValues<Permission>().Select(p => $"Permission.{p}"),
            .. Enum.GetValues<FailureReason>().Select(r => $"Reason.{Reasons.NameOf((int)r)}"),
            .. Enum.GetValues<SkipReason>().Select(r => $"Reason.{Reasons.NameOf((int)r)}"),
            .. Enum.GetValues<SendOutcomeKind>().Select(k => $"SendOutcomeKind.{k}"),
        ];
        Assert.All(keys, k => Assert.Contains(k, English.Keys));
    }

    [Fact]
    public void Draft_InSpanish_IsBorrador() => Assert.Equal("Borrador", Spanish["BroadcastStatus.Draft"]);

    [Fact]
    public void Scripts_OfTheConsole_AreSmall()
    {
        var bytes = Directory.EnumerateFiles(Repository.File("admin", "Broadcasts.Admin", "wwwroot"), "*.js").Sum(f => new FileInfo(f).Length);
        Assert.InRange(bytes, 1, 30_000);
    }

    private static string[] Places(string text) => [.. Place().Matches(text).Select(m => m.Value).Distinct().Order(StringComparer.Ordinal)];

    private static Dictionary<string, string> Read(string culture) =>
        new Texts().Resources.GetResourceSet(CultureInfo.GetCultureInfo(culture), createIfNotExists: true, tryParents: false)!
            .Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string)e.Value!);

    [GeneratedRegex("""new (?<kind>Broadcast|Channel|Plugin)Act\([^,]+, [^",]*"(?<verb>[a-zA-Z]+)"(?: : "(?<verb>[a-zA-Z]+)")?|MoveAsync\((?<kind>Broadcast)Command\.\w+, "(?<verb>[a-z]+)""")]
    private static partial Regex NamedAct();

    [GeneratedRegex(@"\{\d+\}")]
    private static partial Regex Place();

    [GeneratedRegex(@"(?:\bT|\b[Tt]exts)(?:\[|(?<count>\.Count\())""(?<key>[A-Za-z.]+)""")]
    private static partial Regex NamedKey();
}
