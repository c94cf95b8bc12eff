[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.Simulator.SimulatorPlugin))]

namespace Broadcasts.Transports.Simulator;

/// <summary>A provider inside the process: for the demo, for load tests, and to see what refusals and lost answers do to a broadcast.</summary>
public sealed class SimulatorPlugin : ITransportPlugin
{
    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "simulator",
        DisplayName = new LocalizedText { English = "Simulator", Spanish = "Simulador" },
        Description = new LocalizedText
        {
            English = "A provider that sends nothing, with real limits, refusals and receipts. Repeatable.",
            Spanish = "Un proveedor que no envía nada, con límites, rechazos y confirmaciones reales. Repetible.",
        },
        AddressKind = AddressKinds.ChosenByChannel,
        Settings = SettingsForm.For<SimulatorSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Template | ContentKinds.Email,
            MaxTextLength = 4096,
            MaxChoices = 10,
            MaxFileBytes = 16 << 20,
            MaxBatchSize = 100,
            MaxInFlight = 1024,
            Receipts = ReceiptKinds.Delivered | ReceiptKinds.Read | ReceiptKinds.Failed,
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var journal = context.GetSettings<SimulatorSettings>().JournalFile;
        return string.IsNullOrWhiteSpace(journal) || Path.IsPathFullyQualified(journal) ? [] : [new SettingProblem("journalFile", $"'{journal}' is not a full path.") { MessageEs = $"«{journal}» no es una ruta completa." }];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        var settings = context.GetSettings<SimulatorSettings>();
        try
        {
            return new ValueTask<ITransport>(settings.Lookup ? new SimulatorTransportWithLookup(settings, context.Time) : new SimulatorTransport(settings, context.Time));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TransportConfigurationException($"The journal file {settings.JournalFile} can't be written: {e.Message}");
        }
    }
}
