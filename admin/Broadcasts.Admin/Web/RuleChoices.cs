using System.Globalization;
using Broadcasts.Admin.Forms;
using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Reporting;

namespace Broadcasts.Admin.Web;

/// <summary>How the value of a condition is given.</summary>
internal enum RuleControl
{
    None,
    Text,
    TextList,
    Number,
    Numbers,
    Day,
    Days,
    LastDays,
    YesNo,
    One,
    Many,
}

/// <summary>One condition as the form shows it.</summary>
internal sealed record RuleCondition(RuleMember Member, IReadOnlyList<SegmentOperator> Operators, RuleControl Control, IReadOnlyList<(string Value, string Text)> Options)
{
    public string? Value(int at = 0) => Member.Compared.ElementAtOrDefault(at);

    /// <summary>What is chosen, in words.</summary>
    public string Chosen => string.Join(", ", Member.Compared.Select(v => Options.FirstOrDefault(o => o.Value == v).Text ?? v));
}

/// <summary>What a condition can be compared with: operators by the type of its field, and the names of what there is to choose. Read once for a page, and only what its conditions need.</summary>
internal sealed class RuleChoices(TagStore tags, SegmentStore segments, BroadcastQueries broadcasts, ChannelStore channels, Texts texts)
{
    private static readonly SegmentOperator[] OfText = [SegmentOperator.Contains, SegmentOperator.StartsWith];

    private static readonly SegmentOperator[] OfOne = [SegmentOperator.Is, SegmentOperator.IsNot, SegmentOperator.IsAnyOf, SegmentOperator.IsNoneOf];

    private readonly Dictionary<SegmentSubjectKind, IReadOnlyList<(string Value, string Text)>> _read = [];

    public async Task<RuleCondition> OfAsync(RuleMember member, IReadOnlyList<ContactField> fields)
    {
        if (member.Subject is not { } subject) return new(member, [], RuleControl.None, []);
        var field = subject.Kind == SegmentSubjectKind.Field ? fields.FirstOrDefault(f => f.Slug == subject.Column) : null;
        var operators = subject.Operators.Where(o => field is null || Fits(o, field.Type) || (member.Op is not null && o == member.Operator)).ToList();
        var control = ControlOf(member, subject, field?.Type);
        var options = control is RuleControl.One or RuleControl.Many ? await OptionsAsync(subject, member.Operator, field) : [];
        // What is compared with is never lost, also when it is not there to choose any more.
        return new(member, operators, control, [.. options, .. member.Compared.Where(v => options.All(o => o.Value != v)).Select(v => (v, v))]);
    }

    private static bool Fits(SegmentOperator op, FieldType type) => SegmentFields.Fits(op, type) && type switch
    {
        FieldType.ListMulti => !OfText.Contains(op) && !OfOne.Contains(op),
        FieldType.Checkbox => !OfText.Contains(op) && op is not (SegmentOperator.IsAnyOf or SegmentOperator.IsNoneOf),
        FieldType.Number or FieldType.Date or FieldType.List => !OfText.Contains(op),
        _ => true,
    };

    private static RuleControl ControlOf(RuleMember member, SegmentSubject subject, FieldType? type)
    {
        var op = member.Operator;
        if (op.TakesNothing()) return RuleControl.None;
        if (op.TakesDays()) return RuleControl.LastDays;
        return (subject.Kind, op) switch
        {
            (SegmentSubjectKind.Tag or SegmentSubjectKind.Channel, _) => RuleControl.Many,
            (SegmentSubjectKind.History, SegmentOperator.InBroadcast or SegmentOperator.NotInBroadcast) => RuleControl.Many,
            (SegmentSubjectKind.History or SegmentSubjectKind.Consent or SegmentSubjectKind.Segment, _) => RuleControl.One,
            (SegmentSubjectKind.Suppressed, SegmentOperator.OnChannel or SegmentOperator.NotOnChannel) => RuleControl.One,
            (SegmentSubjectKind.Blocked or SegmentSubjectKind.Suppressed, _) => RuleControl.YesNo,
            (SegmentSubjectKind.Import, _) => RuleControl.Number,
            (SegmentSubjectKind.Instant, SegmentOperator.Between) => IsDays(member) ? RuleControl.Days : RuleControl.TextList,
            (SegmentSubjectKind.Instant, _) => IsDays(member) ? RuleControl.Day : RuleControl.Text,
            (SegmentSubjectKind.Field, _) => OfField(op, type),
            _ => op.TakesList() ? RuleControl.TextList : RuleControl.Text,
        };
    }

    private static RuleControl OfField(SegmentOperator op, FieldType? type) => (type, op) switch
    {
        (FieldType.Number, SegmentOperator.Between) => RuleControl.Numbers,
        (FieldType.Date, SegmentOperator.Between) => RuleControl.Days,
        (FieldType.List or FieldType.ListMulti, _) when op.TakesList() => RuleControl.Many,
        (_, _) when op.TakesList() => RuleControl.TextList,
        (FieldType.Number, _) => RuleControl.Number,
        (FieldType.Date, _) => RuleControl.Day,
        (FieldType.Checkbox, _) => RuleControl.YesNo,
        (FieldType.List, SegmentOperator.Is or SegmentOperator.IsNot) => RuleControl.One,
        _ => RuleControl.Text,
    };

    // The API may compare with an instant, which no box for a day could show.
    private static bool IsDays(RuleMember member) => member.Compared.All(v => v.Length <= 10);

    private async Task<IReadOnlyList<(string Value, string Text)>> OptionsAsync(SegmentSubject subject, SegmentOperator op, ContactField? field)
    {
        if (field is not null) return [.. field.Options.Select(o => (o, o))];
        if (_read.TryGetValue(subject.Kind, out var known)) return known;
        return _read[subject.Kind] = subject.Kind switch
        {
            SegmentSubjectKind.Tag => [.. (await tags.NamesAsync()).Select(t => (t, t))],
            SegmentSubjectKind.Channel => [.. Enum.GetValues<AddressKind>().Select(k => (k.Name(), texts[$"AddressKind.{k}"]))],
            SegmentSubjectKind.Consent => [.. SegmentConsent.Words.Select(w => (w, texts[$"Rule.Consent.{w}"]))],
            SegmentSubjectKind.Segment => [.. (await segments.ListAsync()).Select(s => (Id(s.Id), s.Name))],
            SegmentSubjectKind.Suppressed => [.. (await channels.ListAsync()).Select(c => (Id(c.Id), c.Name))],
            _ => [.. (await broadcasts.StartedAsync()).Select(b => (Id(b.Id), b.Name))],
        };
    }

    private static string Id(long id) => id.ToString(CultureInfo.InvariantCulture);
}
