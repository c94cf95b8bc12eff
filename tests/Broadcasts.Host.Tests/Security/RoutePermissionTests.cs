using Broadcasts.Security;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Every route says whom it lets in, and the documentation says the same.</summary>
public sealed class RoutePermissionTests
{
    [Fact]
    public async Task Routes_All_DeclareTheirPermissionOrThatTheyAreOpen()
    {
        var rows = await RouteTable.ReadAsync();

        Assert.InRange(rows.Count, 150, 1000);
        Assert.DoesNotContain(rows, r => r.Door == RouteDoor.Undeclared);
        // Open is written down here once more: nobody opens a route by the way.
        Assert.Equal(
        [
            "GET /api/v1/openapi.json", "GET /assets/{version}/{name}", "HEAD /assets/{version}/{name}", "GET /health/live", "GET /health/ready",
            "GET /hooks/{channelId:long}", "POST /hooks/{channelId:long}", "PUT /hooks/{channelId:long}",
            "GET /confirm/{token}", "POST /confirm/{token}", "GET /error", "POST /error", "GET /f/{token}", "POST /f/{token}", "GET /link/{token}", "POST /link/{token}",
            "GET /o/{token}", "POST /o/{token}", "GET /preferences", "POST /preferences", "GET /sign-in", "POST /sign-in", "GET /sign-in/code", "POST /sign-in/code", "GET /sign-in/openid", "GET /sign-out", "POST /sign-out",
            "GET /welcome/{token}", "POST /welcome/{token}",
        ], rows.Where(r => r.Door == RouteDoor.Open).Select(r => r.ToString()));
    }

    [Fact]
    public async Task Document_OfPermissions_SaysWhatTheRoutesDeclare()
    {
        var expected = Write(await RouteTable.ReadAsync());
        var path = Repository.File("docs", "permissions.md");
        var made = Path.Combine(AppContext.BaseDirectory, "permissions.md");
        await File.WriteAllTextAsync(made, expected, TestContext.Current.CancellationToken);

        Assert.True(File.Exists(path) && await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken) == expected, $"docs/permissions.md is behind the routes. Read what changed, then copy {made} over it.");
    }

    private static string Write(IReadOnlyList<RouteRow> rows)
    {
        string[] lines =
        [
            "# Permissions", "",
            "Everybody has a role, every key of the API has permissions of its own ([users and keys](users.md)). Pages and the API ask for the same",
            "permissions, in one place each; a route that asks for none and is not open lets nobody in. This page is written by a test from the routes",
            "themselves: it can't be behind them.", "",
            "## Roles", "",
            $"| permission | {string.Join(" | ", Role.BuiltIn.Select(r => r.Name))} |",
            $"|---|{string.Concat(Role.BuiltIn.Select(_ => ":-:|"))}",
            .. Permissions.All.Select(p => $"| `{Permissions.NameOf(p)}` | {string.Join(" | ", Role.BuiltIn.Select(r => r.Permissions.Has(p) ? "✓" : " "))} |"), "",
            "## API", "", "Below `/api/v1`.", "", .. Table(rows.Where(r => !r.IsPage && r.Door == RouteDoor.Permission)), "",
            "## Pages", "", "What a page changes, it changes by a handler of its own.", "", .. Table(rows.Where(r => r.IsPage && r.Door == RouteDoor.Permission)), "",
            "## Open to all", "", "A token in the path, a signature or a password is the proof where one is needed. `/metrics` answers this machine alone.", "",
            .. rows.Where(r => r.Door == RouteDoor.Open).Select(r => $"- `{r}`"), "",
            "## Commands of this machine", "", "Over the socket in the data directory, which only its owner can open.", "",
            .. rows.Where(r => r.Door == RouteDoor.Local).Select(r => $"- `{r}`"), "",
        ];
        return string.Join('\n', lines);
    }

    private static IEnumerable<string> Table(IEnumerable<RouteRow> rows) =>
    [
        "| route | needs |", "|---|---|",
        .. rows.Select(r => $"| `{r.Method} {r.Path.Replace("/api/v1", "", StringComparison.Ordinal)}` | {string.Join(" and ", r.Needs.Select(anyOf => string.Join(" or ", anyOf.Select(p => $"`{Permissions.NameOf(p)}`"))))} |"),
    ];
}
