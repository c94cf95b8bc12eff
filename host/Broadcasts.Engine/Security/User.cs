namespace Broadcasts.Security;

/// <summary>What a person may do. The numbers are stored.</summary>
public enum UserRole
{
    /// <summary>Everything, users included.</summary>
    Owner = 0,

    /// <summary>Everything but users' roles.</summary>
    Manager = 1,

    /// <summary>Writes and sends broadcasts.</summary>
    Sender = 2,

    /// <summary>Writes broadcasts, contacts and segments; sends nothing.</summary>
    Editor = 3,

    /// <summary>Reads and exports.</summary>
    Analyst = 4,

    /// <summary>Reads.</summary>
    Viewer = 5,
}

/// <summary>Somebody who signs in to the console.</summary>
internal sealed class User
{
    public long Id { get; set; }

    /// <summary>As its owner writes it; compared without regard to case.</summary>
    public string Email { get; set; } = "";

    public string Name { get; set; } = "";

    public UserRole Role { get; set; } = UserRole.Viewer;

    /// <summary>ASP.NET Core Identity's format; null for someone who signs in by link only.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Changes with the password and the role: older sign-ins end.</summary>
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
}
