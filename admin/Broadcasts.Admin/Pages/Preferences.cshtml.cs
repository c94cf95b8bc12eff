using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>Language and theme: kept with the user, or in a cookie before there is one.</summary>
[AllowAnonymous]
internal sealed class PreferencesModel(UserStore users, UserManager<User> manager, ConsoleSignIn signIn) : ConsolePage
{
    public IActionResult OnGet() => LocalRedirect("/account");

    public async Task<IActionResult> OnPostAsync(string? language, string? theme, string? to)
    {
        var back = Inside(to, "/sign-in");
        var user = User.Identity?.IsAuthenticated == true ? await manager.GetUserAsync(User) : null;
        if (Request.Form.ContainsKey("language") && VisitorCulture.Languages.Contains(language))
        {
            Remember(VisitorCulture.LanguageCookie, language!);
            if (user is not null) user.Language = language;
        }

        if (Request.Form.ContainsKey("theme"))
        {
            var chosen = Visitor.Themes.Contains(theme) ? theme : null;
            Remember(VisitorCulture.ThemeCookie, chosen ?? "");
            if (user is not null) user.Theme = chosen;
        }

        if (user is null) return LocalRedirect(back);
        await users.UpdateAsync(user);
        await signIn.RefreshAsync(user);
        return LocalRedirect(back);
    }

    private void Remember(string cookie, string value) =>
        Response.Cookies.Append(cookie, value, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            Secure = Request.IsHttps,
            IsEssential = true,
            MaxAge = TimeSpan.FromDays(365),
        });
}
