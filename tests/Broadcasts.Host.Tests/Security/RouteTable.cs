using Broadcasts.Admin.Security;
using Broadcasts.Host.Api;
using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Who a route lets in.</summary>
public enum RouteDoor
{
    /// <summary>Nothing is declared: nobody gets in, and the test of that fails.</summary>
    Undeclared,

    Open,

    /// <summary>Commands of this machine.</summary>
    Local,

    /// <summary>Whoever has the permissions.</summary>
    Permission,
}

/// <summary>A method at an address, of a page with its handler.</summary>
/// <param name="IsPage">A page, not a route of the API.</param>
/// <param name="Method">GET, POST …</param>
/// <param name="Path">The pattern, with the handler of a page.</param>
/// <param name="Door">Who gets in.</param>
/// <param name="Needs">The permissions, all of them; of each one alternative.</param>
public sealed record RouteRow(bool IsPage, string Method, string Path, RouteDoor Door, IReadOnlyList<IReadOnlyList<Permission>> Needs)
{
    public override string ToString() => $"{Method} {Path}";
}

/// <summary>Every route of the real host as it maps them: pages with each of their handlers, API, hooks, health, assets.</summary>
internal static class RouteTable
{
    public static async Task<IReadOnlyList<RouteRow>> ReadAsync()
    {
        using var folder = new TempFolder();
        var configuration = new ConfigurationBuilder().Build();
        var (options, faults) = ConfigReader.Read(configuration, folder.File("data"), "http://127.0.0.1:0");
        Assert.Empty(faults);
        using var directory = DataDirectory.Take(options.Engine.DataDirectory);
        await using var app = ServiceHost.Build(options, configuration, directory);
        WebSetup.Map(app);
        var rows = new List<RouteRow>();
        foreach (var endpoint in ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<PageActionDescriptor>() is { } page) rows.AddRange(await OfPageAsync(app, endpoint, page));
            else rows.AddRange(OfRoute(endpoint));
        }

        return [.. rows.Distinct(new SameRoute()).OrderBy(r => r.IsPage).ThenBy(r => r.Path, StringComparer.Ordinal).ThenBy(r => r.Method, StringComparer.Ordinal)];
    }

    private static IEnumerable<RouteRow> OfRoute(RouteEndpoint endpoint)
    {
        var needs = endpoint.Metadata.GetMetadata<NeedsAttribute>();
        var door = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null ? RouteDoor.Open
            : endpoint.Metadata.GetMetadata<LocalOnly>() is not null ? RouteDoor.Local
            : needs is { AnyOf.Count: > 0 } ? RouteDoor.Permission
            : RouteDoor.Undeclared;
        foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
            yield return new RouteRow(false, method, PathOf(endpoint), door, needs is null ? [] : [needs.AnyOf]);
    }

    private static async Task<IEnumerable<RouteRow>> OfPageAsync(WebApplication app, RouteEndpoint endpoint, PageActionDescriptor descriptor)
    {
        var page = await app.Services.GetRequiredService<PageLoader>().LoadAsync(descriptor, EndpointMetadataCollection.Empty);
        var isOpen = page.ModelTypeInfo!.IsDefined(typeof(AllowAnonymousAttribute), inherit: true);
        var handlers = page.HandlerMethods.Select(handler =>
        {
            var needs = NeedsAttribute.Of(page, handler);
            var door = isOpen ? RouteDoor.Open : needs.Count > 0 ? RouteDoor.Permission : RouteDoor.Undeclared;
            return new RouteRow(true, handler.HttpMethod.ToUpperInvariant(), PathOf(endpoint) + (handler.Name is { } name ? $"?handler={name}" : ""), door, [.. needs.Select(n => n.AnyOf)]);
        });
        // A page without a handler for GET is shown all the same.
        return page.HandlerMethods.Any(h => h.HttpMethod.Equals("GET", StringComparison.OrdinalIgnoreCase)) ? handlers
            : handlers.Append(new RouteRow(true, "GET", PathOf(endpoint), isOpen ? RouteDoor.Open : RouteDoor.Permission, [[Permission.Read]]));
    }

    private static string PathOf(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.TrimStart('/').TrimEnd('/');

    private sealed class SameRoute : IEqualityComparer<RouteRow>
    {
        public bool Equals(RouteRow? x, RouteRow? y) => x?.ToString() == y?.ToString();

        public int GetHashCode(RouteRow obj) => obj.ToString().GetHashCode(StringComparison.Ordinal);
    }
}
