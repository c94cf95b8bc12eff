using SQLitePCL;

namespace Broadcasts.Storage;

/// <summary>What SQLite is told once per process, before its first connection.</summary>
internal static class SqliteProcess
{
    // https://sqlite.org/c3ref/c_config_covering_index_scan.html
    private const int ConfigMemStatus = 9;

    private static readonly Lazy<bool> Once = new(Configure);

    /// <summary>
    /// Nobody asks how much memory SQLite has, for which every allocation of every thread would wait in one queue. Its locks stay (serialized mode): a connection is used by one thread at a time here, but a command that
    /// somebody forgot to dispose ends on the finalizer's thread, and without the locks that ends the process (decision 0017).
    /// </summary>
    public static void Prepare() => _ = Once.Value;

    private static bool Configure()
    {
        Batteries_V2.Init();
        // Only before SQLite has begun anything; on what has begun the setting has no effect, and it works all the same.
        raw.sqlite3_shutdown();
        var isSet = raw.sqlite3_config(ConfigMemStatus, 0) == raw.SQLITE_OK;
        raw.sqlite3_initialize();
        return isSet;
    }
}
