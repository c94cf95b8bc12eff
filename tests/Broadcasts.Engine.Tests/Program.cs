namespace Broadcasts;

internal static class Program
{
    /// <summary>The tests; or, with <c>engine DATA [CONNECTION]</c>, an engine that runs until it is killed.</summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is ["engine", ..]) return await EndToEnd.EngineUnderTest.RunAsync(args[1], args.ElementAtOrDefault(2));
        return args.Any(a => a is "--server" or "--internal-msbuild-node")
            ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }
}
