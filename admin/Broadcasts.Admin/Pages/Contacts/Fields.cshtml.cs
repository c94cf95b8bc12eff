using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class FieldsModel(FieldStore fields, TagStore tags) : ConsolePage
{
    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    public IReadOnlyList<TagDetails> Tags { get; private set; } = [];

    public bool CanEdit { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Fields = await fields.ListAsync(cancellationToken);
        Tags = await tags.ListAsync(cancellationToken);
        CanEdit = May(Permission.EditContacts);
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostFieldAsync(string? name, FieldType type, string? choices, CancellationToken cancellationToken)
    {
        var options = type is FieldType.List or FieldType.ListMulti ? LabelText.Read(choices) : null;
        var (_, result) = await fields.CreateAsync(name ?? "", type, Visitor.Actor, options, cancellationToken);
        return Told(result, Texts["Fields.Created", name], "/contacts/fields");
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostChangeFieldAsync(long id, string? name, FieldType type, string? choices, CancellationToken cancellationToken)
    {
        var options = type is FieldType.List or FieldType.ListMulti ? LabelText.Read(choices) : null;
        return Told(await fields.UpdateAsync(id, name ?? "", type, Visitor.Actor, options, cancellationToken), Texts["Did.rename"], "/contacts/fields");
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostRenameTagAsync(long id, string? name, CancellationToken cancellationToken) =>
        Told(await tags.RenameAsync(id, name ?? "", Visitor.Actor, cancellationToken), Texts["Did.rename"], "/contacts/fields");

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostDeleteFieldAsync(long id, CancellationToken cancellationToken) =>
        Told(await fields.DeleteAsync(id, Visitor.Actor, cancellationToken), Texts["Did.delete"], "/contacts/fields");

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostTagAsync(string? name, CancellationToken cancellationToken)
    {
        var (_, result) = await tags.CreateAsync(name ?? "", Visitor.Actor, cancellationToken);
        return Told(result, Texts["Tags.Created", name], "/contacts/fields");
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostDeleteTagAsync(long id, CancellationToken cancellationToken) =>
        Told(await tags.DeleteAsync(id, Visitor.Actor, cancellationToken), Texts["Did.delete"], "/contacts/fields");
}
