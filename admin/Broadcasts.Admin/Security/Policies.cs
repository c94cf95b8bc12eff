using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;

namespace Broadcasts.Admin.Security;

/// <summary>Who may do what, by role. Reading needs a sign-in and no more.</summary>
public static class Policies
{
    /// <summary>Sends, pauses, cancels, tests.</summary>
    public const string CanSend = nameof(CanSend);

    /// <summary>Writes drafts, contacts, segments.</summary>
    public const string CanEdit = nameof(CanEdit);

    /// <summary>Takes contacts out as a file.</summary>
    public const string CanExport = nameof(CanExport);

    /// <summary>Channels, plugins, users.</summary>
    public const string CanAdminister = nameof(CanAdminister);

    internal static void Add(AuthorizationOptions options)
    {
        options.AddPolicy(CanSend, p => p.RequireAuthenticatedUser().RequireRole(Names(UserRole.Owner, UserRole.Manager, UserRole.Sender)));
        options.AddPolicy(CanEdit, p => p.RequireAuthenticatedUser().RequireRole(Names(UserRole.Owner, UserRole.Manager, UserRole.Sender, UserRole.Editor)));
        options.AddPolicy(CanExport, p => p.RequireAuthenticatedUser().RequireRole(Names(UserRole.Owner, UserRole.Manager)));
        options.AddPolicy(CanAdminister, p => p.RequireAuthenticatedUser().RequireRole(Names(UserRole.Owner, UserRole.Manager)));
    }

    private static string[] Names(params UserRole[] roles) => [.. roles.Select(r => r.ToString())];
}
