using System.Text.Json;
using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Segments;

internal sealed class EditModel(SegmentStore segments, SegmentQueries queries, FieldStore fields, ContactQueries contacts) : ConsolePage
{
    // So far at once: a page that looks at every one of a million contacts answers too late for somebody who types.
    private const long Preview = 10_000;

    private const int Shown = 20;

    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Description { get; set; }

    [BindProperty]
    public RuleInput Rule { get; set; } = new();

    [BindProperty]
    public int Version { get; set; }

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<SegmentUse> Uses { get; private set; } = [];

    public IReadOnlyList<(long Id, string Name)> MemberOf { get; private set; } = [];

    /// <summary>Number or e-mail address of a contact of whom somebody asks why.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Contact { get; set; }

    public SegmentWhy? Why { get; private set; }

    public IReadOnlyList<ContactDetails> Sample { get; private set; } = [];

    /// <summary>How many; counted to <see cref="Preview"/> unless somebody asked for all of them.</summary>
    public long? Count { get; private set; }

    public bool IsExact { get; private set; }

    /// <summary>What all of them were when they were counted last.</summary>
    public (long Count, long At)? Counted { get; private set; }

    public bool CanEdit { get; private set; }

    /// <summary>What a condition looks at, as the form calls it.</summary>
    public string FieldName(SegmentSubject subject) =>
        subject.Kind != SegmentSubjectKind.Field ? Texts[$"Subject.{subject.Name}"] : Fields.FirstOrDefault(f => f.Slug == subject.Column)?.Name ?? subject.Name;

    private bool _countsAll;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Id == 0) Rule.Root.Members.Add(new RuleMember());
        else if (await segments.GetAsync(Id, cancellationToken) is { } segment)
        {
            (Name, Description, Version, Rule) = (segment.Name, segment.Description, segment.Version, RuleInput.Of(segment.Rule));
        }
        else return NotFound();
        await LoadAsync(cancellationToken);
        return Page();
    }

    [Needs(Permission.EditSegments)]
    public async Task<IActionResult> OnPostAsync([FromForm(Name = "do")] string? act, CancellationToken cancellationToken)
    {
        if (act?.Split(':') is ["rule", var change]) Rule.Change(change);
        else if (act == "count") _countsAll = true;
        else if (act != "look")
        {
            if (Read() is { } rule)
            {
                var (id, result) = Id == 0
                    ? await segments.CreateAsync(Name?.Trim() ?? "", rule, Visitor.Actor, Description, cancellationToken)
                    : (Id, await segments.UpdateAsync(Id, Name?.Trim() ?? "", rule, Description, Version, Visitor.Actor, cancellationToken));
                if (result.IsDone) return Told(result, Texts["Did.rename"], $"/segments/{id}");
                Problems = result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))];
            }

            Response.StatusCode = 422;
        }

        ModelState.Clear();
        await LoadAsync(cancellationToken);
        return Page();
    }

    [Needs(Permission.EditSegments)]
    public async Task<IActionResult> OnPostDeleteAsync(CancellationToken cancellationToken)
    {
        var result = await segments.DeleteAsync(Id, Visitor.Actor, cancellationToken);
        return Told(result, Texts["Did.delete"], result.IsDone ? "/segments" : $"/segments/{Id}");
    }

    private SegmentRule? Read()
    {
        try
        {
            var rule = SegmentRule.Parse(Rule.ToJson(Visitor.Zone.Id), out var problems);
            Problems = problems;
            return rule;
        }
        catch (JsonException e)
        {
            Problems = [new Problem("", "notJson", e.Message, $"{e.LineNumber + 1}", $"{e.BytePositionInLine + 1}")];
            return null;
        }
    }

    // Only of the rule that is stored: one that is being written is nobody's yet.
    private async Task KeepCountAsync(SegmentRule rule, CancellationToken cancellationToken)
    {
        if (Id == 0 || await segments.GetAsync(Id, cancellationToken) is not { } stored || stored.Rule != rule.ToJson()) return;
        if (stored is { Counted: { } count, CountedAt: { } at }) Counted = (count, at);
        if (IsExact && stored.Counted != Count) await segments.KeepCountAsync(Id, stored.Version, Count!.Value);
    }

    private async Task<long?> AskedOfAsync(CancellationToken cancellationToken) => string.IsNullOrWhiteSpace(Contact) ? null
        : long.TryParse(Contact, out var id) && await contacts.GetAsync(id, cancellationToken) is not null ? id
        : await contacts.FindAsync(AddressKind.Email, Contact, cancellationToken: cancellationToken) ?? await contacts.FindAsync(AddressKind.Phone, Contact, cancellationToken: cancellationToken);

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        Fields = await fields.ListAsync(cancellationToken);
        CanEdit = May(Permission.EditSegments);
        if (Id != 0) (Uses, MemberOf) = (await segments.UsedByAsync(Id, cancellationToken), await segments.MemberOfAsync(Id, cancellationToken));
        if (Problems.Count > 0 || Rule.IsBlank && Id == 0) return;
        if (Read() is not { } rule) return;
        Problems = await segments.CheckAsync(rule, cancellationToken);
        if (Problems.Count > 0) return;
        Count = await queries.CountAsync(rule, _countsAll ? null : Preview, cancellationToken);
        IsExact = _countsAll || Count < Preview;
        Sample = await queries.SampleAsync(rule, Shown, cancellationToken);
        await KeepCountAsync(rule, cancellationToken);
        if (await AskedOfAsync(cancellationToken) is { } contact) Why = await queries.WhyAsync(rule, contact, cancellationToken);
    }
}
