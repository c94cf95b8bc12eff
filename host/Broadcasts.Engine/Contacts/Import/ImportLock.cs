using Broadcasts.Storage;

namespace Broadcasts.Contacts.Import;

/// <summary>Held while an import runs.</summary>
internal static class ImportLock
{
    private const long Space = 0x696D7000_00000000;

    /// <summary>The lock; null when a living process has it.</summary>
    public static Task<AliveLock?> TryTakeAsync(Database database, long id, CancellationToken cancellationToken) => AliveLock.TryTakeAsync(database, Space + id, cancellationToken);
}
