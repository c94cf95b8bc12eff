using System.Data.Common;
using System.Globalization;
using System.Text.Json.Nodes;
using Broadcasts.Security;

namespace Broadcasts.Channels;

/// <summary>An act on a channel, as the audit names it.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Verb">What: the entry's action is <c>channel.VERB</c>.</param>
/// <param name="Detail">What there is to say beside the fields that changed.</param>
internal sealed record ChannelAct(string Actor, string Verb, string? Detail = null)
{
    /// <summary>Names of the secrets that it writes or takes away; what they are is kept nowhere.</summary>
    public IReadOnlyCollection<string> Secrets { get; init; } = [];
}

/// <summary>An act and its entry in the audit are one transaction: a crash leaves both or neither.</summary>
internal sealed partial class ChannelStore
{
    // Locked: what is written down as the state before is the one that the change leaves.
    private Task<bool> ActAsync(long id, ChannelAct act, Func<DbTransaction, Task<bool>> change) => database.WriteAsync(async t =>
    {
        var before = await GetAsync(t.Connection!, id, t, forUpdate: true);
        if (before is null || !await change(t)) return false;
        Append(t, id, act, before, await GetAsync(t.Connection!, id, t));
        return true;
    });

    private void Append(DbTransaction transaction, long id, ChannelAct act, Channel? before, Channel? after) => AuditChain.Append(transaction, new AuditAct
    {
        At = Now, Actor = act.Actor, Action = $"channel.{act.Verb}", Subject = string.Create(CultureInfo.InvariantCulture, $"channel:{id}"), Detail = act.Detail,
        Changes = AuditChange.Write([.. AuditDiff.Between(Shown(before), Shown(after)), .. act.Secrets.Select(name => new AuditChange($"settings.{name}"))]),
    });

    // What of a channel its owner decides, without secrets.
    private static object? Shown(Channel? channel) => channel is null ? null : new
    {
        channel.Name,
        channel.Transport,
        status = channel.Status,
        settings = JsonNode.Parse(channel.Settings),
        channel.Rate,
        channel.Limits,
        recipientSpacingMs = channel.RecipientSpacingMs == 0 ? (long?)null : channel.RecipientSpacingMs,
        channel.Recipients,
        whenInDoubt = channel.WhenInDoubt,
        channel.MaxAttempts,
        channel.RetryForMs,
    };
}
