using System.Text.Json;

namespace Broadcasts.Broadcasting;

/// <summary>Makes broadcasts: new, as a copy, as a resend of what failed.</summary>
internal sealed class BroadcastFactory(BroadcastStore store, BroadcastChecks checks)
{
    private const int LongestName = 200;

    /// <summary>A new draft. With an identity that was used before, the broadcast of that identity is given back unchanged.</summary>
    public async Task<(long Id, CommandResult Result)> CreateAsync(BroadcastDraft draft, string actor, string? identityKey = null)
    {
        if (identityKey is not null && await store.FindAsync(identityKey) is { } known) return (known, await StateOfAsync(known));
        if (await checks.CheckDraftAsync(draft) is { Count: > 0 } problems) return (0, CommandResult.Invalid([.. problems]));
        return await AddAsync(draft, actor, null, identityKey, "create");
    }

    /// <summary>A draft with the same content, audience, channel and rate; its time is left open.</summary>
    public async Task<(long Id, CommandResult Result)> DuplicateAsync(long id, string actor)
    {
        if (await store.GetAsync(id) is not { Kind: 0 } broadcast) return (0, CommandResult.NotFound($"Broadcast {id}"));
        var audience = broadcast.ReadAudience();
        var copy = broadcast.ToDraft() with { Name = Suffixed(broadcast.Name, "(copy)"), ExpiresAt = null, Schedule = BroadcastSchedule.AtOnce, AudienceJson = audience?.RetryOf is null ? broadcast.Audience : null };
        return await AddAsync(copy, actor, null, null, "duplicate", id);
    }

    /// <summary>A child draft whose audience is the retryable failures; it goes on at the failed part of each.</summary>
    public async Task<(long Id, CommandResult Result)> ResendFailedAsync(long id, string actor)
    {
        if (await store.GetAsync(id) is not { Kind: 0 } broadcast) return (0, CommandResult.NotFound($"Broadcast {id}"));
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.ResendFailed, out _, out var refusal)) return (0, CommandResult.Refused(broadcast.State, refusal!));
        var draft = broadcast.ToDraft() with
        {
            Name = Suffixed(broadcast.Name, "(resend)"),
            ExpiresAt = null,
            Schedule = BroadcastSchedule.AtOnce,
            AudienceJson = JsonSerializer.Serialize(new BroadcastAudience { RetryOf = id }, BroadcastJson.Options),
        };
        return await AddAsync(draft, actor, id, null, "resend");
    }

    private async Task<(long Id, CommandResult Result)> AddAsync(BroadcastDraft draft, string actor, long? parent, string? identityKey, string verb, long? copyOf = null)
    {
        if (await store.CreateAsync(draft, new BroadcastAct(actor, verb, draft.Name), parent, identityKey, copyOf) is { } made) return (made.Id, new CommandResult { Status = made.State, Version = made.Version });
        // The same command a moment ago, or in another process.
        return await store.FindAsync(identityKey!) is { } known ? (known, await StateOfAsync(known)) : (0, CommandResult.NotFound("The broadcast"));
    }

    private async Task<CommandResult> StateOfAsync(long id)
    {
        var broadcast = await store.GetAsync(id);
        return new CommandResult { Status = broadcast!.State, Version = broadcast.Version };
    }

    private static string Suffixed(string name, string suffix) => $"{name[..Math.Min(name.Length, LongestName - suffix.Length - 1)]} {suffix}";
}
