using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcasts.Security;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Every route, called by everybody who could: the running program lets in whom the routes' declarations say.</summary>
public sealed partial class RoleAccessTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    public static TheoryData<UserRole> Roles { get; } = [.. Enum.GetValues<UserRole>()];

    public static TheoryData<Permission> AllPermissions { get; } = [.. Enum.GetValues<Permission>()];

    [Theory, MemberData(nameof(Roles))]
    public async Task Console_OfARole_IsLetInWhereItsPermissionsSay(UserRole role)
    {
        var may = Role.BuiltIn[(int)role].Permissions;
        using var console = await SignInAsync(role);
        var token = await console.TokenAsync("/account");
        var wrong = new List<string>();
        foreach (var row in (await RouteTable.ReadAsync()).Where(r => r.Door is RouteDoor.Permission or RouteDoor.Local))
        {
            using var request = RequestOf(row);
            if (row.IsPage && row.Method == "POST") request.Content = new FormUrlEncodedContent([KeyValuePair.Create("__RequestVerificationToken", token)]);
            using var answer = await console.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            if (Wrong(row, may, answer) is { } what) wrong.Add(what);
        }

        Assert.Empty(wrong);
    }

    [Theory, MemberData(nameof(AllPermissions))]
    public async Task Key_WithOnePermission_IsLetInWhereItSays(Permission permission)
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await MakeKeyAsync(permission));
        var wrong = new List<string>();
        foreach (var row in (await RouteTable.ReadAsync()).Where(r => !r.IsPage && r.Door is RouteDoor.Permission or RouteDoor.Local))
        {
            using var request = RequestOf(row);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            if (Wrong(row, PermissionSet.Of(permission), answer) is { } what) wrong.Add(what);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Strangers_AreLetInNowhereButWhereItIsOpen()
    {
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = service.Http.BaseAddress };
        var wrong = new List<string>();
        foreach (var row in (await RouteTable.ReadAsync()).Where(r => r.Door != RouteDoor.Open))
        {
            using var request = RequestOf(row);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            var isKeptOut = row.IsPage ? answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location!.AbsolutePath == "/sign-in" : answer.StatusCode == HttpStatusCode.Unauthorized;
            if (!isKeptOut) wrong.Add($"{row}: {answer.StatusCode}");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Secrets_OfAChannel_NeedTheirOwnPermissionAlsoToSendThemElsewhere()
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await MakeKeyAsync(Permission.ManageChannels));
        var settings = new { host = "smtp.example.org", username = "news", password = "hidden", from = "news@example.org" };
        using var created = await http.PostAsJsonAsync("/api/v1/channels", new { name = "Mail", transport = "smtp", settings }, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "secretsNotYours"), (created.StatusCode, await CodeAsync(created)));

        var path = $"/api/v1/channels/{(await service.PostAsync("/api/v1/channels", new { name = "Mail", transport = "smtp", settings })).GetProperty("id")}";
        using var renamed = await http.PatchAsJsonAsync(path, new { name = "Post" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, renamed.StatusCode);
        using var secret = await http.PatchAsJsonAsync(path, new { settings = new { password = "other" } }, TestContext.Current.CancellationToken);
        Assert.Equal("secretsNotYours", await CodeAsync(secret));
        // The stored password would be shown to whoever runs that server.
        using var elsewhere = await http.PatchAsJsonAsync(path, new { settings = new { host = "smtp.mallory.example" } }, TestContext.Current.CancellationToken);
        Assert.Equal("secretsNotYours", await CodeAsync(elsewhere));
    }

    private static async Task<string?> CodeAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("problems")[0].GetProperty("code").GetString();

    // Of several permissions the handler asks for one of them, which depends on the request: then only the door is looked at.
    private static string? Wrong(RouteRow row, PermissionSet may, HttpResponseMessage answer)
    {
        var isLetIn = row.Door == RouteDoor.Permission && row.Needs.All(may.HasAny);
        var expected = row.Door == RouteDoor.Local ? answer.StatusCode == HttpStatusCode.NotFound
            : !isLetIn ? answer.StatusCode == HttpStatusCode.Forbidden
            : row.Needs.Any(n => n.Count > 1) || answer.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized or HttpStatusCode.InternalServerError) && answer.Headers.Location?.ToString().Contains("/sign-in", StringComparison.Ordinal) != true;
        return expected ? null : $"{row} with {may}: {(int)answer.StatusCode} {answer.Headers.Location}";
    }

    private static HttpRequestMessage RequestOf(RouteRow row)
    {
        var path = Place().Replace(row.Path, m => m.Value.EndsWith(":long}", StringComparison.Ordinal) || m.Value.EndsWith(":int}", StringComparison.Ordinal) ? "98765" : "x");
        return new HttpRequestMessage(new HttpMethod(row.Method), path) { Content = row.Method is "GET" or "DELETE" ? null : JsonContent.Create(new { }) };
    }

    private async Task<ConsoleClient> SignInAsync(UserRole role)
    {
        var user = await service.PostAsync("/api/v1/users", new { email = $"{role}@example.com", role = role.ToString() });
        var console = new ConsoleClient(service.Http.BaseAddress!);
        await console.OpenLinkAsync(new Uri(user.GetProperty("link").GetString()!).AbsolutePath);
        return console;
    }

    private async Task<string> MakeKeyAsync(Permission permission) =>
        (await service.PostAsync("/api/v1/api-keys", new { name = permission.ToString(), scopes = new[] { Permissions.NameOf(permission) } })).GetProperty("key").GetString()!;

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Place();
}
