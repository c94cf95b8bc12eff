namespace Broadcasts.Testing;

/// <summary>A folder that is deleted with everything in it.</summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>The folder; it exists.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("broadcasts-test-").FullName;

    /// <summary>Path of a file or folder in it; nothing is created.</summary>
    public string File(params string[] names) => System.IO.Path.Combine([Path, .. names]);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The test took it away itself.
        }
    }
}
