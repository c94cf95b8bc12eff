using System.Diagnostics;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>What a person sees when something went wrong. The log has the rest under the same reference.</summary>
[IgnoreAntiforgeryToken]
[AllowAnonymous]
internal sealed class ErrorModel(RoleStore roles) : ConsolePage
{
    public string Title { get; private set; } = "";

    public string Text { get; private set; } = "";

    public string? Reference { get; private set; }

    /// <summary>Which permission was missing, and which roles have it.</summary>
    public string? Needed { get; private set; }

    public Task OnGetAsync(int? status, CancellationToken cancellationToken) => TellAsync(status, cancellationToken);

    public Task OnPostAsync(int? status, CancellationToken cancellationToken) => TellAsync(status, cancellationToken);

    private async Task TellAsync(int? status, CancellationToken cancellationToken)
    {
        var failed = HttpContext.Features.Get<IExceptionHandlerFeature>() is not null;
        var kind = failed ? "Failure" : status switch
        {
            404 => "NotFound",
            403 => "Forbidden",
            400 => "Expired",
            _ => "Failure",
        };
        Title = Texts[$"Error.{kind}"];
        Text = Texts[$"Error.{kind}Text"];
        if (kind == "Forbidden" && HttpContext.Features.Get<RefusedBy>()?.Needs is { } needs) Needed = Texts["Error.Needed", string.Join(", ", needs.AnyOf.Select(p => Texts.Of(p))), await WhoMayAsync(needs, cancellationToken)];
        if (kind == "Failure") Reference = Activity.Current?.TraceId.ToString() ?? HttpContext.TraceIdentifier;
    }
    private async Task<string> WhoMayAsync(NeedsAttribute needs, CancellationToken cancellationToken) =>
        string.Join(", ", (await roles.ListAsync(cancellationToken)).Where(r => r.Permissions.HasAny(needs.AnyOf)).Select(Texts.RoleName));
}
