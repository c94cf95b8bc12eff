using System.Diagnostics;
using Broadcasts.Admin.Web;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>What a person sees when something went wrong. The log has the rest under the same reference.</summary>
[IgnoreAntiforgeryToken]
internal sealed class ErrorModel : ConsolePage
{
    public string Title { get; private set; } = "";

    public string Text { get; private set; } = "";

    public string? Reference { get; private set; }

    public void OnGet(int? status) => Tell(status);

    public void OnPost(int? status) => Tell(status);

    private void Tell(int? status)
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
        if (kind == "Failure") Reference = Activity.Current?.TraceId.ToString() ?? HttpContext.TraceIdentifier;
    }
}
