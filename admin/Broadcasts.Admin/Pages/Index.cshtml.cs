using Broadcasts.Admin.Web;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

internal sealed class IndexModel : ConsolePage
{
    public IActionResult OnGet() => LocalRedirect("/broadcasts");
}
