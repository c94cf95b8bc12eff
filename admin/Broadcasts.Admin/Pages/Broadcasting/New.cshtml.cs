using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>Name and labels make a draft at once: from here on nothing is lost by leaving.</summary>
[Needs(Permission.EditBroadcasts)]
internal sealed class NewModel(BroadcastFactory factory) : ConsolePage
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Labels { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Segment { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Import { get; set; }

    [BindProperty(SupportsGet = true)]
    public long[] Contact { get; set; } = [];

    /// <summary>The form's own: sent twice it makes one broadcast.</summary>
    [BindProperty]
    public Guid Key { get; set; }

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public void OnGet()
    {
        Key = Guid.NewGuid();
        Name = Texts["New.Suggestion", Visitor.Today.ToDateOnly().ToString(Texts["Time.DayYearFormat"], CultureInfo.CurrentCulture)];
    }

    public async Task<IActionResult> OnPostAsync()
    {
        var audience = Contact.Length > 0 ? new BroadcastAudience { ContactIds = Contact }
            : Segment is { } segment ? new() { SegmentId = segment }
            : Import is { } import ? new() { ImportId = import }
            : null;
        var draft = new BroadcastDraft
        {
            Name = Name?.Trim() ?? "",
            Labels = LabelText.Read(Labels),
            AudienceJson = audience is null ? null : JsonSerializer.Serialize(audience, BroadcastJson.Options),
        };
        var (id, result) = await factory.CreateAsync(draft, Visitor.Actor, Key == Guid.Empty ? null : IdentityOf(draft));
        if (result.IsDone) return LocalRedirect($"/broadcasts/{id}/edit");
        Problems = result.Problems;
        return Page();
    }

    // Who goes back and writes another name means another one.
    private string IdentityOf(BroadcastDraft draft) => $"new:{Visitor.Actor}:{Key:N}:{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(draft.Name)), 0, 8)}";
}
