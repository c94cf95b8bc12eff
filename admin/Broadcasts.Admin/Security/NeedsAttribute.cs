using System.Reflection;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;

namespace Broadcasts.Admin.Security;

/// <summary>What a page, one of its handlers or a route of the API asks of its caller. With several, one of them is enough to get in and the handler looks which.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class NeedsAttribute(params Permission[] anyOf) : Attribute
{
    public IReadOnlyList<Permission> AnyOf { get; } = anyOf;

    /// <summary>As people read it: <c>contacts.edit or contacts.export</c>.</summary>
    public override string ToString() => string.Join(" or ", AnyOf.Select(Permissions.NameOf));

    /// <summary>
    /// What a handler of a page needs, all of it: its own declaration, its class's and its page's. Looking is declared for every page (<see cref="Web.ConsolePage"/>);
    /// what changes something declares for itself. Empty: it declares nothing, and nobody gets in.
    /// </summary>
    public static IReadOnlyList<NeedsAttribute> Of(CompiledPageActionDescriptor page, HandlerMethodDescriptor handler)
    {
        var isChange = PermissionFilter.IsChange(handler.HttpMethod);
        NeedsAttribute?[] declared =
        [
            page.PageTypeInfo.GetCustomAttribute<NeedsAttribute>(), page.ModelTypeInfo!.GetCustomAttribute<NeedsAttribute>(inherit: !isChange), handler.MethodInfo.GetCustomAttribute<NeedsAttribute>(),
        ];
        var needs = declared.OfType<NeedsAttribute>().ToList();
        // Whoever may do anything may look: that is not said twice.
        return needs.Count > 1 ? [.. needs.Where(n => n.AnyOf is not [Permission.Read])] : needs;
    }
}
