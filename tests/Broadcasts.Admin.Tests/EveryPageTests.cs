using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Broadcasts.Admin.Tests;

/// <summary>Every page that links lead to, found by following them: nobody keeps a list, so a new page is looked at from its first day.</summary>
public sealed partial class EveryPageTests(DemoFixture demo) : IClassFixture<DemoFixture>
{
    /// <summary>The elements that stick out, the innermost last.</summary>
    private const string Widest =
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest('svg')).slice(0, 6).map(e => e.tagName + '.' + e.className).join(' > ')";

    /// <summary>Pages that only a letter's link, a lost session or an error leads to: other tests look at them.</summary>
    private static readonly string[] Elsewhere =
    [
        "/", "/confirm/*", "/error", "/f/*", "/link/*", "/o/*", "/welcome/*", "/sign-in", "/sign-in/code", "/sign-in/openid", "/sign-out", "/preferences", "/broadcasts/*/preview/*", "/templates/*/letter/*/*",
    ];

    /// <summary>The last number: pages of one kind that are looked at. Two broadcasts differ by their status, fifty do not differ more.</summary>
    public static TheoryData<string, ColorScheme, int, Contrast, int> Ways { get; } = new()
    {
        { "en-GB", ColorScheme.Light, 1280, Contrast.NoPreference, 2 },
        { "es-ES", ColorScheme.Dark, 1280, Contrast.NoPreference, 1 },
        // 1,280 pixels at 400 % are 320 (WCAG 2.2, 1.4.10).
        { "en-GB", ColorScheme.Dark, 320, Contrast.NoPreference, 1 },
        { "es-ES", ColorScheme.Light, 320, Contrast.NoPreference, 1 },
        { "en-GB", ColorScheme.Light, 1280, Contrast.More, 1 },
        { "es-ES", ColorScheme.Dark, 390, Contrast.More, 1 },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task EveryPage_UnderAxe_IsCleanAndFitsItsWidth(string locale, ColorScheme scheme, int width, Contrast contrast, int most)
    {
        await using var context = await demo.NewContextAsync(locale, width, scheme, contrast);
        var page = await context.NewPageAsync();
        // With more contrast only the colours differ, on a narrow screen what depends on sizes: the rest was looked at before.
        string[]? rules = contrast == Contrast.More ? ["color-contrast", "color-contrast-enhanced"] : width < 400 ? ["color-contrast", "scrollable-region-focusable", "link-in-text-block", "bypass", "region"] : null;
        var options = rules is null ? new AxeRunOptions() : new AxeRunOptions { RunOnly = new() { Type = "rule", Values = [.. rules] } };
        var pictured = contrast == Contrast.NoPreference && (most > 1 || Environment.GetEnvironmentVariable("BROADCASTS_TEST_PICTURES") is { Length: > 0 });
        var wrong = new List<string>();
        var seen = await FollowAsync(page, demo.Made, most, async path =>
        {
            var result = await page.RunAxe(options);
            wrong.AddRange(result.Violations.Select(v => $"{path} {v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
            var tooWide = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            if (tooWide > 0) wrong.Add($"{path} is {tooWide} pixels too wide: {await page.EvaluateAsync<string>(Widest)}");
            if (pictured) await ConsoleFixture.PictureAsync(page, $"every/{locale[..2]}-{scheme}-{width}/{Named(path)}");
            if (await page.Locator("h1").CountAsync() != 1) wrong.Add($"{path} has not one heading of the first rank");
        });
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.Equal("", string.Join(' ', PageRoutes.All.Except(Elsewhere).Except(seen.Select(PageRoutes.Of))));
    }

    [Theory]
    [InlineData("/nowhere", true, 404)]
    [InlineData("/sign-in", false, 200)]
    [InlineData("/link/worn-out", false, 410)]
    [InlineData("/o/not-a-token", false, 404)]
    public async Task PageThatNoLinkLeadsTo_UnderAxe_IsClean(string path, bool signedIn, int status)
    {
        foreach (var (locale, scheme, width) in new[] { ("en-GB", ColorScheme.Light, 1280), ("es-ES", ColorScheme.Dark, 320) })
        {
            await using var context = await demo.NewContextAsync(locale, width, scheme, signedIn: signedIn);
            var page = await context.NewPageAsync();
            var response = await page.GotoAsync(path);
            Assert.Equal(status, response!.Status);
            Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
            Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        }
    }

    // Breadth first, so that each kind is seen in its plainest form.
    private static async Task<List<string>> FollowAsync(IPage page, IEnumerable<string> made, int most, Func<string, Task> look)
    {
        var waiting = new Queue<string>(["/broadcasts", .. made]);
        var known = new HashSet<string>(waiting);
        var kinds = new Dictionary<string, int>();
        var seen = new List<string>();
        while (waiting.TryDequeue(out var path))
        {
            var kind = PageRoutes.Of(path);
            var form = kind + "?" + string.Join('&', Query().Matches(path).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal));
            if (!PageRoutes.All.Contains(kind) || Elsewhere.Contains(kind)) continue;
            if (kinds.GetValueOrDefault(kind) >= most || form != kind + "?" && kinds.GetValueOrDefault(form) > 0) continue;
            kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            kinds[form] = kinds.GetValueOrDefault(form) + 1;
            var response = await page.GotoAsync(path);
            Assert.True(response!.Ok, $"{path} answers {response.Status}");
            seen.Add(path);
            await look(path);
            foreach (var link in await page.Locator("a[href^='/']").EvaluateAllAsync<string[]>("all => all.map(a => a.getAttribute('href').split('#')[0])"))
            {
                if (known.Add(link)) waiting.Enqueue(link);
            }
        }

        return seen;
    }

    private static string Named(string path) => NotAName().Replace(path.Trim('/'), "-") is { Length: < 80 } name ? name : path.GetHashCode(StringComparison.Ordinal).ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"[?&]([^=&]+)=")]
    private static partial Regex Query();

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.IgnoreCase)]
    private static partial Regex NotAName();
}
