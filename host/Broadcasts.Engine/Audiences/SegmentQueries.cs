using System.Data.Common;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>How many, and who for example.</summary>
internal sealed partial class SegmentQueries(Database database, TimeProvider time)
{
    private const string CountSql = """
        SELECT COUNT(*)
          FROM contacts c
         WHERE {0}
        """;

    // Counts no further than asked, so that a preview of a big audience answers at once.
    private const string CountUpToSql = """
        SELECT COUNT(*)
          FROM (SELECT 1 FROM contacts c WHERE {0} LIMIT @most) AS counted
        """;

    /// <summary>How many contacts the rule means; with <paramref name="most"/>: counted up to it.</summary>
    public Task<long> CountAsync(SegmentRule rule, long? most = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var (sql, parameters) = await CompileAsync(most is null ? CountSql : CountUpToSql, rule, connection);
            parameters.Add("most", most);
            return await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
        }, cancellationToken);

    private const string SampleSql = """
        SELECT c.id
          FROM contacts c
         WHERE {0}
         ORDER BY c.id DESC
         LIMIT @most
        """;

    /// <summary>The newest contacts that the rule means.</summary>
    public Task<IReadOnlyList<ContactDetails>> SampleAsync(SegmentRule rule, int most = 20, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ContactDetails>>(async connection =>
        {
            var (sql, parameters) = await CompileAsync(SampleSql, rule, connection);
            parameters.Add("most", most);
            var ids = (await connection.QueryAsync<long>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
            return await ContactReader.LoadAsync(database.Dialect, connection, null, ids, cancellationToken);
        }, cancellationToken);

    private async Task<(string Sql, DynamicParameters Parameters)> CompileAsync(string sql, SegmentRule rule, DbConnection connection)
    {
        var condition = SegmentCompiler.Compile(await SegmentMembers.ExpandAsync(rule, connection), database.Dialect, time.GetUtcNow().ToUnixTimeMilliseconds());
        return (sql.Replace("{0}", condition.Sql, StringComparison.Ordinal), new DynamicParameters(condition.Parameters));
    }
}
