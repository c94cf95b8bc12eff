using System.Runtime.CompilerServices;
using Broadcasts.Channels;
using Broadcasts.Contacts;

namespace Broadcasts.Broadcasting;

/// <summary>What became of one message of a test.</summary>
internal sealed record BroadcastTestResult(string Address, int Part, TestResult Result);

/// <summary>Sends a broadcast's messages to those who try them, as they would get them.</summary>
internal sealed class BroadcastTests(TestMessages tests, ChannelStore channels, ContactQueries contacts)
{
    /// <summary>Addresses that one test goes to.</summary>
    public const int MostAddresses = 5;

    /// <summary>Sends every part to every address; what fails ends the parts of its address.</summary>
    /// <param name="broadcast">Whose messages.</param>
    /// <param name="addresses">On the first of its channels.</param>
    /// <param name="language">A language of the content; null for the one that the contact gets.</param>
    /// <param name="asContactId">Whose values the texts print; null for whoever has the address, and for none where nobody has it.</param>
    /// <param name="actor">In whose name.</param>
    /// <param name="cancellationToken">Ends it between two messages.</param>
    public async IAsyncEnumerable<BroadcastTestResult> SendAsync(Broadcast broadcast, IEnumerable<string> addresses, string? language, long? asContactId, string actor, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (await channels.GetAsync(broadcast.ChannelIds[0]) is not { } channel) yield break;
        foreach (var address in addresses)
        {
            var contact = asContactId ?? await contacts.FindAsync(channel.AddressKind, address, cancellationToken: cancellationToken);
            var spoken = string.IsNullOrEmpty(language) && contact is { } id ? (await contacts.GetAsync(id, cancellationToken))?.Language : language;
            var parts = broadcast.PartsFor(spoken);
            for (var part = 0; part < parts.Count; part++)
            {
                var result = await tests.SendAsync(channel.Id, address, parts[part], contact, actor, cancellationToken);
                yield return new(address, part, result);
                if (!result.Accepted) break;
            }
        }
    }
}
