using System.Globalization;
using NodaTime;

namespace Broadcasts.Templates;

/// <summary>One recipient's values. A worker keeps one row and fills it again for every recipient; it is not for two threads at once.</summary>
internal sealed class RenderValues(TemplateSchema schema)
{
    private readonly TemplateValue[] _row = new TemplateValue[schema.Count];

    public TemplateSchema Schema { get; } = schema;

    /// <summary>Language of dates, numbers and letter case. Default: English.</summary>
    public CultureInfo Culture { get; set; } = RenderCulture.Default;

    /// <summary>Zone in which moments are shown. Default: UTC.</summary>
    public DateTimeZone Zone { get; set; } = DateTimeZone.Utc;

    /// <summary>The value of <c>now</c>: one for the whole broadcast or one per message, as the caller decides.</summary>
    public DateTimeOffset Now
    {
        set => _row[TemplateSchema.Now] = TemplateValue.Of(value);
    }

    /// <summary>Where this recipient opts out and confirms; null where there is no such link.</summary>
    public void SetLinks(string? optOut, string? confirm)
    {
        Set(TemplateSchema.OptOutLink, optOut);
        Set(TemplateSchema.ConfirmLink, confirm);
    }

    public ref readonly TemplateValue this[int index] => ref _row[index];

    /// <summary>Sets a value from its stored text; null and blank are missing.</summary>
    public void Set(int index, string? value) => _row[index] = TemplateValue.Stored(value, Schema.Names[index].Type);

    public void Set(int index, decimal value) => _row[index] = TemplateValue.Of(value);

    public void Set(int index, bool value) => _row[index] = TemplateValue.Of(value);

    public void Set(int index, DateOnly value) => _row[index] = TemplateValue.Of(value);

    public void Set(int index, DateTimeOffset value) => _row[index] = TemplateValue.Of(value);

    /// <summary>Begins a new recipient: every value of the last one goes, broadcast, channel and <c>now</c> stay.</summary>
    public void SetContact(string? firstName, string? lastName, string? email, string? phone, string? language, string? country)
    {
        // Everything that was somebody else's goes first: no path may leave a value of the previous recipient behind.
        Array.Clear(_row, TemplateSchema.FirstName, TemplateSchema.Country - TemplateSchema.FirstName + 1);
        Array.Clear(_row, TemplateSchema.FirstField, _row.Length - TemplateSchema.FirstField);
        Set(TemplateSchema.FirstName, firstName);
        Set(TemplateSchema.LastName, lastName);
        Set(TemplateSchema.Email, email);
        Set(TemplateSchema.Phone, phone);
        Set(TemplateSchema.Language, language);
        Set(TemplateSchema.Country, country);
    }

    /// <summary>Sets custom fields by slug. A slug that the schema doesn't know was added later and is left out.</summary>
    public void SetFields(IEnumerable<KeyValuePair<string, string?>> fields)
    {
        foreach (var (slug, value) in fields)
            if (Schema.TryFindField(slug, out var index)) Set(index, value);
    }

    /// <summary>The full name; first and last name make it when nobody set one.</summary>
    internal TemplateValue FullName()
    {
        ref readonly var name = ref _row[TemplateSchema.Name];
        if (!name.IsMissing) return name;

        ref readonly var first = ref _row[TemplateSchema.FirstName];
        ref readonly var last = ref _row[TemplateSchema.LastName];
        if (first.IsMissing) return last;
        return last.IsMissing ? first : TemplateValue.Of($"{first.ToText(this)} {last.ToText(this)}");
    }
}
