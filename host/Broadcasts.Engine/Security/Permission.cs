namespace Broadcasts.Security;

/// <summary>What somebody may do. Pages, API and command line ask for these and nothing else. Stored by their names (<see cref="Permissions.NameOf"/>).</summary>
public enum Permission
{
    /// <summary>See everything but secrets, people, keys and the audit trail. Whoever may do anything may do this.</summary>
    Read,

    /// <summary>Write broadcasts and forecast them, duplicate, archive and delete drafts.</summary>
    EditBroadcasts,

    /// <summary>Send, schedule, pause, cancel, test; single messages; settle what is in doubt.</summary>
    SendBroadcasts,

    /// <summary>Be the second person of a broadcast that needs one.</summary>
    ApproveBroadcasts,

    /// <summary>Change contacts, tags, fields, consent, forms; import and merge.</summary>
    EditContacts,

    /// <summary>Take contacts, consent and the suppression list out as a file.</summary>
    ExportContacts,

    /// <summary>Delete contacts.</summary>
    EraseContacts,

    /// <summary>Change segments.</summary>
    EditSegments,

    /// <summary>Change templates, and files that messages carry.</summary>
    EditContent,

    /// <summary>Take the recipients of a broadcast out as a file.</summary>
    ExportReports,

    /// <summary>Make, change and delete channels, and their limits.</summary>
    ManageChannels,

    /// <summary>Pause, resume and test channels.</summary>
    PauseChannels,

    /// <summary>Set the secrets of channels.</summary>
    SetSecrets,

    /// <summary>Install, activate and remove plugins: code that runs in the service.</summary>
    ManagePlugins,

    /// <summary>Change the rules of the workspace, and let data send that was put back.</summary>
    ManageSettings,

    /// <summary>Read the audit trail.</summary>
    ReadAudit,

    /// <summary>Make and revoke keys of the API.</summary>
    ManageKeys,

    /// <summary>Invite and disable people, change their roles, and change roles.</summary>
    ManageUsers,
}

/// <summary>The names of permissions.</summary>
internal static class Permissions
{
    public static IReadOnlyList<Permission> All { get; } = Enum.GetValues<Permission>();

    /// <summary>As it is stored, and as the API writes it: <c>contacts.export</c>.</summary>
    public static string NameOf(Permission permission) => permission switch
    {
        Permission.Read => "read",
        Permission.EditBroadcasts => "broadcasts.edit",
        Permission.SendBroadcasts => "broadcasts.send",
        Permission.ApproveBroadcasts => "broadcasts.approve",
        Permission.EditContacts => "contacts.edit",
        Permission.ExportContacts => "contacts.export",
        Permission.EraseContacts => "contacts.erase",
        Permission.EditSegments => "segments.edit",
        Permission.EditContent => "content.edit",
        Permission.ExportReports => "reports.export",
        Permission.ManageChannels => "channels.manage",
        Permission.PauseChannels => "channels.pause",
        Permission.SetSecrets => "secrets.set",
        Permission.ManagePlugins => "plugins.manage",
        Permission.ManageSettings => "settings.manage",
        Permission.ReadAudit => "audit.read",
        Permission.ManageKeys => "keys.manage",
        Permission.ManageUsers => "users.manage",
        _ => throw new ArgumentOutOfRangeException(nameof(permission), permission, "It has no name."),
    };

    public static bool TryParse(string name, out Permission permission)
    {
        foreach (var known in All)
        {
            permission = known;
            if (NameOf(known).Equals(name, StringComparison.Ordinal)) return true;
        }

        permission = default;
        return false;
    }
}
