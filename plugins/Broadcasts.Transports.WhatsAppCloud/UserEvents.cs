using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>What a contact decided or became: marketing stopped or resumed, a new user id.</summary>
internal static class UserEvents
{
    public static IEnumerable<TransportEvent> Of(Change change) =>
        change.Value.Items("user_preferences").SelectMany(p => Preference(change, p)).Concat(change.Value.Items("user_id_update").SelectMany(u => IdUpdate(change, u)));

    /// <summary>One change of address for each pair that is whole and different.</summary>
    public static IEnumerable<TransportEvent> Moves(string key, DateTimeOffset at, params (string? Old, string? New)[] pairs)
    {
        foreach (var (old, @new) in pairs)
        {
            if (old is not null && @new is not null && old != @new) yield return new AddressChange { Key = $"{key}:{old}:{@new}", At = at, OldAddress = old, NewAddress = @new };
        }
    }

    /// <summary>"Stop" and "resume" of marketing messages, by WhatsApp's own button. Meta refuses further marketing with 131050.</summary>
    private static IEnumerable<TransportEvent> Preference(Change change, JsonElement preference)
    {
        var address = preference.Text("wa_id") ?? preference.Text("user_id");
        var value = preference.Text("value")?.ToLowerInvariant();
        if (address is null || value is not ("stop" or "resume") || preference.Text("category") is not (null or "marketing_messages")) yield break;

        var at = change.TimeOf(preference);
        yield return new ConsentChange
        {
            Key = string.Create(CultureInfo.InvariantCulture, $"preference:{address}:{value}:{at.ToUnixTimeSeconds()}"),
            At = at,
            Address = address,
            IsOptedOut = value == "stop",
            Detail = preference.Text("detail"),
        };
    }

    private static IEnumerable<TransportEvent> IdUpdate(Change change, JsonElement update)
    {
        var at = change.TimeOf(update);
        var (user, parent) = (update.Member("user_id"), update.Member("parent_user_id"));
        return Moves("user-id", at, (user.Text("previous"), user.Text("current")), (parent.Text("previous"), parent.Text("current")));
    }
}
