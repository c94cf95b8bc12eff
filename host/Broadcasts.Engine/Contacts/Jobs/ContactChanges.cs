using System.Data.Common;
using System.Globalization;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Contacts.Jobs;

/// <summary>Does the same with many contacts, each as the act on one contact does it: with its revision, its line in the audit and its refusals.</summary>
internal sealed class ContactChanges(Database database, ContactStore contacts, JobContacts whom, TagStore tags, TimeProvider time) : IJobWork
{
    public async Task<JobPiece?> NextAsync(Job job, long[]? picked, int most, CancellationToken cancellationToken)
    {
        var ids = await whom.NextAsync(job, picked, most, cancellationToken);
        return ids.Count == 0 ? null : new JobPiece
        {
            Position = JobContacts.Position(ids[^1]),
            Contacts = ids,
            Apply = (transaction, refusals, token) => ApplyAsync(transaction, job, ids, refusals, token),
        };
    }

    /// <summary>The edit that a job of fields writes, in the words of an edit of one contact.</summary>
    public static ContactEdit EditOf(string? field, string? value) => field switch
    {
        "firstName" => new ContactEdit { FirstName = value ?? "" },
        "lastName" => new ContactEdit { LastName = value ?? "" },
        "language" => new ContactEdit { Language = value ?? "" },
        "country" => new ContactEdit { Country = value ?? "" },
        "timeZone" => new ContactEdit { TimeZone = value ?? "" },
        _ => new ContactEdit { Fields = new Dictionary<string, string?> { [field?.StartsWith("fields.", StringComparison.Ordinal) == true ? field["fields.".Length..] : field ?? ""] = value } },
    };

    private async Task<JobCounts> ApplyAsync(DbTransaction transaction, Job job, List<long> ids, ICollection<JobRefusal> refusals, CancellationToken cancellationToken)
    {
        var now = time.Now();
        var sql = new ContactBatchSql(database.Dialect, now);
        await sql.LockAsync(transaction, [.. ids]);
        var stored = await ContactReader.LoadAsync(database.Dialect, transaction.Connection!, transaction, ids, cancellationToken);
        foreach (var id in ids.Except(stored.Select(c => c.Id)))
            refusals.Add(new JobRefusal(id, "jobContactGone", "There is no such contact: it was deleted, or merged into another one."));

        var changed = await ChangeAsync(transaction, sql, job, stored, now, cancellationToken);
        ContactStore.Audit(transaction, job.CreatedBy, ActionOf(job.Act), changed, string.Create(CultureInfo.InvariantCulture, $"job:{job.Id}"), now, FieldsOf(job));
        return new JobCounts { Done = ids.Count, Changed = changed.Count, Unchanged = stored.Count - changed.Count, Refused = ids.Count - stored.Count };
    }

    // Those who were changed.
    private async Task<IReadOnlyList<long>> ChangeAsync(DbTransaction transaction, ContactBatchSql sql, Job job, List<ContactDetails> stored, long now, CancellationToken cancellationToken)
    {
        switch (job.Act)
        {
            case JobAct.AddTag:
                var tag = (await tags.EnsureAsync(transaction, [job.Spec.Tag!], now)).Values.Single();
                return await UpdateAsync(stored.FindAll(c => !HasTag(c, job.Spec.Tag!)).ConvertAll(c => new ChangedContact(c, c, [], [tag])));
            case JobAct.RemoveTag:
                var tagged = await UpdateAsync(stored.FindAll(c => HasTag(c, job.Spec.Tag!)).ConvertAll(c => new ChangedContact(c, c, [], [])));
                await tags.TakeOffAsync(transaction, job.Spec.Tag!, tagged);
                return tagged;
            case JobAct.SetField:
                var change = await EditAsync(transaction, job);
                return await UpdateAsync([.. stored.Select(c => (Before: c, After: ContactStore.Apply(c, change))).Where(c => !ContactStore.IsSame(c.Before, c.After, change)).Select(c => new ChangedContact(c.Before, c.After, [], []))]);
            case JobAct.Block or JobAct.Unblock:
                var blocks = job.Act == JobAct.Block;
                long[] others = [.. stored.Where(c => c.BlockedAt is null == blocks).Select(c => c.Id)];
                await contacts.BlockAsync(transaction, others, blocks, now);
                return others;
            case JobAct.Delete:
                await ContactErasure.EraseAsync(transaction, database.Dialect, stored);
                return stored.ConvertAll(c => c.Id);
            default:
                throw new ArgumentOutOfRangeException(nameof(job), job.Act, "It changes nobody.");
        }

        async Task<IReadOnlyList<long>> UpdateAsync(List<ChangedContact> changes)
        {
            if (changes.Count > 0) await sql.UpdateAsync(transaction, changes, cancellationToken);
            return changes.ConvertAll(c => c.After.Id);
        }
    }

    // Checked again for every piece: a field that somebody deletes or gives another type meanwhile ends the job instead of being filled with what nobody would take.
    private static async Task<CheckedEdit> EditAsync(DbTransaction transaction, Job job)
    {
        var fields = (await FieldStore.ListAsync(transaction.Connection!, transaction)).ToDictionary(f => f.Slug, StringComparer.Ordinal);
        var change = ContactEditCheck.Check(EditOf(job.Spec.Field, job.Spec.Value), fields);
        return change.Problems.Count == 0 ? change : throw new JobEndedException(change.Problems[0]);
    }

    private static bool HasTag(ContactDetails contact, string name) => contact.Tags.Any(tag => TagStore.Key(tag) == TagStore.Key(name));

    private static AuditChange[] FieldsOf(Job job) => job.Act switch
    {
        JobAct.AddTag or JobAct.RemoveTag => [new AuditChange("tags")],
        JobAct.SetField => [new AuditChange(job.Spec.Field ?? "")],
        _ => [],
    };

    private static string ActionOf(JobAct act) => act switch
    {
        JobAct.AddTag or JobAct.RemoveTag => "contact.tagged",
        JobAct.SetField => "contact.updated",
        JobAct.Block => "contact.blocked",
        JobAct.Unblock => "contact.unblocked",
        _ => "contact.deleted",
    };
}

/// <summary>Pages through the contacts of a job by id.</summary>
internal sealed class JobContacts(Database database)
{
    public static string Position(long id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The last contact that is done; 0 before the first.</summary>
    public static long After(Job job) => job.Position.Length == 0 ? 0 : long.Parse(job.Position, CultureInfo.InvariantCulture);

    /// <summary>The next ones. Contacts that were named one by one come whether there are any of that number or not.</summary>
    public async Task<List<long>> NextAsync(Job job, long[]? picked, int most, CancellationToken cancellationToken)
    {
        var after = After(job);
        return picked is null
            ? await database.ReadAsync(connection => job.Spec.Audience!.NextAsync(database.Dialect, connection, after, job.Mark, most, cancellationToken), cancellationToken)
            : [.. picked.Where(id => id > after).Take(most)];
    }
}

/// <summary>The job can't go on, and says why.</summary>
internal sealed class JobEndedException(Broadcasting.Problem problem) : Exception(problem.Message)
{
    public Broadcasting.Problem Problem { get; } = problem;
}
