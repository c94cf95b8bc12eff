namespace Broadcasts;

/// <summary>Names the entry point of a transport plugin. Exactly one per plugin assembly.</summary>
/// <remarks>The host reads this attribute from the file's metadata before any code of the plugin runs.</remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class TransportPluginAttribute(Type pluginType) : Attribute
{
    /// <summary>A public class with a public parameterless constructor that implements <see cref="ITransportPlugin"/>.</summary>
    public Type PluginType { get; } = pluginType;
}

/// <summary>Put on a plugin's assembly at build: the contract version that it was compiled against, as <c>major.minor</c>.</summary>
/// <remarks>The contract's package adds it by itself. A host refuses a plugin whose minor is newer than its own, before loading it.</remarks>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class TransportContractAttribute(string version) : Attribute
{
    /// <summary>The contract version, for example <c>1.0</c>.</summary>
    public string Version { get; } = version;
}

/// <summary>Entry point of a plugin. The host makes one instance per load and from it the transport of every channel that uses it.</summary>
/// <remarks>The constructor must be trivial: no I/O, no threads, no registrations on anything that outlives the plugin.</remarks>
public interface ITransportPlugin : IAsyncDisposable
{
    /// <summary>What this plugin is and can do. Plain data; it may be read at any time and must not change.</summary>
    TransportDescriptor Descriptor { get; }

    /// <summary>Checks one channel's settings beyond what the form can express. Must not touch the network.</summary>
    /// <returns>One problem per setting at fault; empty when all is well.</returns>
    SettingProblem[] Validate(ChannelContext context) => [];

    /// <summary>Makes the transport of one configured channel. Called once per channel and load, and again when its settings change.</summary>
    /// <remarks>Must return within 10 s; connect lazily, at the first send. Throw <see cref="TransportConfigurationException"/> for a cause that an administrator can mend.</remarks>
    ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken);

    /// <inheritdoc/>
    ValueTask IAsyncDisposable.DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }
}

/// <summary>A cause of failure that an administrator can mend in the channel's settings. The message is shown in the console.</summary>
public sealed class TransportConfigurationException(string message) : Exception(message);

/// <summary>One setting that is wrong, and why.</summary>
public sealed class SettingProblem(string setting, string message)
{
    /// <summary>The setting's name as in the form, camelCase; empty when the whole form is meant.</summary>
    public string Setting { get; } = setting;

    /// <summary>What is wrong and what to do, for the administrator.</summary>
    public string Message { get; } = message;

    /// <summary>The message in Spanish; null shows the English one.</summary>
    public string? MessageEs { get; init; }
}
