using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Jobs;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class JobsModel(JobStore jobs, JobLook look, People people) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    public IReadOnlyList<JobLine> Lines { get; private set; } = [];

    public long? Next { get; private set; }

    /// <summary>Some of them go on while the page is open.</summary>
    public bool IsLive => Lines.Any(l => l.Job.Status.IsOpen());

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var page = await jobs.ListAsync(After, PerPage + 1, cancellationToken);
        var lines = new List<JobLine>();
        foreach (var job in page.Take(PerPage)) lines.Add(new JobLine(job, await look.WhatAsync(job, cancellationToken), await look.WhomAsync(job, cancellationToken), await people.NameAsync(job.CreatedBy, cancellationToken)));
        Lines = lines;
        if (page.Count > PerPage) Next = lines[^1].Job.Id;
    }
}

/// <summary>A job in people's words.</summary>
internal sealed record JobLine(Job Job, string What, string Whom, string By);
