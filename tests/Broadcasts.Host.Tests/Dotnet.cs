namespace Broadcasts.Host.Tests;

/// <summary>The .NET SDK as an author of a transport uses it.</summary>
internal static class Dotnet
{
    /// <summary>Runs a command to its end; the test fails, with the output, when it does.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(string folder, string[] arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        // No build servers: they would outlive the test.
        var alone = new Dictionary<string, string?>(environment ?? new Dictionary<string, string?>())
        {
            ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["DOTNET_NOLOGO"] = "1",
        };
        await using var process = ProcessUnderTest.Start(arguments, alone, Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", folder);
        await process.AssertExitCodeAsync(0, TimeSpan.FromMinutes(3));
        return process.Lines;
    }
}
