using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Admin.Web;

/// <summary>Lets a page take files as large as the installation allows (<c>Broadcasts:Limits:ImportMegabytes</c>); a larger one leads back to the page, which says so.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ImportLimitAttribute : Attribute, IAuthorizationFilter, IOrderedFilter
{
    /// <summary>In the query of a page that a file was too large for.</summary>
    public const string Query = "tooLarge";

    // What a form has around its file.
    private const long Around = 64 * 1024;

    // Columns of a file as values of a form, and a few more.
    private const int MostValues = 32 * 1024;

    /// <summary>Before the check against forgery: that one reads the form already.</summary>
    public int Order => -1;

    public void OnAuthorization(AuthorizationFilterContext context)
    {
        var http = context.HttpContext;
        if (!HttpMethods.IsPost(http.Request.Method)) return;
        var most = http.RequestServices.GetRequiredService<EngineOptions>().MaxImportMegabytes * 1024L * 1024 + Around;
        var size = http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>();
        if (http.Request.ContentLength > most)
        {
            // Not read: with a limit the connection would be cut off, and the browser would show that instead of the page.
            if (!size.IsReadOnly) size.MaxRequestBodySize = null;
            context.Result = new LocalRedirectResult($"{http.Request.Path}{http.Request.QueryString.Add(Query, "true")}");
            return;
        }

        if (!size.IsReadOnly) size.MaxRequestBodySize = most;
        http.Features.Set<IFormFeature>(new FormFeature(http.Request, new FormOptions { MultipartBodyLengthLimit = most, ValueCountLimit = MostValues, BufferBodyLengthLimit = most }));
    }
}
