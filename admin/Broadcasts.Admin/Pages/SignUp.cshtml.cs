using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Forms;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Broadcasts.Admin.Pages;

/// <summary>A form for everybody. Other sites may post to it: there is nothing in a session that a stranger's page could use, and what is typed has to be confirmed by the address's owner.</summary>
[IgnoreAntiforgeryToken]
[RequestSizeLimit(256 * 1024)]
[AllowAnonymous]
internal sealed class SignUpModel(FormStore forms, FormEntries entries, FieldStore fields, ChannelStore channels, FormLimiter limiter) : ConsolePage
{
    private const string FieldPrefix = "f.";

    public SignUpForm? Form { get; private set; }

    public AddressKind Kind { get; private set; }

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    public string? Address { get; private set; }

    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public bool IsDone { get; private set; }

    public Task<IActionResult> OnGetAsync(string token, CancellationToken cancellationToken) => ShowAsync(token, cancellationToken);

    public async Task<IActionResult> OnPostAsync(string token, string? address, string? homepage, string? agreed, CancellationToken cancellationToken)
    {
        var page = await ShowAsync(token, cancellationToken);
        if (Form is not { IsOpen: true } form) return page;
        if (!limiter.TryEnter(HttpContext.Connection.RemoteIpAddress)) return Refused(StatusCodes.Status429TooManyRequests, new Problem("", "tooManyEntries", "Too many entries came from your network. Wait a minute and try again."));
        Address = address;
        foreach (var (name, values) in Request.Form.Where(f => f.Key.StartsWith(FieldPrefix, StringComparison.Ordinal))) Values[name[FieldPrefix.Length..]] = string.Join(FieldValues.Separator, values.ToArray());
        // No person sees this input: whatever fills it in hears that all went well.
        if (!string.IsNullOrEmpty(homepage)) return Done();
        if (agreed is null) return Refused(StatusCodes.Status422UnprocessableEntity, new Problem("agreed", "notAgreed", "Say that you agree, by the box above the button."));
        var result = await entries.EnterAsync(form, new FormEntry(address ?? "", Values), cancellationToken);
        if (result.IsDone) return Done();
        var theirs = result.Problems.Where(IsTheirs).ToArray();
        // What is the matter with the service is not for a stranger to read.
        return theirs.Length > 0 ? Refused(StatusCodes.Status422UnprocessableEntity, theirs) : Refused(StatusCodes.Status503ServiceUnavailable, new Problem("", "formLater", "This does not work at the moment. Try again later."));
    }

    /// <summary>Which input a problem is about, as a lead-in.</summary>
    public string Place(Problem problem, Texts texts) => problem.Path switch
    {
        "address" => texts[$"AddressKind.{Kind}"] + ":",
        SignUpForm.FirstName or SignUpForm.LastName => texts[$"Subject.{problem.Path}"] + ":",
        var path => Fields.FirstOrDefault(f => f.Slug == path) is { } field ? field.Name + ":" : "",
    };

    private bool IsTheirs(Problem problem) => problem.Path == "address" || Form!.ReadFields().Any(f => f.Name == problem.Path);

    private PageResult Done()
    {
        IsDone = true;
        return Page();
    }

    private PageResult Refused(int status, params Problem[] problems)
    {
        Response.StatusCode = status;
        Problems = problems;
        return Page();
    }

    private async Task<IActionResult> ShowAsync(string token, CancellationToken cancellationToken)
    {
        Response.Headers["X-Robots-Tag"] = "noindex";
        Form = await forms.FindAsync(token, cancellationToken);
        if (Form is null) Response.StatusCode = StatusCodes.Status404NotFound;
        else
        {
            Fields = await fields.ListAsync(cancellationToken);
            Kind = (await channels.GetAsync(Form.ChannelId))?.AddressKind ?? AddressKind.Email;
        }

        return Page();
    }
}
