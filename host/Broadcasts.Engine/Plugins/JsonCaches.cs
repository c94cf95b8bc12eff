using System.Reflection;
using System.Reflection.Metadata;
using System.Text.Json;

namespace Broadcasts.Plugins;

/// <summary>System.Text.Json keeps accessors of every type that it met by reflection, a retired plugin's too; its hot-reload hook empties them.</summary>
/// <remarks>
/// Only this assembly's hook: CoreLib's touches every type of the context that is going away and makes it worse. It is an internal
/// convention; if it goes, plugins that use reflection-based JSON show up as leaked, and nothing else changes.
/// </remarks>
internal static class JsonCaches
{
    public static void Clear()
    {
        foreach (var hook in typeof(JsonSerializer).Assembly.GetCustomAttributes<MetadataUpdateHandlerAttribute>())
        {
            hook.HandlerType.GetMethod("ClearCache", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(Type[])])?.Invoke(null, [null]);
        }
    }
}
