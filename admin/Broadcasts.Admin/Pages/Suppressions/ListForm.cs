using Broadcasts.Channels;
using Broadcasts.Contacts;

namespace Broadcasts.Admin.Pages.Suppressions;

/// <summary>The form of a list, as it is or was filled in.</summary>
internal sealed record ListForm(IReadOnlyList<Channel> Channels)
{
    public AddressKind Kind { get; init; } = AddressKind.Email;

    public long Channel { get; init; }

    public string? Country { get; init; }
}

/// <summary>A field that chooses one channel or all.</summary>
internal sealed record ChannelChoice(string Id, IReadOnlyList<Channel> Channels, long Chosen);
