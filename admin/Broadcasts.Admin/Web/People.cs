using System.Globalization;
using Broadcasts.Security;

namespace Broadcasts.Admin.Web;

/// <summary>Names of actors. The tables store <c>user:3</c>, <c>key:2</c>, <c>cli</c>; people read names.</summary>
internal sealed class People(UserStore users, Texts texts)
{
    private Dictionary<string, string>? _names;

    public async Task<string> NameAsync(string? actor, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrEmpty(actor)) return "–";
        if (actor.StartsWith("user:", StringComparison.Ordinal))
        {
            _names ??= (await users.ListAsync(cancellationToken)).ToDictionary(u => string.Create(CultureInfo.InvariantCulture, $"user:{u.Id}"), u => u.Name);
            return _names.GetValueOrDefault(actor, actor);
        }

        if (actor.StartsWith("key:", StringComparison.Ordinal)) return texts["Actor.key", actor[4..]];
        return texts.Has($"Actor.{actor}") ? texts[$"Actor.{actor}"] : actor;
    }
}
