namespace Broadcasts.Transports;

/// <summary>Kinds of address that a channel of a transport for any kind can choose; in JSON the names of <see cref="AddressKinds"/>.</summary>
public enum ChosenAddressKind
{
    Email,
    Phone,
    Telegram,
    Whatsapp,
    Messenger,
    Instagram,
    Webchat,
}
