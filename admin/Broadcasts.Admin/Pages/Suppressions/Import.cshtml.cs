using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Import;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;

namespace Broadcasts.Admin.Pages.Suppressions;

[Needs(Permission.EditContacts)]
[ImportLimit]
internal sealed class ImportModel(SuppressionImport lists, ChannelStore channels, EngineOptions options) : ConsolePage
{
    public ListForm Form { get; private set; } = new([]);

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>What became of the file; null when nothing of it was read.</summary>
    public SuppressionListResult? Result { get; private set; }

    public string? Name { get; private set; }

    public async Task OnGetAsync()
    {
        Form = new ListForm(await channels.ListAsync()) { Country = options.DefaultCountry };
        if (!Request.Query.ContainsKey(ImportLimitAttribute.Query)) return;
        Problems = [new Problem("file", "importTooLarge", Texts["Import.TooLarge", options.MaxImportMegabytes], $"{options.MaxImportMegabytes}")];
        Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
    }

    public async Task OnPostAsync(IFormFile? upload, AddressKind kind, long channel, string? country)
    {
        Form = new ListForm(await channels.ListAsync()) { Kind = kind, Channel = channel, Country = country };
        if (upload is null || upload.Length == 0) Problems = [new Problem("file", "noFile", Texts["Import.NoFile"])];
        else if (!Enum.IsDefined(kind)) Problems = [new Problem("kind", "unknownKind", Texts["Problem.unknownKind"])];
        else await ReadAsync(upload);
        if (Problems.Count > 0) Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
    }

    // Not broken off by a closed page: the file is here, and who is on it must not be written to.
    private async Task ReadAsync(IFormFile upload)
    {
        Name = Path.GetFileName(upload.FileName);
        await using var content = upload.OpenReadStream();
        var result = await lists.RunAsync(content, new SuppressionListOptions
        {
            Name = Name,
            Actor = Visitor.Actor,
            Kind = Form.Kind,
            ChannelId = Form.Channel,
            Country = string.IsNullOrWhiteSpace(Form.Country) ? null : Form.Country.Trim().ToUpperInvariant(),
        });
        if (result.Error is { } error) Problems = [error];
        if (result.Error is null || result.Added + result.Already + result.Invalid > 0) Result = result;
    }
}
