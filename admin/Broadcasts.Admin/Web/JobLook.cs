using Broadcasts.Audiences;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Jobs;
using Microsoft.AspNetCore.Html;

namespace Broadcasts.Admin.Web;

/// <summary>How jobs look in the visitor's language.</summary>
internal sealed class JobLook(Texts texts, FieldStore fields, SegmentStore segments)
{
    /// <summary>The standard fields that can be set with many contacts, and the keys of their names.</summary>
    public static IReadOnlyList<(string Field, string Key)> StandardFields { get; } =
        [("language", "Subject.language"), ("country", "Subject.country"), ("timeZone", "Subject.time_zone"), ("firstName", "Subject.first_name"), ("lastName", "Subject.last_name")];

    public static string IconOf(JobAct act) => act switch
    {
        JobAct.AddTag or JobAct.RemoveTag => "tag",
        JobAct.SetField => "pencil",
        JobAct.Block => "ban",
        JobAct.Unblock => "check",
        JobAct.Delete => "trash",
        JobAct.ExportConsents => "file",
        _ => "download",
    };

    public IHtmlContent Status(Job job) => job.Status switch
    {
        JobStatus.Queued => Show.Badge("s-scheduled", "clock", texts.Of(job.Status)),
        JobStatus.Running => Show.Badge("s-inprogress", "live", texts.Of(job.Status)),
        JobStatus.Done => Show.Badge("s-completed", "check", texts.Of(job.Status)),
        JobStatus.Cancelled => Show.Badge("s-cancelled", "ban", texts.Of(job.Status)),
        JobStatus.Interrupted => Show.Badge("s-paused", "pause", texts.Of(job.Status)),
        _ => Show.Badge("s-failed", "alert", texts.Of(job.Status)),
    };

    /// <summary>What it does, with the tag or the field.</summary>
    public async Task<string> WhatAsync(Job job, CancellationToken cancellationToken) => job.Spec switch
    {
        { Tag: { } tag } => $"{texts.Of(job.Act)}: {tag}",
        { Field: { } field } => string.IsNullOrEmpty(job.Spec.Value)
            ? texts["Jobs.Cleared", await FieldAsync(field, cancellationToken)]
            : texts["Jobs.Set", await FieldAsync(field, cancellationToken), job.Spec.Value],
        _ => texts.Of(job.Act),
    };

    /// <summary>Whom it is about.</summary>
    public async Task<string> WhomAsync(Job job, CancellationToken cancellationToken)
    {
        if (job.IsPicked) return texts.Count("Jobs.Picked", job.Total);
        if (job.Spec.Suppressions is { } list) return list == new SuppressionFilter() ? texts["Jobs.WholeList"] : string.Join(" · ", Words(list));
        var words = new List<string>();
        if (job.Spec.Audience!.Search is { } search) words.Add($"“{search}”");
        if (job.Spec.Audience.WithTag is { } tag) words.Add($"{texts["Subject.tag"]}: {tag}");
        if (job.Spec.Audience.SegmentId is { } id) words.Add($"{texts["Broadcasts.Segment"]}: {(await segments.GetAsync(id, cancellationToken))?.Name ?? texts["Audience.Segment"]}");
        else if (job.Spec.Audience.Rule is not null) words.Add(texts["Audience.Rule"]);
        return words.Count == 0 ? texts["Jobs.Everybody"] : string.Join(" · ", words);
    }

    private IEnumerable<string> Words(SuppressionFilter list)
    {
        if (list.Kind is { } kind) yield return texts[$"AddressKind.{kind}"];
        if (list.Reason is { } reason) yield return texts.Of(reason);
        if (!string.IsNullOrWhiteSpace(list.Search)) yield return $"“{list.Search}”";
    }

    private async Task<string> FieldAsync(string field, CancellationToken cancellationToken) =>
        StandardFields.FirstOrDefault(s => s.Field == field) is { Key: { } key } ? texts[key]
        : (await fields.ListAsync(cancellationToken)).FirstOrDefault(f => "fields." + f.Slug == field)?.Name ?? field;
}
