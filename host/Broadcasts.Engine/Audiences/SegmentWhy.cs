using System.Data.Common;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>One condition of a rule, and whether a contact fulfils it.</summary>
/// <param name="Path">Its place in the rule: <c>all[1].any[0]</c>.</param>
/// <param name="Condition">The condition.</param>
/// <param name="Fits">Whether it is true of the contact. A condition below a <c>not</c> is told as it stands, without the not.</param>
internal sealed record SegmentReason(string Path, SegmentCondition Condition, bool Fits);

/// <summary>Why a contact is in or out.</summary>
/// <param name="IsMember">Whether the whole rule means the contact.</param>
/// <param name="Reasons">Every condition, in the order of the rule.</param>
internal sealed record SegmentWhy(bool IsMember, IReadOnlyList<SegmentReason> Reasons);

// Asks the database, condition by condition, so that the answer is the one that a broadcast would get.
internal sealed partial class SegmentQueries
{
    private const string FitsSql = """
        SELECT COUNT(*)
          FROM contacts c
         WHERE c.id = @contactId AND {0}
        """;

    /// <summary>Why a contact is in or out of a rule, condition by condition.</summary>
    public Task<SegmentWhy> WhyAsync(SegmentRule rule, long contactId, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var reasons = new List<SegmentReason>();
            foreach (var (path, condition) in Places(rule.Root, "")) reasons.Add(new SegmentReason(path, condition, await FitsAsync(new SegmentRule(condition), contactId, connection, cancellationToken)));
            return new SegmentWhy(await FitsAsync(rule, contactId, connection, cancellationToken), reasons);
        }, cancellationToken);

    /// <summary>Those of the segments that mean a contact. One whose rule can't be read any more means nobody.</summary>
    public Task<IReadOnlyList<SegmentDetails>> OfContactAsync(long contactId, IReadOnlyList<SegmentDetails> segments, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<SegmentDetails>>(async connection =>
        {
            var found = new List<SegmentDetails>();
            foreach (var segment in segments)
            {
                if (SegmentRule.Parse(segment.Rule, out _) is { } rule && await FitsAsync(rule, contactId, connection, cancellationToken)) found.Add(segment);
            }

            return found;
        }, cancellationToken);

    private async Task<bool> FitsAsync(SegmentRule rule, long contactId, DbConnection connection, CancellationToken cancellationToken)
    {
        var (sql, parameters) = await CompileAsync(FitsSql, rule, connection);
        parameters.Add("contactId", contactId);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken)) == 1;
    }

    private static IEnumerable<(string Path, SegmentCondition Condition)> Places(SegmentNode node, string path) => node switch
    {
        SegmentCondition condition => [(path, condition)],
        SegmentNot not => Places(not.Member, Join(path, "not")),
        SegmentGroup group => group.Members.SelectMany((m, i) => Places(m, Join(path, FormattableString.Invariant($"{(group.Join == SegmentJoin.All ? "all" : "any")}[{i}]")))),
        _ => [],
    };

    private static string Join(string path, string member) => path.Length == 0 ? member : path + "." + member;
}
