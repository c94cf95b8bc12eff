namespace Broadcasts.Security;

/// <summary>How it stands with somebody.</summary>
internal enum UserState
{
    /// <summary>Has a link and never came.</summary>
    Invited,

    Active,

    /// <summary>Too many wrong passwords or codes; over by itself in minutes.</summary>
    Locked,

    /// <summary>Kept out by a person.</summary>
    Disabled,
}

internal static class UserStates
{
    public static UserState StateAt(this User user, long now) =>
        user.IsDisabled ? UserState.Disabled
        : user.LockedUntil > now ? UserState.Locked
        : user.LastSignInAt is null ? UserState.Invited
        : UserState.Active;
}
