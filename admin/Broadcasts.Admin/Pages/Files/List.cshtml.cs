using System.Globalization;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Files;

/// <summary>Files that messages carry: what attaches them, and which channels take them.</summary>
internal sealed class ListModel(FileStore files, ChannelStore channels, TransportCatalogue transports) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Before { get; set; }

    public IReadOnlyList<(FileRow File, int Uses, IReadOnlyList<Channel> Channels)> Items { get; private set; } = [];

    public long? Next { get; private set; }

    public bool CanEdit { get; private set; }

    public bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || Before is not null;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var rows = await files.PageAsync(Q, Before, PerPage + 1);
        if (rows.Count > PerPage) (rows, Next) = ([.. rows.Take(PerPage)], rows[PerPage - 1].Id);
        var uses = await files.UseCountsAsync(rows.Select(f => f.Id), cancellationToken);
        var ways = (await channels.ListAsync()).Select(c => (Channel: c, transports.Find(c.Transport)?.Capabilities)).Where(c => c.Capabilities is not null).ToList();
        Items = [.. rows.Select(f => (f, uses.GetValueOrDefault(f.Id), (IReadOnlyList<Channel>)[.. ways.Where(w => FileFit.CanCarry(w.Capabilities!, f.MediaType, f.Size)).Select(w => w.Channel)]))];
        CanEdit = May(Permission.EditContent);
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostAsync(IFormFile? file, CancellationToken cancellationToken)
    {
        if (file is not { Length: > 0 and <= FileStore.MostBytes })
        {
            Bad(file is not { Length: > 0 } ? Texts["Files.Choose"] : Texts["Problem.fileTooLarge", Web.Show.Size(file.Length), Web.Show.Size(FileStore.MostBytes)]);
            return LocalRedirect("/files");
        }

        using var content = new MemoryStream((int)file.Length);
        await file.CopyToAsync(content, cancellationToken);
        await files.AddAsync(Path.GetFileName(file.FileName), file.ContentType ?? "application/octet-stream", content.ToArray(), Visitor.Actor);
        Good(Texts["Files.Added"]);
        return LocalRedirect("/files");
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostDeleteAsync(long id, CancellationToken cancellationToken) => Told(await files.DeleteAsync(id, Visitor.Actor, cancellationToken), Texts["Did.delete"], "/files");

    public string With(long? before) => QueryHelpers.AddQueryString("/files", new Dictionary<string, string?> { ["q"] = Q, ["before"] = before?.ToString(CultureInfo.InvariantCulture) }.Where(q => !string.IsNullOrEmpty(q.Value)));
}
