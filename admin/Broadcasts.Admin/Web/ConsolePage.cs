using Broadcasts.Broadcasting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Admin.Web;

/// <summary>What every page of the console can do: say how an act ended on the next page, and ask for rights.</summary>
internal abstract class ConsolePage : PageModel
{
    public const string GoodKey = "flash.good";
    public const string BadKey = "flash.bad";
    public const string UndoKey = "flash.undo";

    protected Texts Texts => HttpContext.RequestServices.GetRequiredService<Texts>();

    protected Visitor Visitor => HttpContext.RequestServices.GetRequiredService<Visitor>();

    protected Show Show => HttpContext.RequestServices.GetRequiredService<Show>();

    /// <summary>True when the visitor's role allows it. A handler that changes anything asks first.</summary>
    protected async Task<bool> MayAsync(string policy) =>
        (await HttpContext.RequestServices.GetRequiredService<IAuthorizationService>().AuthorizeAsync(User, policy)).Succeeded;

    /// <summary>Shown on top of the next page.</summary>
    protected void Good(string text) => TempData[GoodKey] = text;

    /// <summary>Shown on top of the next page.</summary>
    protected void Bad(string text) => TempData[BadKey] = text;

    /// <summary>A button beside what is shown on top of the next page, which posts to this address of the console.</summary>
    protected void Undo(string path, params (string Name, string Value)[] values) => TempData[UndoKey] = QueryHelpers.AddQueryString(path, values.ToDictionary(v => v.Name, v => (string?)v.Value));

    /// <summary>Says how a command ended and goes on.</summary>
    protected IActionResult Told(CommandResult result, string done, string to)
    {
        if (result.IsDone) Good(done);
        else Bad(Texts.Refusal(result));
        return LocalRedirect(to);
    }

    /// <summary>An address inside the console, or the fallback for anything else.</summary>
    protected string Inside(string? address, string fallback = "/broadcasts") => Url.IsLocalUrl(address) ? address! : fallback;
}
