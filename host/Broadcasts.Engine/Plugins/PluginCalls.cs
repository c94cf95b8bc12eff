using System.Reflection;

namespace Broadcasts.Plugins;

/// <summary>Calls into a plugin, contained: on the thread pool, with a limit, exceptions turned into text.</summary>
internal static class PluginCalls
{
    /// <summary>Runs plugin code away from the caller's thread and scheduler and waits no longer than the limit.</summary>
    /// <exception cref="PluginRefusedException">It threw or did not end. The text says so; the plugin's own exception is not kept.</exception>
    public static async Task<T> RunAsync<T>(string what, Func<Task<T>> call, TimeSpan limit, TimeProvider time)
    {
        var running = Task.Run(call);
        try
        {
            return await running.WaitAsync(limit, time);
        }
        catch (TimeoutException) when (!running.IsCompleted)
        {
            Observe(running);
            throw new PluginHungException($"{what} did not end within {limit.TotalSeconds:0.#} s.");
        }
        catch (PluginRefusedException)
        {
            throw;
        }
        catch (TransportConfigurationException e)
        {
            throw new TransportSettingsException(e.Message);
        }
        catch (Exception e)
        {
            throw new PluginRefusedException($"{what} failed: {Describe(e)}");
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task RunAsync(string what, Func<Task> call, TimeSpan limit, TimeProvider time) =>
        RunAsync(what, async () =>
        {
            await call();
            return 0;
        }, limit, time);

    /// <summary>The text of an exception. The exception itself would keep the plugin's load context alive by its stack trace.</summary>
    public static string Describe(Exception error)
    {
        if (error is TargetInvocationException { InnerException: { } real }) error = real;
        var text = $"{error.GetType().Name}: {error.Message}";
        if (error.InnerException is { } inner) text += $" <- {inner.GetType().Name}: {inner.Message}";
        return text.Length <= 1000 ? text : text[..1000] + "…";
    }

    /// <summary>A late exception of an abandoned call is nobody's any more.</summary>
    public static void Observe(Task abandoned) =>
        _ = abandoned.ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}

/// <summary>Plugin code did not come back. Its thread or task may run for ever, so its load is lost.</summary>
internal sealed class PluginHungException(string message) : Exception(message);

/// <summary>The plugin says that an administrator must change the settings.</summary>
internal sealed class TransportSettingsException(string message) : Exception(message);
