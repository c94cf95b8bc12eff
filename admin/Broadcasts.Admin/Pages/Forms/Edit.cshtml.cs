using System.Net;
using System.Text;
using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Forms;
using Broadcasts.Contacts;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Forms;

internal sealed class EditModel(FormStore forms, FieldStore fields, ChannelStore channels, TransportCatalogue transports, EngineOptions options) : ConsolePage
{
    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty]
    public FormInput Input { get; set; } = new();

    public SignUpForm? Form { get; private set; }

    public Channel? Channel { get; private set; }

    /// <summary>To choose from for a new one.</summary>
    public IReadOnlyList<Channel> Channels { get; private set; } = [];

    /// <summary>What a form may ask, with its label.</summary>
    public IReadOnlyList<(string Name, string Label)> Askable { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public bool CanEdit { get; private set; }

    /// <summary>Where people find the form; null when the service doesn't know how it is reached.</summary>
    public string? PublicUrl => options.PublicUrl is not { } url ? null : Form is null ? url.ToString() : new Uri(url, $"f/{Form.Token}").ToString();

    /// <summary>The form for another site's page.</summary>
    public string Snippet => SnippetOf(PublicUrl!);

    public async Task<IActionResult> OnGetAsync(long? channel, CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        if (Id != 0 && Form is null) return NotFound();
        if (Form is not null) Input = FormInput.Of(Form);
        else if (channel is { } id && await channels.GetAsync(id) is { } chosen) Input = FirstOf(chosen);
        else
        {
            Channels = await channels.ListAsync();
            return Page();
        }

        Channel = await channels.GetAsync(Input.ChannelId);
        return Page();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        var edit = Input.ToEdit();
        var (id, result) = Id == 0 ? await forms.CreateAsync(edit, Visitor.Actor, cancellationToken) : (Id, await forms.UpdateAsync(Id, edit, Input.Version, Visitor.Actor, cancellationToken));
        if (result.IsDone) return Told(result, Texts["Did.rename"], $"/forms/{id}");
        Problems = result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))];
        Response.StatusCode = 422;
        await LoadAsync(cancellationToken);
        Channel = await channels.GetAsync(Input.ChannelId);
        return Page();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostDeleteAsync(CancellationToken cancellationToken)
    {
        return Told(await forms.DeleteAsync(Id, Visitor.Actor, cancellationToken), Texts["Did.delete"], "/forms");
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (Id != 0) Form = await forms.GetAsync(Id, cancellationToken);
        CanEdit = May(Permission.EditContacts);
        Askable = [(SignUpForm.FirstName, Texts["Subject.first_name"]), (SignUpForm.LastName, Texts["Subject.last_name"]), .. (await fields.ListAsync(cancellationToken)).Select(f => (f.Slug, f.Name))];
    }

    // A first text that works: what it says is the author's.
    private FormInput FirstOf(Channel channel)
    {
        var capabilities = transports.Find(channel.Transport)?.Capabilities;
        var text = Texts["Forms.FirstText", "{{ links.confirm }}"];
        var part = capabilities?.Content.HasFlag(ContentKinds.Email) == true ? new PartInput { Type = "email", Subject = Texts["Forms.FirstSubject"], Text = text }
            : capabilities?.MessagingWindow is not null && capabilities.Content.HasFlag(ContentKinds.Template) ? new PartInput { Type = "template", Parameters = "body = {{ links.confirm }}" }
            : new PartInput { Type = "text", Text = text };
        return new FormInput { IsOpen = true, ChannelId = channel.Id, Part = part, Title = Texts["Forms.FirstTitle"], Consent = Texts["Forms.FirstConsent"], Asked = [SignUpForm.FirstName] };
    }

    private string SnippetOf(string url)
    {
        var html = new StringBuilder($"<form method=\"post\" action=\"{url}\">\n");
        html.Append(null, $"  <label>{Encoded(Channel is null ? "" : Texts[$"AddressKind.{Channel.AddressKind}"])} <input name=\"address\" required></label>\n");
        foreach (var field in Form!.ReadFields())
            html.Append(null, $"  <label>{Encoded(Askable.FirstOrDefault(a => a.Name == field.Name).Label ?? field.Name)} <input name=\"f.{field.Name}\"{(field.IsRequired ? " required" : "")}></label>\n");
        html.Append(null, $"  <label><input type=\"checkbox\" name=\"agreed\" value=\"true\" required> {Encoded(Form.Consent)}</label>\n");
        return html.Append(null, $"  <button>{Encoded(Texts["SignUp.Act"])}</button>\n</form>").ToString();
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}
