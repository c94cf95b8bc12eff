using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Broadcasts.Contacts;

namespace Broadcasts.Host.Api;

/// <summary>A contact in a path: by its number (<c>12</c>, <c>id:12</c>) or by an address (<c>email:ana@example.com</c>, <c>phone:+34600000001</c>).</summary>
/// <param name="Text">As it was given.</param>
internal sealed record ContactKey(string Text) : IParsable<ContactKey>
{
    /// <summary>Does something with the contact, or answers that there is none.</summary>
    public async Task<IResult> WithAsync(ContactQueries contacts, Func<long, Task<IResult>> use) =>
        await FindAsync(contacts) is > 0 and var id ? await use(id) : ApiProblems.NotFound($"Contact {Text}");

    public static ContactKey Parse(string s, IFormatProvider? provider) => new(s);

    // Whatever it says, it is a contact that there is or is not.
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out ContactKey result)
    {
        result = new ContactKey(s ?? "");
        return true;
    }

    private async Task<long> FindAsync(ContactQueries contacts)
    {
        var (kind, value) = Text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? (Text[..colon], Text[(colon + 1)..]) : ("id", Text);
        if (kind == "id") return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
        return AddressKindNames.Parse(kind) is { } address ? await contacts.FindAsync(address, value) ?? 0 : 0;
    }
}
