namespace Broadcasts.Testing;

/// <summary>Where the tests' own sources and the built programs are.</summary>
public static class Repository
{
    /// <summary>The folder of <c>Broadcasts.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Release or Debug, in lower case: what these tests were built as.</summary>
    public static string Configuration { get; } = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)).Split('_')[0];

    /// <summary>A path below the root.</summary>
    public static string File(params string[] names) => Path.Combine([Root, .. names]);

    /// <summary>The built output of a project.</summary>
    public static string OutputOf(string project) => File("artifacts", "bin", project, Configuration);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "Broadcasts.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"Broadcasts.sln is in no folder above {AppContext.BaseDirectory}: tests run from a checkout.");
    }
}
