using System.Data.Common;
using System.Globalization;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Storage;

namespace Broadcasts.Audiences;

/// <summary>A condition over alias <c>c</c> of contacts: true or false for every contact, never NULL.</summary>
internal sealed record SqlCondition(string Sql, IReadOnlyDictionary<string, object?> Parameters)
{
    /// <summary>Gives a command the parameters.</summary>
    public void AddTo(DbCommand command)
    {
        foreach (var (name, value) in Parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = "@" + name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }
    }
}

/// <summary>Writes a rule as SQL. No text of a rule ever becomes SQL: each is a parameter.</summary>
internal sealed class SegmentCompiler
{
    private readonly SqlDialect _dialect;
    private readonly long _now;
    private readonly string _prefix;
    private readonly Dictionary<string, object?> _parameters = [];

    private SegmentCompiler(SqlDialect dialect, long now, string prefix) => (_dialect, _now, _prefix) = (dialect, now, prefix);

    /// <param name="rule">The rule.</param>
    /// <param name="dialect">For which database.</param>
    /// <param name="nowMs">What relative dates are relative to, Unix milliseconds.</param>
    /// <param name="prefix">What the names of its parameters begin with: conditions that stand in one query have different ones.</param>
    public static SqlCondition Compile(SegmentRule rule, SqlDialect dialect, long nowMs, string prefix = "s")
    {
        var compiler = new SegmentCompiler(dialect, nowMs, prefix);
        return new SqlCondition(compiler.Node(rule.Root), compiler._parameters);
    }

    private string Node(SegmentNode node) => node switch
    {
        SegmentGroup { Members.Count: 0 } group => group.Join == SegmentJoin.All ? "1 = 1" : "1 = 0",
        SegmentGroup group => "(" + string.Join(group.Join == SegmentJoin.All ? " AND " : " OR ", group.Members.Select(Node)) + ")",
        SegmentNot not => $"NOT ({Node(not.Member)})",
        SegmentCondition condition => Condition(condition),
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };

    private string Condition(SegmentCondition condition) => condition.Subject.Kind switch
    {
        SegmentSubjectKind.Text => Text("c." + condition.Subject.Column, condition),
        SegmentSubjectKind.Field => Field(condition),
        SegmentSubjectKind.Instant => Instant("c." + condition.Subject.Column, condition),
        SegmentSubjectKind.Address => Address(condition),
        SegmentSubjectKind.Tag => Tag(condition),
        SegmentSubjectKind.Channel => Channel(condition),
        SegmentSubjectKind.Import => Import(condition),
        SegmentSubjectKind.History => History(condition),
        SegmentSubjectKind.Blocked => $"c.blocked_at IS {(condition.Values[0] == "true" ? "NOT " : "")}NULL",
        SegmentSubjectKind.Suppressed => Suppressed(condition),
        SegmentSubjectKind.Consent => (condition.Operator == SegmentOperator.IsNot ? "NOT " : "") + SegmentConsent.Sql(condition.Values[0]),
        SegmentSubjectKind.Segment => throw new InvalidOperationException("The rules of other segments are put in their place before (SegmentMembers)."),
        _ => throw new ArgumentOutOfRangeException(nameof(condition)),
    };

    private string Text(string column, SegmentCondition condition) => condition.Operator switch
    {
        SegmentOperator.Is => Sure($"{Folded(column)} = {FoldedValue(condition)}"),
        SegmentOperator.IsNot => $"NOT {Sure($"{Folded(column)} = {FoldedValue(condition)}")}",
        SegmentOperator.IsAnyOf => Sure(_dialect.InList(Folded(column), FoldedValues(condition))),
        SegmentOperator.IsNoneOf => $"NOT {Sure(_dialect.InList(Folded(column), FoldedValues(condition)))}",
        SegmentOperator.Contains => Sure(Like(column, SqlDialect.LikePattern(condition.Values[0]))),
        SegmentOperator.StartsWith => Sure(Like(column, SqlDialect.LikePattern(condition.Values[0])[1..])),
        SegmentOperator.Exists => $"{column} IS NOT NULL",
        SegmentOperator.DoesNotExist => $"{column} IS NULL",
        _ => throw new ArgumentOutOfRangeException(nameof(condition)),
    };

    private string Field(SegmentCondition condition)
    {
        var column = _dialect.JsonText("c.fields", Add(condition.Subject.Column));
        return (condition.Operator, condition.Type) switch
        {
            (SegmentOperator.GreaterThan, _) => Sure($"{_dialect.Number(column)} > {Number(condition, 0)}"),
            (SegmentOperator.LessThan, _) => Sure($"{_dialect.Number(column)} < {Number(condition, 0)}"),
            (SegmentOperator.Between, SegmentValueType.Number) => Sure($"{_dialect.Number(column)} BETWEEN {Number(condition, 0)} AND {Number(condition, 1)}"),
            (SegmentOperator.Between, _) => Days(column, $"BETWEEN {Add(condition.Values[0])} AND {Add(condition.Values[1])}"),
            (SegmentOperator.Before, _) => Days(column, $"< {Add(condition.Values[0])}"),
            (SegmentOperator.After, _) => Days(column, $"> {Add(condition.Values[0])}"),
            (SegmentOperator.InLastDays, _) => LastDays(column, condition),
            (SegmentOperator.HasAnyOf, _) => Sure(Holds(" OR ")),
            (SegmentOperator.HasAllOf, _) => Sure(Holds(" AND ")),
            (SegmentOperator.HasNoneOf, _) => "NOT " + Sure(Holds(" OR ")),
            _ => Text(column, condition),
        };

        string Holds(string join) => "(" + string.Join(join, condition.Values.Select(v =>
            Like($"'{FieldValues.Separator}' || {column} || '{FieldValues.Separator}'", SqlDialect.LikePattern(FieldValues.Separator + v + FieldValues.Separator)))) + ")";
    }

    private string LastDays(string column, SegmentCondition condition)
    {
        var (from, to) = SegmentTime.LastDays(_now, Int(condition), condition.TimeZone);
        return Days(column, $"BETWEEN {Add(from)} AND {Add(to)}");
    }

    // Stored days are 2026-11-22, so their order is the order of their bytes. Anything else is no day.
    private string Days(string column, string comparison) => Sure($"{column} LIKE '____-__-__' AND {Folded(column)} {comparison}");

    private string Instant(string column, SegmentCondition condition)
    {
        switch (condition.Operator)
        {
            case SegmentOperator.Exists:
                return $"{column} IS NOT NULL";
            case SegmentOperator.DoesNotExist:
                return $"{column} IS NULL";
            case SegmentOperator.InLastDays:
                return Sure($"{column} BETWEEN {Add(SegmentTime.Since(_now, Int(condition)))} AND {Add(_now)}");
            default:
                var (from, _) = SegmentTime.Range(condition.Values[0], condition.TimeZone);
                var (_, to) = SegmentTime.Range(condition.Values[^1], condition.TimeZone);
                return condition.Operator switch
                {
                    SegmentOperator.Before => Sure($"{column} < {Add(from)}"),
                    SegmentOperator.After => Sure($"{column} >= {Add(to)}"),
                    _ => Sure($"{column} >= {Add(from)} AND {column} < {Add(to)}"),
                };
        }
    }

    private string Address(SegmentCondition condition)
    {
        // Values are in the form in which addresses are stored, so the whole ones are compared as they are: ids may differ in case only.
        var (isNegative, test) = condition.Operator switch
        {
            SegmentOperator.Is => (false, $" AND a.value = {Add(condition.Values[0])}"),
            SegmentOperator.IsNot => (true, $" AND a.value = {Add(condition.Values[0])}"),
            SegmentOperator.IsAnyOf => (false, $" AND {_dialect.InList("a.value", Add(_dialect.List(condition.Values)))}"),
            SegmentOperator.IsNoneOf => (true, $" AND {_dialect.InList("a.value", Add(_dialect.List(condition.Values)))}"),
            SegmentOperator.DoesNotExist => (true, ""),
            SegmentOperator.Exists => (false, ""),
            _ => (false, " AND " + Text("a.value", condition)),
        };
        return $"{(isNegative ? "NOT " : "")}EXISTS (SELECT 1 FROM addresses a WHERE a.contact_id = c.id AND a.kind = {Add((int)condition.Subject.Address)}{test})";
    }

    private string Tag(SegmentCondition condition)
    {
        var keys = condition.Values.Select(TagStore.Key).ToArray();
        return condition.Operator switch
        {
            SegmentOperator.HasAllOf => "(" + string.Join(" AND ", keys.Select(key => HasTag($"= (SELECT t.id FROM tags t WHERE t.name_key = {Add(key)})"))) + ")",
            SegmentOperator.HasAnyOf => HasTag(AnyTag(keys)),
            _ => "NOT " + HasTag(AnyTag(keys)),
        };
    }

    private string AnyTag(string[] keys) => $"IN (SELECT t.id FROM tags t WHERE {_dialect.InList("t.name_key", Add(_dialect.List(keys)))})";

    private static string HasTag(string test) => $"EXISTS (SELECT 1 FROM contact_tags ct WHERE ct.contact_id = c.id AND ct.tag_id {test})";

    private string Channel(SegmentCondition condition)
    {
        var kinds = condition.Values.Select(v => (long)AddressKindNames.Parse(v)!.Value).ToArray();
        return $"EXISTS (SELECT 1 FROM addresses a WHERE a.contact_id = c.id AND {_dialect.InList("a.kind", Add(_dialect.List(kinds)))})";
    }

    private string Import(SegmentCondition condition) =>
        $"{(condition.Operator == SegmentOperator.IsNot ? "NOT " : "")}EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = {Add(long.Parse(condition.Values[0], CultureInfo.InvariantCulture))} AND ic.contact_id = c.id)";

    // A broadcast is a range of the ledger: it is read once, whoever was in it. Everything else is looked up contact by contact.
    private string History(SegmentCondition condition)
    {
        var history = SegmentHistory.Of(condition.Subject.Column);
        var isNegative = condition.Operator is SegmentOperator.NotInBroadcast or SegmentOperator.NotInLastDays or SegmentOperator.NotSinceBroadcast or SegmentOperator.DoesNotExist;
        var test = condition.Operator switch
        {
            SegmentOperator.InBroadcast or SegmentOperator.NotInBroadcast => "c.id IN (" + string.Join(" UNION ALL ", condition.Values.Select(b => InBroadcast(history, long.Parse(b, CultureInfo.InvariantCulture)))) + ")",
            SegmentOperator.SinceBroadcast or SegmentOperator.NotSinceBroadcast =>
                Happened(history, $" AND {history.Time} >= (SELECT b.started_at FROM broadcasts b WHERE b.id = {Add(long.Parse(condition.Values[0], CultureInfo.InvariantCulture))})"),
            SegmentOperator.InLastDays or SegmentOperator.NotInLastDays => Happened(history, $" AND {history.Time} BETWEEN {Add(SegmentTime.Since(_now, Int(condition)))} AND {Add(_now)}"),
            _ => Happened(history, ""),
        };
        return (isNegative ? "NOT " : "") + test;
    }

    private string InBroadcast(SegmentHistory history, long broadcast) =>
        $"SELECT d.contact_id FROM deliveries d WHERE d.id BETWEEN {Add(DeliveryId.First(broadcast))} AND {Add(DeliveryId.Last(broadcast))} AND {history.Sql}";

    private static string Happened(SegmentHistory history, string when) => $"EXISTS (SELECT 1 FROM deliveries d WHERE d.contact_id = c.id AND {history.Sql}{when})";

    private string Suppressed(SegmentCondition condition)
    {
        var isNegative = condition.Operator == SegmentOperator.NotOnChannel || condition is { Operator: SegmentOperator.Is, Values: ["false"] };
        var channel = condition.Operator == SegmentOperator.Is ? "" : $" AND s.channel_id IN (0, {Add(long.Parse(condition.Values[0], CultureInfo.InvariantCulture))})";
        return $"{(isNegative ? "NOT " : "")}EXISTS (SELECT 1 FROM addresses a JOIN suppressions s ON s.kind = a.kind AND s.value = a.value WHERE a.contact_id = c.id{channel})";
    }

    private static string Sure(string test) => $"COALESCE({test}, FALSE)";

    private string Folded(string column) => _dialect.AsciiLower(column);

    private string FoldedValue(SegmentCondition condition) => Add(AsciiLower(condition.Values[0]));

    private string FoldedValues(SegmentCondition condition) => Add(_dialect.List([.. condition.Values.Select(AsciiLower)]));

    private string Like(string column, string pattern) => $"{Folded(column)} LIKE {Add(AsciiLower(pattern))} ESCAPE '\\'";

    private string Number(SegmentCondition condition, int index) => Add(double.Parse(condition.Values[index], CultureInfo.InvariantCulture));

    private static int Int(SegmentCondition condition) => int.Parse(condition.Values[0], CultureInfo.InvariantCulture);

    private string Add(object value)
    {
        var name = _prefix + _parameters.Count.ToString(CultureInfo.InvariantCulture);
        _parameters.Add(name, value);
        return "@" + name;
    }

    /// <summary>Folds A to Z alone, which is what both databases do in every locale.</summary>
    internal static string AsciiLower(string text) => string.Create(text.Length, text, static (span, from) =>
    {
        for (var i = 0; i < from.Length; i++) span[i] = char.IsAsciiLetterUpper(from[i]) ? (char)(from[i] | 0x20) : from[i];
    });
}
