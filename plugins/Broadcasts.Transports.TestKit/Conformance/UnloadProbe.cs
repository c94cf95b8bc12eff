using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text.Json;

namespace Broadcasts.TestKit;

/// <summary>Loads a built plugin as the host does, uses it, and proves that nothing of it stays in memory.</summary>
internal static class UnloadProbe
{
    /// <summary>False when the plugin is still in memory after it was disposed and unloaded.</summary>
    public static async Task<bool> IsCollectedAsync(string assemblyPath, Func<ITransportPlugin, Task> use)
    {
        var context = await LoadUseUnloadAsync(assemblyPath, use).ConfigureAwait(false);
        ClearJsonCaches();
        for (var i = 0; i < 100 && context.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System).ConfigureAwait(false);
        }

        return !context.IsAlive;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> LoadUseUnloadAsync(string path, Func<ITransportPlugin, Task> use)
    {
        var (plugin, context) = Load(path);
        await use(plugin).ConfigureAwait(false);
        await plugin.DisposeAsync().ConfigureAwait(false);
        context.Unload();
        return new WeakReference(context);
    }

    /// <summary>A plugin in a load context of its own, with its dependencies from its own folder and the contract shared.</summary>
    public static (ITransportPlugin Plugin, AssemblyLoadContext Context) Load(string path)
    {
        var context = new PluginContext(Path.GetDirectoryName(path)!);
        var assembly = context.LoadFromAssemblyPath(path);
        var type = assembly.GetCustomAttribute<TransportPluginAttribute>()?.PluginType ?? throw new InvalidOperationException($"{Path.GetFileName(path)} carries no [assembly: TransportPlugin].");
        return ((ITransportPlugin)Activator.CreateInstance(type)!, context);
    }

    /// <summary>What a host does after each unload: System.Text.Json keeps every type it met by reflection.</summary>
    private static void ClearJsonCaches()
    {
        foreach (var hook in typeof(JsonSerializer).Assembly.GetCustomAttributes<MetadataUpdateHandlerAttribute>())
        {
            hook.HandlerType.GetMethod("ClearCache", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(Type[])])?.Invoke(null, [null]);
        }
    }

    private sealed class PluginContext(string folder) : AssemblyLoadContext("conformance", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var file = Path.Combine(folder, assemblyName.Name + ".dll");
            return assemblyName.Name == typeof(ITransportPlugin).Assembly.GetName().Name || !File.Exists(file) ? null : LoadFromAssemblyPath(file);
        }
    }
}
