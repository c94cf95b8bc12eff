using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class JobModel(JobStore jobs, JobLook look, People people, TimeProvider time) : ConsolePage
{
    private const int MostRefusals = 50;

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public JobLine Line { get; private set; } = null!;

    public Job Job => Line.Job;

    public string? CancelledBy { get; private set; }

    public IReadOnlyList<JobRefusal> Refusals { get; private set; } = [];

    /// <summary>The visitor may end it, and download what it made.</summary>
    public bool MayAct { get; private set; }

    public bool HasFile => Job.HasFile(time.Now());

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await jobs.GetAsync(Id, cancellationToken) is not { } job) return NotFound();
        Line = new JobLine(job, await look.WhatAsync(job, cancellationToken), await look.WhomAsync(job, cancellationToken), await people.NameAsync(job.CreatedBy, cancellationToken));
        if (job.CancelledBy is not null) CancelledBy = await people.NameAsync(job.CancelledBy, cancellationToken);
        Refusals = await jobs.RefusalsAsync(Id, 0, MostRefusals, cancellationToken);
        MayAct = May(job.Act.Needs());
        return Page();
    }

    [Needs(Permission.EditContacts, Permission.EraseContacts, Permission.ExportContacts)]
    public async Task<IActionResult> OnPostCancelAsync(CancellationToken cancellationToken)
    {
        if (await jobs.GetAsync(Id, cancellationToken) is not { } job) return NotFound();
        if (!May(job.Act.Needs())) return Refused(job.Act.Needs());
        return Told(await jobs.CancelAsync(Id, Visitor.Actor, cancellationToken), Texts["Jobs.DidCancel"], $"/contacts/jobs/{Id}");
    }
}
