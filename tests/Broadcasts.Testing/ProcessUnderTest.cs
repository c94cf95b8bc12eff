using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace Broadcasts.Testing;

/// <summary>The built program as its user runs it: arguments, environment, output, signals, exit code.</summary>
public sealed class ProcessUnderTest : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;
    private static readonly int Sigstop = OperatingSystem.IsLinux() ? 19 : 17;
    private static readonly int Sigcont = OperatingSystem.IsLinux() ? 18 : 19;

    private static readonly TimeSpan CleanUpLimit = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly OutputLines _output = new();

    private ProcessUnderTest(Process process) => _process = process;

    /// <summary>Process id.</summary>
    public int Id => _process.Id;

    /// <summary>All lines written so far, both streams.</summary>
    public IReadOnlyList<string> Lines => _output.Snapshot();

    /// <summary>Lines written so far to standard output alone.</summary>
    public IReadOnlyList<string> StandardOutput => _output.Snapshot(standardOnly: true);

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The <c>broadcasts</c> executable that was built beside these tests.</summary>
    public static string Executable =>
        Path.Combine(Repository.OutputOf("Broadcasts.Host"), OperatingSystem.IsWindows() ? "broadcasts.exe" : "broadcasts");

    /// <summary>Starts <c>broadcasts</c>, or another program.</summary>
    /// <param name="arguments">Arguments.</param>
    /// <param name="environment">Variables to set; null takes one away. The rest is inherited.</param>
    /// <param name="executable">Path of another program.</param>
    /// <param name="workingDirectory">Folder to start in; by default the executable's.</param>
    public static ProcessUnderTest Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? executable = null, string? workingDirectory = null)
    {
        executable ??= Executable;
        var start = new ProcessStartInfo(executable, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory ?? Path.GetDirectoryName(executable) ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var started = new ProcessUnderTest(process);
        process.OutputDataReceived += (_, e) => started._output.Add(e.Data, isError: false);
        process.ErrorDataReceived += (_, e) => started._output.Add(e.Data, isError: true);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        return started;
    }

    /// <summary>Waits for a line, also one that came before the call, and returns it.</summary>
    public Task<string> WaitForLineAsync(string part, TimeSpan limit) => WaitForLineAsync(line => line.Contains(part, StringComparison.Ordinal), $"a line with '{part}'", limit);

    /// <inheritdoc cref="WaitForLineAsync(string, TimeSpan)"/>
    public async Task<string> WaitForLineAsync(Func<string, bool> isIt, string description, TimeSpan limit)
    {
        try
        {
            return await _output.FirstAsync(isIt).WaitAsync(limit, TimeProvider.System, TestContext.Current.CancellationToken)
                ?? throw Failure($"ended with exit code {await ExitCodeAsync(CleanUpLimit)} before it wrote {description}");
        }
        catch (TimeoutException)
        {
            throw Failure($"did not write {description} within {limit.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Waits for the end and the rest of the output.</summary>
    /// <returns>The exit code; 128 + n after signal n.</returns>
    public async Task<int> ExitCodeAsync(TimeSpan limit)
    {
        using var time = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(time.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw Failure($"did not end within {limit.TotalSeconds:0.#} s");
        }
    }

    /// <summary>Fails the test, with the output, when the exit code is another one.</summary>
    public async Task AssertExitCodeAsync(int expected, TimeSpan limit)
    {
        var code = await ExitCodeAsync(limit);
        if (code != expected) throw Failure($"ended with exit code {code} instead of {expected}");
    }

    /// <summary>Asks it to stop, as a service manager does. Linux and macOS only.</summary>
    public void Terminate() => Signal(Sigterm);

    /// <summary>Ends it on the spot, as a crash of the machine would.</summary>
    public void Kill()
    {
        if (OperatingSystem.IsWindows()) _process.Kill();
        else Signal(Sigkill);
    }

    /// <summary>Stops it where it is, as a suspended machine would. Linux and macOS only.</summary>
    public void Freeze() => Signal(Sigstop);

    /// <summary>Lets it go on after <see cref="Freeze"/>.</summary>
    public void Thaw() => Signal(Sigcont);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            using var time = new CancellationTokenSource(CleanUpLimit);
            await _process.WaitForExitAsync(time.Token);
        }

        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);

    private void Signal(int signal)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no signals.");
        if (!_process.HasExited && SendSignal(_process.Id, signal) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private Xunit.Sdk.XunitException Failure(string what) =>
        new Xunit.Sdk.XunitException($"{Path.GetFileName(_process.StartInfo.FileName)} {string.Join(' ', _process.StartInfo.ArgumentList)} {what}. Its output:\n{string.Join('\n', Lines.TakeLast(200))}");
}
