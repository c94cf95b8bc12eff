using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;
using System.Reflection;

namespace Broadcasts.Admin.Security;

/// <summary>The one place where pages are refused. What declares no permission and is not open is refused to everybody.</summary>
internal sealed class PermissionFilter : IAsyncAuthorizationFilter, IAsyncPageFilter
{
    // What page and class declare is looked at before a body is read: a large file is refused unread.
    public Task OnAuthorizationAsync(AuthorizationFilterContext context)
    {
        if (context.ActionDescriptor is not CompiledPageActionDescriptor page || IsOpen(page)) return Task.CompletedTask;
        var declared = new[] { page.PageTypeInfo.GetCustomAttribute<NeedsAttribute>(), page.ModelTypeInfo?.GetCustomAttribute<NeedsAttribute>() };
        if (declared.OfType<NeedsAttribute>().FirstOrDefault(n => !IsMet(context.HttpContext, n)) is { } missing) context.Result = Refuse(context.HttpContext, missing);
        return Task.CompletedTask;
    }

    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public Task OnPageHandlerExecutionAsync(PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var page = context.ActionDescriptor;
        // A page without a handler for a GET is only shown.
        if (IsOpen(page) || context.HandlerMethod is not { } handler) return next();
        var needs = NeedsAttribute.Of(page, handler);
        var missing = needs.FirstOrDefault(n => !IsMet(context.HttpContext, n));
        if (needs.Count > 0 && missing is null) return next();
        context.Result = Refuse(context.HttpContext, missing);
        return Task.CompletedTask;
    }

    /// <summary>True for a handler that may change something.</summary>
    public static bool IsChange(string method) => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method);

    private static bool IsOpen(CompiledPageActionDescriptor page) => page.ModelTypeInfo?.GetCustomAttribute<AllowAnonymousAttribute>() is not null;

    private static bool IsMet(HttpContext context, NeedsAttribute needs) => context.Features.Get<ConsoleSession>()?.May.HasAny(needs.AnyOf) == true;

    private static ForbidResult Refuse(HttpContext context, NeedsAttribute? needs)
    {
        context.Features.Set(new RefusedBy(needs));
        return new ForbidResult();
    }
}

/// <summary>What was missing, for the page that says so.</summary>
internal sealed record RefusedBy(NeedsAttribute? Needs);
