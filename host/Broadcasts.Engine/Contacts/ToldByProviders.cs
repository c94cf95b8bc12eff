using System.Data.Common;
using Broadcasts.Channels;
using Broadcasts.Contacts.Consent;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>What providers say of addresses beside receipts: who takes nothing more or something again, and who is reached elsewhere now. Said twice it changes nothing.</summary>
internal sealed class ToldByProviders(Database database, TimeProvider time)
{
    // Where the new address is known already, both stay as they are: whose it is was said by somebody else.
    private const string MoveSql = """
        UPDATE addresses SET value = @next WHERE kind = @kind AND value = @value AND NOT EXISTS (SELECT 1 FROM addresses o WHERE o.kind = @kind AND o.value = @next)
        """;

    // Whoever opted out has opted out wherever the provider takes them.
    private const string MoveSuppressionsSql = """
        INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at)
        SELECT kind, @next, channel_id, reason, source, created_at FROM suppressions WHERE kind = @kind AND value = @value
        ON CONFLICT (kind, value, channel_id) DO NOTHING
        """;

    /// <summary>Applies opt-outs and opt-ins in the order in which they happened.</summary>
    public async Task ConsentAsync(DbTransaction transaction, long channel, IEnumerable<ConsentChange> changes)
    {
        var kind = await ChannelStore.AddressKindAsync(transaction, channel);
        foreach (var change in changes.OrderBy(c => c.At))
        {
            await ConsentLog.SayAsync(transaction, new ConsentEvent
            {
                Kind = kind,
                Value = AddressNormalizer.Normal(kind, change.Address),
                ChannelId = channel,
                State = change.IsOptedOut ? ConsentState.Withdrawn : ConsentState.Granted,
                Source = $"channel:{channel}",
                Detail = change.Detail,
                Actor = ConsentLog.Contact,
                At = Math.Min(change.At.ToUnixTimeMilliseconds(), time.Now()),
            });
        }
    }

    /// <summary>Writes to the new addresses from now on.</summary>
    public static async Task MoveAsync(DbTransaction transaction, long channel, IEnumerable<(string Old, string New)> changes)
    {
        var kind = await ChannelStore.AddressKindAsync(transaction, channel);
        foreach (var (old, @new) in changes)
        {
            if (!AddressNormalizer.TryNormalize(kind, @new, null, out var next, out _)) continue;
            var values = new { kind = (short)kind, value = AddressNormalizer.Normal(kind, old), next };
            if (values.value == next || await transaction.Connection!.ExecuteAsync(MoveSql, values, transaction) == 0) continue;
            await transaction.Connection!.ExecuteAsync(MoveSuppressionsSql, values, transaction);
        }
    }

    /// <inheritdoc cref="MoveAsync(DbTransaction, long, IEnumerable{ValueTuple{string, string}})"/>
    public Task MoveAsync(long channel, string old, string @new) => database.WriteAsync(t => MoveAsync(t, channel, [(old, @new)]));
}
