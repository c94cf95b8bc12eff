using System.Text.Json;

namespace Broadcasts.Security;

/// <summary>What somebody may do, all together.</summary>
internal readonly record struct PermissionSet
{
    private readonly ulong _bits;

    private PermissionSet(ulong bits) => _bits = bits == 0 ? 0 : bits | BitOf(Permission.Read);

    /// <summary>Nothing, not even reading.</summary>
    public static PermissionSet None { get; }

    public static PermissionSet Everything { get; } = Of(Permissions.All);

    /// <summary>These, and reading with any of them.</summary>
    public static PermissionSet Of(params IEnumerable<Permission> permissions) => new(permissions.Aggregate(0UL, (bits, p) => bits | BitOf(p)));

    public IEnumerable<Permission> Items
    {
        get
        {
            var bits = _bits;
            return Permissions.All.Where(p => (bits & BitOf(p)) != 0);
        }
    }

    public IReadOnlyList<string> Names => [.. Items.Select(Permissions.NameOf)];

    public bool Has(Permission permission) => (_bits & BitOf(permission)) != 0;

    public bool HasAny(IEnumerable<Permission> permissions) => permissions.Any(Has);

    /// <summary>True when nothing of the other is missing here: who has this may give that.</summary>
    public bool Covers(PermissionSet other) => (other._bits & ~_bits) == 0;

    /// <summary>This, but for one.</summary>
    public PermissionSet Without(Permission permission) => new(_bits & ~BitOf(permission));

    /// <summary>What is in both.</summary>
    public PermissionSet And(PermissionSet other) => new(_bits & other._bits);

    /// <summary>As a column keeps it.</summary>
    public string Write() => JsonSerializer.Serialize(Names);

    /// <summary>What a column keeps. A name that this version does not know allows nothing.</summary>
    public static PermissionSet Read(string stored) =>
        Of((JsonSerializer.Deserialize<string[]>(stored) ?? []).SelectMany(name => Permissions.TryParse(name, out var known) ? [known] : Array.Empty<Permission>()));

    /// <summary>False, with the first name that is none.</summary>
    public static bool TryParse(IEnumerable<string> names, out PermissionSet set, out string? unknown)
    {
        var found = new List<Permission>();
        (set, unknown) = (None, null);
        foreach (var name in names)
        {
            if (!Permissions.TryParse(name, out var permission))
            {
                unknown = name;
                return false;
            }

            found.Add(permission);
        }

        set = Of(found);
        return true;
    }

    public override string ToString() => string.Join(", ", Names);

    private static ulong BitOf(Permission permission) => 1UL << (int)permission;
}
