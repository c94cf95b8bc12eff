using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>What shall be done with many contacts.</summary>
internal sealed record JobBody
{
    public required JobAct Act { get; init; }

    /// <summary>addTag, removeTag: the tag.</summary>
    public string? Tag { get; init; }

    /// <summary>setField: language, country, timeZone, firstName, lastName or fields.&lt;slug&gt;.</summary>
    public string? Field { get; init; }

    /// <summary>setField: the value. Without it the field is cleared.</summary>
    public string? Value { get; init; }

    /// <summary>With whom. Without it with everybody, and for exportSuppressions the whole list.</summary>
    public JobAudienceBody? Audience { get; init; }

    /// <summary>How many it must be: any other number is refused. Default: any.</summary>
    public long? Expected { get; init; }

    public bool TryRead([NotNullWhen(true)] out JobRequest? request, out IResult? problem)
    {
        (request, problem) = (null, null);
        var audience = Audience ?? new JobAudienceBody();
        // Nothing said is everybody, and nobody deletes everybody by leaving something out.
        if (Act == JobAct.Delete && audience is { Contacts: null, SegmentId: null, Rule: null } && string.IsNullOrWhiteSpace(audience.Search) && string.IsNullOrWhiteSpace(audience.Tag))
        {
            problem = ApiProblems.Invalid("audience", "audienceRequired", "Say who is deleted. {\"rule\": {\"all\": []}} is everybody.");
            return false;
        }

        SegmentRule? rule = null;
        if (audience.Rule is { } given)
        {
            rule = SegmentRule.Parse(given, out var problems);
            if (rule is null)
            {
                problem = ApiProblems.Invalid(problems);
                return false;
            }
        }

        var suppressions = new SuppressionFilter();
        if (Act == JobAct.ExportSuppressions)
        {
            var query = new SuppressionQuery { Kind = audience.Kind, Search = audience.Search, ChannelId = audience.ChannelId, Reason = audience.Reason };
            if (!query.TryRead(out suppressions, out problem)) return false;
        }

        request = new JobRequest
        {
            Act = Act, Tag = Tag, Field = Field, Value = Value, Contacts = audience.Contacts, Search = audience.Search, WithTag = audience.Tag, SegmentId = audience.SegmentId, Rule = rule,
            Suppressions = suppressions, Expected = Expected,
        };
        return true;
    }
}

/// <summary>With whom: contacts one by one, or the filters of their list. For exportSuppressions the filters of that list.</summary>
internal sealed record JobAudienceBody
{
    /// <summary>Ids of contacts; instead of filters. At most 10,000.</summary>
    public long[]? Contacts { get; init; }

    public string? Search { get; init; }

    public string? Tag { get; init; }

    public long? SegmentId { get; init; }

    /// <summary>An unsaved rule; instead of <see cref="SegmentId"/>.</summary>
    public JsonElement? Rule { get; init; }

    /// <summary>exportSuppressions: the kind of address.</summary>
    public string? Kind { get; init; }

    /// <summary>exportSuppressions: entries of this channel alone; 0: those for all channels.</summary>
    public long? ChannelId { get; init; }

    /// <summary>exportSuppressions: why they are on the list.</summary>
    public string? Reason { get; init; }
}

/// <summary>A job as the API tells it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Act">What it does.</param>
/// <param name="Status">Where it is: interrupted goes on by itself.</param>
/// <param name="Tag">The tag of addTag and removeTag.</param>
/// <param name="Field">The field of setField.</param>
/// <param name="Value">Its value.</param>
/// <param name="Audience">The filters that it was asked with; absent when contacts were named one by one.</param>
/// <param name="Total">How many there were when it was asked for.</param>
/// <param name="Done">How many it has been at.</param>
/// <param name="Changed">How many of them it changed.</param>
/// <param name="Unchanged">How many were so already.</param>
/// <param name="Refused">With how many it could not be done.</param>
/// <param name="Written">Lines of its file.</param>
/// <param name="Bytes">Length of its file.</param>
/// <param name="FileUntil">Until when the file can be downloaded; absent when there is none.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="ErrorTold">The error's code and values.</param>
/// <param name="CreatedBy">Who asked for it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="CancelledBy">Who ended it before its end.</param>
internal sealed record JobAnswer(
    long Id, JobAct Act, JobStatus Status, string? Tag, string? Field, string? Value, JobAudienceAnswer? Audience, long Total, long Done, long? Changed, long? Unchanged, long? Refused, long? Written, long? Bytes,
    DateTimeOffset? FileUntil, string? Error, Told? ErrorTold, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt, string? CancelledBy)
{
    public static JobAnswer Of(Job job)
    {
        var isExport = job.Act.IsExport();
        return new JobAnswer(
            job.Id, job.Act, job.Status, job.Spec.Tag, job.Spec.Field, job.Spec.Value, JobAudienceAnswer.Of(job), job.Total, job.Counts.Done,
            isExport ? null : job.Counts.Changed, isExport ? null : job.Counts.Unchanged, isExport ? null : job.Counts.Refused, isExport ? job.Counts.Written : null, isExport ? job.Bytes : null,
            job.Status == JobStatus.Done ? Times.Of(job.ExpiresAt) : null, job.Error, job.Told, job.CreatedBy, Times.Of(job.CreatedAt), Times.Of(job.StartedAt), Times.Of(job.FinishedAt), job.CancelledBy);
    }
}

/// <summary>The filters of a job.</summary>
internal sealed record JobAudienceAnswer(string? Search, string? Tag, long? SegmentId, JsonElement? Rule, string? Kind, long? ChannelId, SuppressionReason? Reason)
{
    public static JobAudienceAnswer? Of(Job job) => job.Spec switch
    {
        { Suppressions: { } list } => new JobAudienceAnswer(list.Search, null, null, null, list.Kind?.Name(), list.ChannelId, list.Reason),
        { Audience: { } whom } => new JobAudienceAnswer(whom.Search, whom.WithTag, whom.SegmentId, whom.Rule is null ? null : JsonSerializer.Deserialize<JsonElement>(whom.Rule), null, null, null),
        _ => null,
    };
}

/// <summary>With whom it could not be done.</summary>
internal sealed record JobRefusalAnswer(long ContactId, string Code, string Reason)
{
    public static JobRefusalAnswer Of(JobRefusal refusal) => new(refusal.ContactId, refusal.Code, refusal.Reason);
}
