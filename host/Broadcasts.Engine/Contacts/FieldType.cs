namespace Broadcasts.Contacts;

/// <summary>The types of custom fields. The numbers are stored.</summary>
internal enum FieldType
{
    Text = 1,
    List = 2,
    Checkbox = 3,
    Email = 4,
    Number = 5,
    Url = 6,
    Date = 7,
    Time = 8,

    /// <summary>Several of a list: stored with <see cref="FieldValues.Separator"/> between them.</summary>
    ListMulti = 9,
}

/// <summary>A custom field. Its slug never changes: templates, segments and exports name it.</summary>
internal sealed record ContactField(long Id, string Slug, string Name, FieldType Type, IReadOnlyList<string> Options);
