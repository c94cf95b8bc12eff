namespace Broadcasts.Contacts;

/// <summary>The contract's address kinds as stored numbers.</summary>
public enum AddressKind
{
    Email = 1,
    Phone = 2,
    Telegram = 3,
    WhatsApp = 4,
    Messenger = 5,
    Instagram = 6,
    WebChat = 7,
}

public static class AddressKindNames
{
    /// <summary>The contract's word (<see cref="AddressKinds"/>).</summary>
    public static string Name(this AddressKind kind) => kind switch
    {
        AddressKind.Email => AddressKinds.Email,
        AddressKind.Phone => AddressKinds.Phone,
        AddressKind.Telegram => AddressKinds.Telegram,
        AddressKind.WhatsApp => AddressKinds.WhatsApp,
        AddressKind.Messenger => AddressKinds.Messenger,
        AddressKind.Instagram => AddressKinds.Instagram,
        AddressKind.WebChat => AddressKinds.WebChat,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The kind of a word; null when there is none.</summary>
    public static AddressKind? Parse(string? name) =>
        Enum.GetValues<AddressKind>().Where(k => k.Name().Equals(name, StringComparison.OrdinalIgnoreCase)).Select(k => (AddressKind?)k).FirstOrDefault();
}
