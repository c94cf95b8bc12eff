[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.WhatsAppCloud.WhatsAppCloudPlugin))]

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>WhatsApp through Meta's Cloud API: one channel per business phone number.</summary>
public sealed class WhatsAppCloudPlugin : ITransportPlugin
{
    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "whatsapp-cloud",
        DisplayName = "WhatsApp (Cloud API)",
        Description = new LocalizedText
        {
            English = "Sends WhatsApp messages through Meta's Cloud API, with receipts, replies and templates.",
            Spanish = "Envía mensajes de WhatsApp por la Cloud API de Meta, con confirmaciones, respuestas y plantillas.",
        },
        AddressKind = AddressKinds.WhatsApp,
        Settings = SettingsForm.For<WhatsAppCloudSettings>(),
        DocumentationUrl = "https://developers.facebook.com/documentation/business-messaging/whatsapp/",
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Template,
            MaxTextLength = Limits.Text,
            MaxChoices = Limits.ListRows,
            MaxFileBytes = Limits.DocumentBytes,
            FileTypes = MediaKinds.Types,
            MessagingWindow = TimeSpan.FromHours(24),
            MaxInFlight = 512,
            DefaultRatePerSecond = 80,
            // The upload of a file and then the message, each at its largest limit, and some room.
            SendDeadline = TimeSpan.FromSeconds(190),
            Receipts = ReceiptKinds.Delivered | ReceiptKinds.Read | ReceiptKinds.Failed,
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<WhatsAppCloudSettings>();
        var problems = new List<SettingProblem>();
        Check(problems, settings.PhoneNumberId.Length > 0, "phoneNumberId", "Give the phone number ID.", "Indica el identificador del número.");
        Check(problems, settings.WabaId.Length > 0, "wabaId", "Give the WhatsApp Business Account ID.", "Indica el identificador de la cuenta de WhatsApp Business.");
        Check(problems, settings.AccessToken.Length > 0, "accessToken", "Give the access token.", "Indica el token de acceso.");
        Check(problems, settings.PhoneNumberId.Length == 0 || settings.PhoneNumberId != settings.WabaId, "wabaId",
            "The account's ID is not that of the number. WhatsApp Manager shows both.", "El identificador de la cuenta no es el del número. WhatsApp Manager muestra ambos.");
        Check(problems, Uri.TryCreate(settings.BaseUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) && url.Query.Length == 0,
            "baseUrl", $"'{settings.BaseUrl}' is not an http or https address.", $"«{settings.BaseUrl}» no es una dirección http o https.");
        Check(problems, !settings.AppSecretProof || settings.AppSecret is { Length: > 0 }, "appSecret",
            "Calls can be proved only with the app secret.", "Para firmar las llamadas hace falta la clave secreta de la app.");
        return [.. problems];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        return new ValueTask<ITransport>(new WhatsAppCloudTransport(context.GetSettings<WhatsAppCloudSettings>(), context.CreateHttpClient(), context.Time, context.Log));
    }

    private static void Check(List<SettingProblem> problems, bool isRight, string setting, string english, string spanish)
    {
        if (!isRight) problems.Add(new SettingProblem(setting, english) { MessageEs = spanish });
    }
}
