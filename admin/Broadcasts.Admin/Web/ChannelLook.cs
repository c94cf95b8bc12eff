using Broadcasts.Contacts;

namespace Broadcasts.Admin.Web;

/// <summary>Icons of the ways to reach somebody.</summary>
internal static class ChannelLook
{
    public static string IconOf(AddressKind kind) => kind switch
    {
        AddressKind.Email => "mail",
        AddressKind.Phone or AddressKind.WhatsApp => "phone",
        AddressKind.Telegram => "send",
        AddressKind.WebChat => "globe",
        _ => "channel",
    };
}
