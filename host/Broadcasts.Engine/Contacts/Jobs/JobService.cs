using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Export;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Jobs;

/// <summary>Takes what somebody asks for and makes a job of it. Whom it is about is settled here: whoever comes or is changed while it waits does not make it another job.</summary>
internal sealed class JobService(Database database, JobStore jobs, FieldStore fields, ContactExport export, SuppressionStore suppressions, TimeProvider time)
{
    /// <summary>Most contacts that are named one by one.</summary>
    public const int MostContacts = 10_000;

    /// <summary>Most jobs that wait or run.</summary>
    public const int MostOpen = 100;

    private const string MarkSql = "SELECT COALESCE(MAX(id), 0) FROM contacts";

    /// <summary>Checks it and writes it down; it begins within a second.</summary>
    public async Task<(long Id, CommandResult Result)> StartAsync(JobRequest request, string actor, CancellationToken cancellationToken = default)
    {
        if (await FaultsAsync(request, cancellationToken) is { Count: > 0 } faults) return (0, CommandResult.Invalid([.. faults]));
        if (await jobs.CountOpenAsync(cancellationToken) >= MostOpen)
            return (0, CommandResult.Refused(new Problem("", "tooManyJobs", $"{MostOpen} jobs wait or run already: ask again when some are done, or cancel one.", $"{MostOpen}")));

        var (plan, problems) = await PlanAsync(request, cancellationToken);
        if (plan is null) return (0, CommandResult.Invalid([.. problems]));
        if (request.Expected is { } expected && expected != plan.Total)
            return (0, CommandResult.Refused(new Problem("expected", "jobCountDiffers", $"It would be {plan.Total} and not {expected}: look at the list again.", $"{plan.Total}", $"{expected}")));
        return (await jobs.AddAsync(request, plan.Spec, plan.Contacts, plan.Mark, plan.Total, actor, cancellationToken), new CommandResult());
    }

    /// <summary>How many it would be now, and what is wrong with whom it names.</summary>
    public async Task<(long Total, IReadOnlyList<Problem> Problems)> CountAsync(JobRequest request, CancellationToken cancellationToken = default)
    {
        var (plan, problems) = await PlanAsync(request, cancellationToken);
        return (plan?.Total ?? 0, problems);
    }

    private async Task<List<Problem>> FaultsAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var faults = new List<Problem>();
        if (request.Act is JobAct.AddTag or JobAct.RemoveTag && TagStore.Check(request.Tag, "tag") is { } fault) faults.Add(fault);
        if (request.Act == JobAct.SetField)
        {
            var known = (await fields.ListAsync(cancellationToken)).ToDictionary(f => f.Slug, StringComparer.Ordinal);
            if (string.IsNullOrWhiteSpace(request.Field)) faults.Add(new Problem("field", "noField", "Say which field is set: language, country, timeZone, firstName, lastName or fields.<short name>."));
            else faults.AddRange(ContactEditCheck.Check(ContactChanges.EditOf(request.Field, request.Value), known).Problems);
        }

        if (request.Contacts is { Count: 0 or > MostContacts }) faults.Add(new Problem("contacts", "jobContacts", $"From 1 to {MostContacts} contacts; for more, name a search, a tag, a segment or a rule.", $"{MostContacts}"));
        if (request.Contacts is not null && (request.SegmentId is not null || request.Rule is not null || !string.IsNullOrWhiteSpace(request.Search) || !string.IsNullOrWhiteSpace(request.WithTag)))
            faults.Add(new Problem("contacts", "contactsAndFilter", "Either contacts or filters."));
        return faults;
    }

    private async Task<(Plan? Plan, IReadOnlyList<Problem> Problems)> PlanAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var spec = new JobSpec { Tag = request.Act is JobAct.AddTag or JobAct.RemoveTag ? AddressNormalizer.Trim(request.Tag) : null };
        if (request.Act == JobAct.SetField) spec = spec with { Field = request.Field, Value = AddressNormalizer.Trim(request.Value) };
        if (request.Act == JobAct.ExportSuppressions)
            return (new Plan(spec with { Suppressions = request.Suppressions }, null, 0, await suppressions.CountAsync(request.Suppressions, cancellationToken)), []);

        if (request.Act == JobAct.ExportContacts) spec = spec with { Columns = await export.ColumnsAsync(cancellationToken) };
        if (request.Contacts is not null)
        {
            long[] picked = [.. request.Contacts.Distinct().Order()];
            return (new Plan(spec, picked, picked.Length == 0 ? 0 : picked[^1], picked.Length), []);
        }

        return await database.ReadAsync<(Plan?, IReadOnlyList<Problem>)>(async connection =>
        {
            var mark = await connection.ExecuteScalarAsync<long>(MarkSql);
            var (audience, problems) = await JobAudience.FreezeAsync(request, database.Dialect, connection, time.Now(), cancellationToken);
            return audience is null
                ? (null, problems)
                : (new Plan(spec with { Audience = audience }, null, mark, await audience.CountAsync(database.Dialect, connection, mark, cancellationToken)), problems);
        }, cancellationToken);
    }

    private sealed record Plan(JobSpec Spec, long[]? Contacts, long Mark, long Total);
}
