using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Host.Hosting;

/// <summary>A start that can't go on, in one sentence for the person at the keyboard.</summary>
internal class StartException(string message, int exitCode = ExitCodes.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}

/// <summary>What the process tells its caller.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
}

/// <summary>The folder of one installation on this machine, held by one process at a time.</summary>
internal sealed class DataDirectory : IDisposable
{
    // sockaddr_un takes 108 bytes, the last one a zero; Windows and macOS take no more.
    private const int LongestSocketPath = 103;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <summary>Where a running service listens for commands on this machine.</summary>
    public string SocketPath => SocketPathOf(Path);

    /// <summary>Creates the folder when it is missing and takes it. Freed by dispose, or by the system when the process dies.</summary>
    /// <exception cref="StartException">It can't be written, or another process holds it.</exception>
    public static DataDirectory Take(string path)
    {
        try
        {
            Create(path);
            var held = new FileStream(LockPathOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            WriteOwner(path);
            return new DataDirectory(path, held);
        }
        catch (IOException) when (IsHeld(path))
        {
            throw new StartException($"The data directory {path} is in use by another Broadcasts process{OwnerOf(path)}. Stop that one first, or give this one another directory with --data or Broadcasts__DataDirectory.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new StartException($"Broadcasts:DataDirectory: {path} can't be written: {e.Message} Give the directory to the user that runs Broadcasts, or set another one.", ExitCodes.Usage);
        }
    }

    /// <summary>True while a process holds the folder.</summary>
    public static bool IsHeld(string path)
    {
        if (!File.Exists(LockPathOf(path))) return false;
        try
        {
            using var probe = new FileStream(LockPathOf(path), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>" (process 123)" when it is known.</summary>
    public static string OwnerOf(string path)
    {
        try
        {
            return $" (process {File.ReadAllText(OwnerPathOf(path)).Trim()})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The socket's path; beside the system's temporary files when the folder's own is too long for one.</summary>
    public static string SocketPathOf(string path)
    {
        var inside = System.IO.Path.Combine(path, "broadcasts.sock");
        if (Encoding.UTF8.GetByteCount(inside) <= LongestSocketPath) return inside;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(path)))[..16];
        return System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"broadcasts-{Environment.UserName}-{hash}", "s.sock");
    }

    /// <summary>Makes way for the socket: only the holder of the folder may take the path.</summary>
    public void PrepareSocket()
    {
        var folder = System.IO.Path.GetDirectoryName(SocketPath)!;
        if (folder != Path) Create(folder);
        File.Delete(SocketPath);
    }

    /// <summary>Nobody but the owner may talk to it.</summary>
    public void ProtectSocket()
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(SocketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public void Dispose()
    {
        try
        {
            File.Delete(OwnerPathOf(Path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It only names us in a message.
        }

        _lock.Dispose();
    }

    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows() || Directory.Exists(path)) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, OwnerOnly);
    }

    // The lock file itself can't be read by others on Windows while it is held.
    private static void WriteOwner(string path) => File.WriteAllText(OwnerPathOf(path), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    private static string LockPathOf(string path) => System.IO.Path.Combine(path, "broadcasts.lock");

    private static string OwnerPathOf(string path) => System.IO.Path.Combine(path, "broadcasts.pid");
}
