using Broadcasts.Testing;
using Xunit.Sdk;

namespace Broadcasts.Architecture.Tests.Tools;

/// <summary>The tests' own tool, tried on a shell: a tool that waits for nothing would make every test green.</summary>
public sealed class ProcessUnderTestTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task WaitForLineAsync_LineToCome_IsReturned()
    {
        await using var shell = Shell("read ignored; echo ready on port 12; sleep 60");

        Assert.Equal("ready on port 12", await shell.WaitForLineAsync("ready on", Limit));
    }

    [Fact]
    public async Task WaitForLineAsync_LineSeenBefore_IsReturned()
    {
        await using var shell = Shell("echo one; echo two");
        await shell.WaitForLineAsync("two", Limit);

        Assert.Equal("one", await shell.WaitForLineAsync("one", Limit));
    }

    [Fact]
    public async Task WaitForLineAsync_ProcessEndsWithoutIt_FailsAtOnceWithTheOutput()
    {
        await using var shell = Shell("echo something else; exit 3");

        var failure = await Assert.ThrowsAsync<XunitException>(() => shell.WaitForLineAsync("ready", Limit));

        Assert.Contains("exit code 3", failure.Message, StringComparison.Ordinal);
        Assert.Contains("something else", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitForLineAsync_NothingInTime_Fails()
    {
        await using var shell = Shell("sleep 60");

        var failure = await Assert.ThrowsAsync<XunitException>(() => shell.WaitForLineAsync("ready", TimeSpan.FromMilliseconds(50)));

        Assert.Contains("within", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AssertExitCodeAsync_OtherCode_FailsWithIt()
    {
        await using var shell = Shell("echo to standard error >&2; exit 2");

        var failure = await Assert.ThrowsAsync<XunitException>(() => shell.AssertExitCodeAsync(0, Limit));

        Assert.Contains("exit code 2 instead of 0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("to standard error", failure.Message, StringComparison.Ordinal);
        Assert.Empty(shell.StandardOutput);
    }

    [Fact]
    public async Task Terminate_ProcessThatHandlesIt_EndsAsItLikes()
    {
        await using var shell = Shell("trap 'echo stopping; exit 7' TERM; echo ready; while :; do sleep 0.05; done");
        await shell.WaitForLineAsync("ready", Limit);

        shell.Terminate();

        await shell.AssertExitCodeAsync(7, Limit);
        Assert.Contains("stopping", shell.Lines);
    }

    [Fact]
    public async Task Kill_ProcessThatRefusesToStop_Ends()
    {
        await using var shell = Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done");
        await shell.WaitForLineAsync("ready", Limit);

        shell.Kill();

        await shell.AssertExitCodeAsync(128 + 9, Limit);
    }

    [Fact]
    public async Task Start_Environment_IsSetAndTakenAway()
    {
        await using var shell = Shell("echo \"[$BROADCASTS_PROBE][$HOME]\"", new Dictionary<string, string?> { ["BROADCASTS_PROBE"] = "given", ["HOME"] = null });

        await shell.WaitForLineAsync("[given][]", Limit);
    }

    private static ProcessUnderTest Shell(string script, IReadOnlyDictionary<string, string?>? environment = null)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no /bin/sh on Windows.");
        return ProcessUnderTest.Start(["-c", script], environment, "/bin/sh", Path.GetTempPath());
    }
}
