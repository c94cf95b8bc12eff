using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;

namespace Broadcasts.Audiences;

/// <summary>Checks a rule against the custom fields that exist now.</summary>
internal static class SegmentFields
{
    /// <summary>One problem per condition on a field that does not exist, or on one whose type has no such comparison.</summary>
    public static async Task<Problem[]> CheckAsync(DbTransaction transaction, SegmentRule rule)
    {
        if (!rule.Conditions().Any(c => c.Subject.Kind == SegmentSubjectKind.Field)) return [];

        var fields = await FieldStore.ListAsync(transaction.Connection!, transaction);
        return Check(rule, fields);
    }

    public static Problem[] Check(SegmentRule rule, IEnumerable<ContactField> fields)
    {
        var bySlug = fields.ToDictionary(f => f.Slug, StringComparer.Ordinal);
        return [.. rule.Conditions().Where(c => c.Subject.Kind == SegmentSubjectKind.Field).Select(c => Check(c, bySlug)).OfType<Problem>()];
    }

    /// <summary>True when values of a type can be compared so.</summary>
    public static bool Fits(SegmentOperator op, FieldType type) => op switch
    {
        SegmentOperator.GreaterThan or SegmentOperator.LessThan => type == FieldType.Number,
        SegmentOperator.Between => type is FieldType.Number or FieldType.Date,
        SegmentOperator.Before or SegmentOperator.After or SegmentOperator.InLastDays => type == FieldType.Date,
        SegmentOperator.HasAnyOf or SegmentOperator.HasAllOf or SegmentOperator.HasNoneOf => type == FieldType.ListMulti,
        _ => true,
    };

    private static Problem? Check(SegmentCondition condition, Dictionary<string, ContactField> fields)
    {
        var slug = condition.Subject.Column;
        if (!fields.TryGetValue(slug, out var field))
            return new Problem(condition.Subject.Name, "unknownField", $"There is no custom field '{slug}'. It may have been deleted: make it again or take the condition out.", slug);

        return Fits(condition.Operator, field.Type) && (condition.Operator != SegmentOperator.Between || field.Type == FieldType.Number == (condition.Type == SegmentValueType.Number))
            ? null
            : new Problem(condition.Subject.Name, "operatorNotForType", $"'{condition.Operator.Word()}' does not fit the field '{field.Name}', which holds {field.Type}.", field.Name, field.Type.ToString());
    }
}
