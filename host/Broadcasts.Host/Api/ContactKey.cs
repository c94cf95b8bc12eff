using System.Globalization;
using System.Reflection;
using Broadcasts.Contacts;

namespace Broadcasts.Host.Api;

/// <summary>A contact in a path: by its number (<c>12</c>, <c>id:12</c>) or by an address (<c>email:ana@example.com</c>, <c>phone:+34600000001</c>).</summary>
/// <param name="Id">The contact's number; 0 when nobody has the address.</param>
/// <param name="Text">As it was given.</param>
internal sealed record ContactKey(long Id, string Text)
{
    public static async ValueTask<ContactKey?> BindAsync(HttpContext http, ParameterInfo parameter)
    {
        var text = (string?)http.Request.RouteValues[parameter.Name!] ?? "";
        return new ContactKey(await FindAsync(text, http), text);
    }

    /// <summary>The answer when there is no such contact.</summary>
    public IResult NotFound() => ApiProblems.NotFound($"Contact {Text}");

    private static async Task<long> FindAsync(string text, HttpContext http)
    {
        var (kind, value) = text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? (text[..colon], text[(colon + 1)..]) : ("id", text);
        if (kind == "id") return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
        return AddressKindNames.Parse(kind) is { } address ? await http.RequestServices.GetRequiredService<ContactQueries>().FindAsync(address, value, http.RequestAborted) : 0;
    }
}
