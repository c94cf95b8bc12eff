using System.Globalization;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;

namespace Broadcasts.Audiences;

/// <summary>What a rule can see of a contact.</summary>
internal sealed record SegmentContact
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }

    public long? LastInteractionAt { get; init; }

    public IReadOnlyList<(AddressKind Kind, string Value)> Addresses { get; init; } = [];

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>Numbers of the imports that the contact was in.</summary>
    public IReadOnlyList<long> Imports { get; init; } = [];

    public bool IsBlocked { get; init; }

    /// <summary>Channels on which an address of the contact gets nothing; 0 for all.</summary>
    public IReadOnlyList<long> SuppressedOn { get; init; } = [];

    /// <summary>Where the contact stands; null when nothing is known.</summary>
    public ConsentState? Consent { get; init; }

    /// <summary>The contact's rows in the ledger.</summary>
    public IReadOnlyList<SegmentDelivery> Deliveries { get; init; } = [];
}

/// <summary>Judges one contact in memory by the same rule that the databases judge a million by.</summary>
/// <param name="contact">The contact.</param>
/// <param name="nowMs">What relative dates are relative to.</param>
/// <param name="startOf">When a broadcast started; null when it did not.</param>
internal sealed class SegmentEvaluator(SegmentContact contact, long nowMs, Func<long, long?>? startOf = null)
{
    public static bool Matches(SegmentRule rule, SegmentContact contact, long nowMs, Func<long, long?>? startOf = null) => new SegmentEvaluator(contact, nowMs, startOf).Matches(rule.Root);

    private bool Matches(SegmentNode node) => node switch
    {
        SegmentGroup { Join: SegmentJoin.All } all => all.Members.All(Matches),
        SegmentGroup any => any.Members.Any(Matches),
        SegmentNot not => !Matches(not.Member),
        SegmentCondition condition => Matches(condition),
        _ => throw new ArgumentOutOfRangeException(nameof(node)),
    };

    private bool Matches(SegmentCondition condition) => condition.Subject.Kind switch
    {
        SegmentSubjectKind.Text => Text(TextOf(contact, condition.Subject.Column), condition),
        SegmentSubjectKind.Field => Field(contact.Fields.GetValueOrDefault(condition.Subject.Column), condition, nowMs),
        SegmentSubjectKind.Instant => Instant(InstantOf(contact, condition.Subject.Column), condition, nowMs),
        SegmentSubjectKind.Address => Address([.. contact.Addresses.Where(a => a.Kind == condition.Subject.Address).Select(a => a.Value)], condition),
        SegmentSubjectKind.Tag => Tag(contact.Tags.Select(TagStore.Key).ToHashSet(), condition),
        SegmentSubjectKind.Channel => contact.Addresses.Any(a => condition.Values.Contains(a.Kind.Name())),
        SegmentSubjectKind.History => History(condition),
        SegmentSubjectKind.Blocked => contact.IsBlocked == (condition.Values[0] == "true"),
        SegmentSubjectKind.Suppressed => Suppressed(condition),
        SegmentSubjectKind.Consent => (SegmentConsent.Word(contact.Consent) == condition.Values[0]) == (condition.Operator == SegmentOperator.Is),
        _ => contact.Imports.Contains(long.Parse(condition.Values[0], CultureInfo.InvariantCulture)) == (condition.Operator == SegmentOperator.Is),
    };

    private bool History(SegmentCondition condition)
    {
        var times = contact.Deliveries.Select(d => (d.BroadcastId, At: SegmentHistory.Of(condition.Subject.Column).TimeOf(d))).Where(d => d.At is not null).ToList();
        return condition.Operator switch
        {
            SegmentOperator.InBroadcast => times.Exists(d => condition.Values.Contains(Id(d.BroadcastId))),
            SegmentOperator.NotInBroadcast => !times.Exists(d => condition.Values.Contains(Id(d.BroadcastId))),
            SegmentOperator.InLastDays => times.Exists(d => IsRecent(d.At)),
            SegmentOperator.NotInLastDays => !times.Exists(d => IsRecent(d.At)),
            SegmentOperator.SinceBroadcast => times.Exists(d => d.At >= startOf?.Invoke(Int(condition))),
            SegmentOperator.NotSinceBroadcast => !times.Exists(d => d.At >= startOf?.Invoke(Int(condition))),
            SegmentOperator.Exists => times.Count > 0,
            _ => times.Count == 0,
        };

        bool IsRecent(long? at) => at >= SegmentTime.Since(nowMs, Int(condition)) && at <= nowMs;

        static string Id(long broadcast) => broadcast.ToString(CultureInfo.InvariantCulture);
    }

    private bool Suppressed(SegmentCondition condition) => condition.Operator switch
    {
        SegmentOperator.Is => contact.SuppressedOn.Count > 0 == (condition.Values[0] == "true"),
        var op => contact.SuppressedOn.Any(c => c == 0 || c == Int(condition)) == (op == SegmentOperator.OnChannel),
    };

    private static string? TextOf(SegmentContact contact, string column) => column switch
    {
        "first_name" => contact.FirstName,
        "last_name" => contact.LastName,
        "language" => contact.Language,
        "country" => contact.Country,
        _ => contact.TimeZone,
    };

    private static long? InstantOf(SegmentContact contact, string column) => column switch
    {
        "created_at" => contact.CreatedAt,
        "updated_at" => contact.UpdatedAt,
        _ => contact.LastInteractionAt,
    };

    private static bool Text(string? text, SegmentCondition condition) => condition.Operator switch
    {
        SegmentOperator.Is or SegmentOperator.IsAnyOf => IsAny(text, condition),
        SegmentOperator.IsNot or SegmentOperator.IsNoneOf => !IsAny(text, condition),
        SegmentOperator.Contains => text is not null && Fold(text).Contains(Fold(condition.Values[0]), StringComparison.Ordinal),
        SegmentOperator.StartsWith => text is not null && Fold(text).StartsWith(Fold(condition.Values[0]), StringComparison.Ordinal),
        SegmentOperator.Exists => text is not null,
        SegmentOperator.DoesNotExist => text is null,
        _ => throw new ArgumentOutOfRangeException(nameof(condition)),
    };

    private static bool IsAny(string? text, SegmentCondition condition) => text is not null && condition.Values.Any(v => Fold(v) == Fold(text));

    private static bool Field(string? text, SegmentCondition condition, long nowMs)
    {
        switch (condition.Operator)
        {
            case SegmentOperator.GreaterThan:
                return Number(text) > Number(condition.Values[0]);
            case SegmentOperator.LessThan:
                return Number(text) < Number(condition.Values[0]);
            case SegmentOperator.Between when condition.Type == SegmentValueType.Number:
                return Number(text) >= Number(condition.Values[0]) && Number(text) <= Number(condition.Values[1]);
            case SegmentOperator.Between:
                return IsDay(text) && Compare(text!, condition.Values[0]) >= 0 && Compare(text!, condition.Values[1]) <= 0;
            case SegmentOperator.Before:
                return IsDay(text) && Compare(text!, condition.Values[0]) < 0;
            case SegmentOperator.After:
                return IsDay(text) && Compare(text!, condition.Values[0]) > 0;
            case SegmentOperator.InLastDays:
                var (from, to) = SegmentTime.LastDays(nowMs, Int(condition), condition.TimeZone);
                return IsDay(text) && Compare(text!, from) >= 0 && Compare(text!, to) <= 0;
            case SegmentOperator.HasAnyOf or SegmentOperator.HasAllOf or SegmentOperator.HasNoneOf:
                return Holds(text, condition);
            default:
                return Text(text, condition);
        }
    }

    private static bool Holds(string? text, SegmentCondition condition)
    {
        var held = (text is null ? [] : Fold(text).Split(FieldValues.Separator)).ToHashSet();
        return condition.Operator switch
        {
            SegmentOperator.HasAllOf => condition.Values.All(v => held.Contains(Fold(v))),
            SegmentOperator.HasAnyOf => condition.Values.Any(v => held.Contains(Fold(v))),
            _ => !condition.Values.Any(v => held.Contains(Fold(v))),
        };
    }

    private static bool Instant(long? at, SegmentCondition condition, long nowMs)
    {
        switch (condition.Operator)
        {
            case SegmentOperator.Exists:
                return at is not null;
            case SegmentOperator.DoesNotExist:
                return at is null;
            case SegmentOperator.InLastDays:
                return at >= SegmentTime.Since(nowMs, Int(condition)) && at <= nowMs;
            default:
                var (from, _) = SegmentTime.Range(condition.Values[0], condition.TimeZone);
                var (_, to) = SegmentTime.Range(condition.Values[^1], condition.TimeZone);
                return condition.Operator switch
                {
                    SegmentOperator.Before => at < from,
                    SegmentOperator.After => at >= to,
                    _ => at >= from && at < to,
                };
        }
    }

    private static bool Address(string[] values, SegmentCondition condition) => condition.Operator switch
    {
        SegmentOperator.Is or SegmentOperator.IsAnyOf => values.Any(condition.Values.Contains),
        SegmentOperator.IsNot or SegmentOperator.IsNoneOf => !values.Any(condition.Values.Contains),
        SegmentOperator.Exists => values.Length > 0,
        SegmentOperator.DoesNotExist => values.Length == 0,
        _ => values.Any(v => Text(v, condition)),
    };

    private static bool Tag(HashSet<string> keys, SegmentCondition condition) => condition.Operator switch
    {
        SegmentOperator.HasAllOf => condition.Values.All(v => keys.Contains(TagStore.Key(v))),
        SegmentOperator.HasAnyOf => condition.Values.Any(v => keys.Contains(TagStore.Key(v))),
        _ => !condition.Values.Any(v => keys.Contains(TagStore.Key(v))),
    };

    // As the dialects' Number: plain decimals only, no leading zeros, no exponent.
    private static double? Number(string? text)
    {
        if (text is null || text.Length > 40) return null;
        var digits = text.StartsWith('-') ? text.AsSpan(1) : text;
        var dot = digits.IndexOf('.');
        var whole = dot < 0 ? digits : digits[..dot];
        var isPlain = IsDigits(whole) && (whole.Length == 1 || whole[0] != '0') && (dot < 0 || IsDigits(digits[(dot + 1)..]));
        return isPlain ? double.Parse(text, CultureInfo.InvariantCulture) : null;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && text.IndexOfAnyExceptInRange('0', '9') < 0;

    private static bool IsDay(string? text) => text is { Length: 10 } && text[4] == '-' && text[7] == '-';

    private static int Compare(string a, string b) => string.CompareOrdinal(Fold(a), b);

    private static string Fold(string text) => SegmentCompiler.AsciiLower(text);

    private static int Int(SegmentCondition condition) => int.Parse(condition.Values[0], CultureInfo.InvariantCulture);
}
