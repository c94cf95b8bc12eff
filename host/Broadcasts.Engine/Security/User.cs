namespace Broadcasts.Security;

/// <summary>Somebody who signs in to the console.</summary>
internal sealed class User
{
    public long Id { get; set; }

    /// <summary>As its owner writes it; compared without regard to case.</summary>
    public string Email { get; set; } = "";

    public string Name { get; set; } = "";

    /// <summary>The number of a <see cref="UserRole"/>, or of a role that people made.</summary>
    public int Role { get; set; } = (int)UserRole.Viewer;

    /// <summary>ASP.NET Core Identity's format; null for someone who signs in by link or provider only.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Changes with the password: what Identity signed before is void.</summary>
    public string SecurityStamp { get; set; } = "";

    public int FailedSignIns { get; set; }

    /// <summary>Unix milliseconds; no sign-in succeeds before.</summary>
    public long? LockedUntil { get; set; }

    /// <summary>Two-letter language of the console; null follows the browser.</summary>
    public string? Language { get; set; }

    /// <summary>IANA zone in which times are shown; null for UTC.</summary>
    public string? TimeZone { get; set; }

    /// <summary><c>light</c> or <c>dark</c>; null follows the system.</summary>
    public string? Theme { get; set; }

    public long? DisabledAt { get; set; }

    public long CreatedAt { get; set; }

    public long? LastSignInAt { get; set; }

    /// <summary>Since when a second factor is asked for; null when it is not.</summary>
    public long? TotpSince { get; set; }

    public bool IsDisabled => DisabledAt is not null;

    public bool HasSecondFactor => TotpSince is not null;
}
