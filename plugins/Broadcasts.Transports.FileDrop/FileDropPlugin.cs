[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.FileDrop.FileDropPlugin))]

namespace Broadcasts.Transports.FileDrop;

/// <summary>One file per message in a folder: the first channel that works without any account, and a bridge to programs that watch folders.</summary>
public sealed class FileDropPlugin : ITransportPlugin
{
    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "filedrop",
        DisplayName = new LocalizedText { English = "Files in a folder", Spanish = "Archivos en una carpeta" },
        Description = new LocalizedText
        {
            English = "Writes each message as a file; nothing leaves this machine.",
            Spanish = "Escribe cada mensaje como un archivo; nada sale de esta máquina.",
        },
        AddressKind = AddressKinds.ChosenByChannel,
        Settings = SettingsForm.For<FileDropSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Template | ContentKinds.Email,
            MaxFileBytes = 100L << 20,
            MaxInFlight = 32,
            // The file is named by the message: writing it again replaces it.
            IdempotencyWindow = TimeSpan.FromDays(365),
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var folder = context.GetSettings<FileDropSettings>().Folder;
        return string.IsNullOrWhiteSpace(folder) || Path.IsPathFullyQualified(folder)
            ? []
            : [new SettingProblem("folder", $"'{folder}' is not a full path. Write it from the root, for example /srv/outbox or C:\\outbox.") { MessageEs = $"«{folder}» no es una ruta completa. Escríbela desde la raíz, por ejemplo /srv/salida o C:\\salida." }];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        var settings = context.GetSettings<FileDropSettings>();
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        var folder = string.IsNullOrWhiteSpace(settings.Folder) ? Path.Combine(context.DataDirectory, "outbox") : settings.Folder;
        return new ValueTask<ITransport>(new FileDropTransport(folder, settings, context.Time));
    }
}
