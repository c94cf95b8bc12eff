namespace Broadcasts.Security;

/// <summary>The roles that are always there. The numbers are stored.</summary>
public enum UserRole
{
    /// <summary>Everything, users included.</summary>
    Owner = 0,

    /// <summary>Everything but users and roles.</summary>
    Manager = 1,

    /// <summary>Writes and sends broadcasts.</summary>
    Sender = 2,

    /// <summary>Writes broadcasts, contacts and segments; sends nothing.</summary>
    Editor = 3,

    /// <summary>Reads, and takes reports out.</summary>
    Analyst = 4,

    /// <summary>Reads.</summary>
    Viewer = 5,
}

/// <summary>A set of permissions with a name, which people have.</summary>
internal sealed record Role
{
    /// <summary>Where the numbers of roles begin that people made.</summary>
    public const int FirstCustom = 100;

    public required int Id { get; init; }

    /// <summary>Of a built-in one the name of its <see cref="UserRole"/>.</summary>
    public required string Name { get; init; }

    public required PermissionSet Permissions { get; init; }

    /// <summary>How many people have it, where that was asked for.</summary>
    public int Users { get; init; }

    public bool IsBuiltIn => Id < FirstCustom;

    public static IReadOnlyList<Role> BuiltIn { get; } =
    [
        Make(UserRole.Owner, PermissionSet.Everything),
        Make(UserRole.Manager, PermissionSet.Everything.Without(Permission.ManageUsers)),
        Make(UserRole.Sender, PermissionSet.Of(
            Permission.EditBroadcasts, Permission.SendBroadcasts, Permission.ApproveBroadcasts, Permission.EditContacts, Permission.EraseContacts,
            Permission.EditSegments, Permission.EditContent, Permission.ExportReports, Permission.PauseChannels)),
        Make(UserRole.Editor, PermissionSet.Of(Permission.EditBroadcasts, Permission.EditContacts, Permission.EraseContacts, Permission.EditSegments, Permission.EditContent)),
        Make(UserRole.Analyst, PermissionSet.Of(Permission.Read, Permission.ExportReports)),
        Make(UserRole.Viewer, PermissionSet.Of(Permission.Read)),
    ];

    /// <summary>The built-in role of a number; null for others.</summary>
    public static Role? FindBuiltIn(int id) => id >= 0 && id < BuiltIn.Count ? BuiltIn[id] : null;

    /// <summary>The permissions of a role: fixed ones, or what its row keeps. A role that is gone allows nothing.</summary>
    public static PermissionSet PermissionsOf(int id, string? stored) => FindBuiltIn(id)?.Permissions ?? (stored is null ? PermissionSet.None : PermissionSet.Read(stored));

    private static Role Make(UserRole role, PermissionSet permissions) => new() { Id = (int)role, Name = role.ToString(), Permissions = permissions };
}
